/** Items of bodies generated at random, evaluated from their bytes and from the decoded values. */
import type * as BodyItems from '../../src/decisions/body-items.ts';
import type * as BodyNotations from '../../src/decisions/body-notation.ts';
import type * as BodySearches from '../../src/decisions/body-search.ts';
import { fieldsOf } from '../../src/fields/index.ts';
import { parseExactly } from '../../src/json/exact.ts';
import { decode } from '../../src/msgpack/decode.ts';
import type { AuditEvent } from '../../src/record.ts';
import { type CompiledItem, compileRule, parseRules } from '../../src/sigma/index.ts';
import { type MapNode, type Node, print, raw } from '../fast-path/json-tree.ts';
import { pack } from '../fast-path/msgpack-text.ts';
import { type Random, randomFrom } from '../fuzz/fuzz.ts';

export const texts = [
  'hostPID: true',
  "hostPID: 'TRUE'",
  "hostPID|cased: 'true'",
  'hostIPC: false',
  'hostNetwork|exists: true',
  'hostNetwork|exists: false',
  'podSpec.hostUsers: null',
  'podSpec.priority: [null, 5]',
  'podSpec.priority|gte: 10',
  'podSpec.priority|neq: 7',
  'containers.securityContext.privileged: true',
  'containers.securityContext.runAsUser: 0',
  "containers.image|contains|all: ['registry', ':latest']",
  'containers.args|contains: --shell',
  "containers.args|contains|all: ['nc', 'sh']",
  'capabilities: [SYS_ADMIN, NET_RAW]',
  "capabilities: '*'",
  "images|endswith: ':latest'",
  'imageRepositories: registry.example.net/tools',
  'hostPath|startswith: /etc',
  "hostPath: '*'",
  'volumes.hostPath.path: /var/run/docker.sock',
  'serviceAccountName: default',
  "serviceAccountName|contains: '\"b'",
  'object.metadata.labels.example.com/owner: red',
  'object.metadata.name|startswith: web',
  'requestObject.spec.hostIPC: true',
  "responseObject.metadata.labels.app|re: '^w.b$'",
  'requestObject.spec.replicas: 1000',
  "requestObject.spec.replicas|contains: '000'",
  "requestObject.spec.replicas|contains: '740993'",
  'containers[any]: { securityContext.privileged: true }',
  'containers[none]: { securityContext.privileged: true }',
  'containers[all]: { securityContext.privileged: true }',
  'containers[all_or_empty]: { securityContext.privileged: true }',
  "containers[any]: { '|contains': [miner, xmrig] }",
  "containers[any]: { '|re': '\\bnc\\s+-e|/dev/tcp/' }",
  "containers[any]: { '|contains': '0x12' }",
  "containers[any]: { '|re': '(?i)xmrisk' }",
  "containers[any]: { '|contains': 'x>&y' }",
  'containers[any]: { a: { image|contains: tools }, b: { securityContext.runAsUser: 0 }, condition: a and not b }',
  'containers[any]: { a: { image|contains: tools }, b: { securityContext.runAsUser: 0 }, condition: 1 of them }',
  'containers[any]: { a: { image|contains: tools }, b: { securityContext.runAsUser: 0 }, c: { args: 7 }, condition: 2 of them }',
  'containers[any]: { a: { image|contains: tools }, b: { ^.verb: create }, condition: a and b }',
  'containers[any]: { securityContext.runAsUser: null }',
  'containers[any]: { "env[any]": { name: TOKEN, value|startswith: s3 } }',
  'object.metadata.ownerReferences[any]: { controller: true, kind: Job }',
  'object.metadata.ownerReferences[none]: { controller: true }',
  "object.metadata.finalizers[0]: { .: 'a' }",
];

/** Items that bytes can decide if there are no containers. */
const others = ["containers[any]: { '|contains': '1000' }", "containers[any]: { '.': '*' }"];

/** Bodies for which some of them hold, or do not hold, because of something easily overlooked. */
const examples = [
  ...[
    'nc\\t-e',
    'nc\\n-e',
    'nc\\f-e',
    'nc\\r-e',
    'nc -e',
    'NC -e',
    'xmri\u017fk',
    'xmris\u212a',
    'xmri\\u017fk',
    'xmris\\u212A',
  ],
  ...[
    'x>&y',
    'x\\u003e\\u0026y',
    'x\\u003e&y',
    'x\\u003E&y',
    '<\\u003c',
    'tools',
    'x',
    '\\u003c\\u003c\\u003cm\\u0069ner',
  ],
]
  .map((text) => `{"spec":{"containers":[{"image":"${text}","securityContext":{"runAsUser":0}}]}}`)
  .concat([
    `{"spec":{"containers":[{"image":"${'. '.repeat(40)}nc -e"}]}}`,
    '{"spec":{"serviceAccountName":"a\\"b"}}',
    '{"spec":{"priority":9},"x":{"priority":null}}',
    '{"spec":{"replicas":9007199254740993}}',
    '{"spec":{"volumes.hostPath":{"path":"/etc/x"}}}',
    '{"spec":{"volumes.hostPath.path":"/etc/x"}}',
    '{"spec":{"volumes":[{"hostPath.path":"/etc/x"}]}}',
    '{"spec":{"note":"\\u003c\\u003c","host\\u0050ID":true}}',
  ]);

const names = [...texts, ...others];

const items: readonly CompiledItem[] = names.map((text) => {
  const rule = `title: T\nsigma-version: 3\nlogsource: {product: kubernetes}\ndetection:\n  a:\n    ${text}\n  condition: a`;
  const { rules, problems } = parseRules(rule, 'r.yml');
  if (problems.length > 0) throw new Error(`${text}: ${problems[0]!.message}`);
  return compileRule(rules[0]!).items[0]!;
});

const scalars = [
  ...[
    'true',
    'false',
    'null',
    '0',
    '-0',
    '5',
    '7',
    '1000',
    '1e3',
    '1.0e3',
    '9007199254740993',
    '12345678901234567890123',
  ],
  ...['"true"', '"True"', '"TRUE"', '"false"', '"0"', '"5"', '"1000"', '""', '"a"', '"wéb"', '"web"', '"Job"', '"red"'],
  ...[
    '"default"',
    '"SYS_ADMIN"',
    '"cap_net_raw"',
    '"/etc/x"',
    '"\\/etc"',
    '"/var/run/docker.sock"',
    '"s3cret"',
    '"TOKEN"',
  ],
  ...[
    '"registry.example.net/tools:latest"',
    '"registry"',
    '":latest"',
    '"registry.example.net/\\u0074ools:1"',
    '"--shell"',
  ],
  ...[
    '"xmrig"',
    '"XMRig"',
    '"m\\u0069ner"',
    '"m\\u0130ner"',
    '"mıner"',
    '"\\u212aminer"',
    '"nc -e sh"',
    '"nc\\t-e"',
    '"nc\\u0020-e"',
  ],
  ...['"bash -i >& /dev/tcp/1"', '"\\u003e \\/dev\\/tcp\\/"', '"0x12"', '"a\\"b"', '"\\\\u0041"', '"ſ"', '"İ"', '"K"'],
];

const keys = [
  ...[
    'hostPID',
    'hostIPC',
    'hostNetwork',
    'hostUsers',
    'priority',
    'replicas',
    'serviceAccountName',
    'name',
    'app',
    'path',
  ],
  ...[
    'hostPath',
    'hostPath.path',
    'local',
    'local.path',
    'image',
    'args',
    'privileged',
    'runAsUser',
    'add',
    'labels',
    'kind',
  ],
  ...[
    'securityContext',
    'securityContext.privileged',
    'capabilities',
    'capabilities.add',
    'example.com/owner',
    'controller',
  ],
  ...[
    'owner',
    'com/owner',
    'spec.hostPID',
    'host\\u0050ID',
    'x.hostPID',
    'hostPIDs',
    'f:hostPID',
    'miner',
    'nc -e',
    'env',
    'value',
  ],
  ...['true', 'null', 'finalizers', 'x.hostPath', 'x.hostPath.path', 'volumes.hostPath', 'example.com\\/owner'],
];

/** A body that is mostly a pod, but in which everything may be elsewhere and anything else. */
function bodyOf(random: Random, isPlain: boolean): MapNode {
  const chosen = (all: readonly string[]) => {
    const isOdd = (text: string) => !/^[!-[\]-~ ]*$/.test(text);
    const odd = all.filter(isOdd);
    return [...all.filter((text) => !isOdd(text)), ...(isPlain ? [] : [odd[random(odd.length)]!])];
  };
  const [scalarsHere, keysHere] = [chosen(scalars), chosen(keys)];
  const one = <T>(list: readonly T[]): T => (random(3) ? list[random(list.length)]! : list.at(-1)!);
  const member = (key: string, value: Node) => ({ key: `"${key}"`, value });
  const map = (...members: { key: string; value: Node }[]): MapNode => ({ kind: 'map', members });
  const list = (length: number, make: () => Node): Node => ({ kind: 'list', items: Array.from({ length }, make) });
  const scalar = () => raw(one(scalarsHere));
  const anything = (depth: number): Node => {
    const kind = random(depth > 0 ? 8 : 5);
    if (kind < 4) return scalar();
    if (kind === 4) return list(random(20) === 0 ? 20 : random(3), scalar);
    if (kind === 5) return list(random(3), () => anything(depth - 1));
    return someOf(depth - 1, random(4));
  };
  const someOf = (depth: number, count: number): MapNode =>
    map(...Array.from({ length: count }, () => member(one(keysHere), anything(depth))));
  const container = () => {
    const inner = someOf(2, random(4));
    if (random(2)) inner.members.push(member('securityContext', someOf(2, random(3))));
    if (random(3) === 0)
      inner.members.push(
        member(
          'env',
          list(random(3), () => someOf(0, 3)),
        ),
      );
    return inner;
  };
  const spec = someOf(2, random(4));
  for (const name of ['containers', 'initContainers']) {
    if (random(2)) spec.members.push(member(name, random(8) ? list(random(3), container) : anything(2)));
  }
  if (random(3) === 0)
    spec.members.push(
      member(
        'volumes',
        list(random(3), () => someOf(2, 2)),
      ),
    );
  const body = map(member('spec', random(12) ? spec : anything(1)));
  const metadata = someOf(2, random(3));
  if (random(3) === 0)
    metadata.members.push(
      member(
        'ownerReferences',
        list(random(3), () => someOf(0, 3)),
      ),
    );
  if (random(6) === 0) metadata.members.push(member('finalizers', anything(1)));
  body.members.push(member('metadata', metadata));
  if (random(12) === 0) body.members.push(member('status', raw('"Failure"')));
  if (random(12) === 0) body.members.push(member('spec', someOf(2, 2)));
  if (random(2)) body.members.reverse();
  return body;
}

const event = {
  platform: 'kubernetes',
  auditID: '1',
  level: 'RequestResponse',
  stage: 'ResponseComplete',
  user: { username: 'ann', groups: [] },
  impersonatedUser: null,
  sourceIPs: [],
  clientIPs: [],
  userAgent: '',
  requestURI: '/',
  responseStatus: { code: 200 },
  outcome: 'success',
  dryRun: false,
  evidence: 'full',
  requestReceivedTimestamp: '',
  stageTimestamp: '',
  annotations: {},
  gaps: {},
} as const;

const resources = ['pods', 'pods', 'pods', 'persistentvolumes', 'deployments', 'configmaps'];

export const notations = {
  JSON: {
    name: 'jsonBodies',
    write: (body: MapNode, random: Random) => Buffer.from(print(body, random(3) ? undefined : random)),
    read: (bytes: Buffer) => parseExactly(bytes.toString()),
  },
  MessagePack: {
    name: 'msgpackBodies',
    write: (body: MapNode, random: Random) => pack(body, random(3) ? undefined : random),
    read: (bytes: Buffer) => decode(bytes, 0, bytes.length, { maxDepth: Number.POSITIVE_INFINITY }),
  },
} as const;

export interface BodyModules {
  bodyItems: typeof BodyItems;
  bodyNotation: typeof BodyNotations;
  bodySearch: typeof BodySearches;
}

/** The results for the items of some bodies. */
export interface Outcome {
  /** Items that were decided by bytes alone, and those that were left open, each at least once. */
  settled: ReadonlySet<string>;
  left: ReadonlySet<string>;
  /** Pairs of bodies that were not searched. */
  unsaid: number;
  /** Where the bytes gave a different result than the decoded values. */
  wrong: string | undefined;
}

/** Decides all items on pairs of bodies, by their bytes and by the decoded values. */
export function compareItems(layout: keyof typeof notations, modules: BodyModules, rounds: number): Outcome {
  const { name, write, read } = notations[layout];
  const collected = new modules.bodyItems.Collected();
  const bodyItems = items.map((item) => collected.add(item));
  const search = new modules.bodySearch.BodySearch(modules.bodyNotation[name], collected);
  const random = randomFrom(11);
  const settled = new Set<string>();
  const left = new Set<string>();
  let unsaid = 0;
  for (let round = 0; round < rounds; round++) {
    const isPlain = random(2) === 0;
    const example = layout === 'JSON' ? examples[round] : undefined;
    const bodies =
      example === undefined
        ? [bodyOf(random, isPlain), random(4) ? bodyOf(random, isPlain) : undefined].map(
            (body) => body && write(body, random),
          )
        : [Buffer.from(example)];
    const [request, response] = random(2) ? bodies : bodies.toReversed();
    const verb = example === undefined ? ['create', 'update', 'patch'][random(3)]! : 'create';
    const lookup = fieldsOf({
      ...event,
      verb,
      action: verb,
      objectRef: {
        resource: example === undefined ? resources[random(resources.length)]! : 'pods',
        subresource: '',
        namespace: 'a',
        name: 'b',
      },
      requestObject: request && read(request),
      responseObject: response && read(response),
    } as unknown as AuditEvent);
    const around = Buffer.concat([
      Buffer.from('#"'),
      ...bodies.flatMap((body) => body ?? []),
      Buffer.from('"hostPID"#'),
    ]);
    const view = new DataView(around.buffer, around.byteOffset, around.length);
    search.clear();
    let at = 2;
    let isSaid = true;
    for (const body of bodies) {
      if (body === undefined) continue;
      isSaid &&= search.add(around, view, at, at + body.length);
      at += body.length;
    }
    if (!isSaid) unsaid++;
    for (const [index, item] of items.entries()) {
      const bodyItem = bodyItems[index];
      if (!isSaid || bodyItem === undefined || bodyItem.mayDiffer(search)) {
        left.add(names[index]!);
        continue;
      }
      settled.add(names[index]!);
      if (item.decide(lookup) !== bodyItem.otherwise) {
        const shown = bodies.map((body) => body?.toString('latin1'));
        return { settled, left, unsaid, wrong: `${names[index]} of ${JSON.stringify(shown)}` };
      }
    }
  }
  return { settled, left, unsaid, wrong: undefined };
}
