/** Findings of a running sidecar, oldest first: those that it keeps, and those that come. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FindingRow, Findings } from '../../console/api.ts';
import { type ConsoleClient, type Query, Unavailable } from '../../console-client/index.ts';

/** Of one answer. */
const MOST_ROWS = 1000;
/** Seconds before each further attempt to reach a sidecar that has gone; the last for all that follow. */
const PAUSES = [0.2, 1, 2, 4, 8];

/** Yields what the sidecar keeps that fits the query; the last of them, if a number is given.
 * @throws as the client's `get` */
export async function* keptFindings(
  client: ConsoleClient,
  query: Query,
  last: number | undefined,
): AsyncGenerator<FindingRow[]> {
  if (last === undefined) {
    yield* pages(client, { ...query, sort: '-time' }, Number.POSITIVE_INFINITY);
    return;
  }
  const newest: FindingRow[] = [];
  for await (const rows of pages(client, { ...query, sort: 'time' }, last)) newest.push(...rows);
  yield newest.reverse();
}

async function* pages(client: ConsoleClient, query: Query, most: number): AsyncGenerator<FindingRow[]> {
  let before: string | undefined;
  for (let wanted = most; wanted > 0; ) {
    const limit = Math.min(MOST_ROWS, wanted);
    const { findings, next } = await client.get<Findings>('findings', { ...query, limit, before });
    yield findings.slice(0, wanted);
    wanted -= findings.length;
    if (next === null) return;
    before = next;
  }
}

export interface Following {
  /** What is yielded first, asked for when the stream has begun, so that nothing is missed between the two. */
  kept(): AsyncIterable<FindingRow[]>;
  /** Lets a person know. */
  tell(message: string): Promise<void>;
  /** Ends it. */
  signal: AbortSignal;
}

/** Yields what is kept, then what comes. Opens the stream again when it ends, after the last event that came, as often as it
 * takes.
 * @throws as the client's `stream`, where it cannot be opened the first time, or is refused */
export async function* sentFindings(
  client: ConsoleClient,
  query: Query,
  { kept, tell, signal }: Following,
): AsyncGenerator<FindingRow[]> {
  /** What was kept, some of which may have come meanwhile. */
  const known = new Set<string>();
  let lastEventId: string | undefined;
  let isFirst = true;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const events = await client.stream(query, lastEventId);
      if (isFirst) {
        for await (const rows of kept()) {
          for (const row of rows) known.add(row.id);
          yield rows;
        }
      }
      isFirst = false;
      if (failures > 0) await tell(`connected to ${client.url} again`);
      failures = 0;
      for await (const { id, findings } of events) {
        lastEventId = id;
        if (findings.isGap) await tell('some that came meanwhile are not kept any more');
        if (findings.omitted > 0) await tell(`${findings.omitted} more came, of which only the newest are sent`);
        yield findings.findings.filter((row) => !known.has(row.id));
      }
      if (!signal.aborted) await tell(`the connection to ${client.url} has ended; trying again`);
    } catch (error) {
      if (signal.aborted) return;
      if (isFirst || !(error instanceof Unavailable)) throw error;
      if (failures === 0) await tell(`${error.message}; trying again`);
    }
    const pause = PAUSES[Math.min(failures, PAUSES.length - 1)]!;
    failures++;
    await sleep(1000 * pause, undefined, { signal }).catch(() => {});
  }
}
