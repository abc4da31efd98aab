/** Where in a record a mutation is applied. */
import type { Random } from '../fuzz/fuzz.ts';
import { type MapNode, type Member, mapAt, mapsIn, memberOf, type Node, raw } from './json-tree.ts';

/** Changes a tree in place. */
export type Mutation = (tree: Node, random: Random) => void;

export const pick = <T>(items: readonly T[], random: Random): T => items[random(items.length)]!;

/** The maps that are audit events: those with a verb, or with its equivalent. */
function eventsIn(tree: Node): MapNode[] {
  const maps = mapsIn(tree);
  const events = maps.filter((map) => memberOf(map, 'verb') ?? memberOf(map, 'methodName'));
  return events.length > 0 ? events : maps.slice(0, 1);
}

const shallow = [
  ...['objectRef', 'user', 'responseStatus', 'annotations', 'impersonatedUser'],
  ...['authenticationInfo', 'requestMetadata', 'status'],
];

/** A map whose members a rule without a body reads: the event, or a map in it. */
export function shallowMap(tree: Node, random: Random): MapNode | undefined {
  const event = pick(eventsIn(tree), random);
  if (random(2) === 0) return event;
  return mapAt(event, pick(shallow, random)) ?? event;
}

const anyMap = (tree: Node, random: Random): MapNode | undefined => pick(mapsIn(tree), random);
export const mapFor = (tree: Node, random: Random) =>
  random(4) === 0 ? anyMap(tree, random) : shallowMap(tree, random);
export const insert = (map: MapNode | undefined, member: Member, random: Random) =>
  map?.members.splice(random(map.members.length + 1), 0, structuredClone(member));

/** On a member of a map, one at random. */
export function onMember(change: (map: MapNode, index: number, random: Random) => void): Mutation {
  return (tree, random) => {
    const map = mapFor(tree, random);
    if (map !== undefined && map.members.length > 0) change(map, random(map.members.length), random);
  };
}

/** On an event of the record. */
export function onEvent(change: (event: MapNode, random: Random) => void): Mutation {
  return (tree, random) => {
    const event = pick(eventsIn(tree), random);
    if (event !== undefined) change(event, random);
  };
}

/** Replaces the value of a member by a text that is inserted unchanged. */
export function spelled(...texts: readonly string[]): Mutation {
  return onMember((map, index, random) => {
    map.members[index]!.value = raw(pick(texts, random));
  });
}
