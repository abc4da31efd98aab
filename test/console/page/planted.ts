/** Records of an hour in three clusters, with an attack in one of them: the content of the screenshots in the docs. */

interface Event {
  user: string;
  verb: string;
  resource: string;
  namespace?: string;
  name?: string;
  subresource?: string;
  group?: string;
  code?: number;
  address?: string;
  agent?: string;
  query?: string;
  body?: unknown;
}

const account = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`;
const pod = (name: string, spec: object) => ({ kind: 'Pod', apiVersion: 'v1', metadata: { name }, spec });
const image = 'images.example/tools:2.4';
const containers = [{ name: 'main', image }];

const curl = { address: '203.0.113.77', agent: 'curl/8.5.0' };
const checkout = account('shop', 'checkout');
/** What follows a stolen token, minutes before now. */
const attack: [minutes: number, event: Event][] = [
  [19, { user: checkout, verb: 'list', resource: 'secrets', namespace: 'kube-system', code: 403, ...curl }],
  [
    18,
    {
      user: checkout,
      verb: 'create',
      resource: 'selfsubjectrulesreviews',
      group: 'authorization.k8s.io',
      code: 201,
      ...curl,
    },
  ],
  [16, { user: checkout, verb: 'list', resource: 'secrets', namespace: 'shop', ...curl }],
  [15, { user: checkout, verb: 'get', resource: 'secrets', namespace: 'shop', name: 'db-credentials', ...curl }],
  [
    12,
    {
      ...{
        user: checkout,
        verb: 'create',
        resource: 'pods',
        subresource: 'exec',
        namespace: 'shop',
        name: 'ledger-7d4f9c6b5-x2x9k',
      },
      ...{ query: '?command=sh&command=-c&command=env&stdin=true', code: 101, ...curl },
    },
  ],
  [
    9,
    {
      ...{
        user: checkout,
        verb: 'create',
        resource: 'pods',
        namespace: 'shop',
        name: 'node-debug-7c',
        code: 201,
        ...curl,
      },
      body: pod('node-debug-7c', { hostPID: true, containers, volumes: [{ name: 'host', hostPath: { path: '/' } }] }),
    },
  ],
  [
    6,
    {
      ...{
        user: checkout,
        verb: 'create',
        resource: 'clusterrolebindings',
        name: 'metrics-reader-2',
        code: 201,
        ...curl,
      },
      group: 'rbac.authorization.k8s.io',
      body: {
        ...{
          kind: 'ClusterRoleBinding',
          apiVersion: 'rbac.authorization.k8s.io/v1',
          metadata: { name: 'metrics-reader-2' },
        },
        subjects: [{ kind: 'ServiceAccount', name: 'checkout', namespace: 'shop' }],
        roleRef: { kind: 'ClusterRole', name: 'cluster-admin', apiGroup: 'rbac.authorization.k8s.io' },
      },
    },
  ],
  [
    3,
    {
      user: 'system:anonymous',
      verb: 'get',
      resource: 'secrets',
      namespace: 'payments',
      name: 'card-gateway',
      ...curl,
    },
  ],
];

/** Routine activity of node agents. */
function ordinary(minutes: number): Event[] {
  const name = `perf-agent-${(minutes * 7919).toString(36)}`;
  const agent = account('profiling', 'agent');
  const spec = { hostPID: true, containers };
  return [
    ...(minutes % 7 === 0
      ? [
          {
            user: agent,
            verb: 'create',
            resource: 'pods',
            namespace: 'profiling',
            name,
            code: 201,
            body: pod(name, spec),
          },
        ]
      : []),
    ...(minutes % 13 === 5
      ? [
          {
            user: 'dev-7@example.com',
            verb: 'create',
            resource: 'pods',
            subresource: 'exec',
            namespace: 'frontend',
            name: 'web-6d5f',
            query: '?command=bash&stdin=true&tty=true',
            code: 101,
          },
        ]
      : []),
    ...(minutes % 17 === 3
      ? [{ user: `eve\u202enimda`, verb: 'list', resource: 'nodes', code: 403, agent: '<img src=x onerror=alert(1)>' }]
      : []),
    ...Array.from({ length: 6 }, () => ({
      user: account('shop', 'web'),
      verb: 'get',
      resource: 'configmaps',
      namespace: 'shop',
      name: 'settings',
      agent: 'web/1.4',
    })),
  ];
}

function auditEvent(event: Event, at: Date, number: number): object {
  const {
    user,
    verb,
    resource,
    namespace,
    name,
    subresource,
    group,
    code = 200,
    address = '10.2.0.14',
    agent = 'kubectl/v1.33.1 (linux/amd64)',
    query = '',
    body,
  } = event;
  const path = [namespace && `namespaces/${namespace}`, resource, name, subresource].filter(Boolean).join('/');
  const time = at.toISOString().replace('Z', '000Z');
  return {
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: body === undefined ? 'Metadata' : 'RequestResponse' },
    ...{ auditID: `7dabc8d4-5b1e-4c2a-9d10-${String(number).padStart(12, '0')}`, stage: 'ResponseComplete' },
    ...{ requestURI: `${group === undefined ? '/api/v1' : `/apis/${group}/v1`}/${path}${query}`, verb },
    ...{ user: { username: user, groups: ['system:authenticated'] }, sourceIPs: [address], userAgent: agent },
    objectRef: {
      resource,
      ...(namespace && { namespace }),
      ...(name && { name }),
      ...(subresource && { subresource }),
      ...(group && { apiGroup: group }),
      apiVersion: 'v1',
    },
    ...{
      responseStatus: { metadata: {}, code },
      ...(body === undefined ? {} : { requestObject: body, responseObject: body }),
    },
    ...{ requestReceivedTimestamp: time, stageTimestamp: time },
    annotations: {
      'authorization.k8s.io/decision': code === 403 ? 'forbid' : 'allow',
      'authorization.k8s.io/reason': '',
    },
  };
}

/** Two platforms with a wrapper of their own, and one without. */
const wrappers: ((event: object, at: Date) => object)[] = [
  (event, at) => ({
    ...{ messageType: 'DATA_MESSAGE', owner: '111122223333', logGroup: '/aws/eks/orchid-prod/cluster' },
    ...{ logStream: 'kube-apiserver-audit-0a1b2c', subscriptionFilters: ['to-fluent-bit'] },
    logEvents: [{ id: String(at.getTime()), timestamp: at.getTime(), message: JSON.stringify(event) }],
  }),
  (event) => event,
  (event, at) => ({
    ...{ time: at.toISOString(), category: 'kube-audit' },
    operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
    resourceId:
      '/SUBSCRIPTIONS/0B1C/RESOURCEGROUPS/STAGE/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/FERN-STAGE',
    properties: { log: JSON.stringify(event), stream: 'stdout', pod: 'kube-apiserver-6b49' },
  }),
];

/** @param now milliseconds of the epoch
 * @returns batches in the order of their events, oldest first, each a body for /v1/records */
export function plantedBatches(now: number): string[] {
  let number = 0;
  const batches: string[] = [];
  for (let minutes = 58; minutes >= 0; minutes--) {
    const at = (seconds: number) => new Date(now - minutes * 60_000 - 2000 + seconds * 100);
    const hostile = attack
      .filter(([when]) => when === minutes)
      .map(([, event]) => wrappers[0]!(auditEvent(event, at(0), ++number), at(0)));
    const usual = ordinary(minutes).map((event, index) => {
      const time = at(index);
      return wrappers[(minutes + index) % 3]!(auditEvent(event, time, ++number), time);
    });
    batches.push([...hostile, ...usual].map((record) => JSON.stringify(record)).join('\n'));
  }
  return batches;
}
