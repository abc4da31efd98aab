import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Unavailable } from '../../../src/state/shared/link.ts';
import type { View } from '../../../src/state/shared/view.ts';
import type { Space } from '../../../src/state/store.ts';
import { fakeServer } from './fake-server.ts';
import { add, closeAll, forever, keyOf, names, opened, put, space } from './processes.ts';

afterEach(closeAll);

describe('a slice takes', () => {
  test('one round trip if keys are new, or if they are known and nobody else has written', async () => {
    const { transaction, exchanges } = await opened(fakeServer());
    for (let i = 0; i < 5; i++) expect(await transaction(add('a'))).toBe(i);
    expect(exchanges).toEqual(Array(5).fill('written'));
  });

  test('two if they are not known here', async () => {
    const server = fakeServer();
    await (await opened(server)).transaction(add('a'));
    const other = await opened(server);
    expect(await other.transaction(add('a'))).toBe(1);
    expect(other.exchanges).toEqual(['missing', 'written']);
  });

  test('none if nothing is remembered', async () => {
    const server = fakeServer();
    const { transaction } = await opened(server);
    expect(await transaction(async () => 7)).toBe(7);
    expect(server.commands).toEqual([]);
  });

  test('a further one for keys that it asks for after it knows others', async () => {
    const server = fakeServer();
    const one = await opened(server);
    await one.transaction(async (view) => {
      put(view, 'a', 'b');
      put(view, 'b', 'c');
    });
    const other = await opened(server);
    const chain = async (view: View) => {
      const next = view.load(space, 'a') as string | undefined;
      return next && view.load(space, next);
    };
    expect(await other.transaction(chain)).toBe('c');
    expect(other.exchanges).toEqual(['missing', 'missing', 'written']);
  });

  test('as many if there is no space to remember what it reads', async () => {
    const server = fakeServer();
    const one = await opened(server);
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    const all = async (view: View) => {
      for (const key of keys) await add(key)(view);
    };
    await one.transaction(all);
    const other = await opened(server, 200);
    for (let i = 0; i < 3; i++) await other.transaction(all);
    expect(other.exchanges).toEqual(['missing', 'written', 'missing', 'written', 'missing', 'written']);
    expect(await one.transaction(add('k7'))).toBe(4);
  });
});

describe('if another process writes meanwhile', () => {
  test('the slice runs again from its start, with the current values', async () => {
    const server = fakeServer();
    const [one, other] = [await opened(server), await opened(server)];
    await one.transaction(add('a', 1));
    await other.transaction(add('a', 10));
    const seen: unknown[] = [];
    const changed = async (view: View) => {
      const value = (view.load(forever, 'list') as number[] | undefined) ?? [];
      seen.push(await add('a', 100)(view));
      // In place.
      value.push(1);
      put(view, 'list', value, { space: forever });
      view.effect(() => void seen.push('once'));
      return value.length;
    };
    expect(await one.transaction(changed)).toBe(1);
    expect(seen).toEqual([1, 11, 'once']);
    expect(one.exchanges).toEqual(['written', 'conflict', 'written']);
    // As objects and as JSON.
    await other.transaction(add('a'));
    expect(await one.transaction(changed)).toBe(2);
  });

  test('repeatedly, the slice compares before it writes, until nobody else has written', async () => {
    const server = fakeServer();
    const [one, other] = [await opened(server), await opened(server)];
    await one.transaction(add('a'));
    await other.transaction(add('a'));
    await one.transaction(add('a'));
    await other.transaction(add('a'));
    expect(other.exchanges).toEqual(['missing', 'written', 'conflict', 'written']);
    const acts = server.commands.slice(-2).map((command) => [command[8], command[10]!.length > 0]);
    expect(acts).toEqual([
      ['r', false],
      ['s', true],
    ]);
    expect(await other.transaction(add('a'))).toBe(4);
    expect(await other.transaction(add('a'))).toBe(5);
    expect(other.exchanges.slice(4)).toEqual(['same', 'written', 'written']);
  });

  test('the counts of many are neither lost nor doubled', async () => {
    const server = fakeServer();
    const all = await Promise.all(Array.from({ length: 5 }, () => opened(server)));
    const sums = all.map(async ({ transaction }, i) => {
      for (let n = 0; n < 40; n++) {
        await transaction(async (view) => {
          await add('sum')(view);
          await sleep(0);
          await add(`own-${i}`)(view);
        });
      }
    });
    await Promise.all(sums);
    expect(await all[0]!.transaction(add('sum'))).toBe(200);
    for (let i = 0; i < 5; i++) expect(await all[0]!.transaction(add(`own-${i}`))).toBe(40);
  });

  test('endlessly, the batch is left to be sent again', async () => {
    const server = fakeServer();
    const one = await opened(server);
    await one.transaction(add('a'));
    let count = 0;
    server.before = () => void server.values.set(keyOf('a'), `${String(count++).padStart(16, '0')}1 5`);
    await expect(one.transaction(add('a'))).rejects.toMatchObject({ code: 'state.unavailable' });
    server.before = undefined;
    expect(await one.transaction(add('a'))).toBe(5);
  });

  test('a value that was read and is gone counts as absent: evicted, flushed', async () => {
    const server = fakeServer();
    const one = await opened(server);
    await one.transaction(add('a'));
    server.values.delete(keyOf('a'));
    expect(await one.transaction(add('a'))).toBe(0);
    server.values.clear();
    expect(await one.transaction(add('a'))).toBe(0);
    // Its own secret is there again: others continue to count with it.
    const other = await opened(server);
    expect(other.link.secret()).toEqual(one.link.secret());
  });

  test('and replaces the secret, keys are made again', async () => {
    const server = fakeServer();
    const one = await opened(server);
    await one.transaction(add('a'));
    server.values.clear();
    const other = await opened(server);
    await expect(one.transaction(add('a'))).rejects.toThrow(Unavailable);
    await expect.poll(() => one.link.outage()).toBeUndefined();
    expect(one.link.secret()).toEqual(other.link.secret());
    expect(await one.transaction(add('a'))).toBe(0);
  });
});

describe('a value', () => {
  test('that is dropped is gone, and one that was never there stays absent', async () => {
    const server = fakeServer();
    const { transaction } = await opened(server);
    await transaction(add('a'));
    await transaction(async (view) => {
      view.drop(space, 'a');
      view.drop(space, 'b');
      put(view, 'c', 1);
      view.drop(space, 'c');
    });
    expect([...server.values.keys()].sort()).toEqual([names.secret]);
    expect(await transaction(add('a'))).toBe(0);
  });

  test('is forgotten by the latest time of all changes of its place, as in memory', async () => {
    const { transaction } = await opened(fakeServer());
    const at = (time: number, key: string, place = 'one') =>
      transaction(async (view) => {
        const before = view.load(space, key, place);
        put(view, key, time, { at: time, place });
        return before;
      });
    await at(0, 'a');
    await at(5000, 'of a place that is ahead', 'other');
    await at(1000, 'b');
    expect(await at(5, 'a')).toBe(0);
    await at(2001, 'c');
    expect(await at(5, 'b')).toBeUndefined();
    expect(await at(5, 'a')).toBeUndefined();
    expect(await at(5, 'c')).toBe(2001);
  });

  test('has a TTL that restarts with each commit, or with each read if the value never ages', async () => {
    const server = fakeServer();
    const { transaction } = await opened(server);
    const hours = (count: number): Space => ({ name: `${count}h`, lifetime: count * 3_600_000_000 });
    await transaction(async (view) => {
      for (const one of [hours(0.5), hours(3), hours(240), forever]) put(view, 'a', 1, { space: one });
    });
    const ttls = [hours(0.5), hours(3), hours(240), forever].map(
      (one) => server.ttls.get(keyOf('a', one))! / 3_600_000,
    );
    expect(ttls).toEqual([1.5, 6, 264, 9600]);
    server.ttls.clear();
    await transaction(async (view) => void view.load(forever, 'a'));
    expect([...server.ttls]).toEqual([[keyOf('a', forever), 9600 * 3_600_000]]);
    expect(server.ttls.has(names.secret)).toBe(false);
  });

  test('may have any key', async () => {
    const { transaction } = await opened(fakeServer());
    for (const key of ['', '__proto__', 'ä', '\0', ' \n', '{x}', '\ud800']) {
      expect(await transaction(add(key))).toBe(0);
      expect(await transaction(add(key))).toBe(1);
    }
  });

  test('keeps integers exact', async () => {
    const server = fakeServer();
    await (await opened(server)).transaction(async (view) => put(view, 'a', [2n ** 60n, 1.5, 'é\ud800']));
    const other = await opened(server);
    expect(await other.transaction(async (view) => view.load(space, 'a'))).toEqual([2n ** 60n, 1.5, 'é\ud800']);
  });
});

test.each<[string, string | object]>([
  ['nothing', ''],
  ['no JSON', '0123456789abcdef1 {'],
  ['JSON that ends early', '0123456789abcdef1 {"events":['],
  ['no time', '0123456789abcdef{}'],
  ['a time that is none', '0123456789abcdefx {}'],
  ['null', '0123456789abcdef1 null'],
  ['another text', 'hello'],
  ['a long one', 'x y'.repeat(100_000)],
  ['bytes that are no UTF-8', '\ufffd\ufffd\u0000'.repeat(20)],
  ['a value of another type', ['list']],
])('%s under a key counts as absent, and is overwritten', async (_, garbage) => {
  const server = fakeServer();
  const { transaction, forgotten } = await opened(server);
  server.values.set(keyOf('a'), garbage);
  expect(await transaction(add('a'))).toBe(0);
  expect(await transaction(add('a'))).toBe(1);
  expect(forgotten.length).toBeLessThanOrEqual(1);
  expect(server.values.get(keyOf('a'))).toMatch(/^[\w-]{16}1 2$/);
});

test('values beyond what a slice may read are forgotten, and counted', async () => {
  const server = fakeServer();
  const one = await opened(server);
  const large = 'x'.repeat(17 * 1024 * 1024);
  await one.transaction(async (view) => {
    put(view, 'a', large);
    put(view, 'b', large);
  });
  const other = await opened(server);
  const lengths = await other.transaction(async (view) =>
    ['a', 'b'].map((key) => (view.load(space, key) as string | undefined)?.length),
  );
  expect(lengths).toEqual([large.length, undefined]);
  expect(other.forgotten).toEqual(['c@1 room']);
});
