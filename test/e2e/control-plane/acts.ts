/** What the tables of acts are written in. */

/** Who acts: name of the user, groups, and what they work with. */
export interface User {
  username: string;
  groups: string[];
  userAgent: string;
}

const kubectl = 'kubectl/v1.36.3 (linux/amd64) kubernetes/0123456';
const serviceAccount = (namespace: string, name: string, userAgent: string): User => ({
  username: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  userAgent,
});
const controller = (name: string) =>
  serviceAccount(
    'kube-system',
    name,
    `kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/0123456/system:serviceaccount:kube-system:${name}`,
  );

export const users = {
  /** Makes what others need. */
  admin: { username: 'admin', groups: ['system:masters'], userAgent: kubectl },
  /** Develops what runs in the namespace shop, and may do there what a developer does. */
  ann: { username: 'ann', groups: ['developers'], userAgent: kubectl },
  deployer: serviceAccount('ci', 'deployer', 'argocd-application-controller/v3.1.0'),
  prometheus: serviceAccount('monitoring', 'prometheus', 'Prometheus/3.5.0'),
  kubelet: {
    username: 'system:node:n1',
    groups: ['system:nodes'],
    userAgent: 'kubelet/v1.36.3 (linux/amd64) kubernetes/0123456',
  },
  scheduler: {
    username: 'system:kube-scheduler',
    groups: [],
    userAgent: 'kube-scheduler/v1.36.3 (linux/amd64) kubernetes/0123456/scheduler',
  },
  controllerManager: {
    username: 'system:kube-controller-manager',
    groups: [],
    userAgent: 'kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/0123456/kube-controller-manager',
  },
  replicaSetController: controller('replicaset-controller'),
  daemonSetController: controller('daemon-set-controller'),
  deploymentController: controller('deployment-controller'),
  /** Has the credentials of an administrator. */
  mallory: { username: 'mallory', groups: ['system:masters'], userAgent: kubectl },
  /** Has the token of a controller, and a client of their own. */
  thief: { ...controller('replicaset-controller'), userAgent: kubectl },
  /** May write roles and bindings, and little else. */
  trudy: { username: 'trudy', groups: ['role-writers'], userAgent: kubectl },
  /** May do nothing. */
  eve: { username: 'eve', groups: [], userAgent: kubectl },
  /** Sends no credentials. */
  nobody: { username: 'system:anonymous', groups: [], userAgent: 'curl/8.15.0' },
  /** Sends a token that is none. */
  stranger: { username: '', groups: [], userAgent: 'curl/8.15.0' },
} satisfies Record<string, User>;
export type UserName = keyof typeof users;

/** A request, and what has to be found in its events. `$name` in path, body and `given` stands for a name of its own. */
export interface Act {
  name: string;
  as: UserName;
  /** Method and path. */
  request: string;
  /** Text and bytes (ASCII where they hold `$name`) go as they are; all else in JSON, or in CBOR where the media type says
   * so. */
  body?: unknown;
  /** Media type of the body. */
  type?: string;
  headers?: Record<string, string>;
  /** Asks for another protocol, as an exec does. */
  upgrade?: string;
  /** Status of the answer: another one would mean that the act did not do what it is about. */
  code: number;
  /** What is there before, made by the administrator: path of the collection, object. */
  given?: [path: string, object: object];
  /** Rules that have to find it, whatever others do. Those on hostPID are not among them: what was stored tells. */
  rules?: string[];
  /** What Tripline does not do yet: until it does, nothing is asked of the act's findings. */
  awaits?: string;
  /** An API server of an earlier version (1.x) loses the event of its answer. */
  loggedSince?: number;
}

/** A pod with this label gets hostPID from an admission policy. */
export const injected = { inject: 'hostPID' };

export const pods = '/api/v1/namespaces/shop/pods';
export const deployments = '/apis/apps/v1/namespaces/shop/deployments';

/** Of a custom resource that keeps what it does not know. */
export const rollouts = '/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts';

export const media = {
  json: 'application/json',
  yaml: 'application/yaml',
  cbor: 'application/cbor',
  jsonPatch: 'application/json-patch+json',
  mergePatch: 'application/merge-patch+json',
  strategicMergePatch: 'application/strategic-merge-patch+json',
  applyPatch: 'application/apply-patch+yaml',
  applyPatchCbor: 'application/apply-patch+cbor',
};

/** A pod that nobody minds. */
export const podSpec = (more: object = {}, container: object = {}) => ({
  containers: [
    {
      name: 'web',
      image: 'registry.example.com/web:1.4',
      securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
      ...container,
    },
  ],
  ...more,
});

export const pod = (more: object = {}, container: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: '$name' },
  spec: podSpec(more, container),
});

/** A pod that is on the node of the test's kubelet. */
export const podOnNode: [string, object] = [pods, pod({ nodeName: 'n1' })];

export const template = (more: object = {}) => ({ metadata: { labels: { app: '$name' } }, spec: podSpec(more) });
export const selector = { matchLabels: { app: '$name' } };

export const deployment = (more: object = {}, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: '$name' },
  spec: { selector, template: template(more), ...spec },
});
