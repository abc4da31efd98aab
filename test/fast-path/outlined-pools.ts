/** Values of each member of a record: few, and such that rules distinguish them by one member alone. */

interface RequestKind {
  verb: string;
  requestObject?: unknown;
  responseObject?: unknown;
  of(namespace: string, name: string, version: string): { path: string; objectRef?: object };
}

interface Named {
  verb: string;
  resource: string;
  apiGroup?: string;
  subresource?: string;
  isNamed?: boolean;
  isNamespaced?: boolean;
  requestObject?: unknown;
  responseObject?: unknown;
}

function request({
  verb,
  isNamed = true,
  isNamespaced = true,
  requestObject,
  responseObject,
  ...ref
}: Named): RequestKind {
  const { resource, apiGroup, subresource } = ref;
  return {
    verb,
    requestObject,
    responseObject,
    of(namespace, name, version) {
      const root = apiGroup === undefined ? `/api/${version}` : `/apis/${apiGroup}/${version}`;
      const isInNamespace = isNamespaced && namespace !== '';
      const path = [
        root,
        ...(isInNamespace ? ['namespaces', namespace] : []),
        resource,
        ...(isNamed ? [name] : []),
        ...(subresource ? [subresource] : []),
      ].join('/');
      const named = { ...(isInNamespace && { namespace }), ...(isNamed && { name }) };
      return { path, objectRef: { ...ref, ...named, apiVersion: version } };
    },
  };
}

const pod = (spec: object) => ({ kind: 'Pod', apiVersion: 'v1', metadata: { labels: { app: 'web' } }, spec });
const containers = [{ name: 'web', image: 'registry.example/web:1' }];
const lease = {
  kind: 'Lease',
  apiVersion: 'coordination.k8s.io/v1',
  metadata: { name: 'n' },
  spec: { renewTime: 'now' },
};
const stored = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'web-1', uid: 'u', creationTimestamp: '2026-01-02T03:04:05Z' },
};
const leases = { resource: 'leases', apiGroup: 'coordination.k8s.io' };

const clusterRole = {
  verb: 'create',
  resource: 'clusterroles',
  apiGroup: 'rbac.authorization.k8s.io',
  isNamespaced: false,
};
const newNamespace = { verb: 'create', resource: 'namespaces', isNamed: false, isNamespaced: false };

/** A pod whose name is not in any URI. */
const created = (requestObject: unknown, responseObject?: unknown) =>
  request({ verb: 'create', resource: 'pods', isNamed: false, requestObject, responseObject });

const bare = (verb: string, path: string): RequestKind => ({ verb, of: () => ({ path }) });

/** A namespace that is its own. */
const namespaceGet: RequestKind = {
  verb: 'get',
  of: (_, name, version) => ({
    path: `/api/${version}/namespaces/${name}`,
    objectRef: { resource: 'namespaces', namespace: name, name, apiVersion: version },
  }),
};

type Embed = (event: object) => unknown;
type Surroundings = (event: Record<string, unknown>, embed: Embed, index: number) => object;

const aksOf =
  (path: string): Surroundings =>
  (event, embed, index) => ({
    date: 1767323045 + index,
    time: `2026-01-02T03:04:05.${index}Z`,
    category: 'kube-audit',
    resourceId: path,
    properties: { stream: 'stdout', log: embed(event), pod: 'kube-apiserver-x' },
  });
const cloudWatch =
  (logGroup: string): Surroundings =>
  (event, embed, index) => ({ date: index, logGroup, timestamp: 1767323045000 + index, message: embed(event) });

const azure = '/SUBSCRIPTIONS/0/RESOURCEGROUPS/EAST/PROVIDERS/MICROSOFT';

export const pools = {
  request: [
    request({ verb: 'get', resource: 'pods' }),
    request({ verb: 'list', resource: 'pods', isNamed: false }),
    request({ verb: 'watch', resource: 'secrets', isNamed: false, isNamespaced: false }),
    request({ verb: 'get', resource: 'secrets' }),
    request({ verb: 'update', ...leases, requestObject: lease, responseObject: lease }),
    request({
      verb: 'create',
      resource: 'pods',
      isNamed: false,
      requestObject: pod({ containers }),
      responseObject: stored,
    }),
    request({ verb: 'create', resource: 'pods', requestObject: pod({ containers, hostPID: true }) }),
    request({
      verb: 'create',
      resource: 'pods',
      requestObject: pod({ containers, hostPID: true }),
      responseObject: pod({ containers, hostPID: false }),
    }),
    request({
      verb: 'patch',
      resource: 'pods',
      subresource: 'status',
      requestObject: { status: { phase: 'Running' } },
    }),
    request({
      verb: 'patch',
      resource: 'deployments',
      apiGroup: 'apps',
      requestObject: [{ op: 'add', path: '/x', value: 1 }],
    }),
    request({ verb: 'create', resource: 'pods', subresource: 'exec' }),
    request({ verb: 'delete', resource: 'configmaps', requestObject: { kind: 'DeleteOptions', apiVersion: 'v1' } }),
    request({ verb: 'get', resource: 'nodes', isNamespaced: false }),
    created({ metadata: { name: 'web-1' } }),
    created({ metadata: { name: 'Db' } }, { metadata: { name: 'db' } }),
    created({ metadata: { generateName: 'web-' } }),
    created({ metadata: { generateName: 'web-' } }, { metadata: { name: 'web-1' } }),
    created({ metadata: { name: 7 } }, { metadata: 'web-1' }),
    created([{ metadata: { name: 'web-1' } }], { kind: 'Status' }),
    created({ spec: {} }, { metadata: { uid: 'web-1' } }),
    created({ metadata: { name: 'db' } }, { spec: { metadata: { name: 'web-1' } } }),
    created(pod({ containers: [{ name: 'a', image: 'x\u002fWEB:2' }] })),
    created(pod({ isOn: 'true', isOff: false, replicas: 1e3 })),
    created(pod({ isOn: true, replicas: '1000', isOff: 'false' })),
    created({ metadata: { annotations: { note: '\u212a8s-a', other: '"web"' }, labels: { app: 'api' } } }),
    created({ metadata: { annotations: { note: 'k8\u017f-' } } }),
    created({ metadata: { annotations: { note: 'k8s' } } }),
    created(pod({ containers, hostPID: true }), pod({ containers, hostPID: false })),
    created(pod({ containers }), pod({ containers: [{ image: 'x', securityContext: { privileged: true } }] })),
    created(pod({ containers: [{ image: 'x', args: ['xmrig'] }] }), pod({ containers: [{ args: ['xmr\u0130g'] }] })),
    created(pod({ containers, hostIPC: 'True' }), pod({ containers: [{ args: ['a-xmrig'] }] })),
    request({
      verb: 'patch',
      resource: 'deployments',
      apiGroup: 'apps',
      requestObject: [{ op: 'add', path: '/spec/template/spec/hostPID', value: true }],
      responseObject: { spec: { template: { spec: { hostPID: true } } } },
    }),
    request(clusterRole),
    request({ verb: 'patch', resource: 'deployments', apiGroup: 'extensions' }),
    request({ verb: 'patch', resource: 'deployments', apiGroup: 'apps' }),
    request({ ...clusterRole, requestObject: { metadata: { namespace: 'kube-system' } } }),
    request({ ...clusterRole, requestObject: { metadata: { namespace: 'dev' } } }),
    request({ verb: 'delete', resource: 'configmaps', requestObject: { kind: 'DeleteOptions', dryRun: ['All'] } }),
    request({ ...newNamespace, requestObject: { metadata: { name: 'kube-system' } } }),
    request({ ...newNamespace, requestObject: { metadata: { name: 'dev' } } }),
    namespaceGet,
    bare('get', '/healthz'),
    bare('get', '/version'),
    bare('get', '/apis'),
  ],
  verb: [undefined, 'get', 'list', 'update', 'create', 'delete', 'deletecollection', 'Get'],
  version: ['v1', 'v1beta1', 'v2'],
  namespace: ['shop', 'kube-system', 'default', 'kube-node-lease', 'dev', '', 'kube-public', 'pods', 'leases'],
  name: ['web-1', 'db', 'cluster-admin', 'aws-auth', 'node-1', 'system:node', 'Web-1', 'web-*', 'wéb-1', 'node\u212a'],
  query: [
    '',
    '?timeout=10s',
    '?watch=true&limit=5',
    '?dryRun=All',
    '?fieldManager=x&dryRun=None',
    '?labelSelector=a%3Db',
  ],
  user: [
    { username: 'ann', groups: ['devs', 'system:authenticated'] },
    { username: 'bob', groups: ['devs', 'system:authenticated'] },
    { username: 'ann', groups: ['system:masters', 'system:authenticated'] },
    { username: 'ann', uid: 'u-1', groups: ['devs'], extra: { 'example.com/team': ['red'] } },
    { username: 'system:anonymous', groups: ['system:unauthenticated'] },
    { username: 'system:node:node-1', groups: ['system:nodes', 'system:authenticated'] },
    { username: 'system:serviceaccount:shop:default', groups: ['system:serviceaccounts'] },
    { username: 'aksService', groups: ['system:masters'] },
    { username: 'eks:node-manager', groups: ['system:authenticated'] },
    { username: 'carl', groups: ['devs'] },
    { username: 'dora', groups: ['devs'] },
    { username: 'masterclient', groups: ['devs'] },
    { username: 'nobody', groups: 'devs' },
    { username: 'nobody', groups: [7] },
    { username: 7, groups: ['devs'] },
    { groups: ['devs'] },
    { username: '', groups: [] },
    { username: 'jörg', groups: ['system:masters'] },
  ],
  impersonatedUser: [
    undefined,
    { username: 'system:admin', groups: ['system:masters'] },
    { username: 'bob' },
    { username: 7, groups: 'system:masters' },
    { groups: [null, 'system:masters'] },
    { username: 'system:serviceaccount:kube-system:default', groups: ['system:serviceaccounts'] },
  ],
  authenticationMetadata: [
    undefined,
    { impersonationConstraint: 'impersonate:user-info' },
    { impersonationConstraint: 'impersonate:arbitrary-node' },
  ],
  sourceIPs: [
    ['203.0.113.7'],
    ['10.0.0.1'],
    ['198.51.100.9', '10.0.0.1'],
    ['::1'],
    ['8.8.8.8', '203.0.113.7'],
    ['pods'],
    ['leases'],
    [],
  ],
  userAgent: [
    'kubectl/v1.33.2 (linux/amd64)',
    'kubectl/v1.34.0 (linux/amd64)',
    'kubectl v1.34.0 custom',
    'curl/8.5.0',
    'peirates/1.1',
    'carl',
    'dora',
    '',
    undefined,
    'Kubectl/V1',
  ],
  annotations: [
    { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
    {
      'authorization.k8s.io/decision': 'allow',
      'authorization.k8s.io/reason': 'RBAC: allowed by ClusterRoleBinding "admins"',
    },
    { 'authorization.k8s.io/decision': 'allow', 'webhook.example.com/checked': 'yes' },
    { 'authorization.k8s.io/decision': 'allow', 'webhook.example.com/checked': 'no' },
    { 'pod-security.kubernetes.io/audit-violations': 'would violate PodSecurity "restricted:latest": hostPID=true' },
    { 'mutation.webhook.admission.k8s.io/round_0_index_0': '{"configuration":"a","mutated":true}' },
    { 'audit.k8s.io/truncated': 'true', 'authorization.k8s.io/decision': 'allow' },
    { 'command.gke.io/dryRun': 'true', 'authorization.k8s.io/decision': 'allow' },
    { 'webhook.example.com/checked': { nested: 'no' } },
    {},
    undefined,
  ],
  responseStatus: [
    { metadata: {}, code: 200 },
    { metadata: {}, code: 201 },
    { metadata: {}, code: 101 },
    {
      metadata: {},
      status: 'Failure',
      reason: 'Forbidden',
      message: 'pods is forbidden: User "ann" cannot',
      code: 403,
    },
    { metadata: {}, status: 'Failure', message: 'admission webhook "x" denied the request', code: 403 },
    { metadata: {}, status: 'Failure', reason: 'NotFound', message: 'pods "web-1" not found', code: 404 },
    { metadata: {}, status: 'Failure', reason: 'Unauthorized', code: 401 },
    { metadata: {}, status: 'Failure', reason: 'Conflict', code: 409 },
    { metadata: {}, code: 504 },
    { metadata: {}, code: 422 },
    { metadata: {}, status: 'Success' },
    { metadata: {}, status: 'Failure', code: '403' },
    { metadata: {}, code: 403, message: '' },
    { metadata: {}, code: 500, details: { kind: 'pods' } },
  ],
  level: ['RequestResponse', 'Metadata', 'Request'],
  apiVersion: ['audit.k8s.io/v1', 'audit.k8s.io/v1beta1', 'example.com/v1'],
  /** In addition to those of the object. */
  ref: [{}, { uid: 'uid-1' }, { uid: 'uid-2' }, { resourceVersion: '7' }, { resourceVersion: '8' }],
  times: [
    { stageTimestamp: '2026-01-02T03:04:06.000000Z' },
    { stageTimestamp: '2025-01-02T03:04:06.000000Z' },
    { timestamp: '2025-01-02T03:04:06.000000Z' },
    { requestReceivedTimestamp: undefined, timestamp: '2025-01-02T03:04:06Z' },
  ],
  /** Whether a status is logged: if there is an answer, always, or never. */
  hasStatus: ['answered', 'always', 'never'],
  stage: ['ResponseComplete', 'ResponseStarted', 'RequestReceived', 'Panic'],
  requestObject: [
    undefined,
    { kind: 'Pod', spec: { hostIPC: true } },
    [{ op: 'add', path: '/a', value: 'cluster-admin' }],
    {},
  ],
  responseObject: [
    undefined,
    { kind: 'Status', status: 'Failure' },
    [],
    { metadata: { resourceVersion: '7', name: 'made' } },
  ],
  surroundings: [
    (event: object, _: Embed, index: number) => ({ date: 1767323045 + index, ...event }),
    (event: object) => ({ ...event, kubernetes: { pod_name: 'kube-apiserver-a' }, stream: 'stdout' }),
    (event: object) => ({ stream: 'stderr', ...event }),
    (event: object) => ({ logGroup: '/aws/eks/east/cluster', ...event }),
    (event: object) => ({ logGroup: '/aws/eks/west/cluster', ...event }),
    (event: object, embed: Embed) => ({ log: embed(event), stream: 'stdout' }),
    (event: object) => ({ zz: 'cluster-admin', ...event }),
    (event: object) => ({ ...event, 'user.username': 'zoe', 'objectRef.resource': 'secrets' }),
    (event: object) => ({ ...event, p_log_type: 'Amazon.EKS.Audit' }),
    (event: object) => ({ ...event, metadata: { creationTimestamp: '2025-01-02T03:04:05Z' } }),
    (event: object, embed: Embed) => ({ properties: { log: embed(event) }, log_s: '' }),
    (event: object, embed: Embed) => ({ properties: { log: '' }, log_s: embed(event) }),
    (event: object, embed: Embed) => ({ log: embed(event), message: embed({ ...event, verb: 'delete' }) }),
    cloudWatch('/aws/eks/east/cluster'),
    cloudWatch('/aws/eks/west/cluster'),
    cloudWatch('123456789012:/aws/eks/west/cluster'),
    aksOf(`${azure}.CONTAINERSERVICE/MANAGEDCLUSTERS/EAST`),
    aksOf(`${azure}.CONTAINERSERVICE/MANAGEDCLUSTERS/WEST`),
    aksOf(`${azure}.KUBERNETES/CONNECTEDCLUSTERS/WEST`),
  ] as Surroundings[],
};
