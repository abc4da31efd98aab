/** The types in which the tables of acts are written. */

/** The user who acts: name, groups, and client. */
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
  /** Creates what others need. */
  admin: { username: 'admin', groups: ['system:masters'], userAgent: kubectl },
  /** Develops the workloads of the namespace shop, with the permissions of a developer there. */
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
  /** Has the token of a controller, but a different client. */
  thief: { ...controller('replicaset-controller'), userAgent: kubectl },
  /** May write roles and bindings, and little else. */
  trudy: { username: 'trudy', groups: ['role-writers'], userAgent: kubectl },
  /** May do nothing. */
  eve: { username: 'eve', groups: [], userAgent: kubectl },
  /** Sends no credentials. */
  nobody: { username: 'system:anonymous', groups: [], userAgent: 'curl/8.15.0' },
  /** Sends an invalid token. */
  stranger: { username: '', groups: [], userAgent: 'curl/8.15.0' },
} satisfies Record<string, User>;
export type UserName = keyof typeof users;

/** A request, and what has to be found in its events. `$name` in path, body and `given` is replaced by a unique name. */
export interface Act {
  name: string;
  as: UserName;
  /** Method and path. */
  request: string;
  /** Text and bytes (ASCII if they contain `$name`) are sent unchanged; everything else as JSON, or as CBOR if the media type
   * says so. */
  body?: unknown;
  /** Media type of the body. */
  type?: string;
  headers?: Record<string, string>;
  /** Requests another protocol, as an exec does. */
  upgrade?: string;
  /** Status of the answer: a different one means that the act did not do what it is meant to. */
  code: number;
  /** An object that exists before, created by the administrator: path of the collection, object. */
  given?: [path: string, object: object];
  /** Rules that have to find it, whatever others do. Rules on hostPID are not among them: the stored object decides. */
  rules?: string[];
  /** What Tripline does not support yet: until it does, nothing is required of the act's findings. */
  awaits?: string;
  /** API servers before this version (1.x) lose the event of its answer. */
  loggedSince?: number;
}

/** A pod with this label gets hostPID from an admission policy. */
export const injected = { inject: 'hostPID' };

export const pods = '/api/v1/namespaces/shop/pods';
export const deployments = '/apis/apps/v1/namespaces/shop/deployments';

/** A custom resource that preserves unknown fields. */
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

/** A pod that is harmless. */
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
