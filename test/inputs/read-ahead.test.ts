/** Streams that are read ahead: in order, within bounds, and no longer than they are needed. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readAhead } from '../../src/inputs/read-ahead.ts';
import { openInOrder, type Source } from '../../src/inputs/sources.ts';

const KiB = 1024;

/** A stream of chunks of 1 KiB, and how many of them were read. */
function counted(count: number) {
  const stream = {
    taken: 0,
    isEnded: false,
    async *chunks() {
      try {
        for (let index = 0; index < count; index++) {
          stream.taken++;
          yield Buffer.alloc(KiB, index);
        }
      } finally {
        stream.isEnded = true;
      }
    },
  };
  return stream;
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await setImmediate();
}

test('a stream is read at once, up to the bound, and yielded in order', async () => {
  const stream = counted(100);
  const ahead = readAhead(stream.chunks(), 10 * KiB);
  await settle();
  expect(stream.taken).toBe(10);
  const first: number[] = [];
  for await (const chunk of ahead) {
    first.push(chunk[0]!);
    if (first.length === 1) {
      await settle();
      expect(stream.taken).toBe(11);
    }
  }
  expect(first).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test('a consumer that stops early ends the stream', async () => {
  const stream = counted(100);
  for await (const _ of readAhead(stream.chunks(), 10 * KiB)) break;
  expect([stream.isEnded, stream.taken < 20]).toEqual([true, true]);
});

test('an error comes after what was read before it', async () => {
  async function* broken() {
    yield Buffer.from('a');
    throw new Error('broken');
  }
  const ahead = readAhead(broken(), KiB);
  await settle();
  const read: string[] = [];
  const reading = async () => {
    for await (const chunk of ahead) read.push(String(chunk));
  };
  await expect(reading()).rejects.toThrow('broken');
  expect(read).toEqual(['a']);
});

test('a network source is begun together with the next three, a file only in its turn', async () => {
  const begun: string[] = [];
  const source = (name: string, isRemote: boolean): Source => {
    const read = () => {
      begun.push(name);
      return counted(1).chunks();
    };
    return { name, size: KiB, version: '1', isRemote, read };
  };
  const order = (...sources: Source[]) => {
    begun.length = 0;
    const seen: string[] = [];
    for (const { name } of openInOrder(sources, { maxBytes: KiB })) seen.push(`${name}:${begun.length}`);
    return seen;
  };
  expect(order(...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => source(name, true)))).toEqual([
    'a:4',
    'b:5',
    'c:6',
    'd:6',
    'e:6',
    'f:6',
  ]);
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  expect(order(source('a', false), source('b', false))).toEqual(['a:1', 'b:2']);
});
