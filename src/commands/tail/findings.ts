/** Findings of a running sidecar, oldest first: those that it keeps, and new ones. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FindingRow, Findings } from '../../console/api.ts';
import { type ConsoleClient, type Query, Unavailable } from '../../console-client/index.ts';

/** Rows in one answer. */
const MOST_ROWS = 1000;
/** Seconds before each further attempt to reach a sidecar that is gone; the last one is repeated. */
const PAUSES = [0.2, 1, 2, 4, 8];

/** Yields the kept findings that match the query; the last of them, if a number is given.
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
  /** What is yielded first, requested once the stream has begun, so that nothing is missed in between. */
  kept(): AsyncIterable<FindingRow[]>;
  /** Informs a person. */
  tell(message: string): Promise<void>;
  /** Ends the stream. */
  signal: AbortSignal;
}

/** Yields what is kept, then new findings. Reopens the stream whenever it ends, after the last event that was received.
 * @throws as the client's `stream`, if it cannot be opened the first time, or is refused */
export async function* sentFindings(
  client: ConsoleClient,
  query: Query,
  { kept, tell, signal }: Following,
): AsyncGenerator<FindingRow[]> {
  /** Kept findings, some of which may also arrive on the stream. */
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
        if (findings.isGap) await tell('some findings that came in the meantime are no longer kept');
        if (findings.omitted > 0) await tell(`${findings.omitted} more came; only the newest are sent`);
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
