/** A value that is nested unreasonably deep is unknown at its own place, and hides nothing beside it. kube-apiserver accepts
 * a patch with such a member, drops the member and stores the rest. */
import { describe, expect, test } from 'vitest';
import { fluentMsgpack, rulesetOf, type TaggedOptions, tagsOf, tagsOfBody } from './tagged.ts';

const deepJson = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;

/** The log line of a patch that sets hostPID, with a member that the API server drops. */
function patchLine(auditID: string, junk: string): string {
  const event = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID,
    stage: 'ResponseComplete',
    requestURI: '/apis/apps/v1/namespaces/shop/deployments/web',
    verb: 'patch',
    user: { username: 'mallory', groups: ['system:authenticated'] },
    sourceIPs: ['198.51.100.9'],
    userAgent: 'curl/8',
    objectRef: { resource: 'deployments', namespace: 'shop', name: 'web', apiGroup: 'apps', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 200 },
    requestObject: { junk: '@junk@', spec: { template: { spec: { hostPID: true } } } },
    requestReceivedTimestamp: '2026-05-01T10:00:00.000000Z',
    stageTimestamp: '2026-05-01T10:00:00.100000Z',
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  };
  return JSON.stringify(event).replace('"@junk@"', junk);
}

const list = (...lines: string[]) => `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${lines.join(',')}]}`;

describe.each([
  ['300 lists', deepJson(300)],
  ['9,000 lists', deepJson(9000)],
  ['9,000 maps', `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`],
  ['lists and an integer beyond 2^53', `[${deepJson(9000)},9007199254740993]`],
  ['JSON in a string of 9,000 levels', JSON.stringify(deepJson(9000))],
])('beside %s', (_name, junk) => {
  const plain = patchLine('b', '1');
  const deep = patchLine('a', junk);

  test.each<[string, string, TaggedOptions]>([
    ['a JSON array', `[${deep},${plain}]`, {}],
    ['JSON lines', `${deep}\n${plain}\n`, { mediaType: 'application/x-ndjson' }],
    ['text in a member', `[${JSON.stringify({ log: deep })},${JSON.stringify({ log: plain })}]`, {}],
    ['text that is cut', `[${JSON.stringify({ log: deep.slice(0, -30) })},${plain}]`, {}],
  ])('the write is found: %s', async (_name, body, options) => {
    const tags = await tagsOfBody(Buffer.from(body), options);
    expect(tags.map(({ verdict }) => verdict)).toEqual(['match', 'match']);
    for (const { rules } of tags) expect(rules).toContain('workload-host-pid');
  });

  test('every other event of the record is read', async () => {
    const [tag] = await tagsOfBody(Buffer.from(list(plain, deep, patchLine('c', '1'))));
    const found = tag.findings?.filter(({ rule }) => rule === 'workload-host-pid').map(({ event }) => event);
    expect(found).toEqual([0, 1, 2]);
    expect(tag.problem).toBeUndefined();
  });
});

test('the same in MessagePack', async () => {
  const record = JSON.parse(patchLine('a', deepJson(300)));
  const [tag] = await tagsOfBody(fluentMsgpack(record), { mediaType: 'application/msgpack' });
  expect(tag.rules).toContain('workload-host-pid');
});

/** A CronJob whose container is at the ninth level. */
const cronJob = {
  ...JSON.parse(patchLine('a', '1')),
  objectRef: { resource: 'cronjobs', namespace: 'shop', name: 'web', apiGroup: 'batch', apiVersion: 'v1' },
  requestObject: {
    spec: {
      jobTemplate: { spec: { template: { spec: { containers: [{ securityContext: { privileged: true } }] } } } },
    },
  },
};

test.each([
  ['as a record', cronJob],
  ['as text in a member', { log: JSON.stringify(cronJob) }],
  ['with its body as text', { ...cronJob, requestObject: JSON.stringify({ wrap: 1, ...cronJob.requestObject }) }],
])('limits.maxDepth bounds what is read, and rules that need the rest are undecided: %s', async (_name, record) => {
  const ruleset = rulesetOf('pod-privileged');
  const tagAt = (maxDepth: number) => tagsOf([record], { ruleset, settings: { limits: { maxDepth } as never } });
  expect(await tagAt(16)).toMatchObject([{ verdict: 'match', rules: ['pod-privileged'] }]);
  expect(await tagAt(8)).toMatchObject([
    { verdict: 'indeterminate', undecided: [{ rule: 'pod-privileged', reason: 'too_deep' }] },
  ]);
});
