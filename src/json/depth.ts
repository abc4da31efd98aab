/** Bounds how deep parsed data nests, so that what reads it may recurse. */
import { CUT, type JsonMap } from './map.ts';

/** Levels of maps and lists that are read unless a setting says otherwise. */
export const DEFAULT_MAX_DEPTH = 256;

/** Stands for a map or list that lies deeper than what is read: everything in it is unknown. kube-apiserver drops members
 * that it does not know, however deep they nest, so depth alone must not make the rest of an event unreadable. */
export function tooDeep(): JsonMap {
  return { [CUT]: 'too_deep' };
}

/** Replaces each map and list deeper than `maxDepth` levels, the value itself being the first, by `tooDeep()`. Changes
 * the value in place and returns it. */
export function pruneDeep(value: unknown, maxDepth: number): unknown {
  let level = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    const next: Container[] = [];
    for (const parent of level) {
      for (const [key, child] of entriesOf(parent)) {
        if (!isContainer(child)) continue;
        if (depth < maxDepth) next.push(child);
        else (parent as Record<string | number, unknown>)[key] = tooDeep();
      }
    }
    level = next;
  }
  return value;
}

type Container = JsonMap | unknown[];

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function entriesOf(container: Container): Iterable<[string | number, unknown]> {
  return Array.isArray(container) ? container.entries() : Object.entries(container);
}
