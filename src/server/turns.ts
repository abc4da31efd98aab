/** Whose turn it is: one batch is worked on at a time, in the order in which the bodies were complete. */
import { setImmediate } from 'node:timers/promises';
import type { Pause } from '../pipeline.ts';
import { Problem } from '../problem.ts';

export interface Turns {
  /** Whether a batch that came now could be answered while its sender waits.
   * @param bytes of its body
   * @throws Problem `server.backlog` if it could not; a batch with none ahead of it always can */
  expect(bytes: number): void;
  /** Waits for the batch's turn, does the work, and gives the turn to the next.
   * @param gone aborts when the sender has gone: what waits is then not begun, and what has begun ends at its next pause
   * @param patience `endless`: the sender waits however long it takes, even through a stop, or would lose what is refused;
   * it is never refused
   * @throws Problem `server.backlog`, `server.draining`; the reason of `gone`; whatever the work throws */
  take<T>(bytes: number, gone: AbortSignal, work: (pause: Pause) => Promise<T>, patience?: Patience): Promise<T>;
  /** Takes into account how long the rest after a turn lasted, which is the delivery. */
  measureRest(seconds: number): void;
  /** Refuses every batch that waits or arrives later, except those of endless patience. */
  close(): void;
}

export type Patience = 'as usual' | 'endless';

/** The speed that is assumed until there is something to measure, in bytes a second: that of a slow machine. */
const FIRST_SPEED = 1024 * 1024;
/** A batch costs this many bytes besides its own: the fixed cost of each, whatever its size. */
const BATCH_BYTES = 16 * 1024;
/** Seconds of work after which a measurement counts half. */
const HALF_LIFE = 5;
/** Weight of the latest delivery in the average of all. */
const REST_WEIGHT = 0.2;

interface Waiting {
  bytes: number;
  /** When the sender will have waited for too long. Seconds of the clock. */
  deadline: number;
  begin(): void;
  refuse(problem: Problem): void;
}

/** @param maxWaitSeconds how long a sender waits for its answer
 * @param clock seconds since some moment */
export function openTurns(maxWaitSeconds: number, clock = () => performance.now() / 1000): Turns {
  const waiting = new Set<Waiting>();
  /** Of all batches that wait and of the one being worked on. */
  let bytesAhead = 0;
  let isBusy = false;
  let isClosed = false;
  /** When the last turn ended, or when the first one after an idle time began. */
  let lapStart = 0;
  /** Bytes done and the seconds that they took; older ones count less. */
  let measured = { bytes: FIRST_SPEED, seconds: 1 };
  let rest = 0;

  const secondsOf = (bytes: number) => ((bytes + BATCH_BYTES) * measured.seconds) / measured.bytes;

  function measure(bytes: number): void {
    const seconds = clock() - lapStart;
    const left = 0.5 ** (seconds / HALF_LIFE);
    measured = { bytes: measured.bytes * left + bytes + BATCH_BYTES, seconds: measured.seconds * left + seconds };
  }

  function backlog(what: string): Problem {
    return new Problem(
      'server.backlog',
      `${what}, of limits.maxWaitSeconds, ${maxWaitSeconds} s; ${megabytes(bytesAhead)} MB are waiting or being processed, ` +
        `at ${megabytes(measured.bytes / measured.seconds)} MB/s`,
    );
  }

  function expect(bytes: number): void {
    if (bytesAhead === 0) return;
    const seconds = secondsOf(bytesAhead + bytes) + rest;
    if (seconds > maxWaitSeconds) throw backlog(`an answer to this batch would take ${Math.ceil(seconds)} s`);
  }

  /** Resolves when it is the batch's turn. */
  function turn(bytes: number, gone: AbortSignal, deadline: number): Promise<void> {
    if (!isBusy) {
      isBusy = true;
      lapStart = clock();
      return Promise.resolve();
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const one: Waiting = { bytes, deadline, begin: resolve, refuse: reject };
    const leave = () => {
      waiting.delete(one);
      reject(gone.reason);
    };
    waiting.add(one);
    gone.addEventListener('abort', leave, { once: true });
    return promise.finally(() => gone.removeEventListener('abort', leave));
  }

  function giveTurn(): void {
    for (const one of waiting) {
      waiting.delete(one);
      const left = one.deadline - clock();
      if (secondsOf(one.bytes) + rest <= left) {
        one.begin();
        return;
      }
      one.refuse(backlog(`when its turn came, this batch had ${Math.max(0, left).toFixed(1)} s left`));
    }
    isBusy = false;
  }

  return {
    expect,
    async take(bytes, gone, work, patience = 'as usual') {
      gone.throwIfAborted();
      const isEndless = patience === 'endless';
      if (isClosed && !isEndless) throw draining();
      if (!isEndless) expect(bytes);
      bytesAhead += bytes;
      try {
        await turn(bytes, gone, isEndless ? Number.POSITIVE_INFINITY : clock() + maxWaitSeconds);
        try {
          const pause = async () => {
            await setImmediate();
            gone.throwIfAborted();
          };
          await pause();
          const result = await work(pause);
          measure(bytes);
          return result;
        } finally {
          lapStart = clock();
          giveTurn();
        }
      } finally {
        bytesAhead -= bytes;
      }
    },
    measureRest(seconds) {
      rest += (seconds - rest) * REST_WEIGHT;
    },
    close() {
      isClosed = true;
      for (const one of waiting) {
        if (one.deadline === Number.POSITIVE_INFINITY) continue;
        waiting.delete(one);
        one.refuse(draining());
      }
    },
  };
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

function draining(): Problem {
  return new Problem('server.draining', 'this batch had not been started');
}
