/** Every form in which a write can request the host's PID namespace, and what only looks like one. Whether it has to be found
 * is not stated here: what the API server has stored in the end decides. */
import {
  type Act,
  deployment,
  deployments,
  injected,
  media,
  pod,
  podSpec,
  pods,
  rollouts,
  selector,
  template,
} from './acts.ts';

const create = (name: string, body: unknown, more: Partial<Act> = {}): Act => ({
  name: `create: ${name}`,
  as: 'mallory',
  request: `POST ${pods}`,
  body,
  code: 201,
  ...more,
});

/** For an existing Deployment that does not have it. */
const patch = (name: string, type: string, body: unknown, more: Partial<Act> = {}): Act => ({
  name: `${/([\w-]+)-patch/.exec(type)![1]} patch: ${name}`,
  as: 'mallory',
  request: `PATCH ${deployments}/$name?fieldManager=kubectl`,
  type,
  body,
  code: 200,
  given: [deployments, deployment()],
  ...more,
});

const apply = (name: string, body: unknown, more: Partial<Act> = {}): Act =>
  patch(name, media.applyPatch, body, {
    request: `PATCH ${pods}/$name?fieldManager=kubectl`,
    code: 201,
    given: undefined,
    ...more,
  });

const withHostPid = { spec: { template: { spec: { hostPID: true } } } };
const hostPidPath = '/spec/template/spec/hostPID';
const text = (object: object) => JSON.stringify(object);
const yaml = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  hostPID: yes\n  containers: [{name: web, image: web}]\n`;
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
/** JSON text of an object with additional members before its last brace. */
const withMembers = (object: object, members: string) => text(object).replace(/}$/, `,${members}}`);

const rollout = (more: object = {}) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: '$name' },
  spec: { selector, template: template(more) },
});
const withoutUtf8 = (object: object) => Buffer.from(withMembers(object, '"junk":"\xff\xc3\x28\xed\xa0\x80"'), 'latin1');
const manyMembers = Array.from({ length: 10_000 }, (_, index) => `"k${index}":0`).join();

const controllers: [kind: string, path: string, object: object][] = [
  ['Deployment', deployments, deployment({ hostPID: true })],
  [
    'DaemonSet',
    '/apis/apps/v1/namespaces/shop/daemonsets',
    { spec: { selector, template: template({ hostPID: true }) } },
  ],
  [
    'StatefulSet',
    '/apis/apps/v1/namespaces/shop/statefulsets',
    { spec: { serviceName: 'web', selector, template: template({ hostPID: true }) } },
  ],
  [
    'ReplicaSet',
    '/apis/apps/v1/namespaces/shop/replicasets',
    { spec: { selector, template: template({ hostPID: true }) } },
  ],
  [
    'ReplicationController',
    '/api/v1/namespaces/shop/replicationcontrollers',
    { spec: { selector: { app: '$name' }, template: template({ hostPID: true }) } },
  ],
  [
    'Job',
    '/apis/batch/v1/namespaces/shop/jobs',
    { spec: { template: { spec: podSpec({ hostPID: true, restartPolicy: 'Never' }) } } },
  ],
  [
    'CronJob',
    '/apis/batch/v1/namespaces/shop/cronjobs',
    {
      spec: {
        schedule: '0 3 * * *',
        jobTemplate: { spec: { template: { spec: podSpec({ hostPID: true, restartPolicy: 'Never' }) } } },
      },
    },
  ],
  ['PodTemplate', '/api/v1/namespaces/shop/podtemplates', { template: template({ hostPID: true }) }],
];

export const hostPidActs: Act[] = [
  create('JSON', pod({ hostPID: true })),
  create('YAML', yaml('$name'), { type: media.yaml }),
  create('CBOR', pod({ hostPID: true }), { type: media.cbor }),
  create('JSON with white space', JSON.stringify(pod({ hostPID: true }), null, 4)),
  create('a letter of the key escaped', text(pod({ hostPID: true })).replace('hostPID', 'host\\u0050ID')),
  create('another case of the key', text(pod({ hostPID: true })).replace('hostPID', 'hostpid')),
  create('another case of spec', text(pod({ hostPID: true })).replace('"spec"', '"Spec"'), { code: 422 }),
  create('text in the place of a boolean', pod({ hostPID: 'true' }), { code: 400 }),
  create('a number in the place of a boolean', pod({ hostPID: 1 }), { code: 400 }),
  create(
    'twice the key, false last',
    text(pod({ hostPID: true })).replace('"hostPID":true', '"hostPID":true,"hostPID":false'),
  ),
  create(
    'twice the key, true last',
    text(pod({ hostPID: true })).replace('"hostPID":true', '"hostPID":false,"hostPID":true'),
  ),
  create('twice the key, refused', text(pod({ hostPID: true })).replace('"hostPID"', '"hostPID":false,"hostPID"'), {
    request: `POST ${pods}?fieldValidation=Strict`,
    code: 400,
  }),
  create('twice spec, the first with it', text(pod()).replace('"spec"', '"spec":{"hostPID":true},"spec"')),
  create('generated name', { ...pod({ hostPID: true }), metadata: { generateName: '$name-' } }),
  create('an unknown member of 300 levels', withMembers(pod({ hostPID: true }), `"junk":${nested(300)}`)),
  create('an unknown member of 9,000 levels', withMembers(pod({ hostPID: true }), `"junk":${nested(9000)}`)),
  create('a large pod', {
    ...pod({ hostPID: true }),
    metadata: { name: '$name', annotations: { notes: 'x'.repeat(200_000) } },
  }),
  create('many containers', {
    ...pod({ hostPID: true }),
    spec: {
      hostPID: true,
      containers: Array.from({ length: 1000 }, (_, index) => ({
        name: `c${index}`,
        image: `registry.example.com/${index}`,
      })),
    },
  }),
  create('answer as a table', pod({ hostPID: true }), {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  }),
  create('answer as metadata', pod({ hostPID: true }), {
    headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
  }),
  create('answer as protobuf', pod({ hostPID: true }), { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
  create('answer as CBOR', pod({ hostPID: true }), { headers: { accept: 'application/cbor' } }),
  create('escaped path', pod({ hostPID: true }), { request: 'POST /api/v1/namespaces/%73hop/%70ods' }),
  create('path with a slash at its end', pod({ hostPID: true }), { request: `POST ${pods}/` }),
  create('dry run', pod({ hostPID: true }), { request: `POST ${pods}?dryRun=All` }),
  create('dry run, twice', pod({ hostPID: true }), { request: `POST ${pods}?dryRun=All&dryRun=All` }),
  create('dry run, escaped key', pod({ hostPID: true }), { request: `POST ${pods}?dry%52un=All` }),
  create('dry run, escaped value', pod({ hostPID: true }), { request: `POST ${pods}?dryRun=%41ll` }),
  create('dry run after a semicolon, which is none', pod({ hostPID: true }), {
    request: `POST ${pods}?fieldManager=b;dryRun=All`,
  }),
  create('dry run after a fragment, which is none', pod({ hostPID: true }), {
    request: `POST ${pods}?fieldManager=%23dryRun=All`,
  }),
  create('dry run before a semicolon, which is none', pod({ hostPID: true }), {
    request: `POST ${pods}?dryRun=All;fieldManager=b`,
  }),
  create('dry run in another case, which is none', pod({ hostPID: true }), {
    request: `POST ${pods}?dryrun=All&DryRun=All&DRYRUN=All`,
  }),
  create('dry run with a broken escape, which is none', pod({ hostPID: true }), {
    request: `POST ${pods}?dryRun=%zzAll`,
  }),
  create('dry run after a broken escape', pod({ hostPID: true }), { request: `POST ${pods}?%zz&dryRun=All` }),
  create('dry run with a plus', pod({ hostPID: true }), { request: `POST ${pods}?dry+Run=All` }),
  create('dry run as a list', pod({ hostPID: true }), { request: `POST ${pods}?dryRun[]=All` }),
  create('dry run in the body, which is none', { ...pod({ hostPID: true }), dryRun: ['All'] }),
  create('dry run in a header, which is none', pod({ hostPID: true }), {
    headers: { 'dry-run': 'All', dryrun: 'All' },
  }),
  create('dry run, then nothing', pod({ hostPID: true }), { request: `POST ${pods}?dryRun=All&dryRun=`, code: 422 }),
  create('annotation of a dry run of Google', {
    ...pod({ hostPID: true }),
    metadata: { name: '$name', annotations: { 'command.gke.io/dryRun': 'true' } },
  }),
  create('dry run without a value', pod({ hostPID: true }), { request: `POST ${pods}?dryRun=`, code: 422 }),
  create('dry run of another word', pod({ hostPID: true }), { request: `POST ${pods}?dryRun=all`, code: 422 }),
  create('refused by PodSecurity', pod({ hostPID: true }), {
    request: 'POST /api/v1/namespaces/guarded/pods',
    code: 403,
  }),
  create('refused by the authorizer', pod({ hostPID: true }), { as: 'eve', code: 403 }),
  create('name that is there', pod({ hostPID: true }), { given: [pods, pod()], code: 409 }),
  create('impersonating', pod({ hostPID: true }), {
    headers: { 'impersonate-user': 'ann', 'impersonate-group': 'developers' },
  }),
  create('by a token of a controller', pod({ hostPID: true }), { as: 'thief' }),

  create('set by admission', { ...pod(), metadata: { name: '$name', labels: injected } }),
  create(
    'set by admission, answer as a table',
    { ...pod(), metadata: { name: '$name', labels: injected } },
    {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      awaits: 'the answer to be unknown where it is no object',
    },
  ),
  create('Rollout', rollout({ hostPID: true }), { request: `POST ${rollouts}` }),
  create('Rollout, an unknown member of 300 levels', withMembers(rollout({ hostPID: true }), `"junk":${nested(300)}`), {
    request: `POST ${rollouts}`,
  }),

  ...controllers.map(
    ([kind, path, object]): Act =>
      create(kind, { metadata: { name: '$name' }, ...object }, { request: `POST ${path}` }),
  ),

  patch('a member', media.strategicMergePatch, withHostPid),
  patch('the pod spec replaced', media.strategicMergePatch, {
    spec: { template: { spec: { $patch: 'replace', ...podSpec({ hostPID: true }) } } },
  }),
  patch('keys retained', media.strategicMergePatch, {
    spec: { template: { spec: { $retainKeys: ['containers', 'hostPID'], hostPID: true } } },
  }),
  patch(
    'twice the key, true last',
    media.strategicMergePatch,
    '{"spec":{"template":{"spec":{"hostPID":false,"hostPID":true}}}}',
  ),
  patch(
    'twice the key, false last',
    media.strategicMergePatch,
    '{"spec":{"template":{"spec":{"hostPID":true,"hostPID":false}}}}',
  ),
  patch(
    'an unknown member of 300 levels',
    media.strategicMergePatch,
    withMembers(withHostPid, `"junk":${nested(300)}`),
  ),
  patch(
    'an unknown member of 9,000 levels',
    media.strategicMergePatch,
    withMembers(withHostPid, `"junk":${nested(9000)}`),
  ),
  patch(
    'an unknown member of 300 levels first',
    media.strategicMergePatch,
    `{"junk":${nested(300)},${text(withHostPid).slice(1)}`,
  ),
  patch('over many lines', media.strategicMergePatch, JSON.stringify(withHostPid, null, '\t').replaceAll('\n', '\r\n')),
  patch('bytes that are no UTF-8', media.strategicMergePatch, withoutUtf8(withHostPid)),
  patch('lone surrogates', media.strategicMergePatch, withMembers(withHostPid, '"junk":"\\ud800\\udc00\\udfff"')),
  patch('2 MB that is dropped', media.strategicMergePatch, withMembers(withHostPid, `"junk":"${'x'.repeat(2e6)}"`)),
  patch(
    'a hundred thousand numbers that are dropped',
    media.strategicMergePatch,
    withMembers(withHostPid, `"junk":[${'0,'.repeat(1e5)}0]`),
  ),
  patch(
    'ten thousand members that are dropped',
    media.strategicMergePatch,
    withMembers(withHostPid, `"junk":{${manyMembers}}`),
  ),
  patch(
    'numbers beyond every range',
    media.strategicMergePatch,
    withMembers(withHostPid, '"junk":[1e300,-0,123456789012345678901234567890]'),
  ),
  patch('another case of the key', media.strategicMergePatch, { spec: { template: { spec: { hostpid: true } } } }),
  patch('as a JSON Patch', media.strategicMergePatch, [{ op: 'add', path: hostPidPath, value: true }], { code: 400 }),
  patch('media type with parameters', `${media.strategicMergePatch}; charset=utf-8`, withHostPid),
  patch('answer as a table', media.strategicMergePatch, withHostPid, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  }),
  patch('dry run', media.strategicMergePatch, withHostPid, { request: `PATCH ${deployments}/$name?dryRun=All` }),
  patch('cleared', media.strategicMergePatch, { spec: { template: { spec: { hostPID: null } } } }),
  patch('of the status, which has no spec', media.strategicMergePatch, withHostPid, {
    request: `PATCH ${deployments}/$name/status`,
  }),
  patch('of the scale, which has no template', media.mergePatch, withHostPid, {
    request: `PATCH ${deployments}/$name/scale`,
  }),

  patch('a member', media.mergePatch, withHostPid),
  patch(
    'twice template',
    media.mergePatch,
    '{"spec":{"template":{"spec":{"hostPID":true}},"template":{"metadata":{"labels":{"a":"b"}}}}}',
  ),
  patch('an unknown member of 300 levels', media.mergePatch, withMembers(withHostPid, `"junk":${nested(300)}`)),
  patch('an unknown member of 9,000 levels', media.mergePatch, withMembers(withHostPid, `"junk":${nested(9000)}`)),
  patch('bytes that are no UTF-8', media.mergePatch, withoutUtf8(withHostPid)),
  patch('answer as metadata', media.mergePatch, withHostPid, {
    headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
  }),
  patch(
    'something else, answer as a table',
    media.mergePatch,
    { spec: { replicas: 2 } },
    {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    },
  ),
  ...[300, 9000].map((levels) =>
    patch(
      `Rollout, an unknown member of ${levels} levels, which is kept`,
      media.mergePatch,
      withMembers(withHostPid, `"junk":${nested(levels)}`),
      { request: `PATCH ${rollouts}/$name`, given: [rollouts, rollout()] },
    ),
  ),
  patch('dry run, twice', media.mergePatch, withHostPid, {
    request: `PATCH ${deployments}/$name?dryRun=All&dryRun=All`,
  }),

  patch('add', media.jsonPatch, [{ op: 'add', path: hostPidPath, value: true }]),
  patch('add, path without its slash', media.jsonPatch, [{ op: 'add', path: `x${hostPidPath}`, value: true }]),
  patch(
    'add, path escaped',
    media.jsonPatch,
    '[{"op":"add","path":"\\u002fspec/template/spec/hostPI\\u0044","value":true}]',
  ),
  patch(
    'add, twice the path',
    media.jsonPatch,
    `[{"op":"add","path":"/metadata/labels","path":"${hostPidPath}","value":true}]`,
  ),
  patch('add, members in another order', media.jsonPatch, `[{"value":true,"path":"${hostPidPath}","op":"add"}]`),
  patch('add, members in another case', media.jsonPatch, `[{"OP":"add","Path":"${hostPidPath}","VALUE":true}]`, {
    code: 422,
  }),
  patch('operation in another case', media.jsonPatch, `[{"op":"ADD","path":"${hostPidPath}","value":true}]`, {
    code: 422,
  }),
  patch(
    'add, more members',
    media.jsonPatch,
    `[{"op":"add","path":"${hostPidPath}","value":true,"from":"/x","junk":${nested(300)}}]`,
  ),
  patch('a hundred operations before', media.jsonPatch, [
    ...Array.from({ length: 100 }, (_, index) => ({ op: 'add', path: '/spec/replicas', value: index % 3 })),
    { op: 'add', path: hostPidPath, value: true },
  ]),
  patch('add of null', media.jsonPatch, [{ op: 'add', path: hostPidPath, value: null }]),
  patch('replace of all', media.jsonPatch, [{ op: 'replace', path: '', value: deployment({ hostPID: true }) }]),
  patch('add of spec', media.jsonPatch, [
    { op: 'add', path: '/spec', value: { selector, template: template({ hostPID: true }) } },
  ]),
  patch('remove and add of the template', media.jsonPatch, [
    { op: 'remove', path: '/spec/template' },
    { op: 'add', path: '/spec/template', value: template({ hostPID: true }) },
  ]),
  patch('copy of the template by parts', media.jsonPatch, [
    { op: 'copy', from: '/spec/template/spec', path: '/spec/template/metadata/annotations' },
    { op: 'remove', path: '/spec/template/metadata/annotations' },
    { op: 'add', path: hostPidPath, value: true },
  ]),
  patch('something else, answer as a table', media.jsonPatch, [{ op: 'add', path: '/spec/replicas', value: 2 }], {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  }),
  patch('add of the pod spec', media.jsonPatch, [
    { op: 'add', path: '/spec/template/spec', value: podSpec({ hostPID: true }) },
  ]),
  patch('replace of the template', media.jsonPatch, [
    { op: 'replace', path: '/spec/template', value: template({ hostPID: true }) },
  ]),
  patch('add and remove', media.jsonPatch, [
    { op: 'add', path: hostPidPath, value: true },
    { op: 'remove', path: hostPidPath },
  ]),
  patch(
    'copy of another member',
    media.jsonPatch,
    [{ op: 'copy', from: '/spec/template/spec/hostNetwork', path: hostPidPath }],
    {
      given: [deployments, deployment({ hostNetwork: true })],
    },
  ),
  patch('move of another member', media.jsonPatch, [{ op: 'move', from: '/spec/paused', path: hostPidPath }], {
    given: [deployments, deployment({}, { paused: true })],
  }),
  patch(
    'test that fails',
    media.jsonPatch,
    [
      { op: 'test', path: '/spec/replicas', value: 7 },
      { op: 'add', path: hostPidPath, value: true },
    ],
    { code: 422 },
  ),
  patch(
    'an unknown member of 300 levels',
    media.jsonPatch,
    `[{"op":"add","path":"/junk","value":${nested(300)}},{"op":"add","path":"${hostPidPath}","value":true}]`,
  ),
  patch(
    'an operation with twice value, true last',
    media.jsonPatch,
    `[{"op":"add","path":"${hostPidPath}","value":false,"value":true}]`,
  ),

  apply('JSON', pod({ hostPID: true })),
  apply('JSON, of what is there', deployment({ hostPID: true }), {
    request: `PATCH ${deployments}/$name?fieldManager=helm&force=true`,
    given: [deployments, deployment()],
    code: 200,
  }),
  apply(
    'JSON of a CronJob',
    { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: '$name' }, ...controllers[6]![2] },
    {
      request: 'PATCH /apis/batch/v1/namespaces/shop/cronjobs/$name?fieldManager=kubectl',
    },
  ),
  apply(
    'JSON, twice the key, true last',
    text(pod({ hostPID: true })).replace('"hostPID"', '"hostPID":false,"hostPID"'),
  ),
  apply('JSON, an unknown member of 300 levels', withMembers(pod({ hostPID: true }), `"junk":${nested(300)}`), {
    code: 500,
  }),
  apply('JSON, set by admission', { ...pod(), metadata: { name: '$name', labels: injected } }),
  apply(
    'JSON of a Rollout, an unknown member of 300 levels, which is kept',
    withMembers(rollout({ hostPID: true }), `"junk":${nested(300)}`),
    {
      request: `PATCH ${rollouts}/$name?fieldManager=kubectl`,
    },
  ),
  apply('JSON, dry run', pod({ hostPID: true }), { request: `PATCH ${pods}/$name?fieldManager=kubectl&dryRun=All` }),
  apply('YAML', yaml('$name'), { loggedSince: 37 }),
  apply('JSON with a comment', `${text(pod({ hostPID: true }))} # and more`, { loggedSince: 37 }),
  apply('JSON after a byte order mark', `\uFEFF${text(pod({ hostPID: true }))}`, { loggedSince: 37 }),
  apply('two documents', `${yaml('$name')}---\n${yaml('other')}`, { loggedSince: 37 }),
  apply('YAML that names another object', yaml('other'), { loggedSince: 37, code: 400 }),
  apply('CBOR', pod({ hostPID: true }), { type: media.applyPatchCbor, loggedSince: 37 }),

  {
    name: 'update: Deployment',
    as: 'mallory',
    request: `PUT ${deployments}/$name`,
    given: [deployments, deployment()],
    body: deployment({ hostPID: true }),
    code: 200,
  },
  {
    name: 'update: Deployment in YAML',
    as: 'mallory',
    request: `PUT ${deployments}/$name`,
    given: [deployments, deployment()],
    body: text(deployment({ hostPID: true })).replace(/^/, '# a comment\n'),
    type: media.yaml,
    code: 200,
  },
  {
    name: 'update: a Deployment that is not there',
    as: 'mallory',
    request: `PUT ${deployments}/$name`,
    body: deployment({ hostPID: true }),
    code: 404,
  },
  {
    name: 'update: twice the key, true last',
    as: 'mallory',
    request: `PUT ${deployments}/$name`,
    given: [deployments, deployment()],
    body: text(deployment({ hostPID: true })).replace('"hostPID"', '"hostPID":false,"hostPID"'),
    code: 200,
  },
  {
    name: 'update: of the status, which has no spec',
    as: 'mallory',
    request: `PUT ${deployments}/$name/status`,
    given: [deployments, deployment()],
    body: deployment({ hostPID: true }),
    code: 200,
  },
  {
    name: 'update: of the ephemeral containers, whose spec stays as it is',
    as: 'mallory',
    request: `PUT ${pods}/$name/ephemeralcontainers`,
    given: [pods, pod()],
    body: pod({ hostPID: true }),
    code: 200,
  },
  {
    name: 'update: of the resources, whose spec stays as it is',
    as: 'mallory',
    request: `PATCH ${pods}/$name/resize`,
    type: media.strategicMergePatch,
    given: [pods, pod()],
    body: { spec: { hostPID: true } },
    code: 200,
  },
  {
    name: 'update: of the status of a pod, whose spec stays as it is',
    as: 'mallory',
    request: `PATCH ${pods}/$name/status`,
    type: media.strategicMergePatch,
    given: [pods, pod()],
    body: { spec: { hostPID: true }, status: { phase: 'Running' } },
    code: 200,
  },
  {
    name: 'update: a CronJob, by JSON Patch',
    as: 'mallory',
    request: 'PATCH /apis/batch/v1/namespaces/shop/cronjobs/$name',
    type: media.jsonPatch,
    given: [
      '/apis/batch/v1/namespaces/shop/cronjobs',
      {
        metadata: { name: '$name' },
        spec: {
          schedule: '0 3 * * *',
          jobTemplate: { spec: { template: { spec: podSpec({ restartPolicy: 'Never' }) } } },
        },
      },
    ],
    body: [{ op: 'add', path: '/spec/jobTemplate/spec/template/spec/hostPID', value: true }],
    code: 200,
  },
  {
    name: 'update: a pod, whose spec stays as it is',
    as: 'mallory',
    request: `PUT ${pods}/$name`,
    given: [pods, pod()],
    body: pod({ hostPID: true }),
    code: 422,
  },
];
