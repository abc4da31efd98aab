/** Routine actions of people, controllers and add-ons. None of them may be found at the level medium or above. */
import { type Act, deployment, deployments, media, pod, podOnNode, podSpec, pods, selector, template } from './acts.ts';

const inShop = '/api/v1/namespaces/shop';
const byAnn = (name: string, request: string, more: Partial<Act> = {}): Act => ({
  name: `a developer ${name}`,
  as: 'ann',
  request,
  code: request.startsWith('POST') ? 201 : 200,
  ...more,
});
const named = (object: object) => ({ metadata: { name: '$name' }, ...object });
const ownedBy = (kind: string, name: string) => [
  { apiVersion: 'apps/v1', kind, name, uid: '3c1d6a52-7c5f-4f3c-8a1e-6f1f6f3b9d11', controller: true },
];

export const ordinaryActs: Act[] = [
  byAnn('lists pods', `GET ${pods}?limit=500`),
  byAnn('watches pods', `GET ${pods}?watch=1&timeoutSeconds=1`),
  byAnn('gets a Deployment', `GET ${deployments}/$name`, { given: [deployments, deployment()] }),
  byAnn('reads the log of a pod', `GET ${pods}/$name/log?container=web&tailLines=20`, { given: podOnNode }),
  byAnn('lists Events', `GET ${inShop}/events`),
  byAnn('creates a Deployment', `POST ${deployments}?fieldManager=kubectl-create`, { body: deployment() }),
  byAnn('applies a Deployment', `PATCH ${deployments}/$name?fieldManager=kubectl`, {
    type: media.applyPatch,
    body: deployment(),
    code: 201,
  }),
  byAnn('compares a Deployment with what is there', `PATCH ${deployments}/$name?fieldManager=kubectl&dryRun=All`, {
    type: media.applyPatch,
    body: deployment(),
    code: 201,
  }),
  byAnn('sets an image', `PATCH ${deployments}/$name?fieldManager=kubectl-set`, {
    given: [deployments, deployment()],
    type: media.strategicMergePatch,
    body: { spec: { template: { spec: { containers: [{ name: 'web', image: 'registry.example.com/web:1.5' }] } } } },
  }),
  byAnn('restarts a Deployment', `PATCH ${deployments}/$name?fieldManager=kubectl-rollout`, {
    given: [deployments, deployment()],
    type: media.strategicMergePatch,
    body: {
      spec: {
        template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-03-01T09:00:00Z' } } },
      },
    },
  }),
  byAnn('scales a Deployment', `PATCH ${deployments}/$name/scale`, {
    given: [deployments, deployment()],
    type: media.mergePatch,
    body: { spec: { replicas: 3 } },
  }),
  byAnn('changes the replicas of a Deployment that has hostPID', `PATCH ${deployments}/$name`, {
    given: [deployments, deployment({ hostPID: true })],
    type: media.mergePatch,
    body: { spec: { replicas: 2 } },
  }),
  byAnn('takes hostPID away', `PATCH ${deployments}/$name`, {
    given: [deployments, deployment({ hostPID: true })],
    type: media.jsonPatch,
    body: [{ op: 'remove', path: '/spec/template/spec/hostPID' }],
  }),
  byAnn('sets hostPID to false', `PATCH ${deployments}/$name`, {
    given: [deployments, deployment({ hostPID: true })],
    type: media.mergePatch,
    body: { spec: { template: { spec: { hostPID: false } } } },
  }),
  byAnn('deletes a Deployment that has hostPID', `DELETE ${deployments}/$name`, {
    given: [deployments, deployment({ hostPID: true })],
    body: { propagationPolicy: 'Background' },
  }),
  byAnn('deletes a pod', `DELETE ${pods}/$name`, { given: [pods, pod()] }),
  byAnn('creates a ConfigMap', `POST ${inShop}/configmaps`, { body: named({ data: { colour: 'blue' } }) }),
  byAnn('updates a ConfigMap', `PUT ${inShop}/configmaps/$name`, {
    given: [`${inShop}/configmaps`, named({ data: { colour: 'blue' } })],
    body: named({ data: { colour: 'green' } }),
  }),
  byAnn('creates a Service', `POST ${inShop}/services`, {
    body: named({ spec: { selector: { app: '$name' }, ports: [{ port: 80 }] } }),
  }),
  byAnn('creates an Ingress with TLS', '/apis/networking.k8s.io/v1/namespaces/shop/ingresses'.replace(/^/, 'POST '), {
    body: named({
      spec: {
        tls: [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }],
        defaultBackend: { service: { name: 'web', port: { number: 80 } } },
      },
    }),
  }),
  byAnn('creates a Job', 'POST /apis/batch/v1/namespaces/shop/jobs', {
    body: named({ spec: { template: { spec: podSpec({ restartPolicy: 'Never' }) } } }),
  }),
  byAnn('creates a CronJob', 'POST /apis/batch/v1/namespaces/shop/cronjobs', {
    body: named({
      spec: {
        schedule: '0 3 * * *',
        jobTemplate: { spec: { template: { spec: podSpec({ restartPolicy: 'Never' }) } } },
      },
    }),
  }),
  byAnn('creates a StatefulSet', 'POST /apis/apps/v1/namespaces/shop/statefulsets', {
    body: named({ spec: { serviceName: 'db', selector, template: template() } }),
  }),
  byAnn('creates an autoscaler', 'POST /apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers', {
    body: named({
      spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
    }),
  }),
  byAnn('creates a disruption budget', 'POST /apis/policy/v1/namespaces/shop/poddisruptionbudgets', {
    body: named({ spec: { minAvailable: 1, selector } }),
  }),
  byAnn('creates a claim of a volume', `POST ${inShop}/persistentvolumeclaims`, {
    body: named({ spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }),
  }),
  byAnn('creates a NetworkPolicy', 'POST /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', {
    body: named({ spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] } }),
  }),
  byAnn('gets a Secret by its name', `GET ${inShop}/secrets/$name`, {
    given: [`${inShop}/secrets`, named({ stringData: { password: 'changeme' } })],
  }),
  byAnn('asks whether it may delete pods', 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    body: { spec: { resourceAttributes: { namespace: 'shop', verb: 'delete', resource: 'pods' } } },
  }),
  byAnn('asks who it is', 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} }),
  byAnn('tries to list namespaces', 'GET /api/v1/namespaces', { code: 403 }),
  byAnn('asks for the version', 'GET /version'),
  byAnn('asks for the groups of the API', 'GET /apis'),
  byAnn('asks for the schema', 'GET /openapi/v3'),

  {
    name: 'an administrator creates a namespace',
    as: 'admin',
    request: 'POST /api/v1/namespaces',
    body: named({}),
    code: 201,
  },
  {
    name: 'an administrator lets a team read',
    as: 'admin',
    request: 'POST /apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles',
    body: named({ rules: [{ apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] }] }),
    code: 201,
  },
  {
    name: 'an administrator evicts a pod',
    as: 'admin',
    request: `POST ${pods}/$name/eviction`,
    given: [pods, pod()],
    body: { apiVersion: 'policy/v1', kind: 'Eviction', ...named({}) },
    code: 201,
  },
  {
    name: 'an administrator rehearses a pod with hostPID',
    as: 'admin',
    request: `POST ${pods}?dryRun=All`,
    body: pod({ hostPID: true }),
    code: 201,
  },
  {
    name: 'a pipeline applies a Deployment',
    as: 'deployer',
    request: `PATCH ${deployments}/$name?fieldManager=argocd-controller&force=true`,
    type: media.applyPatch,
    body: deployment(),
    code: 201,
  },
  {
    name: 'a monitor reads the metrics of a kubelet',
    as: 'prometheus',
    request: 'GET /api/v1/nodes/n1/proxy/metrics/cadvisor',
    code: 200,
  },
  {
    name: 'a kubelet gets its node',
    as: 'kubelet',
    request: 'GET /api/v1/nodes/n1?resourceVersion=0&timeout=10s',
    code: 200,
  },
  {
    name: 'a kubelet reports the state of its node',
    as: 'kubelet',
    request: 'PATCH /api/v1/nodes/n1/status?timeout=10s',
    type: media.strategicMergePatch,
    body: { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] } },
    code: 200,
  },
  {
    name: 'a kubelet reports the state of a pod that has hostPID',
    as: 'kubelet',
    request: `PATCH ${pods}/$name/status`,
    given: [pods, pod({ hostPID: true, nodeName: 'n1' })],
    type: media.strategicMergePatch,
    body: { status: { phase: 'Running' } },
    code: 200,
  },
  {
    name: 'the scheduler binds a pod',
    as: 'scheduler',
    request: `POST ${pods}/$name/binding`,
    given: [pods, pod()],
    body: named({ target: { kind: 'Node', name: 'n1' } }),
    code: 201,
  },
  {
    name: 'the controller manager gets a token for a controller',
    as: 'controllerManager',
    request: 'POST /api/v1/namespaces/kube-system/serviceaccounts/$name/token',
    given: ['/api/v1/namespaces/kube-system/serviceaccounts', named({})],
    body: { spec: { expirationSeconds: 3600 } },
    code: 201,
  },
  {
    name: 'the controller of Deployments creates a ReplicaSet',
    as: 'deploymentController',
    request: 'POST /apis/apps/v1/namespaces/shop/replicasets',
    body: {
      metadata: { name: '$name', labels: { app: '$name' }, ownerReferences: ownedBy('Deployment', 'web') },
      spec: { selector, template: template() },
    },
    code: 201,
  },
  {
    name: 'the controller of ReplicaSets creates a pod',
    as: 'replicaSetController',
    request: `POST ${pods}`,
    body: { metadata: { generateName: '$name-', ownerReferences: ownedBy('ReplicaSet', 'web-7d') }, spec: podSpec() },
    code: 201,
  },
  {
    name: 'the controller of DaemonSets creates a pod in the network of its node',
    as: 'daemonSetController',
    request: 'POST /api/v1/namespaces/kube-system/pods',
    body: {
      metadata: { generateName: '$name-', ownerReferences: ownedBy('DaemonSet', 'kube-proxy') },
      spec: podSpec({ hostNetwork: true }),
    },
    code: 201,
  },
];
