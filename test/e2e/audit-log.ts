/** A generated audit log: every line contains a unique key, and a few match the rule for hostPID. */

/** Finds the key in any form that a line may have taken. */
export const keyPattern = /e2e-\d{8}/;

/** Lines [from, to) of the log, each with its line end. */
export function auditLines(from: number, to: number): string {
  let text = '';
  for (let index = from; index < to; index++) text += `${shapeOf(index).line(index)}\n`;
  return text;
}

/** The keys of the lines below `count` that the rule matches. */
export function matchingKeys(count: number): Set<string> {
  const keys = new Set<string>();
  for (let index = 0; index < count; index++) if (shapeOf(index).matches) keys.add(keyOf(index));
  return keys;
}

interface Shape {
  matches: boolean;
  line: (index: number) => string;
}

const keyOf = (index: number) => `e2e-${String(index).padStart(8, '0')}`;
/** Microseconds apart, from 2026-03-01T00:00:00Z. */
const timeOf = (index: number) =>
  new Date(Date.UTC(2026, 2, 1) + Math.floor(index / 1000))
    .toISOString()
    .replace('Z', `${String(index % 1000).padStart(3, '0')}Z`);

/** A pod, created. */
function podEvent(index: number, hostPID: boolean) {
  const name = `web-${index}`;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: keyOf(index),
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/shop/pods?fieldManager=kubectl-create',
    verb: 'create',
    user: { username: 'ann@example.com', groups: ['dev', 'system:authenticated'] },
    sourceIPs: ['198.51.100.9'],
    userAgent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
    objectRef: { resource: 'pods', namespace: 'shop', name, apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    requestObject: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name, namespace: 'shop', labels: { app: 'web' } },
      spec: { hostPID, containers: [{ name: 'web', image: 'registry.example.com/web:1.4', resources: {} }] },
      status: {},
    },
    requestReceivedTimestamp: timeOf(index),
    stageTimestamp: timeOf(index),
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
  };
}

/** What most of an audit log consists of: a controller that renews its lease. */
const leaseEvent = (index: number) => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Request',
  auditID: keyOf(index),
  stage: 'ResponseComplete',
  requestURI: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-${index % 97}?timeout=10s`,
  verb: 'update',
  user: { username: `system:node:node-${index % 97}`, groups: ['system:nodes', 'system:authenticated'] },
  sourceIPs: ['192.0.2.17'],
  userAgent: 'kubelet/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
  objectRef: {
    resource: 'leases',
    namespace: 'kube-node-lease',
    name: `node-${index % 97}`,
    uid: '0f6c3a52-7c5f-4f3c-8a1e-6f1f6f3b9d11',
    apiGroup: 'coordination.k8s.io',
    apiVersion: 'v1',
    resourceVersion: String(7_000_000 + index),
  },
  responseStatus: { metadata: {}, code: 200 },
  requestObject: {
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: { name: `node-${index % 97}`, namespace: 'kube-node-lease' },
    spec: { holderIdentity: `node-${index % 97}`, leaseDurationSeconds: 40, renewTime: timeOf(index) },
  },
  requestReceivedTimestamp: timeOf(index),
  stageTimestamp: timeOf(index),
  annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
});

const gkeEntry = (index: number, hostPID: boolean) => ({
  insertId: keyOf(index),
  logName: 'projects/example/logs/cloudaudit.googleapis.com%2Factivity',
  protoPayload: {
    '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
    serviceName: 'k8s.io',
    methodName: 'io.k8s.core.v1.pods.create',
    resourceName: `core/v1/namespaces/shop/pods/web-${index}`,
    authenticationInfo: { principalEmail: 'ann@example.com' },
    authorizationInfo: [
      {
        granted: true,
        permission: 'io.k8s.core.v1.pods.create',
        resource: `core/v1/namespaces/shop/pods/web-${index}`,
      },
    ],
    requestMetadata: { callerIp: '198.51.100.9', callerSuppliedUserAgent: 'kubectl/v1.33.1' },
    request: {
      '@type': 'core.k8s.io/v1.Pod',
      ...podEvent(index, hostPID).requestObject,
    },
    status: {},
  },
  resource: { type: 'k8s_cluster', labels: { project_id: 'example', location: 'europe-west1', cluster_name: 'prod' } },
  severity: 'NOTICE',
  timestamp: timeOf(index),
});

const json = (make: (index: number) => unknown) => (index: number) => JSON.stringify(make(index));

const lease: Shape = { matches: false, line: json(leaseEvent) };
/** Selected by the last two digits of the index; leases fill the rest. */
const rare: Record<number, Shape> = {
  0: { matches: true, line: json((index) => podEvent(index, true)) },
  10: { matches: false, line: json((index) => podEvent(index, false)) },
  20: {
    matches: false,
    line: (index) => `I0301 00:00:00.000000       1 server.go:42] "text line" id="${keyOf(index)}" é`,
  },
  // Cut before the part that the rule needs.
  30: { matches: false, line: (index) => JSON.stringify(podEvent(index, true)).split('"hostPID"')[0] },
  40: {
    matches: true,
    line: json((index) => ({
      timestamp: Date.UTC(2026, 2, 1) + index,
      message: JSON.stringify(podEvent(index, true)),
      logStream: 'kube-apiserver-audit-0123456789abcdef0123456789abcdef',
      logGroup: '/aws/eks/prod/cluster',
    })),
  },
  50: {
    matches: true,
    line: json((index) => ({
      category: 'kube-audit',
      operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
      properties: { log: `${JSON.stringify(podEvent(index, true))}\n`, stream: 'stdout', pod: 'kube-apiserver-6d9f' },
      resourceId: '/SUBSCRIPTIONS/0/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/PROD',
      time: timeOf(index),
    })),
  },
  60: { matches: true, line: json((index) => gkeEntry(index, true)) },
  // Beyond the range of a double, so not through JSON.stringify.
  70: {
    matches: false,
    line: (index) =>
      JSON.stringify(leaseEvent(index)).replace(
        /}$/,
        ',"numbers":[9007199254740993,18446744073709551615,-9223372036854775808,0,-1,65536,0.5,1.0,-2.5e-10,1.5e+100]}',
      ),
  },
  80: {
    matches: false,
    line: json((index) => ({
      ...leaseEvent(index),
      note: 'Grüße, 世界, 🛰, \u0001 \\ " / <&>',
      '': null,
      ключ: {},
      list: [],
    })),
  },
  // With a tag already, as from a sender that imitates Tripline: it is replaced.
  90: { matches: true, line: json((index) => ({ ...podEvent(index, true), tripline: { v: 1, verdict: 'clear' } })) },
};

const shapeOf = (index: number) => rare[index % 100] ?? lease;
