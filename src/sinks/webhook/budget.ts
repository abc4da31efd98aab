/** How many messages are sent in a minute; the findings beyond them are counted together. */
import type { Emitted } from '../../findings/emitted.ts';
import { levels } from '../../record.ts';
import type { More } from '../alerts/message.ts';

export const MINUTE_MILLISECONDS = 60_000;

export interface Budget {
  /** Whether a finding gets a message of its own. One that got it in this minute gets it again, for a repeated attempt. */
  admit(id: string): boolean;
  /** Counts a finding that gets none. */
  count(emitted: Emitted): void;
  /** Those counted since the last call; undefined if there are none. */
  take(): More | undefined;
}

/** @param perMinute 2 or more: one of them is for those that are counted
 * @param clock milliseconds of Unix time */
export function openBudget(perMinute: number, clock: () => number = Date.now): Budget {
  let start = Number.NEGATIVE_INFINITY;
  let ids = new Set<string>();
  let more: { count: number; rules: Map<string, number>; rank: number; from: number } | undefined;
  return {
    admit(id) {
      // Also if the clock was set back.
      if (Math.abs(clock() - start) >= MINUTE_MILLISECONDS) {
        start = clock();
        ids = new Set();
      }
      if (ids.size < perMinute - 1) ids.add(id);
      return ids.has(id);
    },
    count({ finding: { rule, level } }) {
      more ??= { count: 0, rules: new Map(), rank: 0, from: clock() };
      more.count++;
      more.rank = Math.max(more.rank, levels.indexOf(level));
      more.rules.set(rule, (more.rules.get(rule) ?? 0) + 1);
    },
    take() {
      if (more === undefined) return undefined;
      const { count, rules, rank, from } = more;
      more = undefined;
      return { count, rules, level: levels[rank]!, from };
    },
  };
}
