/** Events whose nested members a pipeline has turned into members of the event itself: lifted (`user_username`, by Fluent
 * Bit's nest filter) or flattened (`objectRef.resource`, `requestObject/spec/hostPID`). */
import { CUT, isMap, type JsonMap, setMember } from '../json/map.ts';

/** The nested members of an audit event, of a log entry of Google and of a diagnostic record of Azure, each with the names
 * that it can hold, if they are few: other systems have a `user_agent` and a `resource_id` of their own. */
const PARTS: Readonly<Record<string, readonly string[] | undefined>> = {
  user: ['username', 'uid', 'groups', 'extra'],
  impersonatedUser: ['username', 'uid', 'groups', 'extra'],
  authenticationMetadata: ['impersonationConstraint'],
  objectRef: [
    ...['resource', 'subresource', 'subPath', 'namespace', 'name', 'uid', 'apiGroup', 'apiVersion', 'resourceVersion'],
  ],
  responseStatus: ['metadata', 'status', 'message', 'reason', 'details', 'code'],
  requestObject: undefined,
  responseObject: undefined,
  annotations: undefined,
  sourceIPs: undefined,
  protoPayload: undefined,
  resource: ['type', 'labels'],
  operation: ['id', 'producer', 'first', 'last'],
  split: ['uid', 'index', 'totalSplits'],
  labels: undefined,
  properties: ['log'],
};

const KEY = new RegExp(`^(${Object.keys(PARTS).join('|')})([._/]|(?=\\[))(.+)$`, 's');

/** Maps whose keys are data, in which a separator means nothing. */
const FREE: ReadonlySet<string> = new Set([
  ...['annotations', 'labels', 'matchLabels', 'nodeSelector', 'data', 'stringData', 'binaryData', 'limits', 'requests'],
]);
/** The same, with lists as values. */
const FREE_LISTS: ReadonlySet<string> = new Set(['extra']);

/** Levels that one key may stand for: no object of Kubernetes has as many. */
const MAX_LEVELS = 64;

/** The map with its nested members restored, or the map itself if none is lifted or flattened. A member that exists as a map
 * takes precedence over what a key says. */
export function restoreNested(map: JsonMap): JsonMap {
  if (!Object.keys(map).some((key) => KEY.test(key))) return map;
  const restored: JsonMap = {};
  if (map[CUT] !== undefined) restored[CUT] = map[CUT];
  const flattened: [path: string[], value: unknown][] = [];
  for (const [key, value] of Object.entries(map)) {
    const path = pathOf(key);
    if (path === undefined) setMember(restored, key, value);
    else flattened.push([path, value]);
  }
  if (flattened.length === 0) return map;
  const made: Made = new Set();
  for (const [path, value] of flattened) put(restored, path, value, made);
  for (const part of Object.keys(PARTS)) {
    if (Object.hasOwn(restored, part)) restored[part] = listsIn(restored[part], made);
    // It is no longer visible in which part the text ended.
    if (map[CUT] !== undefined && isMap(restored[part]) && made.has(restored[part])) restored[part][CUT] = map[CUT];
  }
  return restored;
}

/** The containers that are made here and may therefore be changed. */
type Made = Set<unknown>;

/** The keys that lead to what a flattened key holds; undefined for any other key. */
function pathOf(key: string): string[] | undefined {
  const [, part, separator, rest] = KEY.exec(key) ?? [];
  if (part === undefined) return undefined;
  const steps = stepsOf(rest, separator, FREE.has(part));
  const known = PARTS[part];
  if (known !== undefined && !known.includes(steps[0])) return undefined;
  if (part === 'sourceIPs' && !isIndex(steps[0])) return undefined;
  return [part, ...steps];
}

function stepsOf(text: string, separator: string, isFree: boolean): string[] {
  if (isFree) return [text];
  const steps = text.replace(/\[(\d+)\]/g, `${separator || '.'}$1`).split(separator || '.');
  const names = steps[0] === '' ? steps.slice(1) : steps;
  const free = names.findIndex((name) => FREE.has(name) || FREE_LISTS.has(name));
  const end = free === -1 ? MAX_LEVELS : Math.min(free + 1, MAX_LEVELS);
  const data = names.slice(end);
  if (data.length === 0) return names;
  const item = FREE_LISTS.has(names[end - 1]) && data.length > 1 && isIndex(data.at(-1)!) ? [data.pop()!] : [];
  return [...names.slice(0, end), data.join(separator), ...item];
}

function put(root: JsonMap, path: readonly string[], value: unknown, made: Made): void {
  let here = root;
  for (const step of path.slice(0, -1)) {
    let next = Object.hasOwn(here, step) ? here[step] : undefined;
    if (next === undefined || next === null) {
      next = {};
      made.add(next);
    } else if (!isMap(next)) {
      return;
    } else if (!made.has(next)) {
      next = { ...next };
      made.add(next);
    }
    setMember(here, step, next);
    here = next as JsonMap;
  }
  const last = path.at(-1)!;
  if (!Object.hasOwn(here, last)) setMember(here, last, value);
}

/** The value with each map that was made of indices as the list that it was. */
function listsIn(value: unknown, made: Made): unknown {
  if (!isMap(value) || !made.has(value)) return value;
  for (const [key, child] of Object.entries(value)) setMember(value, key, listsIn(child, made));
  const keys = Object.keys(value);
  // Indices are in ascending order, wherever they appear in the text.
  return keys.length > 0 && keys.every(isIndex) ? Object.values(value) : value;
}

function isIndex(text: string): boolean {
  return /^\d{1,9}$/.test(text);
}
