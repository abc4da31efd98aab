/** A document beside its text: what `parse` made of it, with the keys and values as the file spells them. */
import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { Correlation, Detection, FieldItem, Filter, Item, Rule, RuleHead, Test } from '../ast.ts';
import type { RuleValue } from '../parse/modifier.ts';
import { type Entry, entriesOf, offsetOf, offsetWithin, type RuleFile, startOf } from '../parse/rule-file.ts';
import { type Members, membersOf } from '../parse/rule-head.ts';

export type Document =
  | { kind: 'rule'; document: Rule }
  | { kind: 'correlation'; document: Correlation }
  | { kind: 'filter'; document: Filter };

/** One document. The lists are flat: what stands within array blocks is among them. */
export interface SpelledDocument {
  parsed: Document;
  /** Where it begins. */
  offset: number;
  members: Members;
  /** What findings are told by; a filter makes none. */
  head: RuleHead | undefined;
  /** The document's own first, then those of array blocks; none in a correlation. */
  detections: SpelledDetection[];
  /** The items that stand in one map, for every map. */
  maps: SpelledItem[][];
  /** Whether events have a list at the end of a path. */
  isList(path: string): boolean;
}

export interface SpelledDetection {
  detection: Detection;
  /** Where the name of each selection stands. */
  offsets: ReadonlyMap<string, number>;
  conditions: SpelledText[];
}

/** A text, and where each of its characters is. */
export interface SpelledText {
  text: string;
  offsetOf(index: number): number;
}

/** One key of a selection. */
export interface SpelledItem {
  item: Item;
  /** Whether it is about a member of a list. */
  inBlock: boolean;
  /** Where the key stands. */
  offset: number;
  /** As written, brackets among it. */
  field: string;
  /** As written. */
  modifiers: string[];
  /** What is asked of the field at the end of its brackets; absent if a block is there. */
  asked?: FieldItem;
  /** Each value that is asked for. */
  values: SpelledValue[];
}

export interface SpelledValue extends RuleValue {
  offset: number;
  /** What became of it. */
  test: Test;
}

/** The document beside the map that it was read from.
 * @param root as `parse` has read it, without a problem */
export function spell(
  file: RuleFile,
  root: YAMLMap,
  parsed: Document,
  isList: (path: string) => boolean,
): SpelledDocument {
  const members = membersOf(root);
  const spelled: SpelledDocument = {
    parsed,
    offset: offsetOf(root),
    members,
    head: parsed.kind === 'filter' ? undefined : parsed.document,
    detections: [],
    maps: [],
    isList,
  };
  if (parsed.kind !== 'correlation') {
    const { value } = members.get(parsed.kind === 'rule' ? 'detection' : 'filter')!;
    spellDetection(file, value as YAMLMap, parsed.document, false, spelled);
  }
  return spelled;
}

function spellDetection(
  file: RuleFile,
  map: YAMLMap,
  detection: Detection,
  inBlock: boolean,
  spelled: SpelledDocument,
): void {
  const members = entriesOf(map).filter(({ key }) => key === 'condition' || detection.selections.has(key));
  const [conditions, selections] = [true, false].map((isCondition) =>
    members.filter(({ key }) => (key === 'condition') === isCondition),
  ) as [Entry[], Entry[]];
  spelled.detections.push({
    detection,
    offsets: new Map(selections.map(({ key, keyNode }) => [key, offsetOf(keyNode)])),
    conditions: conditions.flatMap((entry) => nodesOf(entry).map((node) => spellText(file, node as Scalar))),
  });
  for (const entry of selections) {
    const { alternatives } = detection.selections.get(entry.key)!;
    const nodes = nodesOf(entry);
    const maps = nodes.filter((node) => isMap(node));
    for (const [index, node] of maps.entries()) spellMap(file, node, alternatives[index]!, inBlock, spelled);
    const keywords = nodes.filter((node) => isScalar(node));
    const [item] = alternatives[maps.length] ?? [];
    if (keywords.length === 0 || item?.kind !== 'field') continue;
    const values = keywords.map((node, index) => spellValue(node, startOf(entry), item.tests[index]!));
    spelled.maps.push([{ item, inBlock, offset: values[0]!.offset, field: '', modifiers: [], asked: item, values }]);
  }
}

function spellMap(
  file: RuleFile,
  map: YAMLMap,
  items: readonly Item[],
  inBlock: boolean,
  spelled: SpelledDocument,
): void {
  const spelledItems: SpelledItem[] = [];
  spelled.maps.push(spelledItems);
  for (const [index, entry] of entriesOf(map).entries()) {
    const item = items[index]!;
    const [field = '', ...modifiers] = entry.key.split('|');
    const inner = innermost(item);
    const base = { item, inBlock, offset: offsetOf(entry.keyNode), field, modifiers };
    if (inner.kind === 'field') {
      const nodes = nodesOf(entry) as (Scalar | null)[];
      const values = nodes.map((node, at) => spellValue(node, startOf(entry), inner.tests[at]!));
      spelledItems.push({ ...base, asked: inner, values });
      continue;
    }
    spelledItems.push({ ...base, values: [] });
    const body = entry.value as YAMLMap;
    if (inner.body.kind === 'items') spellMap(file, body, inner.body.items, true, spelled);
    else spellDetection(file, body, inner.body, true, spelled);
  }
}

/** What is behind the brackets of one key: the items of one key share its position. */
function innermost(item: Item): Item {
  let inner = item;
  while (inner.kind === 'block' && inner.body.kind === 'items' && inner.body.items[0]?.position === item.position) {
    inner = inner.body.items[0];
  }
  return inner;
}

function nodesOf({ value }: Entry): (Node | null)[] {
  return isSeq(value) ? (value.items as (Node | null)[]) : [value];
}

function spellText(file: RuleFile, node: Scalar): SpelledText {
  const text = String(node.value);
  const start = offsetOf(node);
  // Looked for once: a long text has many places. Where it is escaped or folded, all of them are its beginning.
  const second = offsetWithin(file, node, text, 1);
  return { text, offsetOf: (index) => (second === start ? start : second - 1 + index) };
}

function spellValue(node: Scalar | null, otherwise: number, test: Test): SpelledValue {
  const value = (node?.value ?? null) as RuleValue['value'];
  const text = typeof value === 'string' ? value : (node?.source ?? '');
  return { value, text, offset: node === null ? otherwise : offsetOf(node), test };
}
