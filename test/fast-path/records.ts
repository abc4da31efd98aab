/** Audit records as clusters and platforms log them, one of each kind that a fast path may treat in its own way. */
import { Embedded } from './json-tree.ts';

const pod = (spec: object = {}, metadata: object = { name: 'web-1', namespace: 'shop' }) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata,
  spec: { containers: [{ name: 'web', image: 'registry.example/web:1', env: [{ name: 'A', value: '1' }] }], ...spec },
  status: {},
});

interface Request {
  verb?: string;
  uri?: string;
  user?: object;
  code?: number;
  ref?: object;
  [member: string]: unknown;
}

function event({ verb = 'get', uri = '/api/v1/namespaces/shop/pods/web-1', user, code = 200, ref, ...rest }: Request) {
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: `11111111-0000-4000-8000-${String(uri.length * 37 + code).padStart(12, '0')}`,
    stage: 'ResponseComplete',
    requestURI: uri,
    verb,
    user: { username: 'ann', groups: ['devs', 'system:authenticated'], ...user },
    sourceIPs: ['203.0.113.7'],
    userAgent: 'kubectl/v1.33.2 (linux/amd64) kubernetes/abcdef0',
    objectRef: { resource: 'pods', namespace: 'shop', name: 'web-1', apiVersion: 'v1', ...ref },
    responseStatus: { metadata: {}, code },
    requestReceivedTimestamp: '2026-01-02T03:04:05.000001Z',
    stageTimestamp: '2026-01-02T03:04:05.010001Z',
    annotations: {
      'authorization.k8s.io/decision': code === 403 ? 'forbid' : 'allow',
      'authorization.k8s.io/reason': '',
    },
    ...rest,
  };
}

const lease = {
  kind: 'Lease',
  apiVersion: 'coordination.k8s.io/v1',
  metadata: { name: 'node-1', namespace: 'kube-node-lease', uid: 'u-1', resourceVersion: '12345678901234567890' },
  spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40, renewTime: '2026-01-02T03:04:05.000000Z' },
};
const leaseUpdate = event({
  verb: 'update',
  uri: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1?timeout=10s',
  user: { username: 'system:node:node-1', groups: ['system:nodes', 'system:authenticated'] },
  ref: { resource: 'leases', namespace: 'kube-node-lease', name: 'node-1', apiGroup: 'coordination.k8s.io' },
  requestObject: lease,
  responseObject: lease,
  userAgent: 'kubelet/v1.33.2 (linux/amd64) kubernetes/abcdef0',
});
const hostPid = event({
  verb: 'create',
  uri: '/api/v1/namespaces/shop/pods',
  code: 201,
  requestObject: pod({ hostPID: true }),
  responseObject: pod({ hostPID: true }),
});
const account = (namespace: string, name: string) => ({
  username: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
});
const rbac = (kind: string, rest: object) => ({
  kind,
  apiVersion: 'rbac.authorization.k8s.io/v1',
  metadata: { name: 'helper' },
  ...rest,
});
const binding = rbac('ClusterRoleBinding', {
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'shop' }],
});
const anonymous = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

export const plainEvents = {
  lease: leaseUpdate,
  'pod get': event({ level: 'Metadata' }),
  'pod list': event({ verb: 'list', uri: '/api/v1/pods?limit=500', ref: { name: undefined, namespace: undefined } }),
  'pod watch': event({
    verb: 'watch',
    uri: '/api/v1/pods?watch=true',
    stage: 'ResponseStarted',
    ref: { name: undefined },
  }),
  'pod create': event({
    verb: 'create',
    uri: '/api/v1/namespaces/shop/pods',
    code: 201,
    requestObject: pod(),
    responseObject: pod(),
  }),
  'pod host pid': hostPid,
  'pod privileged': event({
    verb: 'create',
    uri: '/api/v1/namespaces/kube-system/pods',
    code: 201,
    ref: { namespace: 'kube-system', name: undefined },
    requestObject: pod(
      {
        hostNetwork: true,
        containers: [
          { name: 'x', image: 'alpine', securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN'] } } },
        ],
        volumes: [{ name: 'root', hostPath: { path: '/' } }],
      },
      { generateName: 'x-' },
    ),
    responseObject: pod({}, { name: 'x-abc', namespace: 'kube-system' }),
  }),
  'pod create at metadata level': event({
    verb: 'create',
    uri: '/api/v1/namespaces/shop/pods',
    code: 201,
    level: 'Metadata',
  }),
  'status patch': event({
    verb: 'patch',
    uri: '/api/v1/namespaces/shop/pods/web-1/status',
    user: { username: 'system:node:node-1', groups: ['system:nodes'] },
    ref: { subresource: 'status' },
    requestObject: { metadata: { uid: 'u' }, status: { phase: 'Running' } },
    responseObject: pod(),
  }),
  'json patch': event({
    verb: 'patch',
    uri: '/apis/apps/v1/namespaces/shop/deployments/web',
    ref: { resource: 'deployments', apiGroup: 'apps', name: 'web' },
    requestObject: [{ op: 'add', path: '/spec/template/spec/hostPID', value: true }],
    responseObject: {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'web' },
      spec: { template: pod({ hostPID: true }) },
    },
  }),
  'secret get': event({
    uri: '/api/v1/namespaces/shop/secrets/db',
    ref: { resource: 'secrets', name: 'db' },
    level: 'Metadata',
  }),
  'secret list': event({
    verb: 'list',
    uri: '/api/v1/secrets',
    ref: { resource: 'secrets', name: undefined, namespace: undefined },
  }),
  forbidden: event({
    verb: 'list',
    uri: '/api/v1/secrets',
    code: 403,
    user: account('shop', 'default'),
    ref: { resource: 'secrets' },
  }),
  exec: event({
    verb: 'create',
    uri: '/api/v1/namespaces/shop/pods/web-1/exec?command=sh&command=-c&command=id&stdin=true&tty=true',
    code: 101,
    stage: 'ResponseStarted',
    ref: { subresource: 'exec' },
  }),
  'delete with body': event({
    verb: 'delete',
    ref: { resource: 'events', namespace: 'kube-system', name: 'e-1' },
    uri: '/api/v1/namespaces/kube-system/events/e-1',
    requestObject: { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] },
    responseObject: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' },
  }),
  impersonated: event({
    verb: 'list',
    uri: '/api/v1/namespaces/kube-system/secrets',
    impersonatedUser: { username: 'system:admin', groups: ['system:masters'] },
    ref: { resource: 'secrets', namespace: 'kube-system', name: undefined },
  }),
  'access review': event({
    verb: 'create',
    uri: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    code: 201,
    ref: {
      resource: 'selfsubjectrulesreviews',
      apiGroup: 'authorization.k8s.io',
      name: undefined,
      namespace: undefined,
    },
    requestObject: {
      kind: 'SelfSubjectRulesReview',
      apiVersion: 'authorization.k8s.io/v1',
      spec: { namespace: 'shop' },
    },
  }),
  'role binding': event({
    verb: 'create',
    uri: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    code: 201,
    ref: {
      resource: 'clusterrolebindings',
      apiGroup: 'rbac.authorization.k8s.io',
      name: 'helper',
      namespace: undefined,
    },
    requestObject: binding,
    responseObject: binding,
  }),
  anonymous: event({
    user: anonymous,
    uri: '/api/v1/namespaces/kube-system/configmaps',
    verb: 'list',
    ref: { resource: 'configmaps' },
  }),
  'not a resource': event({ uri: '/version', user: anonymous, objectRef: undefined, level: 'Metadata' }),
  unauthenticated: event({
    code: 401,
    user: { username: '', groups: undefined },
    uri: '/api/v1/nodes',
    ref: { resource: 'nodes' },
  }),
  'timed out': event({
    verb: 'create',
    code: 504,
    uri: '/api/v1/namespaces/shop/pods',
    requestObject: pod({ hostIPC: true }),
  }),
  'dry run': event({
    ...hostPid,
    verb: 'create',
    code: 201,
    uri: '/api/v1/namespaces/shop/pods?dryRun=All',
    requestObject: pod({ hostPID: true }),
  }),
  received: event({ stage: 'RequestReceived', responseStatus: undefined, level: 'Metadata' }),
};

const azure = {
  time: '2026-01-02T03:04:05.01Z',
  category: 'kube-audit',
  operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
  resourceId: '/SUBSCRIPTIONS/S-1/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/PROD',
};

function google(method: string, resourceName: string, rest: object) {
  return {
    insertId: '7b1c',
    logName: 'projects/p-1/logs/cloudaudit.googleapis.com%2Factivity',
    timestamp: '2026-01-02T03:04:05.010Z',
    resource: { type: 'k8s_cluster', labels: { project_id: 'p-1', location: 'us-central1', cluster_name: 'c1' } },
    labels: { 'authorization.k8s.io/decision': 'allow' },
    operation: { id: '7b1c', producer: 'k8s.io', first: true, last: true },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'k8s.io',
      methodName: method,
      resourceName,
      authenticationInfo: { principalEmail: 'ann@example.com' },
      authorizationInfo: [{ granted: true, permission: method, resource: resourceName }],
      requestMetadata: { callerIp: '198.51.100.9', callerSuppliedUserAgent: 'kubectl/v1.33' },
      status: { code: 0 },
      ...rest,
    },
  };
}

/** Every kind of record, by a name for messages. */
export const records: Readonly<Record<string, unknown>> = {
  ...plainEvents,
  'event list': { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [leaseUpdate, hostPid, plainEvents.exec] },
  'fluent bit log': { date: 1767323045.0101, log: new Embedded(hostPid), stream: 'stdout' },
  'merged log': { date: 1767323045.0101, ...plainEvents['secret list'], kubernetes: { pod_name: 'x' } },
  eks: {
    ...hostPid,
    user: {
      username: 'kubernetes-admin',
      groups: ['system:masters'],
      uid: 'aws-iam-authenticator:1:AIDA',
      extra: { arn: ['arn:aws:iam::123456789012:user/ann'] },
    },
  },
  cloudwatch: {
    messageType: 'DATA_MESSAGE',
    owner: '123456789012',
    logGroup: '/aws/eks/prod/cluster',
    logStream: 'kube-apiserver-audit-1',
    logEvents: [
      { id: '1', timestamp: 1767323045010, message: new Embedded(leaseUpdate) },
      { id: '2', timestamp: 1767323045011, message: new Embedded(hostPid) },
    ],
  },
  aks: { ...azure, properties: { log: new Embedded(hostPid), stream: 'stdout', pod: 'kube-apiserver-x' } },
  'aks lease': { ...azure, properties: { log: new Embedded(leaseUpdate), stream: 'stdout', pod: 'kube-apiserver-x' } },
  gke: google('io.k8s.core.v1.pods.create', 'core/v1/namespaces/shop/pods/web-1', {
    request: { '@type': 'core.k8s.io/v1.Pod', ...pod({ hostPID: true }) },
    response: { '@type': 'core.k8s.io/v1.Pod', ...pod({ hostPID: true }) },
  }),
  'gke lease': google(
    'io.k8s.coordination.v1.leases.update',
    'coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1',
    {
      request: { '@type': 'coordination.k8s.io/v1.Lease', ...lease },
    },
  ),
  'not audit': { log: 'plain text of a container', stream: 'stderr' },
};
