/** Which code of this thread ran, by V8's own counters, in modules that were loaded after counting began. */
import { type Profiler, Session } from 'node:inspector';

export interface Coverage {
  /** Whether code ran since the last call that had never run before it.
   * @param keep whether it then counts as known */
  isNew(keep: boolean): boolean;
  /** The number of characters of the sources that ran. */
  size(): number;
  /** Forgets everything known. */
  reset(): void;
}

/** @param folder whose modules count */
export function startCoverage(folder: string): Coverage {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  /** For each function, a byte for each character that says whether it ran. */
  const known = new Map<string, Uint8Array>();

  /** Whether an unknown part of a function ran. Its ranges are nested, each with a count of its own. */
  function look(key: string, [whole, ...inner]: Profiler.CoverageRange[], keep: boolean): boolean {
    const { startOffset, endOffset } = whole!;
    const ran = new Uint8Array(endOffset - startOffset).fill(1);
    for (const range of inner) {
      ran.fill(range.count > 0 ? 1 : 0, range.startOffset - startOffset, range.endOffset - startOffset);
    }
    const before = known.get(key);
    if (before === undefined) {
      if (keep) known.set(key, ran);
      return true;
    }
    let isNew = false;
    for (let index = 0; index < ran.length; index++) {
      if (ran[index]! <= before[index]!) continue;
      isNew = true;
      if (keep) before[index] = 1;
    }
    return isNew;
  }

  return {
    isNew(keep) {
      let isNew = false;
      // It responds synchronously.
      session.post('Profiler.takePreciseCoverage', (_, { result }) => {
        for (const { url, functions } of result) {
          if (!url.startsWith(folder)) continue;
          for (const { ranges } of functions) {
            const [{ count, startOffset, endOffset }] = ranges as [Profiler.CoverageRange];
            if (count > 0 && look(`${url} ${startOffset} ${endOffset}`, ranges, keep)) isNew = true;
          }
        }
      });
      return isNew;
    },
    reset: () => known.clear(),
    size: () => [...known.values()].reduce((sum, ran) => sum + ran.reduce((all, one) => all + one, 0), 0),
  };
}
