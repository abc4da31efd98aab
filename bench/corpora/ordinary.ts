/** A cluster's day: of a hundred records 60 update leases, 20 list, watch or get, 8 patch the status of a pod, 5 create an
 * event and 2.5 a pod; the rest are Secrets, refusals, reviews and people. Three in a thousand produce a finding. */
import { Random } from '../random.ts';
import { lease, type Owner, pod, podEvent, podStatus, storedPod } from './bodies.ts';
import { type Cluster, clusterOf } from './cluster.ts';
import { auditEvent, type Client, type ObjectRef, pathOf, type Request, timeOf } from './event.ts';

export function ordinaryEvents(count: number, seed: number, first = 0): Record<string, unknown>[] {
  const cluster = clusterOf(seed);
  return Array.from({ length: count }, (_, offset) => {
    const random = new Random(seed, first + offset);
    return auditEvent(random, first + offset, requestOf(cluster, random, first + offset));
  });
}

function requestOf(cluster: Cluster, random: Random, index: number): Request {
  const kind = random.below(1000);
  if (kind < 330) return nodeLease(cluster, random, index);
  if (kind < 600) return leaderLease(cluster, random, index);
  if (kind < 800) return read(cluster, random, index);
  if (kind < 880) return statusPatch(cluster, random, index);
  if (kind < 930) return eventCreated(cluster, random, index);
  if (kind < 955) return podCreated(cluster, random, index);
  if (kind < 965) return secretRead(cluster, random);
  if (kind < 975) return review(cluster, random);
  if (kind < 985) return missing(cluster, random);
  if (kind < 997) return byPerson(cluster, random);
  return finding(cluster, random);
}

/** Increases from record to record, as that of a cluster does. */
function versionAt(index: number): number {
  return 482_000_113 + index * 2;
}

function nodeLease({ nodes }: Cluster, random: Random, index: number): Request {
  const node = nodes[index % nodes.length]!;
  const options = { name: node.name, namespace: 'kube-node-lease', holder: node.name, owner: node, now: timeOf(index) };
  return leaseUpdate(random, node.client, options, index);
}

function leaderLease({ electing }: Cluster, random: Random, index: number): Request {
  const client = random.pick(electing);
  const pod = client.user.extra?.['authentication.kubernetes.io/pod-name']?.[0] ?? 'control-plane-0';
  const options = {
    name: client.lease,
    namespace: client.leaseNamespace,
    holder: `${pod}_5be0a9f7-1c44-4d0e-9f0b-2f9d3a1b7c66`,
    now: timeOf(index),
  };
  return leaseUpdate(random, client, options, index);
}

function leaseUpdate(
  random: Random,
  { user, address, userAgent, reason }: Client,
  options: Omit<Parameters<typeof lease>[1], 'version' | 'isStored'>,
  index: number,
): Request {
  const object = { ...leases, namespace: options.namespace, name: options.name };
  return {
    client: { user, address, userAgent, reason },
    verb: 'update',
    uri: `${pathOf(object)}?timeout=10s`,
    object,
    code: 200,
    request: lease(random, {
      ...options,
      now: options.now - 10_000,
      version: versionAt(index - 1000),
      isStored: false,
    }),
    response: lease(random, { ...options, version: versionAt(index), isStored: true }),
  };
}

const leases = { resource: 'leases', apiGroup: 'coordination.k8s.io', apiVersion: 'v1' };

const kinds: readonly Omit<ObjectRef, 'namespace' | 'name'>[] = [
  { resource: 'pods', apiVersion: 'v1' },
  { resource: 'services', apiVersion: 'v1' },
  { resource: 'endpointslices', apiGroup: 'discovery.k8s.io', apiVersion: 'v1' },
  { resource: 'deployments', apiGroup: 'apps', apiVersion: 'v1' },
  { resource: 'replicasets', apiGroup: 'apps', apiVersion: 'v1' },
  { resource: 'ingresses', apiGroup: 'networking.k8s.io', apiVersion: 'v1' },
  { resource: 'persistentvolumeclaims', apiVersion: 'v1' },
  { resource: 'jobs', apiGroup: 'batch', apiVersion: 'v1' },
  { resource: 'horizontalpodautoscalers', apiGroup: 'autoscaling', apiVersion: 'v2' },
  { resource: 'certificates', apiGroup: 'cert-manager.io', apiVersion: 'v1' },
  { resource: 'configmaps', apiVersion: 'v1' },
  { resource: 'nodes', apiVersion: 'v1' },
];

function read(cluster: Cluster, random: Random, index: number): Request {
  if (random.below(10) < 2) return kubeletRead(cluster, random, index);
  const at = random.below(cluster.operators.length);
  const client = cluster.operators[at]!;
  // An operator reads the kinds that it manages: two or three, always the same.
  const kind = kinds[(at * 3 + random.below(3)) % kinds.length]!;
  const verb = random.pick(['watch', 'watch', 'get', 'get', 'get', 'list']);
  const namespace = kind.resource === 'nodes' ? undefined : random.pick(cluster.namespaces);
  if (verb === 'get') {
    const object = { ...kind, namespace, name: `${random.pick(names)}-${random.below(30)}` };
    return { client, verb, uri: pathOf(object), object, code: 200 };
  }
  const query =
    verb === 'list'
      ? `limit=500&resourceVersion=0`
      : `allowWatchBookmarks=true&resourceVersion=${versionAt(index - 40)}&timeout=${300 + random.below(300)}s` +
        `&timeoutSeconds=${300 + random.below(300)}&watch=true`;
  return { client, verb, uri: `${pathOf(kind)}?${query}`, object: kind, code: 200 };
}

const names = ['api', 'worker', 'frontend', 'gateway', 'cache', 'indexer', 'mailer', 'reports'];

function kubeletRead({ nodes, namespaces }: Cluster, random: Random, index: number): Request {
  const node = random.pick(nodes);
  const namespace = random.pick(namespaces);
  const name = random.pick(['kube-root-ca.crt', 'api-settings', 'worker-settings']);
  const object = { resource: 'configmaps', namespace, name, apiVersion: 'v1' };
  const query = `allowWatchBookmarks=true&fieldSelector=metadata.name%3D${name}&resourceVersion=${versionAt(index - 9)}&watch=true`;
  return {
    client: node.client,
    verb: 'watch',
    uri: `/api/v1/namespaces/${namespace}/configmaps?${query}`,
    object,
    code: 200,
  };
}

function statusPatch({ nodes, namespaces }: Cluster, random: Random, index: number): Request {
  const node = random.pick(nodes);
  const name = `${random.pick(names)}-${random.suffix(9)}-${random.suffix(5)}`;
  const object = {
    resource: 'pods',
    namespace: random.pick(namespaces),
    name,
    apiVersion: 'v1',
    subresource: 'status',
  };
  const request = podStatus(random, node, timeOf(index));
  return { client: node.client, verb: 'patch', uri: pathOf(object), object, code: 200, request };
}

function eventCreated({ nodes, namespaces, replicaSet }: Cluster, random: Random, index: number): Request {
  const node = random.oneIn(2) ? undefined : random.pick(nodes);
  const options = {
    name: `${random.pick(names)}-${random.suffix(9)}-${random.suffix(5)}`,
    namespace: random.pick(namespaces),
    reason: node ? random.pick(['Pulled', 'Started', 'Created']) : 'SuccessfulCreate',
    message: node ? 'Started container api' : 'Created pod: api-7d9f',
    component: node ? 'kubelet' : 'replicaset-controller',
    ...(node && { host: node.name }),
    now: timeOf(index),
  };
  const object = { resource: 'events', namespace: options.namespace, apiVersion: 'v1' };
  const request = podEvent(random, options);
  const response = podEvent(random, { ...options, stored: versionAt(index) });
  return {
    client: node?.client ?? replicaSet,
    verb: 'create',
    uri: pathOf(object),
    object,
    code: 201,
    request,
    response,
  };
}

function podCreated({ namespaces, ...cluster }: Cluster, random: Random, index: number): Request {
  const [client, kind, apiVersion] = random.pick([
    [cluster.replicaSet, 'ReplicaSet', 'apps/v1'],
    [cluster.replicaSet, 'ReplicaSet', 'apps/v1'],
    [cluster.daemonSet, 'DaemonSet', 'apps/v1'],
    [cluster.job, 'Job', 'batch/v1'],
  ] as const);
  const namespace = random.pick(namespaces);
  const name = `${random.pick(names)}-${random.suffix(9)}`;
  const owner: Owner = { apiVersion, kind, name, uid: random.uuid() };
  const request = pod(random, { namespace, generateName: `${name}-`, owner, containers: 1, variables: 5 });
  const object = { resource: 'pods', namespace, apiVersion: 'v1' };
  const response = storedPod(random, request, timeOf(index), versionAt(index));
  return { client, verb: 'create', uri: pathOf(object), object, code: 201, request, response };
}

/** A kubelet fetches the Secrets of the pods that it starts. */
function secretRead({ nodes, namespaces }: Cluster, random: Random): Request {
  const name = `${random.pick(names)}-credentials`;
  const object = { resource: 'secrets', namespace: random.pick(namespaces), name, apiVersion: 'v1' };
  return { client: random.pick(nodes).client, verb: 'get', uri: pathOf(object), object, code: 200 };
}

function review({ operators }: Cluster, random: Random): Request {
  const resource = random.pick(['subjectaccessreviews', 'tokenreviews']);
  const apiGroup = resource === 'tokenreviews' ? 'authentication.k8s.io' : 'authorization.k8s.io';
  const object = { resource, apiGroup, apiVersion: 'v1' };
  return { client: operators[3]!, verb: 'create', uri: pathOf(object), object, code: 201 };
}

/** Objects that no longer exist. */
function missing({ operators, namespaces }: Cluster, random: Random): Request {
  const object = {
    resource: 'services',
    namespace: random.pick(namespaces),
    name: random.pick(names),
    apiVersion: 'v1',
  };
  return { client: operators[10]!, verb: 'get', uri: pathOf(object), object, code: 404 };
}

function byPerson({ people, namespaces }: Cluster, random: Random): Request {
  const namespace = random.pick(namespaces);
  const object = { resource: random.pick(['pods', 'services']), namespace, name: random.pick(names), apiVersion: 'v1' };
  return { client: random.pick(people), verb: 'get', uri: pathOf(object), object, code: 200 };
}

/** Something that a bundled rule covers: an operator lacks a permission, or somebody with the right to do so runs a command. */
function finding({ operators, people, namespaces }: Cluster, random: Random): Request {
  const namespace = random.pick(namespaces);
  const name = `${random.pick(names)}-${random.suffix(5)}`;
  if (random.oneIn(2)) {
    const object = { resource: 'resourcequotas', namespace, name, apiVersion: 'v1' };
    return { client: operators[19]!, verb: 'get', uri: pathOf(object), object, code: 403 };
  }
  const object = { resource: 'pods', namespace, name, apiVersion: 'v1', subresource: 'exec' };
  const uri = `${pathOf(object)}?command=cat&command=%2Fvar%2Flog%2Fapp.log&container=api&stdout=true`;
  return { client: random.pick(people), verb: 'create', uri, object, code: 101 };
}
