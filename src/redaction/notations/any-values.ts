/** AnyValues of OTLP, `{"stringValue": …}`, as the values that they stand for. */
import type { Span } from '../../record.ts';
import type { Member, Node } from '../tree.ts';

/** A map that was read, or what it stands for.
 * @param textOf what a text says */
export function mapOf({ start, end }: Span, members: readonly Member[], textOf: (node: Node) => string): Node {
  const read = members.map(({ key, value }) => ({ key, value: keyValuesOf(key, value, textOf) }));
  return anyValueOf(read) ?? { kind: 'map', start, end, members: read };
}

/** The value that a map stands for, if it is an AnyValue. */
function anyValueOf(members: readonly Member[]): Node | undefined {
  const [only, ...others] = members;
  if (only === undefined || others.length > 0) return undefined;
  const { key, value } = only;
  switch (key) {
    case 'stringValue':
      return value.kind === 'text' ? value : undefined;
    case 'intValue':
    case 'doubleValue':
    case 'boolValue':
      return value.kind === 'text' || value.kind === 'scalar' ? { ...value, kind: 'scalar' } : undefined;
    case 'kvlistValue':
    case 'arrayValue':
      return value.kind === 'map' && value.members.length === 1 ? value.members[0]!.value : undefined;
    default:
      return undefined;
  }
}

/** A list of KeyValues, under a name that OTLP uses for such lists, as a map. */
function keyValuesOf(name: string, list: Node, textOf: (node: Node) => string): Node {
  if (list.kind !== 'list' || list.items.length === 0 || !(name === 'attributes' || name === 'values')) return list;
  const members: Member[] = [];
  for (const item of list.items) {
    if (item.kind !== 'map' || item.members.length > 2) return list;
    const key = item.members.find((member) => member.key === 'key')?.value;
    const value = item.members.find((member) => member.key === 'value')?.value;
    if (key?.kind !== 'text' || (value === undefined && item.members.length > 1)) return list;
    if (value !== undefined) members.push({ key: textOf(key), value });
  }
  return mapOf(list, members, textOf);
}
