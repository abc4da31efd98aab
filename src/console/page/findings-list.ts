/** The findings of a query, loaded as far as the list was scrolled. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { FindingRow, Findings } from '../api.ts';
import { printQuery } from './address.ts';
import { type ApiProblem, askJson } from './client.ts';
import { type Loaded, problemOf, useLoaded } from './loaded.ts';

export interface FindingsList extends Loaded<Findings> {
  rows: readonly FindingRow[];
  /** Requests more rows, until there are rows up to an index. */
  need: (to: number) => void;
}

const firstRows = 200;
/** The most that the API returns at once. */
const moreRows = 1000;
/** Milliseconds: letters typed in quick succession make one query. */
const typingDelay = 150;

export function useFindings(query: string): FindingsList {
  const ask = (rest: Record<string, string | number>, signal?: AbortSignal) => {
    const more = printQuery(Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)])));
    return askJson<Findings>(`findings?${[query, more].filter(Boolean).join('&')}`, { signal });
  };
  const first = useLoaded(query, (signal) => ask({ limit: firstRows }, signal), typingDelay);
  const [more, setMore] = useState<{
    of: Findings | undefined;
    rows: FindingRow[];
    next: string | null;
    problem?: ApiProblem;
  }>();
  const isAsking = useRef(false);
  const isOurs = more !== undefined && more.of === first.data;
  const rows = isOurs ? more.rows : (first.data?.findings ?? []);
  const next = isOurs ? more.next : (first.data?.next ?? null);
  const latest = useRef(first.data);
  useEffect(() => {
    latest.current = first.data;
  }, [first.data]);

  const need = async (to: number) => {
    const of = first.data;
    if (isAsking.current || of === undefined || next === null) return;
    isAsking.current = true;
    try {
      let all = rows.slice();
      let cursor: string | null = next;
      while (cursor !== null && all.length < to && latest.current === of) {
        const answer: Findings = await ask({ before: cursor, limit: moreRows });
        all = all.concat(answer.findings);
        cursor = answer.next;
      }
      if (latest.current === of) setMore({ of, rows: all, next: cursor });
    } catch (error) {
      setMore({ of, rows: rows.slice(), next: null, problem: problemOf(error) });
    } finally {
      isAsking.current = false;
    }
  };
  return { ...first, problem: first.problem ?? (isOurs ? more.problem : undefined), rows, need };
}
