/** Server-sent events, wherever their bytes are cut. */
import { expect, test } from 'vitest';
import { eventsIn } from '../../src/console-client/events.ts';
import fc from '../properties.ts';

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) yield bytes.subarray(at, (at += size));
  yield bytes.subarray(at);
}

async function read(text: string, sizes: readonly number[] = []) {
  const events = [];
  for await (const event of eventsIn(cut(Buffer.from(text), sizes))) events.push(event);
  return events;
}

test('type, data and id; the id stays until the next', async () => {
  const text = 'event: findings\nid: 7\ndata: {"a":\ndata: 1}\n\n: comment\n\ndata:x\n\nid:\ndata:  y\n\n';
  expect(await read(text)).toEqual([
    { type: 'findings', data: '{"a":\n1}', id: '7' },
    { type: 'message', data: 'x', id: '7' },
    { type: 'message', data: ' y', id: '' },
  ]);
});

test('without data there is no event, nor without an end', async () => {
  expect(await read('event: now\n\ndata: cut\n')).toEqual([]);
  expect(await read('retry: 5\nid: 1\n\nid: a\0b\nother\ndata\n\n')).toEqual([{ type: 'message', data: '', id: '1' }]);
});

test('each kind of line end, cut anywhere, even within a character, reads the same', async () => {
  const lines = ['event: findings', 'id: é7', 'data: {"name":"Zoë 😀 \u2028"}', '', 'data: b', '', ''];
  const expected = await read(lines.join('\n'));
  expect(expected.length).toBe(2);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }),
      async (end, sizes) => {
        expect(await read(lines.join(end), sizes)).toEqual(expected);
      },
    ),
    { numRuns: 200 },
  );
});
