import { describe, expect, test } from 'vitest';
import { fields } from '../../src/fields/index.ts';
import { CUT, type JsonMap } from '../../src/json/map.ts';
import fc from '../properties.ts';
import { certificateRequest } from './certificate-request.ts';
import { clientIPs } from './client-ips.ts';
import { configData } from './config-data.ts';
import { base, deployment, lookup, patch, pod, type Row, template, update } from './event.ts';
import { execRequest } from './exec-request.ts';
import { networks } from './networks.ts';
import { podValues } from './pod-values.ts';
import { proxyPath } from './proxy-path.ts';
import { rawMembers } from './raw-members.ts';
import { requestObjectRef } from './request-object-ref.ts';
import { workload } from './workload.ts';
import { writtenObject } from './written-object.ts';

/** The API server writes it on GKE; elsewhere an admission webhook of that name may. */
const dryRunLabel: JsonMap = { annotations: { 'command.gke.io/dryRun': 'All' } };

const unified: Row[] = [
  ['verb', {}, 'verb', ['create']],
  ['action', {}, 'action', ['create']],
  ['action of a patch that created', { ...patch(pod({})), responseStatus: { code: 201 } }, 'action', ['create']],
  [
    'action that the log does not show',
    { ...patch(pod({})), responseStatus: {}, responseObject: undefined },
    'action',
    [],
    'not_logged',
  ],
  ['resource', {}, 'resource', ['pods']],
  ['resource of a request for no object', { objectRef: null, requestURI: '/healthz' }, 'resource', []],
  ['subresource of the object itself', {}, 'subresource', ['']],
  ['subresource', { objectRef: { resource: 'pods', subresource: 'exec' } }, 'subresource', ['exec']],
  ['namespace', {}, 'namespace', ['shop']],
  ['namespace of a cluster-scoped object', { objectRef: { resource: 'nodes', name: 'n' } }, 'namespace', ['']],
  ['namespace of a Namespace', { objectRef: { resource: 'namespaces', name: 'shop' } }, 'namespace', ['shop']],
  ['name', {}, 'name', ['web']],
  ['name of a list', { verb: 'list', objectRef: { resource: 'pods' } }, 'name', ['']],
  ['name that was generated, unknown', { objectRef: { resource: 'pods' } }, 'name', [], 'not_logged'],
  [
    'name that was generated, in part',
    { objectRef: { resource: 'pods' }, requestObject: { metadata: { generateName: 'web-' } } },
    'name',
    ['web-*'],
    'not_logged',
  ],
  [
    'name that was generated',
    { objectRef: { resource: 'pods' }, responseObject: { metadata: { name: 'web-1' } } },
    'name',
    ['web-1'],
  ],
  ['apiGroup of core', {}, 'apiGroup', ['']],
  ['apiGroup', { objectRef: deployment }, 'apiGroup', ['apps']],
  ['apiVersion', {}, 'apiVersion', ['v1']],
  ['username', {}, 'username', ['ann']],
  ['username where authentication failed', { user: {} }, 'username', ['']],
  ['uid', {}, 'uid', ['u1']],
  ['uid that is not there', { user: { username: 'ann' } }, 'uid', []],
  ['uid that the platform does not log', { user: { username: 'ann', groups: null } }, 'uid', [], 'not_logged'],
  ['groups', {}, 'groups', ['dev']],
  ['no groups', { user: { username: 'ann' } }, 'groups', []],
  ['groups that the platform does not log', { user: { username: 'ann', groups: null } }, 'groups', [], 'not_logged'],
  [
    'groups of a user that was cut',
    { user: { username: 'ann', groups: ['dev'], [CUT]: 'cut' } },
    'groups',
    ['dev'],
    'cut',
  ],
  [
    'groups before what was cut',
    { user: { username: 'ann', groups: ['dev'], extra: {}, [CUT]: 'cut' } },
    'groups',
    ['dev'],
  ],
  ['impersonatedUser', { impersonatedUser: { username: 'ci' } }, 'impersonatedUser', ['ci']],
  ['no impersonatedUser', {}, 'impersonatedUser', []],
  ['sourceIPs', {}, 'sourceIPs', ['198.51.100.9', '10.0.0.4']],
  ['sourceIPs that are not logged', { sourceIPs: null }, 'sourceIPs', [], 'not_logged'],
  ['clientIP', {}, 'clientIP', ['198.51.100.9']],
  ['clientIP that is not logged', { sourceIPs: null }, 'clientIP', [], 'not_logged'],
  ['userAgent', {}, 'userAgent', ['kubectl']],
  ['userAgentName', { userAgent: 'kubectl/v1.33.0 (linux/amd64)' }, 'userAgentName', ['kubectl']],
  ['userAgentName up to a blank', { userAgent: 'Go http/1.1' }, 'userAgentName', ['Go']],
  ['userAgentName of all', {}, 'userAgentName', ['kubectl']],
  ['userAgentName of none', { userAgent: '' }, 'userAgentName', ['']],
  ['userAgentName that was cut', { userAgent: undefined, [CUT]: 'cut' }, 'userAgentName', [], 'cut'],
  ['decision', {}, 'decision', ['allow']],
  ['decision that is not logged', { annotations: {} }, 'decision', []],
  ['decision that was cut', { annotations: { [CUT]: 'cut' } }, 'decision', [], 'cut'],
  ['requestURI', {}, 'requestURI', ['/api/v1/namespaces/shop/pods']],
  ['auditID', {}, 'auditID', ['1']],
  ['stage', {}, 'stage', ['ResponseComplete']],
  ['level', {}, 'level', ['RequestResponse']],
  ['level that is not logged', { level: undefined }, 'level', [], 'not_logged'],
  ['outcome', {}, 'outcome', ['success']],
  [
    'outcome by the decision alone',
    { responseStatus: {}, annotations: { 'authorization.k8s.io/decision': 'forbid' } },
    'outcome',
    ['forbidden'],
  ],
  ['outcome by a status that was cut', { responseStatus: { [CUT]: 'cut' }, [CUT]: 'cut' }, 'outcome', [], 'cut'],
  ['responseStatus.code', {}, 'responseStatus.code', [201]],
  ['responseStatus.status', {}, 'responseStatus.status', ['Success']],
  ['responseStatus.reason', {}, 'responseStatus.reason', ['r']],
  ['responseStatus.message', {}, 'responseStatus.message', ['m']],
  ['no responseStatus', { responseStatus: undefined }, 'responseStatus.code', []],
  ['dryRun', { requestURI: '/api/v1/pods?a=b&dryRun=All' }, 'dryRun', [true]],
  ['dryRun by its encoded name', { requestURI: '/api/v1/pods?%64ryRun=%41ll' }, 'dryRun', [true]],
  ['dryRun that kube-apiserver does not know', { requestURI: '/api/v1/pods?dryrun=all&dryRun=' }, 'dryRun', [false]],
  ['evidence', {}, 'evidence', ['metadata']],
  ['dryRun by the label of GKE', { ...dryRunLabel, platform: 'gke' }, 'dryRun', [true]],
  [
    'dryRun by the label of GKE, of an object without a version',
    { ...dryRunLabel, platform: 'gke', responseObject: { metadata: { name: 'web', uid: 'u' } } },
    'dryRun',
    [true],
  ],
  [
    'dryRun by the label of GKE, of an object that was stored',
    { ...dryRunLabel, platform: 'gke', responseObject: { metadata: { name: 'web', resourceVersion: '7' } } },
    'dryRun',
    [false],
  ],
  [
    'dryRun by the label of GKE, of an update, which shows the version before',
    update({ ...dryRunLabel, platform: 'gke', responseObject: { metadata: { resourceVersion: '7' } } }),
    'dryRun',
    [true],
  ],
  ['dryRun of a deletion, as one text', { verb: 'delete', requestObject: { dryRun: 'All' } }, 'dryRun', [true]],
  ...['kubernetes', 'eks', 'aks', 'openshift'].map(
    (platform): Row => [`dryRun by that label on ${platform}`, { ...dryRunLabel, platform }, 'dryRun', [false]],
  ),
  ['platform', {}, 'platform', ['kubernetes']],
  ['cluster', {}, 'cluster', ['prod']],
  [
    'owner.kind',
    {
      requestObject: {
        metadata: {
          ownerReferences: [
            { kind: 'Job', name: 'j' },
            { kind: 'ReplicaSet', name: 'web', controller: true },
          ],
        },
      },
    },
    'owner.kind',
    ['ReplicaSet'],
  ],
  [
    'owner.name',
    { responseObject: { metadata: { ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }] } } },
    'owner.name',
    ['web'],
  ],
  ['owner that is not logged', {}, 'owner.kind', [], 'not_logged'],
];

const rawNames: Row[] = [
  ['objectRef.resource', {}, 'objectRef.resource', ['pods']],
  ['objectRef.subresource that is not there', {}, 'objectRef.subresource', []],
  ['user.username', {}, 'user.username', ['ann']],
  ['user.username where authentication failed', { user: {} }, 'user.username', []],
  ['user.groups', {}, 'user.groups', ['dev']],
  [
    'user.groups that the platform does not log',
    { user: { username: 'a', groups: null } },
    'user.groups',
    [],
    'not_logged',
  ],
  ['user.extra', { user: { extra: { 'a.b/c': ['x'] } } }, 'user.extra.a.b/c', ['x']],
  ['impersonatedUser.username', { impersonatedUser: { username: 'ci' } }, 'impersonatedUser.username', ['ci']],
  [
    'impersonatedUser.groups',
    { impersonatedUser: { username: 'ci', groups: ['g'] } },
    'impersonatedUser.groups',
    ['g'],
  ],
  ['annotations', {}, 'annotations.authorization.k8s.io/decision', ['allow']],
  ['annotations that are not there', {}, 'annotations.x.y/z', []],
  ['requestObject', { requestObject: pod({ hostPID: true }) }, 'requestObject.spec.hostPID', [true]],
  ['requestObject that is not logged', {}, 'requestObject.spec.hostPID', [], 'not_logged'],
  [
    'requestObject that is skipped',
    { requestObject: 'skipped-too-big-size-object' },
    'requestObject.spec.hostPID',
    [],
    'skipped',
  ],
  ['requestObject of a read', { verb: 'get' }, 'requestObject.spec', []],
  ['requestObject of a request that was refused', { responseStatus: { code: 401 } }, 'requestObject.spec', []],
  ['requestObject of an exec', { objectRef: { resource: 'pods', subresource: 'exec' } }, 'requestObject.spec', []],
  ['requestObject as a list', patch([{ op: 'add', path: '/x', value: 1 }]), 'requestObject.path', ['/x']],
  ['cluster.region', {}, 'cluster.region', ['eu']],
  ['a name that nobody knows', {}, 'foo.bar', []],
  ['__proto__', {}, '__proto__.x', []],
];

const podSpec: Row[] = [
  [
    'create: request and response',
    { requestObject: pod({ hostPID: true }), responseObject: pod({ hostPID: true }) },
    'hostPID',
    [true],
  ],
  ['create: set by a webhook', { requestObject: pod({}), responseObject: pod({ hostPID: true }) }, 'hostPID', [true]],
  [
    'create: taken away by a webhook',
    { requestObject: pod({ hostPID: true }), responseObject: pod({}) },
    'hostPID',
    [true],
  ],
  ['create: in neither', { requestObject: pod({}), responseObject: pod({}) }, 'hostPID', []],
  ['create: false', { requestObject: pod({ hostPID: false }), responseObject: pod({}) }, 'hostPID', []],
  [
    'create: false in what was stored',
    { requestObject: pod({}), responseObject: pod({ hostPID: false }) },
    'hostPID',
    [false],
  ],
  ['create: response not logged', { requestObject: pod({ hostPID: false }) }, 'hostPID', [false]],
  ['create: request not logged', { responseObject: pod({ hostPID: true }) }, 'hostPID', [true]],
  ['create: no body', {}, 'hostPID', [], 'not_logged'],
  [
    'create: request skipped, response stored',
    { requestObject: 'skipped-too-big-size-object', responseObject: pod({}) },
    'hostPID',
    [],
  ],
  [
    'create: response cut, request whole',
    { requestObject: pod({}), responseObject: { spec: { [CUT]: 'cut' }, [CUT]: 'cut' } },
    'hostPID',
    [],
  ],
  [
    'create: request cut before it',
    { requestObject: { spec: { [CUT]: 'cut' }, [CUT]: 'cut' }, [CUT]: 'cut' },
    'hostPID',
    [],
    'cut',
  ],
  [
    'create: request cut behind the spec',
    { requestObject: { spec: {}, status: { [CUT]: 'cut' }, [CUT]: 'cut' }, [CUT]: 'cut' },
    'hostPID',
    [],
  ],
  [
    'create: response without the object (as=Table)',
    { requestObject: pod({ hostIPC: true }), responseObject: { kind: 'Table', rows: [] } },
    'podSpec.hostIPC',
    [true],
  ],
  ['create: the text true', { requestObject: pod({ hostPID: 'true' }) }, 'hostPID', [true]],
  ['create: the text True', { requestObject: pod({ hostPID: 'True' }) }, 'hostPID', [true]],
  ['create: another type', { requestObject: pod({ hostPID: 1 }) }, 'hostPID', []],
  [
    'create: refused by authorization',
    { responseStatus: { code: 403 }, annotations: { 'authorization.k8s.io/decision': 'forbid' } },
    'hostPID',
    [],
  ],
  [
    'create: refused by admission',
    { responseStatus: { code: 403 }, requestObject: pod({ hostPID: true }) },
    'hostPID',
    [true],
  ],
  [
    'apply that created',
    {
      ...patch(pod({ hostPID: true })),
      objectRef: base.objectRef,
      responseStatus: { code: 201 },
      responseObject: pod({ hostPID: true }),
    },
    'hostPID',
    [true],
  ],
  [
    'PodSecurity names it, bodies not logged',
    {
      annotations: {
        'pod-security.kubernetes.io/audit-violations': 'host namespaces (hostNetwork=true, hostPID=true)',
      },
    },
    'hostPID',
    [true],
  ],
  [
    'PodSecurity names another, bodies not logged',
    { annotations: { 'pod-security.kubernetes.io/audit-violations': 'host namespaces (hostNetwork=true)' } },
    'hostPID',
    [],
    'not_logged',
  ],
  [
    'PodSecurity refuses it, bodies not logged',
    { responseStatus: { code: 403, message: 'violates PodSecurity: host namespaces (hostPID=true)' } },
    'hostPID',
    [true],
  ],
  [
    'PodSecurity does not outdo a body',
    { requestObject: pod({}), annotations: { 'pod-security.kubernetes.io/audit-violations': 'hostPID=true' } },
    'hostPID',
    [],
  ],
  [
    'update: set by a webhook',
    update({ requestObject: pod({}), responseObject: pod({ hostPID: true }) }),
    'hostPID',
    [true],
  ],
  [
    'update: request skipped',
    update({ requestObject: 'skipped-too-big-size-object', responseObject: pod({ hostPID: true }) }),
    'hostPID',
    [true],
  ],
  ['update: no body', update({}), 'hostPID', [], 'not_logged'],
  ['merge patch that sets it', patch(template({ hostPID: true })), 'hostPID', [true]],
  [
    'merge patch that clears it',
    patch(template({ hostPID: null }), { responseObject: template({ hostPID: true }) }),
    'hostPID',
    [],
  ],
  ['merge patch that says false', patch(template({ hostPID: false })), 'hostPID', [false]],
  [
    'merge patch of something else: had it before',
    patch({ metadata: {} }, { responseObject: template({ hostPID: true }) }),
    'hostPID',
    [],
  ],
  ['patch that is not logged', patch(undefined, { responseObject: template({ hostPID: true }) }), 'hostPID', [true]],
  [
    'patch that is not logged, nor the response',
    patch(undefined, { responseObject: undefined }),
    'hostPID',
    [],
    'not_logged',
  ],
  [
    'JSON patch: the field',
    patch([{ op: 'add', path: '/spec/template/spec/hostPID', value: true }]),
    'hostPID',
    [true],
  ],
  [
    'JSON patch: replaced by a text',
    patch([{ op: 'replace', path: '/spec/template/spec/hostPID', value: 'true' }]),
    'hostPID',
    [true],
  ],
  [
    'JSON patch: the spec',
    patch([{ op: 'replace', path: '/spec/template/spec', value: { hostPID: true } }]),
    'hostPID',
    [true],
  ],
  [
    'JSON patch: the template',
    patch([{ op: 'replace', path: '/spec/template', value: { spec: { hostPID: true } } }]),
    'hostPID',
    [true],
  ],
  [
    'JSON patch: the whole object',
    patch([{ op: 'replace', path: '', value: template({ hostPID: true }) }]),
    'hostPID',
    [true],
  ],
  [
    'JSON patch: added and removed',
    patch([
      { op: 'add', path: '/spec/template/spec/hostPID', value: true },
      { op: 'remove', path: '/spec/template/spec/hostPID' },
    ]),
    'hostPID',
    [],
  ],
  [
    'JSON patch: tested only',
    patch([{ op: 'test', path: '/spec/template/spec/hostPID', value: true }], {
      responseObject: template({ hostPID: true }),
    }),
    'hostPID',
    [],
  ],
  [
    'JSON patch: copied from elsewhere',
    patch([{ op: 'copy', from: '/spec/template/spec/hostNetwork', path: '/spec/template/spec/hostPID' }], {
      responseObject: template({ hostPID: true }),
    }),
    'hostPID',
    [true],
  ],
  [
    'JSON patch: moved into an ancestor',
    patch([{ op: 'move', from: '/metadata/x', path: '/spec' }], { responseObject: undefined }),
    'hostPID',
    [],
    'not_logged',
  ],
  [
    'JSON patch: copied, then refused',
    patch([{ op: 'copy', from: '/spec/template/spec/hostNetwork', path: '/spec/template/spec/hostPID' }], {
      responseStatus: { code: 403 },
      responseObject: { kind: 'Status' },
    }),
    'hostPID',
    [],
    'not_logged',
  ],
  [
    'JSON patch: copied beside the spec',
    patch([{ op: 'copy', from: '/metadata/a', path: '/metadata/b' }], { responseObject: template({ hostPID: true }) }),
    'hostPID',
    [],
  ],
  [
    'a path of another kind of object',
    { objectRef: base.objectRef, ...update({ requestObject: template({ hostPID: true }) }) },
    'hostPID',
    [],
  ],
  ['Deployment', { objectRef: deployment, requestObject: template({ hostPID: true }) }, 'hostPID', [true]],
  [
    'CronJob',
    { objectRef: { resource: 'cronjobs' }, requestObject: { spec: { jobTemplate: template({ hostPID: true }) } } },
    'hostPID',
    [true],
  ],
  [
    'PodTemplate',
    { objectRef: { resource: 'podtemplates' }, requestObject: { template: { spec: { hostPID: true } } } },
    'hostPID',
    [true],
  ],
  [
    'a resource without pods',
    { objectRef: { resource: 'configmaps' }, requestObject: pod({ hostPID: true }) },
    'hostPID',
    [],
  ],
  [
    'ephemeral containers',
    {
      ...update({ requestObject: pod({ ephemeralContainers: [{ name: 'd' }] }) }),
      objectRef: { resource: 'pods', subresource: 'ephemeralcontainers' },
    },
    'containers.name',
    ['d'],
  ],
  [
    'status of a pod',
    { ...update({ requestObject: pod({ hostPID: true }) }), objectRef: { resource: 'pods', subresource: 'status' } },
    'hostPID',
    [],
  ],
  ['deletion that returns the pod', { verb: 'delete', responseObject: pod({ hostPID: true }) }, 'hostPID', []],
  ['read of the pod', { verb: 'get', responseObject: pod({ hostPID: true }) }, 'hostPID', []],
  ['before it is known what is asked', { verb: undefined, objectRef: undefined, [CUT]: 'cut' }, 'hostPID', [], 'cut'],
  ['hostIPC', { requestObject: pod({ hostIPC: true }) }, 'hostIPC', [true]],
  ['hostNetwork', { requestObject: pod({ hostNetwork: true }) }, 'hostNetwork', [true]],
  ['shareProcessNamespace', { requestObject: pod({ shareProcessNamespace: true }) }, 'shareProcessNamespace', [true]],
  [
    'serviceAccountName as stored',
    { requestObject: pod({}), responseObject: pod({ serviceAccountName: 'default' }) },
    'serviceAccountName',
    ['default'],
  ],
  ['nodeName', { requestObject: pod({ nodeName: 'n1' }) }, 'nodeName', ['n1']],
  ['podSpec', { requestObject: pod({ dnsPolicy: 'Default' }) }, 'podSpec', [{ dnsPolicy: 'Default' }]],
  [
    'below podSpec',
    { requestObject: pod({ securityContext: { runAsUser: 0 } }) },
    'podSpec.securityContext.runAsUser',
    [0],
  ],
  [
    'containers of all kinds',
    {
      requestObject: pod({
        containers: [{ name: 'a' }],
        initContainers: [{ name: 'b' }],
        ephemeralContainers: [{ name: 'c' }],
      }),
    },
    'containers',
    [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  ],
  [
    'below containers',
    { requestObject: pod({ containers: [{ image: 'x' }], initContainers: [{ image: 'y' }] }) },
    'containers.image',
    ['x', 'y'],
  ],
  [
    'containers that a JSON patch adds',
    patch([{ op: 'add', path: '/spec/template/spec/containers/-', value: { image: 'x' } }]),
    'containers.image',
    ['x'],
  ],
  ['volumes', { requestObject: pod({ volumes: [{ name: 'v' }] }) }, 'volumes', [{ name: 'v' }]],
  ['below volumes', { requestObject: pod({ volumes: [{ hostPath: { path: '/' } }] }) }, 'volumes.hostPath.path', ['/']],
  ['podSource of a create', { requestObject: pod({}), responseObject: pod({}) }, 'podSource', ['response']],
  ['podSource where the response is not logged', { requestObject: pod({}) }, 'podSource', ['request']],
  ['podSource of a patch', patch({}), 'podSource', ['patch']],
  ['podSource that is not logged', {}, 'podSource', [], 'not_logged'],
];

const tables: [topic: string, rows: Row[]][] = [
  ['unified names', unified],
  ['names of audit.k8s.io', rawNames],
  ['pod specs', podSpec],
  ['objects', writtenObject],
  ['addresses of clients', clientIPs],
  ['networks of clients', networks],
  ['objectRef and URI', requestObjectRef],
  ['members of audit.k8s.io', rawMembers],
  ['exec and attach', execRequest],
  ['proxies', proxyPath],
  ['ConfigMaps', configData],
  ['values of pod specs', podValues],
  ['requests for certificates', certificateRequest],
  ['workloads', workload],
];

describe.each(tables)('%s', (_group, rows) => {
  test.each(rows)('%s', (_name, event, field, values, gap) => {
    const { values: found, gap: why } = lookup(event, field);
    expect({ found, why }).toEqual({ found: values, why: gap });
  });
});

test('every field has a row here, and a one-line description', () => {
  const tested = new Set(tables.flatMap(([, rows]) => rows.map(([, , field]) => field)));
  expect([...fields.keys()].filter((name) => !tested.has(name))).toEqual([]);
  for (const { doc, source } of fields.values()) {
    expect(doc).toMatch(/^[^\n]+\.$/);
    expect(source).not.toBe('');
  }
});

describe('what a client adds beside hostPID does not hide it', () => {
  const spec = { template: { spec: { hostPID: true } } };
  test.each<[string, JsonMap]>([
    ['a key with the whole path', patch({ 'spec.template.spec.hostPID': false, spec })],
    ['a key with the path of the spec', patch({ 'spec.template.spec': { hostPID: false }, spec })],
    ['a key in the middle', patch({ spec: { 'template.spec': { hostPID: false }, ...spec } })],
    ['the same in an update', update({ objectRef: deployment, requestObject: { 'spec.template.spec': {}, spec } })],
    [
      'a pointer with something before its first slash',
      patch([{ op: 'add', path: 'x/spec/template/spec/hostPID', value: true }]),
    ],
    [
      'a pointer with something before its first slash, to an ancestor',
      patch([{ op: 'add', path: 'x/spec', value: spec }]),
    ],
  ])('%s', (_name, event) => {
    expect(lookup(event, 'hostPID').values).toEqual([true]);
  });
});

test('an owner is the reference whose controller is true, whatever the others contain', () => {
  const ownerReferences = [{ toString: 1 }, 'false', [], 'true'].map((controller, n) => ({
    kind: `k${n}`,
    controller,
  }));
  expect(lookup({ requestObject: { metadata: { ownerReferences } } }, 'owner.kind').values).toEqual(['k3']);
});

test('the empty name is every word of the log, and nothing derived from it', () => {
  const annotations = { 'authorization.k8s.io/decision': 'allow' };
  const { values, gap } = lookup({ annotations, gaps: { requestObject: 'not_logged' } }, '');
  expect(values).toEqual(expect.arrayContaining(['annotations', 'authorization.k8s.io/decision', 'allow']));
  for (const word of ['gaps', 'evidence', 'outcome', 'platform']) expect(values).not.toContain(word);
  expect(gap).toBe('not_logged');
});

test('lists are whole at their place', () => {
  expect(lookup({ sourceIPs: ['10.0.0.1', '10.0.0.2'] }, 'sourceIPs').places).toEqual([['10.0.0.1', '10.0.0.2']]);
});

test('lists in an object are whole, so that a block evaluates their members one by one', () => {
  const rules = [{ verbs: ['get'] }, { verbs: ['*'] }];
  expect(lookup({ requestObject: { rules } }, 'object.rules').places).toEqual([rules]);
  const cut = { requestObject: { rules, [CUT]: 'cut' } };
  expect(lookup(cut, 'object.rules')).toMatchObject({ places: [rules], gap: 'cut' });
});

test('no event makes a field throw', () => {
  const path = fc.constantFrom('', '.x', '.metadata.name', '.spec', '.rules.verbs', '.__proto__', '.constructor');
  const hostile = fc.oneof(
    { maxDepth: 1 },
    fc.anything({ withNullPrototype: true, withSparseArray: true }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom({ toString: 1 }, { [CUT]: 'cut' }, [[]], '%', '?command=%ff%', 'skipped-too-big-size-object'),
  );
  const metadata = fc.record(
    {
      name: hostile,
      ownerReferences: fc.array(fc.record({ kind: hostile, name: hostile, controller: fc.boolean() })),
      labels: hostile,
    },
    { requiredKeys: [] },
  );
  const container = fc.record({ image: hostile, securityContext: hostile });
  const spec = fc.record({ containers: fc.oneof(hostile, fc.array(container)), volumes: hostile, request: hostile });
  const body = fc.oneof(hostile, fc.record({ metadata, spec, status: hostile }, { requiredKeys: [] }));
  const operation = fc.record({
    op: fc.constantFrom('add', 'move', 'remove'),
    path: fc.oneof(hostile, fc.constant('/spec/x')),
    from: hostile,
    value: hostile,
  });
  const event = fc.record(
    {
      verb: fc.constantFrom('create', 'update', 'patch', 'get', 'delete', ''),
      objectRef: fc.oneof(
        hostile,
        fc.record({
          resource: fc.constantFrom('pods', 'deployments', 'replicasets', 'jobs', 'certificatesigningrequests', ''),
          subresource: fc.constantFrom('', 'exec', 'attach', 'approval', 'status'),
          namespace: fc.constantFrom('', 'shop'),
          name: hostile,
        }),
      ),
      requestURI: fc.oneof(
        hostile,
        fc.string().map((query) => `/x?${query}`),
      ),
      userAgent: hostile,
      annotations: fc.oneof(hostile, fc.record({ 'command.gke.io/command': hostile })),
      responseStatus: hostile,
      requestObject: fc.oneof(body, fc.array(operation)),
      responseObject: body,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(event, path, (over, below) => {
      for (const [name, { nested }] of fields) {
        const { values, places } = lookup(over as JsonMap, nested ? name + below : name);
        expect(Array.isArray(values) && (places === undefined || Array.isArray(places))).toBe(true);
      }
    }),
  );
});
