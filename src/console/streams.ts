/** Streams of what comes: each is given, once a second at most, all that came since, by its own query. */
import type { StreamFindings } from './api.ts';
import type { Book } from './book.ts';
import { fits, type Placed, type Query } from './query.ts';

/** Rows of one event at most. */
const MOST_ROWS = 500;

interface Stream {
  query: Query;
  /** Number of the last record that it has been given. */
  seq: number;
  isGap: boolean;
  send: (last: string, event: StreamFindings) => void;
}

export interface Streams {
  /** @param after id of the last event that it has; without it, it begins with what comes from now on */
  open(id: number, query: Query, after: string | undefined, send: Stream['send']): void;
  close(id: number): void;
  /** Sends what came. */
  tick(): void;
}

/** @param instance tells the numbers of this process from those of another */
export function openStreams(book: Book, instance: string): Streams {
  const streams = new Map<number, Stream>();
  return {
    open(id, query, after, send) {
      const [of, number] = after?.split('-') ?? [];
      const isKnown = of === instance && number !== undefined && /^\d{1,15}$/.test(number);
      // Of another process nothing is known but that some may be missing.
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
