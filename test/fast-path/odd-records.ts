/** Records that differ in one place from those that can be outlined, each next to one that does not. */
import { randomFrom } from '../fuzz/fuzz.ts';
import { join, type Layout } from './bodies.ts';
import { type MapNode, type Node, print, raw, treeOf } from './json-tree.ts';
import { packEvent } from './msgpack-text.ts';

const event = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'RequestResponse',
  auditID: '33333333-0000-4000-8000-000000000001',
  stage: 'ResponseComplete',
  requestURI: '/api/v1/namespaces/shop/pods/web-1',
  verb: 'get',
  user: { username: 'ann', groups: ['devs'] },
  sourceIPs: ['203.0.113.7'],
  userAgent: 'kubectl/v1.33.2',
  objectRef: { resource: 'pods', namespace: 'shop', name: 'web-1', apiVersion: 'v1' },
  responseStatus: { metadata: {}, code: 200 },
  requestReceivedTimestamp: '2026-01-02T03:04:05.000000Z',
  stageTimestamp: '2026-01-02T03:04:06.000000Z',
  annotations: { 'authorization.k8s.io/decision': 'allow' },
};
const text = JSON.stringify(event);
const { userAgent, ...others } = event;
const agentLast = JSON.stringify({ ...others, userAgent });
const other = text.replace('"get"', '"delete"');
const embedded = (inner: string): Node => raw(JSON.stringify(inner));
const map = (...members: readonly (readonly [key: string, value: Node])[]): Node => ({
  kind: 'map',
  members: members.map(([key, value]) => ({ key: key.startsWith('"') ? key : JSON.stringify(key), value })),
});
const wrapped = (inner: string): Node => map(['log', embedded(inner)]);

/** The event with members replaced. */
const withMembers = (members: object): Node => treeOf({ ...event, ...members });
/** The same, with members in the given spelling. */
const spelled = (...members: readonly (readonly [key: string, text: string])[]): Node => {
  const tree = treeOf(event);
  if (tree.kind !== 'map') return tree;
  return { kind: 'map', members: [...tree.members, ...members.map(([key, value]) => ({ key, value: raw(value) }))] };
};
/** The event with one of its members spelled differently. */
const respelled = (name: string, key: string, value?: string): Node => {
  const tree = treeOf(event);
  if (tree.kind !== 'map') return tree;
  const members = tree.members.map((member) =>
    member.key === `"${name}"` ? { key, value: value === undefined ? member.value : raw(value) } : member,
  );
  return { kind: 'map', members };
};
const deletion = (body: Node): Node => {
  const objectRef = { ...event.objectRef, resource: 'configmaps' };
  const uri = '/api/v1/namespaces/shop/configmaps/web-1';
  const tree = treeOf({ ...event, verb: 'delete', requestURI: uri, objectRef });
  return tree.kind === 'map'
    ? { kind: 'map', members: [...tree.members, { key: '"requestObject"', value: body }] }
    : tree;
};
const clusterWide = (body: Node): Node => {
  const objectRef = { resource: 'nodes', name: 'n', apiVersion: 'v1' };
  const tree = treeOf({ ...event, verb: 'update', requestURI: '/api/v1/nodes/n', objectRef });
  return tree.kind === 'map'
    ? { kind: 'map', members: [...tree.members, { key: '"requestObject"', value: body }] }
    : tree;
};

/** The creation of a pod that neither the URI nor the objectRef names. */
const creation = (...bodies: readonly (readonly [key: 'requestObject' | 'responseObject', text: string])[]): Node => {
  const { name, ...objectRef } = event.objectRef;
  const tree = treeOf({ ...event, verb: 'create', requestURI: '/api/v1/namespaces/shop/pods', objectRef });
  if (tree.kind !== 'map') return tree;
  const members = bodies.map(([key, value]) => ({ key: `"${key}"`, value: raw(value) }));
  return { kind: 'map', members: [...tree.members, ...members] };
};
const request = (text: string) => creation(['requestObject', text]);
const answered = (request: string, response: string) =>
  creation(['responseObject', response], ['requestObject', request]);
/** Appended to a list, such that a reader that treats the list as a map would see it end as one. */
const withNumbers = (tree: Node): Node =>
  tree.kind === 'map'
    ? {
        kind: 'map',
        members: [...tree.members, ...['2', '4'].map((n) => ({ key: `"${Number(n) - 1}"`, value: raw(n) }))],
      }
    : tree;
const named = (name: string): Node =>
  withMembers({
    requestURI: `/api/v1/namespaces/shop/pods/${name}`,
    objectRef: { ...event.objectRef, name },
  });

const uris = [
  ...['?dryRun=All', '?%64ryRun=All', '?x=1&dryRun=All', '?x=1;dryRun=All', '?dryRun', '?adryRun=All', '?dryRunx=All'],
  ...['?dryRun=None&dryRun=All', '?dryrun=All', '?+dryRun=All', '?&dryRun=All', '?=dryRun', '?dry%52un=All'],
];
const objectRefs: readonly (readonly [uri: string, objectRef: object | undefined])[] = [
  ['/api/v1/namespaces/%73hop/pods/web-1', event.objectRef],
  ['/api/v1/namespaces/shop/secrets/web-1', event.objectRef],
  ['/api/v1/namespaces/kube-system/pods/web-1', event.objectRef],
  ['/api/v1/namespaces/shop/pods/db', event.objectRef],
  ['/api/v1/namespaces/shop/pods/web-1/exec', event.objectRef],
  ['/api/v1/namespaces/shop/pods/web-1', { ...event.objectRef, subresource: 'exec' }],
  ['/api/v1/namespaces/shop/pods', { ...event.objectRef, subresource: 'exec' }],
  ['/api/v1/pods/web-1', event.objectRef],
  ['/api/v1/pods', { resource: 'pods', apiVersion: 'v1' }],
  ['/api/v1/namespaces/shop/pods', { resource: 'pods', apiVersion: 'v1' }],
  ['/apis/apps/v1/namespaces/shop/pods/web-1', event.objectRef],
  ['/api/v1/namespaces/shop/pods/web-1/', event.objectRef],
  ['/api/v1//namespaces/shop/pods/web-1', event.objectRef],
  ['/api/v1/namespaces/dev', { resource: 'namespaces', namespace: 'shop', name: 'dev1', apiVersion: 'v1' }],
  ['/api/v1/namespaces/dev1', { resource: 'namespaces', namespace: 'shop', name: 'dev1', apiVersion: 'v1' }],
  ['/api/v1/namespaces/dev1', { resource: 'namespaces', namespace: 'dev2', name: 'dev1', apiVersion: 'v1' }],
  ['/api/v1/namespaces/dev1', { resource: 'namespaces', namespace: 'dev1', name: 'dev1', apiVersion: 'v1' }],
  ...['one', 'two'].map((name): [string, object] => [
    `/apis/batch/apps/v1/v1/${name}`,
    { resource: 'v1', name, apiGroup: 'batch', apiVersion: 'apps/v1' },
  ]),
  ['/api/v1/namespaces/shop/secrets/db', undefined],
  ['/api/v1/secrets', undefined],
  ['/apis/apps/v1', undefined],
  ['/apis/apps/v1/deployments', undefined],
  ['/api/v1', undefined],
  ['//api/v1/secrets', undefined],
  ['/%61pi/v1/secrets', undefined],
  ['api/v1/secrets', undefined],
];

export const oddRecords: readonly Node[] = [
  treeOf(event),
  // Texts in records.
  map(['log', embedded(text)], ['message', embedded(other)]),
  map(['message', embedded(other)], ['log', embedded(text)]),
  ...['x', '{}', other, ' \n', '\u0000', ','].map((after) => wrapped(text + after)),
  wrapped(` ${text}`),
  map(['log', embedded(text)], ['m', raw(JSON.stringify('"}'))]),
  map(['log', embedded(agentLast)], ['m', raw(JSON.stringify('"}'))]),
  map(['log', embedded(agentLast.slice(0, -2))], ['m', raw(JSON.stringify('"}'))]),
  map(['log', embedded(`${text.slice(0, -1)},"zz":"`)], ['m', raw(JSON.stringify('"}'))]),
  map(['log', embedded(text.slice(0, -1))], ['}', raw('1')]),
  ...['\\ud800', '\\udc00', '\\ud83d\\ude00', '\\ud83d\\ud83d\\ude00', '\\u00e9', '\\/', '\\ud800\\u0041'].map((code) =>
    map(['log', raw(JSON.stringify(text).replace('kubectl', `kubectl${code}`))]),
  ),
  ...['\\n', '\\t', '\\b', '\\u0001', '\\r', '\\f'].flatMap((code) => [
    map(['log', raw(JSON.stringify(text).replace('kubectl', `kubectl${code}`))]),
    map(['log', raw(JSON.stringify(text).replace('{', `{${code}`))]),
  ]),
  map(['properties', map(['log', embedded(text)], ['log', embedded(other)])]),
  map(['properties', map(['log', embedded(text)], ['"l\\u006fg"', embedded(other)])]),
  map(['properties', map(['"l\\u006fg"', embedded(other)], ['log', embedded(text)])]),
  map(['properties', map(['log', embedded(text)])], ['properties', map(['log', embedded(other)])]),
  map(['properties', map(['log', embedded(text)])], ['log_s', raw('""')]),
  map(['properties', map(['log', raw('""')])], ['log_s', embedded(text)]),
  map(['properties', raw('7')], ['log', embedded(text)]),
  map(['properties', raw('"log"')], ['log', embedded(text)]),
  // Members.
  ...Object.keys(event).flatMap((name) => [
    spelled([`"${name}"`, '"delete"']),
    spelled([`"${name}"`, '{"username":"system:admin"}']),
    spelled([`"${name}"`, 'null']),
    spelled([`"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}"`, '"delete"']),
    respelled(name, `"${name}"`, '7'),
    respelled(name, `"${name}"`, '["delete"]'),
    respelled(name, `"${name}"`, '{"delete":true}'),
    respelled(name, `"${name}"`, '""'),
    respelled(name, '"zz"'),
    // As long as the key that is usually expected after an event, and equal to it at its end or at its beginning.
    treeOf(event),
    respelled(name, `"z${name.slice(1)}"`),
    treeOf(event),
    respelled(name, `"${name.slice(0, -1)}z"`),
  ]),
  ...['"namespace"', '"name"', '"resource"', '"n\\u0061mespace"', '"zz"', '"subPath"'].flatMap((key) =>
    ['"kube-system"', 'null', '7', '{}'].map((value) => {
      const objectRef = JSON.stringify(event.objectRef);
      return respelled('objectRef', '"objectRef"', `${objectRef.slice(0, -1)},${key}:${value}}`);
    }),
  ),
  spelled(['"objectRef"', '{"resource":"pods"}']),
  {
    kind: 'map',
    members: [{ key: '"objectRef"', value: treeOf({ uid: 'uid-2' }) }, ...(treeOf(event) as MapNode).members],
  },
  spelled(['"objectRef"', '{"namespace":"shop","name":"web-1"}']),
  spelled(['"tripline"', '{"v":2}']),
  spelled(['"\\u0074ripline"', '{"v":2}']),
  ...['date', 'time', 'timestamp', 'id'].flatMap((key) =>
    ['{"verb":"delete"}', '["x"]', '"x"', '1.5e3', '01', '"\\q"'].map((value) => spelled([`"${key}"`, value])),
  ),
  spelled(...Array.from({ length: 13 }, (_, index) => [`"m${index}"`, String(index)] as const)),
  spelled(...Array.from({ length: 12 }, (_, index) => [`"m${index}"`, String(index)] as const), [
    '"logGroup"',
    '"/aws/eks/west/cluster"',
  ]),
  // Bodies.
  ...[
    '{"dryRun":["All"]}',
    '{"dry\\u0052un":["All"]}',
    '{"dryRun":["None"]}',
    '{"dryRun":1,"dryRun":["All"]}',
    '{}',
  ].map((body) => deletion(raw(body))),
  ...[
    '{"metadata":{"namespace":"kube-system"}}',
    '{"metadata":{"namesp\\u0061ce":"kube-system"}}',
    '{"met\\u0061data":{"namespace":"kube-system"}}',
    '{"metadata":{},"metadata":{"namespace":"kube-system"}}',
    '{"metadata":{"namespace":"kube-system"},"metadata":{}}',
    '{"metadata":{"namespace":1,"namespace":"kube-system"}}',
    '{"metadata":{}}',
    '{"n":9007199254740993,"metadata":[]}',
  ].map((body) => clusterWide(raw(body))),
  // Names that bodies have, or seem to have.
  ...['web-', 'node-', 'web-'].map((prefix) => request(`{"metadata":{"generateName":"${prefix}"}}`)),
  answered('{"metadata":{"name":"node-1"}}', '{"metadata":{"name":"db"}}'),
  answered('{"metadata":{"name":"node-1"}}', '{"metadata":{"name":"node-1"}}'),
  answered('{"metadata":{}}', '{"metadata":{}}'),
  answered('{"metadata":{"name":"node-1"}}', '{"metadata":{"name":7}}'),
  answered('{"metadata":{"name":"node-1"}}', '{"metadata":null}'),
  withNumbers(answered('["metadata",{"name":"node-9"}]', '{}')),
  withNumbers(answered('["metadata",{"name":"node-9"}]', '{"metadata":{"name":"node-9"}}')),
  ...['pods-*', 'node-*', 'other-1', 'plain', 'wEb-1', 'Web-1'].map(named),
  ...[undefined, 'exec', 'log'].map((subresource) =>
    withMembers({
      requestURI: subresource === undefined ? event.requestURI : `${event.requestURI}/${subresource}`,
      objectRef: { ...event.objectRef, subresource },
    }),
  ),
  // A user identifies the platform.
  ...['zed', 'eks:node-manager', 'masterclient'].map((username) =>
    withMembers({ user: { username, groups: ['system:authenticated'] } }),
  ),
  // What rules look for in bodies.
  ...['"hostPID":true', '"a":1'].flatMap((spec) =>
    ['"hostPID":true', '"a":1'].map((stored) =>
      answered(`{"kind":"Pod","spec":{${spec}}}`, `{"kind":"Pod","spec":{${stored}}}`),
    ),
  ),
  ...[
    '{"spec":{"containers":[{"image":"x/db:2"}]}}',
    '{"spec":{"containers":[{"image":"x\\u002fweb:2"}]}}',
    '{"spec":{"containers":[{"image":"x\\/web:2"}]}}',
    '{"metadata":{"annotations":{"note":"\\u212a8s-"}}}',
    '{"metadata":{"annotations":{"note":"\u212a8s-"}}}',
    '{"metadata":{"annotations":{"note":"k8\\u017f-"}}}',
    '{"metadata":{"annotations":{"note":"k8\u017f-"}}}',
    '{"spec":{"replicas":1e3}}',
    '{"metadata":{"labels":{"app":"pods"}}}',
    '{}',
  ].map(request),
  // Statuses and annotations that rules take for one, and an outcome or an action does not.
  ...[{}, { 'authorization.k8s.io/decision': 'allow' }].map((annotations) =>
    withMembers({ annotations, responseStatus: { metadata: {}, code: 403, message: '' } }),
  ),
  ...['webhook x denied the request', 'not found'].map((message) =>
    withMembers({ responseStatus: { metadata: {}, code: 404, message } }),
  ),
  ...['2020-01-02T03:04:05Z', '2026-01-02T03:04:06Z'].map((creationTimestamp) =>
    withMembers({
      verb: 'update',
      requestObject: {},
      responseStatus: { metadata: {} },
      responseObject: { metadata: { creationTimestamp } },
    }),
  ),
  // Optional parts of an object.
  ...[{ uid: 'uid-2' }, {}].map((id) => {
    const objectRef = { ...event.objectRef, resource: 'services', ...id };
    return withMembers({ requestURI: '/api/v1/namespaces/shop/services/web-1', objectRef });
  }),
  ...[undefined, { code: 200 }].map((responseStatus) => withMembers({ stage: 'RequestReceived', responseStatus })),
  // What a rule compares.
  ...['carl', 'dora'].flatMap((username) =>
    ['carl', 'dora'].map((userAgent) => withMembers({ user: { username }, userAgent })),
  ),
  ...['dev', 'pods'].map((namespace) =>
    withMembers({
      requestURI: `/api/v1/namespaces/${namespace}/pods/web-1`,
      objectRef: { ...event.objectRef, namespace },
    }),
  ),
  ...['v1', 'v1beta1'].map((apiVersion) =>
    withMembers({
      requestURI: `/api/${apiVersion}/namespaces/shop/pods/web-1`,
      objectRef: { ...event.objectRef, apiVersion },
    }),
  ),
  ...[{}, { 'audit.k8s.io/truncated': 'true' }].map((annotations) => withMembers({ verb: 'update', annotations })),
  withMembers({ requestURI: `${event.requestURI}?limit=5` }),
  // URIs.
  ...uris.map((query) => withMembers({ requestURI: event.requestURI + query })),
  ...uris.map((query) => respelled('requestURI', '"requestURI"', `"${event.requestURI}?x=1\\u0026${query.slice(1)}"`)),
  ...objectRefs.map(([requestURI, objectRef]) => withMembers({ requestURI, objectRef })),
  // Its bytes, read as a map, would extend beyond the end.
  map(['properties', raw(String(Buffer.from('dbffffffffffffff', 'hex').readDoubleBE()))]),
];

/** Texts that are invalid JSON in one place, or barely valid, together with a valid record. */
export const oddTexts: readonly string[] = [
  ...[
    ...[
      '"\\q"',
      '"\\u12g4"',
      '"\\u12"',
      '"a\u0001"',
      '"\u007f"',
      '01',
      '-',
      '-01',
      '1.',
      '.5',
      '1.e5',
      '1e',
      '1e+',
      '+1',
    ],
    ...['truE', 'nul', 'undefined', '{"a":1,}', '[1,]', '[,]', '{,}', '{"a" 1}', '{"a"}', '{"a":}', '{1:2}', '{a:1}'],
    ...[
      '[1 2]',
      '[1}',
      '{"a":1]',
      '[[1]',
      '"abc',
      '-0',
      '1E-7',
      '"\\u0041"',
      '[ ]',
      '{ }',
      '{"a":{},"a":[]}',
      '{xa":1}',
    ],
  ].flatMap((value) => [
    print(spelled(['"zz"', value])),
    print(spelled(['"zz"', `{"a":[{"b":${value}}]}`])),
    print(respelled('verb', '"verb"', value)),
    print(spelled(['"requestObject"', `{"a":${value}}`])),
    print(spelled(['"time"', value])),
  ]),
  text.replace('"verb":', '"verb"'),
  text.replace('"verb":', 'xverb":'),
  text.replace('"verb":', '"verb";'),
  text.replace(',"verb"', ';"verb"'),
  text.replace(',"verb"', ',,"verb"'),
  `${text.slice(0, -1)},}`,
  `${text.slice(0, -1)}]`,
  ...[10, 64, 100, 254, 255, 256, 257].flatMap((depth) =>
    ['"zz"', '"requestObject"'].map((key) => print(spelled([key, '['.repeat(depth) + ']'.repeat(depth)]))),
  ),
];

const oddBytes = oddRecords.map((tree) => Buffer.from(print(tree)));
const broken = oddTexts.map((each) => Buffer.from(each));
const plain = Buffer.from(text);

/** All of them, each between others. Those that break the framing of the following records only occur in lines. */
export function oddBody(layout: Layout, seed: number): Buffer {
  if (layout === 'lines') return join(layout, [...oddBytes, plain, ...broken, plain]);
  if (layout !== 'msgpack') return join(layout, [...oddBytes, plain]);
  const random = randomFrom(seed);
  return join(layout, [
    ...oddRecords.map((tree) => packEvent(tree)),
    ...oddRecords.map((tree) => packEvent(tree, random)),
  ]);
}
