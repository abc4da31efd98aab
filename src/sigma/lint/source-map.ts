/** A document alongside its text: what `parse` made of it, with the keys and values as the file spells them. */
import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { Detection, FieldItem, Item, RuleHead, Test } from '../ast.ts';
import type { Document } from '../parse/index.ts';
import type { RuleValue } from '../parse/modifier.ts';
import {
  type Entry,
  entriesOf,
  offsetOf,
  offsetWithin,
  positionOf,
  type RuleFile,
  startOf,
} from '../parse/rule-file.ts';
import { type Members, membersOf } from '../parse/rule-head.ts';

/** One document. The lists are flat: they include what is within array blocks. */
export interface SourceMap {
  parsed: Document;
  /** Of the whole file, for fixes: offsets point into it. */
  text: string;
  /** Where it begins. */
  offset: number;
  members: Members;
  /** What findings are described by; a filter raises none. */
  head: RuleHead | undefined;
  /** The document's own first, then those of array blocks; none in a correlation. */
  detections: DetectionSource[];
  /** The items in one map, for every map. */
  maps: ItemSource[][];
  /** Whether events have a list at the end of a path. */
  isList(path: string): boolean;
}

export interface DetectionSource {
  detection: Detection;
  /** Where the name of each selection is. */
  offsets: ReadonlyMap<string, number>;
  conditions: TextSource[];
}

/** A text, and where each of its characters is. */
export interface TextSource {
  text: string;
  offsetOf(index: number): number;
}

/** One key of a selection. */
export interface ItemSource {
  item: Item;
  /** Whether it is about a member of a list. */
  inBlock: boolean;
  /** The field by its full name from the event down; members of lists have the name of their list. */
  path: string;
  /** Where the key is. */
  offset: number;
  /** As written, including brackets. */
  field: string;
  /** As written. */
  modifiers: string[];
  /** What is asked of the field at the end of its brackets; absent if a block is there. */
  asked?: FieldItem;
  /** Each value that is asked for. */
  values: ValueSource[];
}

export interface ValueSource extends RuleValue {
  offset: number;
  /** Where it ends; for an absent value, where it would begin. */
  end: number;
  /** The test that was made from it. */
  test: Test;
}

/** The document alongside the map that it was read from.
 * @param root as `parse` has read it
 * @param isRead whether there is no problem with its detection; if there is one, the source map has the items that can be
 * used, and no detections */
export function sourceMapOf(
  file: RuleFile,
  root: YAMLMap,
  parsed: Document,
  isList: (path: string) => boolean,
  isRead: boolean,
): SourceMap {
  const members = membersOf(root);
  const sourceMap: SourceMap = {
    parsed,
    text: file.text,
    offset: offsetOf(root),
    members,
    head: parsed.kind === 'filter' ? undefined : parsed.document,
    detections: [],
    maps: [],
    isList,
  };
  const entry = members.get(parsed.kind === 'rule' ? 'detection' : 'filter');
  if (parsed.kind !== 'correlation' && isMap(entry?.value)) {
    addDetection(file, entry.value, parsed.document, undefined, sourceMap);
  }
  if (!isRead) sourceMap.detections.length = 0;
  return sourceMap;
}

function addDetection(
  file: RuleFile,
  map: YAMLMap,
  detection: Detection,
  list: string | undefined,
  sourceMap: SourceMap,
): void {
  const members = entriesOf(map).filter(({ key }) => key === 'condition' || detection.selections.has(key));
  const [conditions, selections] = [true, false].map((isCondition) =>
    members.filter(({ key }) => (key === 'condition') === isCondition),
  ) as [Entry[], Entry[]];
  sourceMap.detections.push({
    detection,
    offsets: new Map(selections.map(({ key, keyNode }) => [key, offsetOf(keyNode)])),
    conditions: conditions.flatMap((entry) => nodesOf(entry).map((node) => textSource(file, node as Scalar))),
  });
  for (const entry of selections) {
    const { alternatives } = detection.selections.get(entry.key)!;
    const nodes = nodesOf(entry);
    const maps = nodes.filter((node) => isMap(node));
    for (const [index, node] of maps.entries()) addItems(file, node, alternatives[index] ?? [], list, sourceMap);
    const keywords = nodes.filter((node) => isScalar(node));
    const [item] = alternatives[maps.length] ?? [];
    if (keywords.length === 0 || item?.kind !== 'field' || item.tests.length < keywords.length) continue;
    const values = keywords.map((node, index) => valueSource(node, startOf(entry), item.tests[index]!));
    const inBlock = list !== undefined;
    const keywordItem = { item, inBlock, path: '', offset: values[0]!.offset, field: '', modifiers: [], asked: item };
    sourceMap.maps.push([{ ...keywordItem, values }]);
  }
}

function addItems(
  file: RuleFile,
  map: YAMLMap,
  items: readonly Item[],
  list: string | undefined,
  sourceMap: SourceMap,
): void {
  const sources: ItemSource[] = [];
  sourceMap.maps.push(sources);
  const byPlace = new Map(items.map((item) => [`${item.position.line} ${item.position.column}`, item]));
  for (const entry of entriesOf(map)) {
    const { line, column } = positionOf(file, offsetWithin(file, entry.keyNode, entry.key, 0));
    const item = byPlace.get(`${line} ${column}`);
    // It cannot be used, which has been reported.
    if (item === undefined) continue;
    const [field = '', ...modifiers] = entry.key.split('|');
    const inner = innermost(item);
    const path = pathOf(list, item, inner);
    const base = { item, inBlock: list !== undefined, path, offset: offsetOf(entry.keyNode), field, modifiers };
    if (inner.kind === 'field') {
      const nodes = nodesOf(entry) as (Scalar | null)[];
      if (inner.tests.length < nodes.length) continue;
      const values = nodes.map((node, at) => valueSource(node, startOf(entry), inner.tests[at]!));
      sources.push({ ...base, asked: inner, values });
      continue;
    }
    sources.push({ ...base, values: [] });
    const body = entry.value as YAMLMap;
    if (inner.body.kind === 'items') addItems(file, body, inner.body.items, path, sourceMap);
    else addDetection(file, body, inner.body, path, sourceMap);
  }
}

/** The names from the list that the key is about down to what is asked for at its end. */
function pathOf(list: string | undefined, item: Item, inner: Item): string {
  const parts = list === undefined ? [] : [list];
  for (let each = item; ; ) {
    if (each.field !== '.') parts.push(each.field);
    if (each === inner || each.kind === 'field' || each.body.kind !== 'items') return parts.join('.');
    each = each.body.items[0]!;
  }
}

/** What follows the brackets of one key: the items of one key share its position. */
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

function textSource(file: RuleFile, node: Scalar): TextSource {
  const text = String(node.value);
  const start = offsetOf(node);
  // Searched for once: a long text has many positions. If it is escaped or folded, all of them are its beginning.
  const second = offsetWithin(file, node, text, 1);
  return { text, offsetOf: (index) => (second === start ? start : second - 1 + index) };
}

function valueSource(node: Scalar | null, otherwise: number, test: Test): ValueSource {
  const value = (node?.value ?? null) as RuleValue['value'];
  const text = typeof value === 'string' ? value : (node?.source ?? '');
  const offset = node === null ? otherwise : offsetOf(node);
  return { value, text, offset, end: node?.range?.[1] ?? offset, test };
}
