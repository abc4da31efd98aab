/** Streams of new findings: each receives, at most once a second, all that arrived since and match its own query. */
import type { StreamFindings } from './api.ts';
import type { Book } from './book.ts';
import { fits, type Placed, type Query } from './query.ts';

/** Maximum rows in one event. */
const MOST_ROWS = 500;

interface Stream {
  query: Query;
  /** Number of the last record that was sent. */
  seq: number;
  isGap: boolean;
  send: (last: string, event: StreamFindings) => void;
}

export interface Streams {
  /** @param after id of the last event that the client has; without it, the stream begins now */
  open(id: number, query: Query, after: string | undefined, send: Stream['send']): void;
  close(id: number): void;
  /** Sends what has arrived. */
  tick(): void;
}

/** @param instance distinguishes the numbers of this process from those of another */
export function openStreams(book: Book, instance: string): Streams {
  const streams = new Map<number, Stream>();
  return {
    open(id, query, after, send) {
      const [of, number] = after?.split('-') ?? [];
      const isKnown = of === instance && number !== undefined && /^\d{1,15}$/.test(number);
      // Ids of another process only mean that some findings may be missing.
      const seq = after === undefined ? book.last : isKnown ? Math.min(Number(number), book.last) : book.last;
      const isGap = after !== undefined && (!isKnown || (book.lost?.seq ?? 0) > seq);
      streams.set(id, { query, seq, isGap, send });
    },
    close(id) {
      streams.delete(id);
    },
    tick() {
      for (const stream of streams.values()) {
        const { query, seq, isGap, send } = stream;
        const lost = (book.lost?.seq ?? 0) > seq;
        if (book.last === seq && !isGap) continue;
        const came = book.rowsAfter(seq);
        const fitting = came.filter((placed: Placed) => fits(placed, query));
        stream.seq = book.last;
        stream.isGap = false;
        if (came.length === 0 && !isGap && !lost) continue;
        const shown = fitting.slice(-MOST_ROWS);
        send(`${instance}-${book.last}`, {
          findings: shown.map(({ row }) => row),
          omitted: fitting.length - shown.length,
          others: came.length - fitting.length,
          isGap: isGap || lost,
        });
      }
    },
  };
}
