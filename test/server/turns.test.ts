import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Pause } from '../../src/pipeline.ts';
import { Problem } from '../../src/problem.ts';
import { openTurns } from '../../src/server/turns.ts';

const here = new AbortController().signal;
const MB = 1_000_000;

/** Work that lasts until the test ends it. */
function held() {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const work = async () => {
    begun.resolve();
    await ended.promise;
  };
  return { work, begun: begun.promise, end: ended.resolve };
}

/** The outcomes of promises, by name, in the order in which they settled. */
function settling() {
  const order: string[] = [];
  const watch = (name: string, promise: Promise<unknown>) =>
    promise.then(
      () => void order.push(name),
      (problem: Problem) => void order.push(`${name}: ${problem.code}`),
    );
  return { order, watch };
}

describe('turns', () => {
  test('one batch is worked on at a time, in the order of arrival', async () => {
    const turns = openTurns(50);
    const steps: string[] = [];
    const work = (name: string) => async (pause: Pause) => {
      for (const step of [1, 2, 3]) {
        steps.push(`${name}${step}`);
        await pause();
      }
    };
    await Promise.all(['a', 'b', 'c'].map((name) => turns.take(1, here, work(name))));
    expect(steps).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2', 'c3']);
  });

  test('the event loop turns before each batch and at each pause', async () => {
    const turns = openTurns(50);
    let rounds = 0;
    let working = true;
    const counting = (async () => {
      while (working) {
        await setImmediate();
        rounds++;
      }
    })();
    const at: number[] = [];
    const work = async (pause: Pause) => {
      at.push(rounds);
      await pause();
      at.push(rounds);
    };
    await Promise.all(Array.from({ length: 20 }, () => turns.take(1, here, work)));
    working = false;
    await counting;
    expect(new Set(at).size).toBe(40);
  });

  test('the next batch is worked on even if the one before it fails', async () => {
    const turns = openTurns(50);
    const { order, watch } = settling();
    await Promise.all([
      watch(
        'a',
        turns.take(1, here, () => Promise.reject(new Problem('body.unreadable', 'x'))),
      ),
      watch(
        'b',
        turns.take(1, here, async () => {}),
      ),
    ]);
    expect(order).toEqual(['a: body.unreadable', 'b']);
  });
});

describe('a sender that has gone', () => {
  const gone = () => new Problem('request.abandoned', 'gone');

  test('while it waited: its batch is never begun, and its bytes are no longer counted', async () => {
    const turns = openTurns(50);
    const first = held();
    const leaving = new AbortController();
    const { order, watch } = settling();
    const all = [
      watch('a', turns.take(1, here, first.work)),
      watch(
        'b',
        turns.take(40 * MB, leaving.signal, () => Promise.reject(new Error('it was begun'))),
      ),
    ];
    expect(() => turns.expect(40 * MB)).toThrow(expect.objectContaining({ code: 'server.backlog' }));
    leaving.abort(gone());
    await all[1];
    expect(() => turns.expect(40 * MB)).not.toThrow();
    first.end();
    await Promise.all(all);
    await turns.take(1, here, async () => {});
    expect(order).toEqual(['b: request.abandoned', 'a']);
  });

  test('before its batch arrived: the batch is never begun', async () => {
    const begun = openTurns(50).take(1, AbortSignal.abort(gone()), () => Promise.reject(new Error('it was begun')));
    await expect(begun).rejects.toMatchObject({ code: 'request.abandoned' });
  });

  test('while its batch is worked on: the work ends at the next pause, and the next batch begins', async () => {
    const turns = openTurns(50);
    const leaving = new AbortController();
    const { order, watch } = settling();
    await Promise.all([
      watch(
        'a',
        turns.take(1, leaving.signal, async (pause) => {
          leaving.abort(gone());
          await pause();
          order.push('a went on');
        }),
      ),
      watch(
        'b',
        turns.take(1, here, async () => {}),
      ),
    ]);
    expect(order).toEqual(['a: request.abandoned', 'b']);
  });
});

describe('what cannot be done in time', () => {
  /** Turns with a clock that only work advances. */
  function timed(maxWaitSeconds: number) {
    let now = 0;
    const turns = openTurns(maxWaitSeconds, () => now);
    const lasting = (seconds: number) => async () => void (now += seconds);
    return { turns, lasting };
  }

  test('is refused at once, judged by what waits and the speed so far', async () => {
    const { turns, lasting } = timed(10);
    // Nothing has been measured yet, and 1 MB/s is assumed.
    const first = held();
    const all = [turns.take(4 * MB, here, first.work), turns.take(4 * MB, here, lasting(1))];
    await first.begun;
    expect(() => turns.expect(4 * MB)).toThrow(
      /would take 12 s, of limits.maxWaitSeconds, 10 s; 8.0 MB are waiting or being processed/,
    );
    await expect(turns.take(4 * MB, here, lasting(1))).rejects.toMatchObject({ code: 'server.backlog' });
    expect(() => turns.expect(MB)).not.toThrow();
    first.end();
    await Promise.all(all);

    // After some seconds at 10 MB/s, ten times as much is accepted.
    for (let second = 0; second < 60; second++) await turns.take(10 * MB, here, lasting(1));
    const next = held();
    const last = turns.take(40 * MB, here, next.work);
    expect(() => turns.expect(40 * MB)).not.toThrow();
    expect(() => turns.expect(80 * MB)).toThrow(/at 10.0 MB\/s/);
    next.end();
    await last;
  });

  test('is not work that has nothing ahead of it, however long it takes', async () => {
    const { turns, lasting } = timed(10);
    expect(() => turns.expect(1000 * MB)).not.toThrow();
    await turns.take(1000 * MB, here, lasting(1000));
    await turns.take(1000 * MB, here, lasting(1000));
  });

  test('is refused when its turn comes too late because others took longer than expected', async () => {
    const { turns, lasting } = timed(10);
    const { order, watch } = settling();
    await Promise.all([
      watch('a', turns.take(MB, here, lasting(9))),
      watch('b', turns.take(MB, here, lasting(1))),
      watch('c', turns.take(MB, here, lasting(1))),
    ]);
    expect(order).toEqual(['a', 'b: server.backlog', 'c: server.backlog']);
    await turns.take(MB, here, lasting(1));
  });

  test('is judged with the time of deliveries included', async () => {
    const { turns } = timed(10);
    const first = held();
    const last = turns.take(4 * MB, here, first.work);
    expect(() => turns.expect(4 * MB)).not.toThrow();
    for (let delivery = 0; delivery < 20; delivery++) turns.measureRest(5);
    expect(() => turns.expect(4 * MB)).toThrow(/13 s/);
    first.end();
    await last;
  });

  test('is judged, for small batches, by what each costs apart from its bytes', async () => {
    const { turns, lasting } = timed(10);
    for (let batch = 0; batch < 20_000; batch++) await turns.take(100, here, lasting(0.001));
    const first = held();
    const last = turns.take(2 * MB, here, first.work);
    // At a speed in bytes alone, 100 bytes a millisecond, these would take 40 s.
    expect(() => turns.expect(2 * MB)).not.toThrow();
    first.end();
    await last;
  });
});

test('a shutdown refuses what waits and what arrives, and lets work that has begun finish', async () => {
  const turns = openTurns(50);
  const first = held();
  const { order, watch } = settling();
  const all = [watch('a', turns.take(1, here, first.work)), watch('b', turns.take(1, here, first.work))];
  await first.begun;
  turns.close();
  all.push(watch('c', turns.take(1, here, first.work)));
  await Promise.all(all.slice(1));
  first.end();
  await all[0];
  expect(order.toSorted()).toEqual(['a', 'b: server.draining', 'c: server.draining']);
  expect(order[2]).toBe('a');
});
