/** A member that a pipeline dropped, renamed, lifted or flattened is unknown, not absent: the result is the findings of the
 * plain record, or undecided rules, but never an anonymous caller or a clear record. */
import { describe, expect, test } from 'vitest';
import type { Tag } from '../src/tag.ts';
import { rulesetOf, tagsOf } from './tagged.ts';

type JsonObject = Record<string, any>;

const stamps = {
  requestReceivedTimestamp: '2026-05-01T10:00:00.000000Z',
  stageTimestamp: '2026-05-01T10:00:00.100000Z',
};
const event = (over: JsonObject): JsonObject => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'RequestResponse',
  auditID: 'p-1',
  stage: 'ResponseComplete',
  user: { username: 'ann', uid: 'u1', groups: ['dev', 'system:authenticated'], extra: { 'example.org/k': ['v'] } },
  sourceIPs: ['203.0.113.9'],
  userAgent: 'kubectl/v1.33.2',
  ...stamps,
  annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
  ...over,
});

const privilegedPod = event({
  requestURI: '/api/v1/namespaces/shop/pods',
  verb: 'create',
  objectRef: { resource: 'pods', namespace: 'shop', name: 'p', apiVersion: 'v1' },
  responseStatus: { metadata: {}, code: 201 },
  requestObject: {
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'shop', labels: { 'app.kubernetes.io/name': 'p' } },
    spec: {
      hostPID: true,
      containers: [
        {
          name: 'a',
          image: 'x',
          securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN', 'NET_RAW'] } },
        },
        { name: 'b', image: 'y' },
      ],
      volumes: [{ name: 'h', hostPath: { path: '/etc' } }],
    },
  },
});
const exec = event({
  requestURI: '/api/v1/namespaces/kube-system/pods/p/exec?command=sh',
  verb: 'create',
  objectRef: { resource: 'pods', namespace: 'kube-system', name: 'p', subresource: 'exec', apiVersion: 'v1' },
  responseStatus: { metadata: {}, code: 101 },
});
const refused = event({
  requestURI: '/api/v1/namespaces/shop/secrets',
  verb: 'list',
  objectRef: { resource: 'secrets', namespace: 'shop', apiVersion: 'v1' },
  responseStatus: { metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403 },
  annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
});
const impersonated = event({
  requestURI: '/api/v1/secrets',
  verb: 'list',
  impersonatedUser: { username: 'system:admin', groups: ['system:masters'] },
  objectRef: { resource: 'secrets', apiVersion: 'v1' },
  responseStatus: { metadata: {}, code: 200 },
});
const credentials = event({
  requestURI: '/api/v1/namespaces/shop/configmaps',
  verb: 'create',
  objectRef: { resource: 'configmaps', namespace: 'shop', name: 'c', apiVersion: 'v1' },
  responseStatus: { metadata: {}, code: 201 },
  requestObject: {
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data: { 'app.conf': 'aws_secret_access_key = AKIA0123456789ABCDEF' },
  },
});
const plain: Record<string, JsonObject> = { privilegedPod, exec, refused, impersonated, credentials };

const parts = ['user', 'impersonatedUser', 'objectRef', 'responseStatus', 'annotations', 'requestObject', 'sourceIPs'];

/** Lifts the members of a part, as Fluent Bit's nest filter does. */
function lifted(record: JsonObject, names: readonly string[], separator: string): JsonObject {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) =>
      names.includes(key) && !Array.isArray(value)
        ? Object.entries(value).map(([inner, each]) => [`${key}${separator}${inner}`, each])
        : [[key, value]],
    ),
  );
}

/** Flattens a part to its leaves; items of lists by their index. */
function flattened(record: JsonObject, names: readonly string[], separator: string, index = separator): JsonObject {
  const leaves = (path: string, value: unknown): [string, unknown][] =>
    typeof value !== 'object' || value === null || Object.keys(value).length === 0
      ? [[path, value]]
      : Object.entries(value).flatMap(([key, each]) => {
          const step = Array.isArray(value) && index === '[' ? `[${key}]` : `${separator}${key}`;
          return leaves(`${path}${step}`, each);
        });
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => (names.includes(key) ? leaves(key, value) : [[key, value]])),
  );
}

/** What a tag says about the record, without ids and ruleset. */
const said = ({ verdict, level, rules, event, findings, undecided }: Tag) => ({
  verdict,
  level,
  rules,
  event,
  undecided,
  findings: findings?.map(({ id, rule, summary, matched }) => ({ id, rule, summary, matched })),
});

const forms: [name: string, form: (record: JsonObject, names: readonly string[]) => JsonObject][] = [
  ...['.', '_', '/'].map(
    (separator) =>
      [
        `lifted by '${separator}'`,
        (record: JsonObject, names: readonly string[]) => lifted(record, names, separator),
      ] as [string, any],
  ),
  ...['.', '_', '/'].map(
    (separator) =>
      [
        `flattened by '${separator}'`,
        (record: JsonObject, names: readonly string[]) => flattened(record, names, separator),
      ] as [string, any],
  ),
  ['flattened by dots, with indices in brackets', (record, names) => flattened(record, names, '.', '[')],
  [
    'lifted below the prefix of a wrapper',
    (record, names) =>
      Object.fromEntries(Object.entries(lifted(record, names, '_')).map(([key, value]) => [`k8s_${key}`, value])),
  ],
  [
    'as JSON text',
    (record, names) => ({
      ...record,
      ...Object.fromEntries(names.filter((name) => name in record).map((name) => [name, JSON.stringify(record[name])])),
    }),
  ],
];

describe.each(Object.entries(plain))('%s', (_name, record) => {
  test.each(forms)('gives the findings of the plain record: %s', async (_form, form) => {
    const [expected] = await tagsOf([record]);
    const subsets = [...parts.map((part) => [part]), ['user', 'objectRef'], parts];
    const tags = await tagsOf(subsets.map((names) => form(record, names)));
    for (const [index, tag] of tags.entries())
      expect([subsets[index], said(tag)]).toEqual([subsets[index], said(expected)]);
  });

  test('some members lifted out of a part, others left in it', async () => {
    const [expected] = await tagsOf([record]);
    const {
      user: { username, ...user },
      objectRef: { resource, ...objectRef },
      ...rest
    } = record;
    const [tag] = await tagsOf([
      { ...rest, user, 'user.username': username, objectRef, 'objectRef.resource': resource },
    ]);
    expect(said(tag)).toEqual(said(expected));
  });
});

describe('entries of other platforms', () => {
  const gke = {
    insertId: 'i1',
    timestamp: '2026-05-01T10:00:00Z',
    resource: { type: 'k8s_cluster', labels: { cluster_name: 'c1', project_id: 'p', location: 'eu' } },
    operation: { id: 'o1', first: true, last: true },
    labels: { 'authorization.k8s.io/decision': 'allow' },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.pods.create',
      resourceName: 'core/v1/namespaces/shop/pods/p',
      authenticationInfo: { principalEmail: 'ann@example.com' },
      authorizationInfo: [{ granted: true, permission: 'io.k8s.core.v1.pods.create' }],
      requestMetadata: { callerIp: '203.0.113.9', callerSuppliedUserAgent: 'kubectl' },
      request: { '@type': 'core.k8s.io/v1.Pod', ...privilegedPod.requestObject },
      status: { code: 0 },
    },
  };
  const aks = {
    time: '2026-05-01T10:00:00Z',
    category: 'kube-audit',
    resourceId: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/PROD',
    properties: { log: JSON.stringify(privilegedPod), pod: 'kube-apiserver-1' },
  };
  const rows: [string, JsonObject, string[]][] = [
    ['GKE', gke, ['protoPayload', 'resource', 'operation', 'labels']],
    ['AKS', aks, ['properties']],
  ];
  test.each(rows)('%s, lifted or flattened', async (_name, record, names) => {
    const [expected] = await tagsOf([record]);
    expect(expected.rules).toContain('pod-host-pid');
    const tags = await tagsOf(
      ['.', '_', '/'].flatMap((separator) => [lifted(record, names, separator), flattened(record, names, separator)]),
    );
    for (const tag of tags) {
      expect(said(tag)).toEqual(said(expected));
      expect(tag).toMatchObject({ platform: expected.platform, cluster: expected.cluster });
    }
  });
});

describe('a user that is not known', () => {
  const { user: _, ...without } = exec;
  const gke = {
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.pods.create',
      resourceName: 'core/v1/namespaces/shop/pods/p',
      request: { '@type': 'core.k8s.io/v1.Pod', ...privilegedPod.requestObject },
      requestMetadata: { callerIp: '203.0.113.9' },
      status: {},
    },
    labels: { 'authorization.k8s.io/decision': 'allow' },
    timestamp: '2026-05-01T10:00:00Z',
    operation: { id: 'o1', first: true, last: true },
  };
  const withInfo = (authenticationInfo: unknown) => ({
    ...gke,
    protoPayload: { ...gke.protoPayload, authenticationInfo },
  });
  const rows: [string, unknown][] = [
    ['dropped', without],
    ['null', { ...without, user: null }],
    ['text', { ...without, user: 'ann' }],
    ['empty text', { ...without, user: '' }],
    ['a number', { ...without, user: 7 }],
    ['a list', { ...without, user: ['ann'] }],
    ['without its name', { ...without, user: { uid: 'u1', groups: ['dev'] } }],
    ['with a name that is no text', { ...without, user: { username: 7, groups: ['dev'] } }],
    ['with a name that is null', { ...without, user: { username: null } }],
    ['lifted without a prefix', { ...without, username: 'ann', groups: ['dev'] }],
    ['GKE without authenticationInfo', gke],
    ['GKE with empty authenticationInfo', withInfo({})],
    ['GKE with an empty principal', withInfo({ principalEmail: '' })],
    ['GKE with authenticationInfo of another type', withInfo('ann')],
    [
      'AKSAudit without the column',
      {
        AuditId: '1',
        Level: 'Metadata',
        Stage: 'ResponseComplete',
        RequestUri: '/api/v1/namespaces/a/secrets/s',
        Verb: 'get',
        ObjectRef: '{"resource":"secrets","namespace":"a","name":"s","apiVersion":"v1"}',
        ResponseStatus: '{"code":200}',
        Annotations: '{"authorization.k8s.io/decision":"allow"}',
      },
    ],
  ];

  test.each(rows)('%s: no rule treats the user as anonymous', async (_name, record) => {
    const [tag] = await tagsOf([record]);
    expect(tag.rules ?? []).not.toContain('anonymous-request-allowed');
    const undecided = tag.undecided?.filter(({ rule }) => rule === 'anonymous-request-allowed');
    expect(undecided).toMatchObject([{ field: 'username' }]);
  });

  test.each(rows.slice(10, 14))('%s: rules that do not need the user are decided', async (_name, record) => {
    const [tag] = await tagsOf([record]);
    expect(tag.verdict).toBe('match');
    expect(tag.rules).toEqual(expect.arrayContaining(['pod-host-pid', 'pod-privileged']));
  });

  test.each([
    ['an empty map', {}],
    ['an empty name beside other members', { username: '', groups: ['system:unauthenticated'] }],
  ])('%s is anonymous', async (_name, user) => {
    const [tag] = await tagsOf([{ ...without, user }]);
    expect(tag.rules).toContain('anonymous-request-allowed');
  });

  test('known groups decide without the name', async () => {
    const { user: _user, ...rest } = impersonated;
    const [tag] = await tagsOf([{ ...rest, user: { groups: ['system:masters'] } }]);
    const names = tag.undecided?.filter(({ field }) => field === 'groups') ?? [];
    expect(names).toEqual([]);
  });
});

describe('another part that cannot be read leaves rules undecided', () => {
  const anonymous = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
  test.each<[string, JsonObject, string]>([
    ['objectRef', { ...privilegedPod, objectRef: 7, requestURI: undefined }, 'pod-privileged'],
    ['responseStatus', { ...privilegedPod, responseStatus: 'x' }, 'pod-privileged'],
    ['the code in responseStatus', { ...privilegedPod, responseStatus: { code: 'x' } }, 'pod-privileged'],
    ['requestObject', { ...privilegedPod, requestObject: 7 }, 'pod-privileged'],
    ['requestURI', { ...exec, user: anonymous, requestURI: undefined }, 'anonymous-request-allowed'],
    [
      'annotations',
      { ...exec, user: anonymous, responseStatus: { code: 'x' }, annotations: 7 },
      'anonymous-request-allowed',
    ],
  ])('%s', async (_name, record, rule) => {
    const [tag] = await tagsOf([record]);
    expect(tag.undecided?.map((each) => each.rule)).toContain(rule);
  });
});

/** Members that kube-apiserver omits if they are empty. */
const omittedWhereEmpty = ['impersonatedUser', 'responseStatus', 'userAgent'];
/** Members that may hold any text. */
const texts = ['verb', 'stage', 'level', 'requestURI', 'userAgent', 'requestReceivedTimestamp', 'stageTimestamp'];
/** This rule looks only at ConfigMaps with bodies: most policies log them without. */
const onlyWithBodies = 'configmap-with-credentials';

describe.each(Object.entries(plain))('no finding of %s is lost silently', (_name, record) => {
  const changes: [string, JsonObject][] = Object.keys(record)
    .filter((name) => !['kind', 'apiVersion', 'auditID'].includes(name))
    .flatMap((name): [string, JsonObject][] => {
      const { [name]: _, ...without } = record;
      const values: unknown[] = [7, [7], { a: 1 }];
      if (!texts.includes(name) && name !== 'sourceIPs') values.push('x');
      const retyped = values.map((value): [string, JsonObject] => [
        `${name}: ${JSON.stringify(value)}`,
        { ...record, [name]: value },
      ]);
      const dropped: [string, JsonObject][] = [
        [`without ${name}`, without],
        [`${name}: null`, { ...record, [name]: null }],
      ];
      return omittedWhereEmpty.includes(name) ? retyped : [...dropped, ...retyped];
    });

  test.each(changes)('%s', async (_change, changed) => {
    const [[expected], [tag]] = [await tagsOf([record]), await tagsOf([changed])];
    const answered = new Set([...(tag.rules ?? []), ...(tag.undecided ?? []).map(({ rule }) => rule)]);
    const lost = expected.rules?.filter((rule) => !answered.has(rule) && rule !== onlyWithBodies);
    expect(lost).toEqual([]);
  });
});

describe('what is an audit event', () => {
  const unmarked = ({ apiVersion: _a, auditID: _b, ...record }: JsonObject) => record;
  test.each([
    ['kind Event, verb, user and objectRef', unmarked(privilegedPod), 'match'],
    ['the same without a user', (({ user: _, ...rest }) => rest)(unmarked(privilegedPod)), 'match'],
    ['verb, user and objectRef', (({ kind: _, ...rest }) => rest)(unmarked(privilegedPod)), 'match'],
    [
      'a review of access, which has a user and a verb',
      { kind: 'SubjectAccessReview', user: { username: 'ann' }, verb: 'create', resource: 'pods' },
      'not_audit',
    ],
    ['kind Event, verb and requestURI', (({ objectRef: _, ...rest }) => rest)(unmarked(exec)), undefined],
    [
      'kind Event, verb and objectRef as text',
      { ...unmarked(privilegedPod), objectRef: JSON.stringify(privilegedPod.objectRef) },
      'match',
    ],
    [
      'an Event of core/v1',
      {
        kind: 'Event',
        apiVersion: 'v1',
        metadata: { name: 'e' },
        involvedObject: { kind: 'Pod' },
        reason: 'Started',
        verb: 'x',
        requestURI: '/x',
      },
      'not_audit',
    ],
    [
      'an Event of events.k8s.io',
      { kind: 'Event', apiVersion: 'events.k8s.io/v1', action: 'Binding', regarding: { kind: 'Pod' } },
      'not_audit',
    ],
    [
      'the log of another API',
      {
        auditID: '8',
        requestURI: '/v1/x',
        user: { name: 'user-a', group: ['system:authenticated'] },
        method: 'POST',
        responseCode: 201,
      },
      'not_audit',
    ],
  ])('%s', async (_name, record, verdict) => {
    const [tag] = await tagsOf([record], { ruleset: rulesetOf('pod-host-pid') });
    if (verdict === undefined) expect(tag.verdict).not.toBe('not_audit');
    else expect(tag.verdict).toBe(verdict);
  });

  test('GKE by its method alone', async () => {
    const entry = (methodName: string) => ({
      protoPayload: {
        methodName,
        resourceName: 'core/v1/namespaces/shop/pods/p',
        request: privilegedPod.requestObject,
      },
    });
    const tags = await tagsOf([
      entry('io.k8s.core.v1.pods.create'),
      entry('google.container.v1.ClusterManager.CreateCluster'),
    ]);
    expect(tags.map(({ verdict }) => verdict)).toEqual(['match', 'not_audit']);
    expect(tags[0].rules).toContain('pod-host-pid');
  });

  test('the log type of a stored record names its platform', async () => {
    const [tag] = await tagsOf([{ ...exec, p_log_type: 'Amazon.EKS.Audit' }]);
    expect(tag.platform).toBe('eks');
  });
});

test('decoys beside an event, and wrappers without one, hide nothing', async () => {
  const text = JSON.stringify(privilegedPod);
  const decoys: JsonObject[] = [
    { ...privilegedPod, protoPayload: {} },
    { ...privilegedPod, protoPayload: { serviceName: 'k8s.io', methodName: 'io.k8s.core.v1.pods.list' } },
    { ...privilegedPod, message: { data: 'e30=', messageId: '1' } },
    { ...privilegedPod, records: [] },
    { ...privilegedPod, log: '{}' },
    { ...privilegedPod, properties: { log: '{}' } },
    { ...privilegedPod, AuditId: '2' },
    { ...privilegedPod, messageType: 'CONTROL_MESSAGE' },
    { ...privilegedPod, class_uid: 6003 },
    { ...privilegedPod, kubernetes: { audit: {} } },
    { log: text, protoPayload: {} },
    { log: text, message: { data: 'e30=', messageId: '1' } },
    { log: text, records: [] },
    { log: text, items: [{ kind: 'Pod' }] },
    { log: '{"a":1}', message: text },
    { message: text, properties: { log: '{}' } },
    { log: text, messageType: 'CONTROL_MESSAGE' },
    { log: text, messageType: 'DATA_MESSAGE', logEvents: [] },
    { log: text, kubernetes: { audit: {} } },
    { log: text, requestId: 'r', records: [{ data: 'e30=' }] },
    { data: { a: 1 }, any_name: privilegedPod },
  ];
  const tags = await tagsOf(decoys);
  expect(tags.map(({ rules }, index) => [index, rules?.includes('pod-host-pid')])).toEqual(
    decoys.map((_, index) => [index, true]),
  );
});

test('a value that is reached through several shapes is read once', async () => {
  const nested = (depth: number): JsonObject =>
    depth === 0 ? { a: 1 } : { logGroup: 'x', message: JSON.stringify(nested(depth - 1)), log: 'none' };
  const reads = async (depth: number) => {
    const parse = JSON.parse;
    let count = 0;
    JSON.parse = (...args: Parameters<typeof parse>) => {
      count++;
      return parse(...args);
    };
    try {
      await tagsOf([nested(depth)]);
    } finally {
      JSON.parse = parse;
    }
    return count;
  };
  expect((await reads(6)) - (await reads(5))).toBe((await reads(3)) - (await reads(2)));
});

describe('the outcome on GKE', () => {
  const entry = (over: JsonObject, labels: JsonObject = {}) => ({
    timestamp: '2026-05-01T10:00:00Z',
    labels,
    protoPayload: {
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.pods.create',
      resourceName: 'core/v1/namespaces/shop/pods/p',
      authenticationInfo: { principalEmail: 'ann@example.com' },
      request: privilegedPod.requestObject,
      ...over,
    },
  });
  const granted = (value: unknown) => ({
    authorizationInfo: [{ granted: value, permission: 'io.k8s.core.v1.pods.create' }],
  });
  const failure = (spelled: string) => ({
    response: { [spelled]: 'core.k8s.io/v1.Status', status: 'Failure', code: 422, reason: 'Invalid' },
  });
  test.each<[string, JsonObject, string]>([
    ['nothing that speaks of failure', entry({}), 'success'],
    ['permission refused', entry(granted(false)), 'forbidden'],
    ['permission refused, as text', entry(granted('false')), 'forbidden'],
    [
      'one permission of two refused',
      entry({ authorizationInfo: [{ granted: true }, { granted: false }] }),
      'forbidden',
    ],
    ['permission granted', entry(granted(true)), 'success'],
    [
      'permission granted, and refused by admission',
      entry({ ...granted(true), ...failure('@type') }),
      'admission_denied',
    ],
    ['the authorizer said forbid', entry({}, { 'authorization.k8s.io/decision': 'forbid' }), 'forbidden'],
    ['a status of success beside a refused permission', entry({ ...granted(false), status: { code: 0 } }), 'success'],
    ['an empty status beside a refused permission', entry({ ...granted(false), status: {} }), 'success'],
    ['a status of failure', entry({ status: { code: 7 } }), 'forbidden'],
    ['a Status as response', entry(failure('@type')), 'admission_denied'],
    ['a Status as response, its type spelled without @', entry(failure('at_sign_type')), 'admission_denied'],
    ['a Status as response without a type', entry({ response: { status: 'Failure', code: 409 } }), 'conflict'],
    [
      'a Status without a code beside a status with one',
      entry({ status: { code: 6 }, response: { '@type': 'core.k8s.io/v1.Status', status: 'Failure' } }),
      'conflict',
    ],
    [
      'a pod as response',
      entry({ response: { '@type': 'core.k8s.io/v1.Pod', status: { phase: 'Failed' } } }),
      'success',
    ],
  ])('%s', async (_name, record, outcome) => {
    const [tag] = await tagsOf([record], { settings: { clearEventFields: ['outcome'] } });
    expect(tag.event?.outcome).toBe(outcome);
  });
});
