/** Who calls the API server of the ordinary cluster: nodes, control plane, controllers, operators and people. All are derived
 * from the seed, and stay the same from the first record to the last. */
import { Random } from '../random.ts';
import type { Client } from './event.ts';

const version = 'v1.34.2 (linux/amd64) kubernetes/8cc511e';

export interface Node {
  name: string;
  address: string;
  uid: string;
  client: Client;
}

export interface Cluster {
  nodes: readonly Node[];
  namespaces: readonly string[];
  /** Apart from these, only kubelets write leases. */
  electing: readonly (Client & { lease: string; leaseNamespace: string })[];
  replicaSet: Client;
  daemonSet: Client;
  job: Client;
  scheduler: Client;
  operators: readonly Client[];
  people: readonly Client[];
}

const clusters = new Map<number, Cluster>();

export function clusterOf(seed: number): Cluster {
  const known = clusters.get(seed);
  if (known !== undefined) return known;
  const made = makeCluster(new Random(seed, -2));
  clusters.set(seed, made);
  return made;
}

function makeCluster(random: Random): Cluster {
  const nodes = Array.from({ length: 300 }, (_, index) => makeNode(random, index));
  const namespaces = Array.from({ length: 40 }, (_, index) => `${random.pick(teams)}-${random.pick(stages)}-${index}`);
  const controller = (name: string) => builtIn(random, name);
  const operators = operatorNames.map((name) => operator(random, name));
  const scheduler: Client = {
    user: { username: 'system:kube-scheduler', groups: ['system:authenticated'], extra: certificate(random) },
    address: '10.20.0.4',
    userAgent: `kube-scheduler/${version}/leader-election`,
    reason: 'RBAC: allowed by ClusterRoleBinding "system:kube-scheduler" of ClusterRole "system:kube-scheduler"',
  };
  const manager: Client = {
    user: { username: 'system:kube-controller-manager', groups: ['system:authenticated'], extra: certificate(random) },
    address: '10.20.0.4',
    userAgent: `kube-controller-manager/${version}/leader-election`,
    reason:
      'RBAC: allowed by ClusterRoleBinding "system:kube-controller-manager" of ClusterRole "system:kube-controller-manager"',
  };
  return {
    nodes,
    namespaces,
    electing: [
      { ...manager, lease: 'kube-controller-manager', leaseNamespace: 'kube-system' },
      { ...scheduler, lease: 'kube-scheduler', leaseNamespace: 'kube-system' },
      ...operators.map((client, index) => ({
        ...client,
        lease: `${operatorNames[index]}-leader`,
        leaseNamespace: operatorNames[index]!,
      })),
    ],
    replicaSet: controller('replicaset-controller'),
    daemonSet: controller('daemon-set-controller'),
    job: controller('job-controller'),
    scheduler,
    operators,
    people: peopleNames.map((name, index) => person(random, name, index)),
  };
}

const teams = ['checkout', 'search', 'billing', 'catalog', 'ledger', 'media', 'signup', 'stock'];
const stages = ['prod', 'stage', 'preview'];
const operatorNames = [
  ...['cert-manager', 'external-dns', 'ingress-nginx', 'metrics-server', 'prometheus-operator', 'node-autoscaler'],
  ...['storage-provisioner', 'backup-operator', 'database-operator', 'message-broker-operator', 'gitops-controller'],
  ...['policy-controller', 'log-operator', 'image-updater', 'network-operator', 'snapshot-controller'],
  ...['queue-scaler', 'service-mesh', 'config-reloader', 'quota-reporter', 'feature-flags', 'trace-collector'],
];
const peopleNames = ['ines.varga', 'tomas.lind', 'aiko.mori', 'ruth.okafor', 'pavel.novak', 'lena.brandt'];

function makeNode(random: Random, index: number): Node {
  const address = `10.20.${1 + (index >> 7)}.${10 + (index & 127)}`;
  const name = `worker-${random.hex(6)}`;
  const client: Client = {
    user: {
      username: `system:node:${name}`,
      groups: ['system:nodes', 'system:authenticated'],
      extra: certificate(random),
    },
    address,
    userAgent: `kubelet/${version}`,
    reason: '',
  };
  return { name, address, uid: random.uuid(), client };
}

function certificate(random: Random) {
  return { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${random.hex(64)}`] };
}

function builtIn(random: Random, name: string): Client {
  return {
    user: {
      username: `system:serviceaccount:kube-system:${name}`,
      uid: random.uuid(),
      groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${random.uuid()}`] },
    },
    address: '10.20.0.4',
    userAgent: `kube-controller-manager/${version}/system:serviceaccount:kube-system:${name}`,
    reason:
      `RBAC: allowed by ClusterRoleBinding "system:controller:${name}" of ClusterRole "system:controller:${name}" ` +
      `to ServiceAccount "${name}/kube-system"`,
  };
}

function operator(random: Random, name: string): Client {
  return {
    user: {
      username: `system:serviceaccount:${name}:${name}`,
      uid: random.uuid(),
      groups: ['system:serviceaccounts', `system:serviceaccounts:${name}`, 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/credential-id': [`JTI=${random.uuid()}`],
        'authentication.kubernetes.io/pod-name': [`${name}-${random.suffix(9)}-${random.suffix(5)}`],
      },
    },
    address: `10.64.${random.below(250)}.${2 + random.below(250)}`,
    userAgent: `${name}/v${1 + random.below(3)}.${random.below(20)}.${random.below(9)} (linux/amd64) kubernetes/$Format`,
    reason: `RBAC: allowed by ClusterRoleBinding "${name}" of ClusterRole "${name}" to ServiceAccount "${name}/${name}"`,
  };
}

function person(random: Random, name: string, index: number): Client {
  return {
    user: {
      username: `${name}@corp.example`,
      groups: ['platform:developers', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${random.uuid()}`] },
    },
    address: `10.9.0.${20 + index}`,
    userAgent: 'kubectl/v1.34.1 (darwin/arm64) kubernetes/93248f9',
    reason: 'RBAC: allowed by ClusterRoleBinding "developers" of ClusterRole "view" to Group "platform:developers"',
  };
}
