/** Bodies of records, most of which are decided by their outlines: events as clusters log them, with each member from a small
 * pool, so that profiles recur, and most often next to one that differs in a single member. */
import type { Random } from '../fuzz/fuzz.ts';
import { join, type Layout } from './bodies.ts';
import { Embedded, type Node, print, treeOf } from './json-tree.ts';
import { packEvent } from './msgpack-text.ts';
import { mutations } from './mutations.ts';
import { pools } from './outlined-pools.ts';
import { pick } from './places.ts';

/** The members of a record, by the pool of each. */
type Made = { [member in keyof typeof pools]: (typeof pools)[member][number] };

const members = Object.keys(pools) as (keyof Made)[];

/** The base of the requests: the first of each pool, except for what they are about. */
const usual = Object.fromEntries(members.map((member) => [member, pools[member][0]])) as unknown as Made;

/** Makes the records of a body. A third of the bodies vary in three members only, so that these meet in all their values. */
function maker(random: Random): () => Made {
  const kinds = Array.from({ length: 3 }, () => pick(pools.request, random));
  const varied = Array.from({ length: 3 }, () => pick(members, random));
  const isNarrow = random(3) === 0;
  return () => {
    const [kind, name] = [pick(isNarrow ? kinds : pools.request, random), pick(pools.name, random)];
    const one: Record<string, unknown> = { ...usual, request: kind, name };
    const changed = isNarrow ? varied : Array.from({ length: random(4) }, () => pick(members, random));
    for (const member of changed) if (random(2) === 0) one[member] = pick<unknown>(pools[member], random);
    return one as unknown as Made;
  };
}

function eventOf({ request, ...one }: Made, index: number): Record<string, unknown> {
  const { path, objectRef } = request.of(one.namespace, one.name, one.version);
  const isAnswered = one.stage !== 'RequestReceived';
  const hasStatus = one.hasStatus === 'always' || (one.hasStatus === 'answered' && isAnswered);
  return {
    kind: 'Event',
    apiVersion: one.apiVersion,
    level: one.level,
    auditID: `22222222-0000-4000-8000-${String(index).padStart(12, '0')}`,
    stage: one.stage,
    requestURI: path + one.query,
    verb: one.verb ?? request.verb,
    user: one.user,
    impersonatedUser: one.impersonatedUser,
    authenticationMetadata: one.authenticationMetadata,
    sourceIPs: one.sourceIPs,
    userAgent: one.userAgent,
    objectRef: objectRef && { ...objectRef, ...one.ref },
    responseStatus: hasStatus ? one.responseStatus : undefined,
    requestObject: one.requestObject ?? request.requestObject,
    responseObject: isAnswered ? (one.responseObject ?? request.responseObject) : undefined,
    requestReceivedTimestamp: `2026-01-02T03:04:05.${String(index % 1_000_000).padStart(6, '0')}Z`,
    ...one.times,
    annotations: one.annotations,
  };
}

/** Changes that most records do not get, and that require a record to be parsed. */
const hostile = [
  ...['duplicateFirst', 'duplicateLast', 'duplicateSame', 'duplicateEscaped', 'escapeKey', 'broken', 'brokenLeaf'],
  ...['dryRun', 'otherUri', 'withoutReference', 'namespaceInBody', 'number', 'status', 'hostileKey', 'tagMember'],
];
/** Changes that do not require parsing. */
const benign = ['escapeValue', 'otherCase', 'privileged', 'shuffle', 'moveFirst', 'lookAlikeText', 'extraMember'];

function treeWith(one: Made, random: Random, index: number): Node {
  const tree = treeOf(one.surroundings(eventOf(one, index), (event) => new Embedded(event), index));
  const chance = random(20);
  if (chance < 2) mutations[pick(hostile, random)]!(tree, random);
  else if (chance < 3) mutations[pick(Object.keys(mutations), random)]!(tree, random);
  else if (chance < 6) mutations[pick(benign, random)]!(tree, random);
  return tree;
}

/** @param first index of the first record, from which the id and the time are derived */
export function outlinedBody(layout: Layout, random: Random, count: number, first: number): Buffer {
  const make = maker(random);
  const parts = Array.from({ length: count }, (_, offset) => {
    const tree = treeWith(make(), random, first + offset);
    const spelling = random(12) === 0 ? random : undefined;
    return layout === 'msgpack' ? packEvent(tree, spelling) : Buffer.from(print(tree, spelling));
  });
  return join(layout, parts);
}
