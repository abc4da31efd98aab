/** Why the rest of a map, or a whole body, cannot be read. */
export type CutReason =
  /** The text ended in the middle of the map: a size limit in the pipeline cut it. */
  | 'cut'
  /** kube-apiserver dropped both bodies of an event over its size limit (`audit.k8s.io/truncated`). */
  | 'truncated'
  /** AKS put `skipped-too-big-size-object` where the body was. */
  | 'skipped'
  /** The audit policy logs this request without bodies (level Metadata), or without this one (level Request). */
  | 'not_logged'
  /** One entry of a split GKE log entry: the other parts hold the rest. */
  | 'split'
  /** A map or list that nests deeper than what is read. */
  | 'too_deep'
  /** A member that every event has is absent or of the wrong type: something in the pipeline dropped, renamed or
   * rewrote it. */
  | 'missing'
  /** The API server gave up waiting (504): the request may still have been carried out. */
  | 'timed_out';

/** Marks a map that could only be read in part; a key that is missing from it is unknown, not absent. */
export const CUT: unique symbol = Symbol('cut');

/** A JSON object as parsed. Keys are data: read them with `Object.hasOwn`, never through the prototype. */
export interface JsonMap {
  [key: string]: unknown;
  [CUT]?: CutReason;
}

/** Whether a value is a map, which an array, null or scalar is not. */
export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member of a map, or undefined: keys such as `__proto__` and `constructor` are data like any other. */
export function member(value: unknown, key: string): unknown {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The value at the end of a path of own members, or undefined. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  let here = value;
  for (const key of keys) here = member(here, key);
  return here;
}

/** The string at the end of a path of own members; undefined if there is none, or something else. */
export function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = at(value, ...keys);
  return typeof found === 'string' ? found : undefined;
}

/** Sets an own member with any key: plain assignment to `__proto__` would set the prototype. */
export function setMember(map: JsonMap, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    map[key] = value;
  }
}
