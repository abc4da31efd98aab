/** The bundled rules and lists, in the form that src/rules/readings.ts reads. */

import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { ruleReader } from '../src/rules/index.ts';
import { bundledLists, listReader, loadLists, placeholdersOf } from '../src/rules/lists.ts';
import { digest, type Reader, type Reading, readingOf } from '../src/rules/readings.ts';
import { readSources } from '../src/rules/source-files.ts';

export function preparedRules(): Buffer {
  const rules = fileURLToPath(new URL('../rules', import.meta.url));
  const readings = new Map<string, Reading>();
  const add = <T extends { problems: readonly unknown[]; warnings?: readonly unknown[] }>(
    reader: Reader<T>,
    path: string,
  ) => {
    for (const file of readSources([path], 'rules').files) {
      const { said, lists } = readingOf(reader, file);
      const { problems, warnings = [] } = said as T;
      if (problems.length + warnings.length > 0) continue;
      readings.set(digest(reader, file), { said: reader.moved(said as T, ''), lists });
    }
  };
  add(listReader, bundledLists);
  add(ruleReader(placeholdersOf(loadLists([]).lists)), rules);
  return serialize(sharing(readings));
}

/** The same, with equal objects replaced by a single one, so that each is written once, which is a third of the bytes. */
function sharing(readings: ReadonlyMap<string, Reading>): Map<string, unknown> {
  const known = new Map<string, object>();
  const share = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const own = shareMembers(value, share);
    const key = keyOf(own);
    const equal = known.get(key);
    if (equal === undefined) known.set(key, own);
    return equal ?? own;
  };
  return new Map([...readings].map(([digest, reading]) => [digest, share(reading)]));
}

function shareMembers(value: object, share: (member: unknown) => unknown): object {
  if (Array.isArray(value)) return value.map(share);
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [key, share(member)]));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, share(member)]));
}

/** The same for equal values, and for no others. */
function keyOf(value: object): string {
  return JSON.stringify(value, (_, member) => {
    if (member === undefined) return { 'not given': true };
    return member instanceof Map ? { 'a map': [...member] } : member;
  });
}
