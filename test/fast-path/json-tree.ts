/** A JSON text as a tree whose leaves and keys are text: a mutation changes the spelling, not only the value. */
import type { Random } from '../fuzz/fuzz.ts';

/** `embedded` is a text that contains JSON; `raw` is printed unchanged, whether or not it is JSON. */
export type Node =
  | MapNode
  | { kind: 'list'; items: Node[] }
  | { kind: 'raw'; text: string }
  | { kind: 'embedded'; tree: Node };

export interface MapNode {
  kind: 'map';
  members: Member[];
}

export interface Member {
  /** With its quotes. */
  key: string;
  value: Node;
}

/** Marks a value that a wrapper carries as JSON text. */
export class Embedded {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

export const raw = (text: string): Node => ({ kind: 'raw', text });

export function treeOf(value: unknown): Node {
  if (value instanceof Embedded) return { kind: 'embedded', tree: treeOf(value.value) };
  if (Array.isArray(value)) return { kind: 'list', items: value.map(treeOf) };
  if (typeof value !== 'object' || value === null) return raw(JSON.stringify(value));
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return { kind: 'map', members: members.map(([key, inner]) => ({ key: JSON.stringify(key), value: treeOf(inner) })) };
}

/** @param random chooses the white space between tokens; none without it */
export function print(node: Node, random?: Random): string {
  const gap = () => (random === undefined ? '' : ['', '', ' ', '\t', '\r', '  '][random(6)]!);
  switch (node.kind) {
    case 'raw':
      return node.text;
    case 'embedded':
      return JSON.stringify(print(node.tree, random));
    case 'list':
      return `[${gap()}${node.items.map((item) => print(item, random)).join(`${gap()},${gap()}`)}${gap()}]`;
    case 'map': {
      const members = node.members.map(({ key, value }) => `${key}${gap()}:${gap()}${print(value, random)}`);
      return `{${gap()}${members.join(`${gap()},${gap()}`)}${gap()}}`;
    }
  }
}

/** Every map of a tree, including those in embedded text. */
export function mapsIn(node: Node): MapNode[] {
  switch (node.kind) {
    case 'raw':
      return [];
    case 'embedded':
      return mapsIn(node.tree);
    case 'list':
      return node.items.flatMap(mapsIn);
    case 'map':
      return [node, ...node.members.flatMap(({ value }) => mapsIn(value))];
  }
}

export function memberOf(map: MapNode | undefined, name: string): Member | undefined {
  return map?.members.findLast(({ key }) => key === JSON.stringify(name));
}

export function mapAt(map: MapNode | undefined, name: string): MapNode | undefined {
  const value = memberOf(map, name)?.value;
  return value?.kind === 'map' ? value : undefined;
}

export function setMember(map: MapNode | undefined, name: string, value: unknown): void {
  const member = memberOf(map, name);
  if (member !== undefined) member.value = treeOf(value);
  else map?.members.push({ key: JSON.stringify(name), value: treeOf(value) });
}

export function dropMember(map: MapNode | undefined, name: string): void {
  if (map !== undefined) map.members = map.members.filter(({ key }) => key !== JSON.stringify(name));
}
