/** Bodies of entries of Cloud Audit Logs, most of them as plain as Google writes them, and most often next to one that differs
 * in a single place. */
import type { Random } from '../fuzz/fuzz.ts';
import { join, type Layout } from './bodies.ts';
import { treeOf } from './json-tree.ts';
import { packEvent } from './msgpack-text.ts';
import { pick } from './places.ts';

interface Request {
  method: string;
  name: string;
  request?: object;
  response?: object;
}

const old = '2025-11-02T03:04:05Z';
const fresh = '2026-01-02T03:04:03Z';
const object = (kind: string, creationTimestamp: string, rest: object = {}) => ({
  '@type': `core.k8s.io/v1.${kind}`,
  kind,
  apiVersion: 'v1',
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1', resourceVersion: '17', creationTimestamp },
  ...rest,
});
const pod = (spec: object = {}) => ({ spec: { containers: [{ name: 'web', image: 'web:1' }], ...spec } });
const write = (verb: string, name: string, request?: object, response?: object): Request => ({
  method: `io.k8s.core.v1.${name.includes('/status') ? 'pods.status' : 'pods'}.${verb}`,
  name,
  ...(request && { request }),
  ...(response && { response }),
});
const POD = 'core/v1/namespaces/shop/pods/web';

/** Requests that clusters log all the time. */
const usualRequests: readonly Request[] = [
  { method: 'io.k8s.core.v1.pods.get', name: POD },
  { method: 'io.k8s.core.v1.pods.list', name: 'core/v1/pods' },
  { method: 'io.k8s.core.v1.pods.watch', name: 'core/v1/namespaces/kube-system/pods' },
  { method: 'io.k8s.core.v1.secrets.list', name: 'core/v1/namespaces/kube-system/secrets' },
  { method: 'io.k8s.core.v1.secrets.get', name: 'core/v1/namespaces/shop/secrets/db' },
  { method: 'io.k8s.core.v1.namespaces.get', name: 'core/v1/namespaces/shop' },
  { method: 'io.k8s.core.v1.namespaces.status.update', name: 'core/v1/namespaces/shop/status' },
  { method: 'io.k8s.core.v1.pods.exec.create', name: `${POD}/exec` },
  { method: 'io.k8s.apps.v1.deployments.delete', name: 'apps/v1/namespaces/shop/deployments/web' },
  {
    method: 'io.k8s.core.v1.pods.delete',
    name: POD,
    request: { '@type': 'core.k8s.io/v1.DeleteOptions', dryRun: ['All'] },
  },
  {
    method: 'io.k8s.core.v1.pods.delete',
    name: POD,
    response: { '@type': 'core.k8s.io/v1.Status', status: 'Success' },
  },
  { method: 'io.k8s.authorization.rbac.v1.clusterroles.create', name: 'rbac.authorization.k8s.io/v1/clusterroles/x' },
  {
    method: 'io.k8s.coordination.v1.leases.update',
    name: 'coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n',
    request: object('Lease', old),
    response: object('Lease', old),
  },
  write('create', POD, object('Pod', fresh, pod()), object('Pod', fresh, pod())),
  write('create', POD, object('Pod', fresh, pod({ hostPID: true })), object('Pod', fresh, pod({ hostPID: true }))),
  write('create', 'core/v1/namespaces/shop/pods', object('Pod', fresh, pod()), object('Pod', fresh, pod())),
  write('update', POD, object('Pod', old), object('Pod', old, pod())),
  write('patch', POD, object('Pod', old), object('Pod', old)),
  write('patch', `${POD}/status`, { '@type': 'k8s.io/Patch', status: {} }, object('Pod', fresh)),
  write('update', POD, object('Pod', old)),
];

const times = [
  ...[old, fresh, '', 'never', '2025-13-02T03:04:05Z', '2025-11-02T03:04:05.Z', '2026-01-02 03:04:05Z'],
  // Date.parse reads the first as a time without its fraction.
  ...['2025-11-02    03:04.5Z', '2025-11-02T03:04:05.5+'],
];

const requests: readonly Request[] = [
  ...usualRequests,
  { method: 'io.k8s.core.v1.namespaces.create', name: 'core/v1/namespaces', request: object('Namespace', fresh) },
  ...['kube-system', 'dev'].map((name) => ({
    method: 'io.k8s.core.v1.namespaces.create',
    name: 'core/v1/namespaces',
    request: { '@type': 'core.k8s.io/v1.Namespace', kind: 'Namespace', apiVersion: 'v1', metadata: { name } },
  })),
  { method: 'io.k8s.core.v1.pods.proxy.get', name: `${POD}/proxy/admin` },
  ...['admin', 'kube-system'].map((path) => ({
    method: 'io.k8s.core.v1.nodes.proxy.get',
    name: `core/v1/nodes/n/proxy/${path}`,
  })),
  ...['Pod', 'Status'].map((kind) => ({
    method: 'io.k8s.core.v1.pods.delete',
    name: POD,
    response: { '@type': `core.k8s.io/v1.${kind}`, code: 403, reason: 'Forbidden' },
  })),
  write('create', 'core/v1/pods', object('Pod', fresh, pod()), object('Pod', fresh, pod())),
  ...times.flatMap((time) =>
    [object('Pod', time, pod()), { ...object('Pod', time, pod()), kind: undefined }].flatMap((body) => [
      write('update', POD, body, object('Pod', time, pod())),
      write('patch', POD, body, object('Pod', time, pod())),
    ]),
  ),
  write('patch', POD, object('Pod', old)),
  write('patch', POD, { '@type': 'core.k8s.io/v1.Pod', spec: { hostPID: true } }),
  write(
    'patch',
    POD,
    { '@type': 'k8s.io/Patch', value: [{ op: 'add', path: '/spec/hostPID', value: true }] },
    object('Pod', old),
  ),
  write('patch', POD, { '@type': 'k8s.io/Patch', value: { a: 1 } }, object('Pod', old)),
  write('update', POD, object('Pod', old), { '@type': 'core.k8s.io/v1.Status', status: 'Failure', code: 409 }),
  write('update', POD, object('Pod', old), { status: 'Failure', reason: 'Conflict' }),
  { method: 'io.k8s.get', name: 'version' },
  { method: 'get', name: POD },
  { method: 'io.k8s.core.v1.pods.', name: POD },
];

const pools = {
  principalEmail: ['ann@example.com', 'system:node:n', 'system:anonymous', 'system:serviceaccount:shop:default', ''],
  authenticationInfo: [
    undefined,
    { principalSubject: 'user:bob' },
    { principalEmail: 'ann@example.com', authoritySelector: 'system:admin' },
    { principalEmail: 'ann@example.com', authoritySelector: 'zoe' },
    {},
  ],
  callerIp: ['198.51.100.9', '10.0.0.7', '203.0.113.5', 'private', ''],
  callerSuppliedUserAgent: ['kubectl/v1.33', 'curl/8', 'kube-scheduler/v1.33', '', undefined],
  metadata: [{}, { callerNetwork: 'x' }, { requestAttributes: {}, destinationAttributes: { ip: '10.0.0.1' } }],
  status: [
    {},
    {},
    { code: 0 },
    { code: 7, message: 'no' },
    { code: 7, message: 'not' },
    { code: 5 },
    { code: 10, message: 'x' },
    { code: 'x' },
  ],
  granted: [true, true, false],
  labels: [
    { 'authorization.k8s.io/decision': 'allow' },
    { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC: allowed by "x"' },
    { 'authorization.k8s.io/decision': 'forbid' },
    { 'command.gke.io/dryRun': 'All' },
    { 'command.gke.io/dryRun': 'false' },
    { 'command.gke.io/command': 'sh -c id' },
    { cluster: 'other' },
    {},
    undefined,
  ],
  operation: [
    { id: 'op', producer: 'k8s.io', first: true, last: true },
    { id: 'op', producer: 'k8s.io', first: true },
    { id: 'op', producer: 'k8s.io', last: true },
    { producer: 'k8s.io', first: 'true' },
    { id: 'op', extra: 1 },
    undefined,
  ],
  cluster_name: ['east', 'west'],
  around: [
    {},
    { logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity', receiveTimestamp: '2026-01-02T03:04:06Z' },
    { logName: 'projects/p/logs/cloudaudit.googleapis.com%2Fdata_access', severity: 'NOTICE' },
    { split: { uid: 's', index: 1, totalSplits: 2 } },
    { labels_x: 'y', 'operation.id': 'z' },
    { kind: 'Event' },
    { verb: 'delete' },
    { verb: 'get', requestURI: '/', auditID: '1' },
    { user: { username: 'zoe' } },
    { cluster: 'third' },
    { properties: { log: '{"a":1}' } },
    { message: { data: 'e30=', messageId: '1' } },
    { date: 1767323045 },
  ],
  payload: [
    {},
    { resourceLocation: { currentLocations: ['x'] } },
    { serviceName: 'container.googleapis.com' },
    { serviceName: undefined },
    { unheardOf: 1 },
    { response: null },
    { request: 'text' },
    { resourceName: 'core/v1/namespaces/shop/pods/web?dryRun=All' },
    { resourceName: 'core/v1/namespaces/shop/pods/w%2Fb' },
    { resourceName: '/core/v1/pods' },
    { resourceName: 'core/v1/watch/pods' },
    { resourceName: 'core/v1' },
    { resourceName: 'core/pods/web/x' },
    { resourceName: 'namespaces/shop/pods/web' },
    { resourceName: '' },
    { status: undefined },
  ],
  /** What the name of the resource says in contradiction to the method. */
  name: [
    ['', ''],
    ['/shop/', '/kube-system/'],
    ['/pods/', '/secrets/'],
    ['/pods/', '//pods/'],
    ['web', 'web/exec'],
    ['core/', 'apps/'],
    ['/v1/', '/v1beta1/'],
  ],
  timestamp: ['2026-01-02T03:04:05.010Z', '2026-01-02T03:04:05Z', '2026-01-02T05:04:05+02:00', 'now', '', 17],
};
type Made = { [member in keyof typeof pools]: (typeof pools)[member][number] };
const members = Object.keys(pools) as (keyof Made)[];

function entryOf(request: Request, one: Made, index: number): Record<string, unknown> {
  return {
    insertId: `id-${index}`,
    timestamp: one.timestamp,
    resource: { type: 'k8s_cluster', labels: { project_id: 'p', location: 'l', cluster_name: one.cluster_name } },
    labels: one.labels,
    operation: one.operation && { ...one.operation, ...('id' in one.operation && { id: `op-${index}` }) },
    ...one.around,
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'k8s.io',
      methodName: request.method,
      resourceName: request.name.replace(one.name[0]!, one.name[1]!),
      authenticationInfo: one.authenticationInfo ?? { principalEmail: one.principalEmail },
      authorizationInfo: [{ granted: one.granted, permission: request.method, resource: request.name }],
      requestMetadata: {
        callerIp: one.callerIp,
        callerSuppliedUserAgent: one.callerSuppliedUserAgent,
        ...one.metadata,
      },
      status: one.status,
      request: request.request,
      response: request.response,
      ...one.payload,
    },
  };
}

/** Spellings after which an entry has to be parsed, or need not be. */
const spellings: readonly (readonly [from: string, to: string])[] = [
  ['"methodName"', '"\\u006dethodName"'],
  ['"methodName":', '"methodName":"io.k8s.core.v1.secrets.delete","methodName":'],
  ['"protoPayload":', '"protoPayload":{},"protoPayload":'],
  ['"protoPayload":{', '"protoPayload":{"serv\\u0069ceName":"x",'],
  ['"timestamp":', '"timestamp":"2020-01-01T00:00:00Z","timestamp":'],
  ['"labels":', '"labels":{"a":"b"},"labels":'],
  ['"insertId":', '"operation":{"id":"first","first":true},"insertId":'],
  ['"callerIp":', '"callerIP":"203.0.113.77","callerIp":'],
  ['"callerIp":', '"caller\\u0049p":"203.0.113.77","callerIp":'],
  ['"callerIp":"', '"callerIp":"\\u0031'],
  ['"status":{', '"status":{"code":7},"status":{'],
  ['"request":{', '"request":{"at_sign_type":"k8s.io/Patch",'],
  ['"response":{', '"response":{"status":"Failure",'],
  ['"response":{"@type":', '"response":{"@type":"core.k8s.io/v1.St\\u0061tus","zz":'],
  ['"response":{"@type":', '"response":{"at_sign_type":"core.k8s.io/v1.Status","zz":'],
  ['"request":{', '"request":{"at_sign_type":"k8s.io/Patch","value":[{"op":"add"}],'],
  ['"metadata":{', '"metadata":{"creationTimestamp":"2026-01-02T03:04:05Z",'],
  ['"metadata":{', '"metadata":{"creati\\u006fnTimestamp":"2026-01-02T03:04:05Z",'],
  ['k8s.io/v1', 'k8s.io\\/v1'],
  ['"kind":', '"a":[1 2],"kind":'],
  [':', ' : '],
];

const usual = Object.fromEntries(members.map((member) => [member, pools[member][0]])) as unknown as Made;

/** Each value of each pool, and each spelling, alone, on a few requests. */
export function oddEntryBody(layout: Layout): Buffer {
  const texts = [0, 12, 13].flatMap((request) => {
    const textOf = (changed: object) => JSON.stringify(entryOf(usualRequests[request]!, { ...usual, ...changed }, 0));
    return [
      ...members.flatMap((member) => pools[member].map((value) => textOf({ [member]: value }))),
      ...spellings.map(([from, to]) => textOf({}).replace(from, () => to)),
    ];
  });
  const plain = requests.map((request) => JSON.stringify(entryOf(request, usual, 1)));
  return join(
    layout,
    [...texts, ...plain, ...plain].map((text) => Buffer.from(text)),
  );
}

/** @param first index of the first entry, from which the id is derived */
export function entryBody(layout: Layout, random: Random, count: number, first: number): Buffer {
  const kinds = Array.from({ length: 4 }, () => pick(random(3) === 0 ? requests : usualRequests, random));
  // A third of the bodies vary in three members only, so that these meet in all their values.
  const isNarrow = random(3) === 0;
  const varied = Array.from({ length: 3 }, () => pick(members, random));
  const parts = Array.from({ length: count }, (_, offset) => {
    const one: Record<string, unknown> = { ...usual };
    const many = random(3) === 0 ? random(4) : random(2);
    const changed = isNarrow ? varied : Array.from({ length: many }, () => pick(members, random));
    for (const member of changed) if (!isNarrow || random(2) === 0) one[member] = pick<unknown>(pools[member], random);
    const entry = entryOf(pick(random(6) === 0 ? requests : kinds, random), one as unknown as Made, first + offset);
    if (layout === 'msgpack') return packEvent(treeOf(JSON.parse(JSON.stringify(entry))));
    const text = JSON.stringify(entry);
    const [from, to] = pick(spellings, random);
    return Buffer.from(random(8) === 0 ? text.replace(from, () => to) : text);
  });
  return join(layout, parts);
}
