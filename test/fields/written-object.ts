/** Rows of the field `object`: which body contains the written object. */
import { CUT, type JsonMap } from '../../src/json/map.ts';
import { patch, pod, type Row, template, update } from './event.ts';

const rbac = 'rbac.authorization.k8s.io';
const role = { resource: 'clusterroles', name: 'r', apiGroup: rbac, apiVersion: 'v1' };
const binding = { resource: 'clusterrolebindings', name: 'b', apiGroup: rbac, apiVersion: 'v1' };
const csr = { resource: 'certificatesigningrequests', name: 'c', apiGroup: 'certificates.k8s.io', apiVersion: 'v1' };
const rules = [{ verbs: ['*'], resources: ['secrets'] }];
const skipped = 'skipped-too-big-size-object';
const cutRules = { rules, [CUT]: 'cut' };

const patched = (operations: JsonMap[], more: JsonMap = {}): JsonMap =>
  patch(operations, { objectRef: role, responseObject: { rules: [{ verbs: ['get'] }] }, ...more });

export const writtenObject: Row[] = [
  ['create: as stored', { requestObject: { data: 1 }, responseObject: { data: 2 } }, 'object.data', [2]],
  ['create: the whole', { requestObject: { data: 1 } }, 'object', [{ data: 1 }]],
  [
    'create: the whole, cut',
    { requestObject: { data: 1, [CUT]: 'cut' } },
    'object',
    [{ data: 1, [CUT]: 'cut' }],
    'cut',
  ],
  ['create: response not logged', { requestObject: { data: 1 } }, 'object.data', [1]],
  ['create: request skipped', { requestObject: skipped, responseObject: { data: 1 } }, 'object.data', [1]],
  ['create: no body', {}, 'object.data', [], 'not_logged'],
  ['create: no body, the whole', {}, 'object', [], 'not_logged'],
  ['create: truncated', { annotations: { 'audit.k8s.io/truncated': 'true' } }, 'object.data', [], 'truncated'],
  ['create: only one body, and skipped', { requestObject: skipped }, 'object.data', [], 'skipped'],
  ['create: not in the object', { requestObject: { data: 1 }, responseObject: {} }, 'object.data', []],
  ['create: cut behind it', { objectRef: role, requestObject: { ...cutRules, x: {} } }, 'object.rules.verbs', ['*']],
  ['create: cut in it', { objectRef: role, requestObject: cutRules }, 'object.rules.verbs', ['*'], 'cut'],
  ['create: one body cut', { requestObject: { b: 1 }, responseObject: { [CUT]: 'cut' } }, 'object.b', [1]],
  [
    'create: answered by a table',
    { requestObject: { data: 1 }, responseObject: { kind: 'Table', apiVersion: 'meta.k8s.io/v1', rows: [] } },
    'object.data',
    [1],
  ],
  [
    'create: answered by its metadata',
    { requestObject: { data: 1 }, responseObject: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' } },
    'object.data',
    [1],
  ],
  [
    'create: answered by a Status',
    {
      objectRef: { resource: 'pods', subresource: 'eviction', name: 'web' },
      requestObject: { deleteOptions: { gracePeriodSeconds: 0 } },
      responseObject: { kind: 'Status', apiVersion: 'v1', status: 'Success' },
    },
    'object.deleteOptions.gracePeriodSeconds',
    [0],
  ],
  [
    'create: refused by admission, the Status without its kind',
    { responseStatus: { code: 403 }, requestObject: { data: 1 }, responseObject: { code: 403, reason: 'Forbidden' } },
    'object.data',
    [1],
  ],
  [
    'create: refused by authorization',
    { responseStatus: { code: 403 }, annotations: { 'authorization.k8s.io/decision': 'forbid' } },
    'object.data',
    [],
  ],
  ['create: another type than a map', { requestObject: [{ data: 1 }] }, 'object.data', [], 'not_logged'],
  ['create: a status of text', { responseObject: { status: 'Bound', data: 1 } }, 'object.data', [1]],
  ['update: as asked for', update({ requestObject: { data: 1 }, responseObject: { data: 2 } }), 'object.data', [1]],
  ['update: had it before', update({ requestObject: {}, responseObject: { data: 2 } }), 'object.data', []],
  ['update: request skipped', update({ requestObject: skipped, responseObject: { data: 2 } }), 'object.data', [2]],
  ['update: no body', update({}), 'object.data', [], 'not_logged'],
  ['merge patch', patch({ data: 1 }), 'object.data', [1]],
  ['merge patch that clears it', patch({ data: null }, { responseObject: { data: 2 } }), 'object.data', [null]],
  ['merge patch of something else', patch({ metadata: {} }, { responseObject: { data: 2 } }), 'object.data', []],
  ['patch that is not logged', patch(undefined, { responseObject: { data: 2 } }), 'object.data', [2]],
  [
    'patch that is not logged, nor the response',
    patch(undefined, { responseObject: undefined }),
    'object.data',
    [],
    'not_logged',
  ],
  [
    'apply that created',
    { ...patch({ data: 1 }), responseStatus: { code: 201 }, responseObject: { data: 2 } },
    'object.data',
    [2],
  ],
  ['JSON patch: a rule', patched([{ op: 'add', path: '/rules/-', value: rules[0] }]), 'object.rules.verbs', ['*']],
  [
    'JSON patch: in a rule',
    patched([{ op: 'add', path: '/rules/0/verbs/-', value: 'escalate' }]),
    'object.rules.verbs',
    ['escalate'],
  ],
  ['JSON patch: the rules', patched([{ op: 'replace', path: '/rules', value: rules }]), 'object.rules.verbs', ['*']],
  ['JSON patch: of something else', patched([{ op: 'add', path: '/metadata/x', value: 1 }]), 'object.rules.verbs', []],
  ['JSON patch: moved to it', patched([{ op: 'copy', from: '/x', path: '/rules' }]), 'object.rules.verbs', ['get']],
  [
    'JSON patch: moved into it',
    patched([{ op: 'copy', from: '/rules/0', path: '/rules/-' }]),
    'object.rules.verbs',
    ['get'],
  ],
  [
    'JSON patch: moved within a member',
    patched([{ op: 'copy', from: '/rules/0/verbs/0', path: '/rules/1/verbs/-' }]),
    'object.rules.verbs',
    ['get'],
  ],
  ['JSON patch: moved beside it', patched([{ op: 'copy', from: '/x', path: '/y' }]), 'object.rules.verbs', []],
  [
    'JSON patch: moved to a key with dots',
    patched([{ op: 'move', from: '/metadata/annotations/a', path: '/metadata/annotations/b.c~1d' }], {
      responseObject: { metadata: { annotations: { 'b.c/d': '1' } } },
    }),
    'object.metadata.annotations.b.c/d',
    ['1'],
  ],
  [
    'JSON patch: moved, the response not logged',
    patched([{ op: 'copy', from: '/x', path: '/rules' }], { responseObject: undefined }),
    'object.rules.verbs',
    [],
    'not_logged',
  ],
  ['read', { verb: 'get', responseObject: pod({}) }, 'object.spec', []],
  ['list', { verb: 'list', responseObject: { items: [] } }, 'object.items', []],
  ['watch', { verb: 'watch' }, 'object.spec', []],
  ['deletion that returns the object', { verb: 'delete', responseObject: pod({}) }, 'object.spec', []],
  ['deletion with options', { verb: 'delete', requestObject: { dryRun: ['All'] } }, 'object.dryRun', []],
  ['deletion of a collection', { verb: 'deletecollection' }, 'object.spec', []],
  ['exec', { objectRef: { resource: 'pods', subresource: 'exec' }, requestObject: { x: 1 } }, 'object.x', []],
  ['exec without a body', { objectRef: { resource: 'pods', subresource: 'exec' } }, 'object.x', []],
  ['a request for no object', { objectRef: null, requestURI: '/healthz' }, 'object.x', []],
  ['before it is known what is asked', { verb: undefined, [CUT]: 'cut' }, 'object.x', [], 'cut'],
  [
    'approval of a CSR',
    update({
      objectRef: { ...csr, subresource: 'approval' },
      requestObject: { status: { conditions: [{ type: 'Approved' }] } },
    }),
    'object.status.conditions.type',
    ['Approved'],
  ],
  [
    'status of a pod',
    patch({ status: { phase: 'Failed' } }, { objectRef: { resource: 'pods', subresource: 'status' } }),
    'object.status.phase',
    ['Failed'],
  ],
  [
    'scale',
    update({ objectRef: { resource: 'deployments', subresource: 'scale' }, requestObject: { spec: { replicas: 0 } } }),
    'object.spec.replicas',
    [0],
  ],
  [
    'token',
    {
      objectRef: { resource: 'serviceaccounts', subresource: 'token', name: 'ci' },
      requestObject: { spec: { expirationSeconds: 9 } },
    },
    'object.spec.expirationSeconds',
    [9],
  ],
  [
    'ClusterRoleBinding',
    { objectRef: binding, requestObject: { roleRef: { name: 'cluster-admin' }, subjects: [{ name: 'a' }] } },
    'object.roleRef.name',
    ['cluster-admin'],
  ],
  [
    'Service',
    { objectRef: { resource: 'services', name: 's' }, requestObject: { spec: { type: 'NodePort' } } },
    'object.spec.type',
    ['NodePort'],
  ],
  ['a workload', { requestObject: template({ hostPID: true }) }, 'object.spec.template.spec.hostPID', [true]],
  ['__proto__', { requestObject: JSON.parse('{"__proto__":{"x":1}}') }, 'object.__proto__.x', [1]],
  ['constructor', { requestObject: {} }, 'object.constructor', []],
];
