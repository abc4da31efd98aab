/** The cost of an event grows no faster than its length: anyone who may write a pod chooses how many containers it has. */
import { expect, test } from 'vitest';
import { loadEveryRule } from '../src/authoring/every-rule.ts';
import { correlator } from '../src/correlate/index.ts';
import { conclude, evaluateRecord, Ruleset } from '../src/detect.ts';
import { normalize } from '../src/normalizers/index.ts';
import { compileRule, parseRules } from '../src/sigma/index.ts';
import { memoryStore } from '../src/state/memory.ts';
import { bundledRules, podEvent } from './server/app.ts';
import { stepsOf } from './steps.ts';

const bundled = loadEveryRule({ rules: [bundledRules], lists: [`${bundledRules}/../lists`] }).ruleset;

/** Rules that look at every member of a list, also from within another list, and at many values of a field. */
const thorough = `
title: Other Images
name: other-images
sigma-version: 3
logsource: { product: kubernetes, service: audit }
detection:
  image: { 'images[any]': { allowed: { .: registry.example }, condition: not allowed } }
  named: { 'containers[any].image|contains': x }
  condition: image and named
---
title: Named Like a Volume
name: like-a-volume
sigma-version: 3
logsource: { product: kubernetes, service: audit }
detection:
  named: { 'containers[any]': { 'name|fieldref': ^.podSpec.volumes.name } }
  begun: { 'containers[any]': { 'name|fieldref|startswith': ^.podSpec.volumes.name } }
  condition: named or begun
---
title: Port Named Like a Variable
name: like-a-variable
sigma-version: 3
logsource: { product: kubernetes, service: audit }
detection:
  named: { 'containers[any].ports[all]': { 'name|fieldref': ^.env.name } }
  condition: named
---
title: Mounts a Volume
name: mounts-a-volume
sigma-version: 3
logsource: { product: kubernetes, service: audit }
detection:
  mounted:
    volumes[any]:
      ^.containers[any].volumeMounts[any]: { 'name|fieldref': ^.^.name }
  around: { 'containers[all]': { ^.podSpec.volumes.name|contains: x, ^.podSpec.volumes|exists: true } }
  referred: { 'volumes[any]': { '^.podSpec.containers.name|fieldref': name } }
  condition: mounted or around or referred
---
title: Any Word
name: any-word
sigma-version: 3
logsource: { product: kubernetes, service: audit }
detection:
  words: ['x/1', 'x/2', a word that is not there]
  condition: words
`;

const ruleset = new Ruleset(
  [...bundled.rules, ...parseRules(thorough, 'thorough.yml').rules.map((rule) => compileRule(rule))],
  bundled.correlations,
  bundled.hash,
);

type Made = (index: number) => unknown;

function times(count: number, made: Made): unknown[] {
  return Array.from({ length: count }, (_, index) => made(index));
}

function pod(spec: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return { ...podEvent(), requestObject: { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'web' }, spec }, ...more };
}

const container: Made = (index) => ({
  name: `c${index}`,
  image: `x/${index}`,
  securityContext: { privileged: true, runAsUser: 0, capabilities: { add: [`CAP_${index}`, 'SYS_ADMIN'] } },
});

/** Records of any length, each with a list that the sender of the request can make long. */
const records: Record<string, (count: number) => unknown> = {
  containers: (count) => pod({ hostPID: true, containers: times(count, container) }),
  'init containers beside ephemeral ones': (count) =>
    pod({ containers: [], initContainers: times(count, container), ephemeralContainers: times(count, container) }),
  'containers named like volumes': (count) =>
    pod({
      containers: times(count, container),
      volumes: times(count, (index) => ({ name: `c${index}x`, hostPath: { path: `/etc/${index}/../x` } })),
    }),
  'volumes, and mounts that are of none of them': (count) =>
    pod({
      containers: [{ name: 'c', volumeMounts: times(count, (index) => ({ name: `m${index}`, mountPath: '/m' })) }],
      volumes: times(count, (index) => ({ name: `v${index}`, hostPath: { path: '/etc' } })),
    }),
  'ports and environment of a container': (count) =>
    pod({
      containers: [
        {
          name: 'web',
          ports: times(count, (index) => ({ name: `n${index}`, hostPort: index })),
          env: times(count, (index) => ({ name: `n${index}`, value: `v${index}` })),
        },
      ],
    }),
  'owners and labels': (count) =>
    pod(
      { containers: [] },
      {
        requestObject: {
          kind: 'Pod',
          metadata: {
            ownerReferences: times(count, (index) => ({ kind: 'ReplicaSet', name: `r${index}`, controller: true })),
            labels: Object.fromEntries(times(count, (index) => [`l${index}`, `v${index}`]) as [string, string][]),
          },
          spec: { containers: [] },
        },
      },
    ),
  'operations of a patch': (count) => ({
    ...podEvent(),
    verb: 'patch',
    requestObject: times(count, (index) =>
      index % 2 === 0
        ? { op: 'add', path: `/spec/containers/${index}`, value: container(index) }
        : { op: 'move', from: `/spec/volumes/${index}`, path: `/metadata/annotations/a${index}` },
    ),
  }),
  'arguments of a command': (count) => ({
    ...podEvent(),
    verb: 'create',
    objectRef: { resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'web', apiVersion: 'v1' },
    requestURI: `/api/v1/namespaces/shop/pods/web/exec?${times(count, (index) => `command=cat${index}`).join('&')}`,
    requestObject: undefined,
  }),
  'groups and addresses of a user': (count) => ({
    ...podEvent(),
    user: { username: 'ann', groups: times(count, (index) => `g${index}`) },
    sourceIPs: times(count, (index) => `198.51.${(index >> 8) & 255}.${index & 255}`),
  }),
  'rules of a role': (count) => ({
    ...podEvent(),
    objectRef: { resource: 'clusterroles', name: 'r', apiGroup: 'rbac.authorization.k8s.io', apiVersion: 'v1' },
    requestObject: {
      kind: 'ClusterRole',
      metadata: { name: 'r' },
      rules: times(count, (index) => ({
        apiGroups: ['*'],
        resources: [`r${index}`, '*'],
        verbs: ['*', 'impersonate'],
      })),
    },
  }),
  'subjects of a binding': (count) => ({
    ...podEvent(),
    objectRef: { resource: 'clusterrolebindings', name: 'b', apiGroup: 'rbac.authorization.k8s.io', apiVersion: 'v1' },
    requestObject: {
      kind: 'ClusterRoleBinding',
      metadata: { name: 'b' },
      roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: times(count, (index) => ({ kind: 'User', name: `system:anonymous${index}` })),
    },
  }),
  'keys of an object': (count) => ({
    ...podEvent(),
    objectRef: { resource: 'configmaps', namespace: 'shop', name: 'c', apiVersion: 'v1' },
    requestObject: {
      kind: 'ConfigMap',
      metadata: { name: 'c' },
      data: Object.fromEntries(times(count, (index) => [`k${index}.x.y`, `password=${index}`]) as [string, string][]),
    },
  }),
  'events of a list': (count) => ({
    kind: 'EventList',
    items: times(count, (index) => ({
      ...podEvent({ auditID: `a-${index}` }),
      requestReceivedTimestamp: new Date(Date.UTC(2026, 0, 2) + index * 10).toISOString(),
      user: { username: 'ann', groups: ['dev'] },
      verb: ['create', 'get', 'delete'][index % 3],
      objectRef: { resource: 'secrets', namespace: `n${index}`, name: `s${index}`, apiVersion: 'v1' },
      responseStatus: { code: index % 5 === 0 ? 403 : 200 },
    })),
  }),
  'copies of one event in a list': (count) => ({ kind: 'EventList', items: times(count, () => podEvent()) }),
};

/** Twice the length may take twice the steps, plus a little for the logarithm of a sort. */
const MOST = 2.2;

test.each(Object.entries(records))('%s: twice as many take twice the steps', async (_, made) => {
  const steps = async (count: number) => {
    const normalized = normalize(made(count));
    const correlate = correlator(memoryStore());
    return stepsOf(async () => {
      const evaluated = evaluateRecord(normalized, ruleset);
      conclude(evaluated, await correlate(evaluated, ruleset, BigInt(Date.UTC(2026, 0, 2)) * 1_000_000n));
    });
  };
  // One-time work must not count. Windows of correlations hold 1,000 events, and an event may be compared with each of them.
  await steps(10);
  const [one, two] = [await steps(2000), await steps(4000)];
  expect(two / one).toBeLessThan(MOST);
});
