/** Correlations on a shared store: what happens to a batch while the server is away, and what counts once. */
import { afterEach, expect, test } from 'vitest';
import { memoryStore } from '../../src/state/memory.ts';
import { fakeServer } from '../state/shared/fake-server.ts';
import { eventOf, timeOf } from '../state/shared/streams.ts';
import { rulesetOf, type SharedWorker, sharedWorker } from '../state/shared/workers.ts';

const ruleset = rulesetOf(
  'title: Many\nname: many\ncorrelation: { type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { gte: 3 } }',
);
const nth = (index: number) => eventOf({ index, time: timeOf(index) });
const rulesIn = (tags: Awaited<ReturnType<SharedWorker['tags']>>) => tags.flatMap((tag) => tag?.rules ?? []);
const gone = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function worker(server = fakeServer(), options = {}) {
  const opened = await sharedWorker(ruleset, server.connect, options);
  closing.push(opened.close);
  return opened;
}

test('a batch is refused while the server is away, and counts when it is retried', async () => {
  const server = fakeServer();
  const { tags, isAvailable } = await worker(server);
  await tags([nth(0), nth(1)]);
  server.fault = gone;
  await expect(tags([nth(2)])).rejects.toMatchObject({ code: 'state.unavailable', message: 'read ECONNRESET' });
  // A record without an event needs no correlation, but the batch waits all the same: one slice is one step.
  await expect(tags([{ no: 'event' }, nth(2)])).rejects.toMatchObject({ code: 'state.unavailable' });
  server.fault = undefined;
  await expect.poll(isAvailable).toBe(true);
  expect(rulesIn(await tags([nth(2)]))).toEqual(['many']);
});

test('a batch whose answer is lost counts once', async () => {
  const server = fakeServer();
  const { tags, isAvailable } = await worker(server);
  await tags([nth(0)]);
  server.lost = gone();
  await expect(tags([nth(1)])).rejects.toThrow('ECONNRESET');
  server.lost = undefined;
  await expect.poll(isAvailable).toBe(true);
  expect(rulesIn(await tags([nth(1)]))).toEqual([]);
  expect(rulesIn(await tags([nth(2)]))).toEqual(['many']);
});

test.each(['"text"', '7', '{}', '{"group":{}}', '[]', 'true'])(
  'a value that others wrote under its keys, %s, counts as absent, and fails no record',
  async (json) => {
    const server = fakeServer();
    await (await worker(server)).tags([nth(0), nth(1), nth(2)]);
    for (const [name, text] of server.values) {
      if (name.includes(':1:')) server.values.set(name, `${String(text).replace(/ .*/s, '')} ${json}`);
    }
    const other = await worker(server);
    const tags = await other.tags([nth(3), nth(4), nth(5)]);
    expect(tags.map((tag) => tag?.verdict)).not.toContain('error');
    expect(tags.filter((tag) => tag?.problem)).toEqual([]);
    expect(rulesIn(tags)).toEqual(['many']);
  },
);

test('if allowed, it continues with what it has seen itself; tags say so, and clear ones are shared', async () => {
  const server = fakeServer();
  const { tags, isAvailable } = await worker(server, { local: memoryStore() });
  const [before] = await tags([nth(0)]);
  server.fault = gone;
  const alone = await tags([nth(1), nth(2), { no: 'event' }, nth(3)]);
  expect(alone.map((tag) => [tag?.verdict, tag?.state])).toEqual([
    ['clear', 'local'],
    ['clear', 'local'],
    ['not_audit', undefined],
    ['match', 'local'],
  ]);
  expect(alone[0]).toBe(alone[1]);
  server.fault = undefined;
  await expect.poll(isAvailable).toBe(true);
  const [after] = await tags([nth(120)]);
  expect(after).toBe(before);
  expect(after).not.toHaveProperty('state');
});

test('an event that is too late counts once, although the slice runs again', async () => {
  const server = fakeServer();
  const [one, other] = [await worker(server), await worker(server)];
  await one.tags([nth(4000)]);
  await other.tags([nth(4001)]);
  await one.tags([nth(5)]);
  expect(one.exchanges).toEqual(['written', 'conflict', 'written']);
  expect(one.late).toEqual(['many']);
});

test('batches take turns', async () => {
  const { tags, exchanges } = await worker();
  const all = await Promise.all([0, 1, 2].map((index) => tags([nth(index)])));
  expect(rulesIn(all.flat())).toEqual(['many']);
  expect(exchanges).toEqual(['written', 'written', 'written']);
});
