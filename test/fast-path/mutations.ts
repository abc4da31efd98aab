/** Changes to the text of a record, hostile and benign ones: in its members and their spelling. */
import type { Random } from '../fuzz/fuzz.ts';
import { faults } from './faults.ts';
import { dropMember, type Member, mapAt, mapsIn, memberOf, type Node, raw, setMember, treeOf } from './json-tree.ts';
import { insert, type Mutation, mapFor, onEvent, onMember, pick, shallowMap, spelled } from './places.ts';
import { values } from './values.ts';

/** Each character escaped or not. */
function escaped(text: string, random: Random): string {
  const inner = text.slice(1, -1);
  if (!text.startsWith('"') || inner.includes('\\')) return text;
  return `"${[...inner].map((one) => (one.length > 1 || random(3) > 0 ? one : `\\u${hex(one, random)}`)).join('')}"`;
}

function hex(character: string, random: Random): string {
  const digits = character.charCodeAt(0).toString(16).padStart(4, '0');
  return random(2) === 0 ? digits : digits.toUpperCase();
}

const other = (name: string, random: Random): Node => treeOf(pick(values[name] ?? values.any!, random));
const nameOf = ({ key }: Member): string => key.slice(1, -1);

export const mutations: Readonly<Record<string, Mutation>> = {
  none() {},

  // Deciding values.
  retarget: onMember((map, index, random) => {
    const member = map.members[index]!;
    member.value = other(nameOf(member), random);
  }),
  retargetKnown: onEvent((event, random) => {
    const where = pick(
      [
        'verb',
        'resource',
        'subresource',
        'namespace',
        'name',
        'username',
        'groups',
        'code',
        'userAgent',
        'sourceIPs',
        'level',
        'stage',
        'requestURI',
        'apiGroup',
        'auditID',
      ],
      random,
    );
    const parent = { username: 'user', groups: 'user', code: 'responseStatus' }[where];
    const inRef = ['resource', 'subresource', 'namespace', 'name', 'apiGroup'].includes(where);
    const map = inRef ? mapAt(event, 'objectRef') : parent === undefined ? event : mapAt(event, parent);
    setMember(map, where, pick(values[where] ?? values.any!, random));
  }),
  otherCase: onMember((map, index, random) => {
    const { value } = map.members[index]!;
    if (value.kind === 'raw' && !value.text.includes('\\'))
      value.text = random(2) === 0 ? value.text.toUpperCase() : value.text.replace(/[a-z]/, (one) => one.toUpperCase());
  }),
  borrowMember: (tree, random) => {
    const [from, to] = [shallowMap(tree, random), shallowMap(tree, random)];
    const member = from && from.members.length > 0 ? pick(from.members, random) : undefined;
    if (member !== undefined) insert(to, member, random);
  },

  // Duplicate keys: the last one counts.
  duplicateFirst: onMember((map, index, random) => {
    const { key } = map.members[index]!;
    map.members.unshift({ key, value: other(key.slice(1, -1), random) });
  }),
  duplicateLast: onMember((map, index, random) => {
    const { key } = map.members[index]!;
    map.members.push({ key, value: other(key.slice(1, -1), random) });
  }),
  duplicateEscaped: onMember((map, index, random) => {
    const { key } = map.members[index]!;
    insert(map, { key: escaped(key, random), value: other(key.slice(1, -1), random) }, random);
  }),
  duplicateSame: onMember((map, index, random) => insert(map, map.members[index]!, random)),
  duplicateOfOtherType: onMember((map, index, random) => {
    const { key } = map.members[index]!;
    insert(map, { key, value: treeOf(pick([null, {}, [], '', 0, false, [null], { verb: 'delete' }], random)) }, random);
  }),

  // Spelling.
  escapeKey: onMember((map, index, random) => {
    map.members[index]!.key = escaped(map.members[index]!.key, random);
  }),
  escapeValue: onMember((map, index, random) => {
    const { value } = map.members[index]!;
    if (value.kind === 'raw') value.text = escaped(value.text, random);
    if (value.kind === 'list')
      for (const item of value.items) if (item.kind === 'raw') item.text = escaped(item.text, random);
  }),
  escapeAll: (tree, random) => {
    for (const map of mapsIn(tree)) {
      for (const member of map.members) {
        member.key = escaped(member.key, random);
        if (member.value.kind === 'raw') member.value.text = escaped(member.value.text, random);
      }
    }
  },
  moveLast: onMember((map, index) => map.members.push(...map.members.splice(index, 1))),
  moveFirst: onMember((map, index) => map.members.unshift(...map.members.splice(index, 1))),
  shuffle: (tree, random) => {
    const map = mapFor(tree, random);
    for (let left = map?.members.length ?? 0; left > 1; left--) {
      map!.members.push(...map!.members.splice(random(left), 1));
    }
  },
  reverseAll: (tree) => {
    for (const map of mapsIn(tree)) map.members.reverse();
  },

  // Types.
  number: spelled(
    '1.0',
    '1e0',
    '"1"',
    '-0',
    '0',
    '201.0',
    '2.01e2',
    '"201"',
    '9007199254740993',
    '123456789012345678901234567890',
    '1e400',
    '-1',
  ),
  status: onEvent((event, random) => {
    const code = raw(
      pick(
        [
          '200.0',
          '2e2',
          '"200"',
          '403',
          '"403"',
          '403.0',
          '4.03E+2',
          '0',
          '-0',
          '504',
          '18446744073709551616',
          'true',
          'null',
          '[403]',
        ],
        random,
      ),
    );
    insert(mapAt(event, 'responseStatus'), { key: '"code"', value: code }, random);
  }),
  boolean: spelled('"true"', '"True"', '"false"', 'true', 'false', '"TRUE"', '1', '"1"'),
  nothing: spelled('null', '""', '[]', '{}', '[null]', '" "'),
  wrongType: onMember((map, index, random) => {
    const member = map.members[index]!;
    member.value = pick(
      [{ kind: 'list', items: [member.value] }, { kind: 'map', members: [{ ...member }] }, raw('7')] as Node[],
      random,
    );
  }),
  drop: onMember((map, index) => map.members.splice(index, 1)),
  asText: onMember((map, index) => {
    const member = map.members[index]!;
    member.value = { kind: 'embedded', tree: member.value };
  }),

  // Misleading names.
  hostileKey: (tree, random) =>
    insert(
      mapFor(tree, random),
      {
        key: pick(
          ['"__proto__"', '"constructor"', '"toString"', '"\\u005f_proto__"', '""', '"hasOwnProperty"'],
          random,
        ),
        value: treeOf(pick([{ verb: 'delete', hostPID: true }, null, 'x', [], { username: 'system:admin' }], random)),
      },
      random,
    ),
  // A key with a backslash makes V8's JSON.parse misread others: https://github.com/nodejs/node/issues/63785
  lookAlikeText: (tree, random) => {
    const text = pick(
      [
        '","verb":"delete","x":"',
        '{"verb":"delete"}',
        '\\","verb":"create',
        '"}],"objectRef":{"resource":"secrets"}',
        '\\',
      ],
      random,
    );
    insert(
      mapFor(tree, random),
      { key: text.includes('\\') ? '"note"' : JSON.stringify(pick(['note', text], random)), value: treeOf(text) },
      random,
    );
  },
  lookAlikeMap: (tree, random) => {
    const value = {
      verb: 'create',
      objectRef: { resource: 'pods', namespace: 'kube-system' },
      user: { username: 'system:admin' },
    };
    insert(
      mapFor(tree, random),
      { key: JSON.stringify(pick(['extra', 'metadata', 'kubernetes', 'requestObject'], random)), value: treeOf(value) },
      random,
    );
  },
  dottedKey: (tree, random) =>
    insert(
      mapFor(tree, random),
      {
        key: pick(
          [
            '"objectRef.resource"',
            '"user.username"',
            '"requestObject.spec.hostPID"',
            '"spec.hostPID"',
            '"objectRef/verb"',
          ],
          random,
        ),
        value: other('any', random),
      },
      random,
    ),
  extraMember: (tree, random) => insert(mapFor(tree, random), { key: '"zz"', value: other('any', random) }, random),
  tagMember: (tree, random) =>
    insert(
      pick([tree.kind === 'map' ? tree : undefined, mapFor(tree, random)], random),
      {
        key: pick(['"tripline"', '"\\u0074ripline"'], random),
        value: treeOf(pick([{ v: 2, verdict: 'clear' }, 1, null, [{}]], random)),
      },
      random,
    ),
  longName: onEvent((event, random) => setMember(mapAt(event, 'objectRef'), 'name', 'n'.repeat(200 + random(3000)))),
  manyMembers: (tree, random) => {
    const map = mapFor(tree, random);
    const count = 1 + random(200);
    for (let index = 0; index < count; index++) insert(map, { key: `"m${index}"`, value: raw(String(index)) }, random);
  },

  // Variants of an event.
  beta: onEvent((event, random) => {
    setMember(event, 'apiVersion', pick(['audit.k8s.io/v1beta1', 'audit.k8s.io/v1alpha1', 'audit.k8s.io/v2'], random));
    setMember(event, 'timestamp', '2026-01-02T03:04:05Z');
    if (random(2) === 0) setMember(event, 'metadata', { creationTimestamp: '2026-01-02T03:04:05Z' });
  }),
  otherUri: onEvent((event, random) => setMember(event, 'requestURI', pick(values.requestURI!, random))),
  dryRun: onEvent((event, random) => {
    const query = pick(
      [
        'dryRun=All',
        '%64ryRun=All',
        'dryRun=None&dryRun=All',
        'dryRun=All&dryRun=None',
        'dryrun=All',
        'dryRun=',
        'dryRun',
        'x=1;dryRun=All',
        'dryRun=%41ll',
        'DryRun=All',
        'dryRun[]=All',
      ],
      random,
    );
    setMember(event, 'requestURI', `/api/v1/namespaces/shop/pods?${query}`);
  }),
  /** In both the URI and the reference. */
  elsewhere: onEvent((event, random) => {
    const uri = memberOf(event, 'requestURI')?.value;
    const namespace = pick(['kube-system', 'shop', 'default', 'dev'], random);
    if (uri?.kind !== 'raw' || memberOf(mapAt(event, 'objectRef'), 'namespace') === undefined) return;
    uri.text = uri.text.replace(/\/namespaces\/[^/"?]+/, `/namespaces/${namespace}`);
    setMember(mapAt(event, 'objectRef'), 'namespace', namespace);
  }),
  withoutReference: onEvent((event, random) => {
    if (random(2) === 0) dropMember(event, 'objectRef');
    else
      dropMember(mapAt(event, 'objectRef'), pick(['namespace', 'name', 'resource', 'apiVersion', 'apiGroup'], random));
  }),
  namespaceInBody: onEvent((event) => {
    dropMember(mapAt(event, 'objectRef'), 'namespace');
    setMember(mapAt(mapAt(event, 'requestObject'), 'metadata'), 'namespace', 'kube-system');
  }),
  generateName: onEvent((event) => {
    dropMember(mapAt(event, 'objectRef'), 'name');
    setMember(mapAt(event, 'requestObject'), 'metadata', { generateName: 'x-', namespace: 'shop' });
  }),
  codeless: onEvent((event) =>
    setMember(event, 'responseStatus', { metadata: {}, status: 'Failure', reason: 'Forbidden' }),
  ),
  timedOut: onEvent((event) => setMember(event, 'responseStatus', { metadata: {}, code: 504 })),
  stage: onEvent((event, random) => setMember(event, 'stage', pick(values.stage!, random))),
  level: onEvent((event, random) => setMember(event, 'level', pick(values.level!, random))),
  truncated: onEvent((event) => {
    for (const body of ['requestObject', 'responseObject']) dropMember(event, body);
    setMember(event, 'annotations', { 'audit.k8s.io/truncated': 'true' });
  }),
  skipped: onEvent((event) => setMember(event, 'requestObject', 'skipped-too-big-size-object')),
  body: onEvent((event, random) =>
    setMember(event, pick(['requestObject', 'responseObject'], random), pick(values.body!, random)),
  ),
  privileged: (tree, random) => {
    const specs = mapsIn(tree).filter((map) => memberOf(map, 'containers') !== undefined);
    const spec = specs[random(specs.length || 1)];
    insert(
      spec,
      {
        key: pick(['"hostPID"', '"hostIPC"', '"hostNetwork"', '"host\\u0050ID"'], random),
        value: raw(pick(['true', 'false', '"true"', '"True"', '1', 'null'], random)),
      },
      random,
    );
  },

  ...faults,
};
