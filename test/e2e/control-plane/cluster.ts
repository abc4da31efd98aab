/** What has to exist before the acts: namespaces, a node whose kubelet belongs to the test, permissions, a custom resource, and
 * an admission policy that changes pods. */
import { injected, media, podSpec, pods, rollouts, type UserName, users } from './acts.ts';
import type { ApiServer } from './api-server.ts';
import type { Kubelet } from './kubelet.ts';
import { until } from './until.ts';

const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
const rules = (...groups: [apiGroups: string[], resources: string[], verbs: string[]][]) =>
  groups.map(([apiGroups, resources, verbs]) => ({ apiGroups, resources, verbs }));

const workloads = ['deployments', 'deployments/scale', 'statefulsets', 'jobs', 'cronjobs'];
const developer = rules(
  [['apps', 'batch'], workloads, all],
  [[''], ['pods', 'configmaps', 'services', 'persistentvolumeclaims'], all],
  [[''], ['pods/log', 'events', 'secrets'], ['get', 'list']],
  [['networking.k8s.io'], ['ingresses', 'networkpolicies'], all],
  [['autoscaling'], ['horizontalpodautoscalers'], all],
  [['policy'], ['poddisruptionbudgets'], all],
);

/** Roles by name, with their subjects; a namespace for roles limited to one. */
const permissions: { role: string; of: UserName; namespace?: string; rules: object[] }[] = [
  { role: 'developer', of: 'ann', namespace: 'shop', rules: developer },
  { role: 'deployer', of: 'deployer', namespace: 'shop', rules: rules([['apps'], ['deployments'], all]) },
  { role: 'metrics-reader', of: 'prometheus', rules: rules([[''], ['nodes/proxy'], ['get']]) },
  {
    role: 'role-writer',
    of: 'trudy',
    rules: rules([['rbac.authorization.k8s.io'], ['clusterroles', 'clusterrolebindings'], all]),
  },
  { role: 'public-reader', of: 'nobody', namespace: 'public', rules: rules([[''], ['pods'], ['list']]) },
];

export async function prepare(api: ApiServer, kubelet: Kubelet): Promise<void> {
  const send = async (line: string, object: object, as: UserName = 'admin', type = media.json) => {
    const { code, body } = await api.request(as, line, {
      headers: { 'content-type': type },
      body: JSON.stringify(object),
    });
    if (code >= 300) throw new Error(`${line} was refused: ${body}`);
  };

  for (const name of ['shop', 'public', 'guarded']) {
    const labels = name === 'guarded' ? { 'pod-security.kubernetes.io/enforce': 'baseline' } : {};
    await send('POST /api/v1/namespaces', { metadata: { name, labels } });
  }
  for (const { role, of, namespace, rules } of permissions) {
    const kind = namespace === undefined ? 'ClusterRole' : 'Role';
    const base = `/apis/rbac.authorization.k8s.io/v1${namespace === undefined ? '' : `/namespaces/${namespace}`}`;
    const prefix = namespace === undefined ? 'cluster' : '';
    const apiGroup = 'rbac.authorization.k8s.io';
    await send(`POST ${base}/${prefix}roles`, { metadata: { name: role }, rules });
    await send(`POST ${base}/${prefix}rolebindings`, {
      metadata: { name: role },
      roleRef: { apiGroup, kind, name: role },
      subjects: [{ apiGroup, kind: 'User', name: users[of].username }],
    });
  }
  // As a kubelet registers its node.
  await send('POST /api/v1/nodes', { metadata: { name: 'n1' } }, 'kubelet');
  await send(
    'PATCH /api/v1/nodes/n1/status',
    {
      status: {
        addresses: [{ type: 'InternalIP', address: kubelet.address }],
        daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
      },
    },
    'kubelet',
    media.mergePatch,
  );
  await send('POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions', rolloutDefinition);
  await send(`POST ${admission}/mutatingadmissionpolicies`, injectingPolicy);
  await send(`POST ${admission}/mutatingadmissionpolicybindings`, {
    metadata: { name: 'inject' },
    spec: { policyName: 'inject' },
  });

  await until('permissions have reached the authorizer', async () => {
    const { code } = await api.request('nobody', 'GET /api/v1/namespaces/public/pods');
    return code === 200;
  });
  await until('Rollouts are served', async () => (await api.request('admin', `GET ${rollouts}`)).code === 200);
  await until('the admission policy is in force', async () => {
    const { body } = await api.request('admin', `POST ${pods}?dryRun=All`, {
      headers: { 'content-type': media.json },
      body: JSON.stringify({ metadata: { name: 'probe', labels: injected }, spec: podSpec() }),
    });
    return JSON.parse(body).spec?.hostPID === true;
  });
}

const rolloutDefinition = {
  metadata: { name: 'rollouts.argoproj.io' },
  spec: {
    group: 'argoproj.io',
    scope: 'Namespaced',
    names: { plural: 'rollouts', kind: 'Rollout' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

const admission = '/apis/admissionregistration.k8s.io/v1';
const injectingPolicy = {
  metadata: { name: 'inject' },
  spec: {
    reinvocationPolicy: 'Never',
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      objectSelector: { matchLabels: injected },
    },
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: { expression: '[JSONPatch{op: "add", path: "/spec/hostPID", value: true}]' },
      },
    ],
  },
};
