/** The body of a request as it arrives. */
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { byteBudget } from '../../src/server/byte-budget.ts';
import { openReader } from '../../src/server/forward/reader.ts';
import { receive } from '../../src/server/receive.ts';

const alone = (text: string) => new Uint8Array(Buffer.from(text));

/** A piece within memory that it shares with others. */
function within(text: string): Uint8Array {
  const memory = Buffer.from(`<${text}>`);
  return new Uint8Array(new Uint8Array(memory).buffer, 1, text.length);
}

test('pieces of a body that are alone in their memory are freed once they are copied', async () => {
  const pieces = [alone('one '), within('two '), alone('three')];
  const share = byteBudget(1000).open();
  const body = await receive(Readable.from(pieces), undefined, 1000, share);
  expect(Buffer.from(body).toString()).toBe('one two three');
  expect(pieces.map(({ length }) => length)).toEqual([0, 4, 0]);
});

test('pieces of a message are freed, except for the last', async () => {
  // An array of one text of 13 bytes.
  const pieces = [new Uint8Array([0x91, 0xad]), alone('a text '), alone('of 13.')];
  const reader = openReader(Readable.from(pieces), byteBudget(1e6), new AbortController().signal);
  const arrived = await reader.next(1000, 'limits.maxBodyBytes');
  expect(Buffer.from(arrived!.bytes).subarray(2).toString()).toBe('a text of 13.');
  expect(pieces.map(({ length }) => length)).toEqual([0, 0, 6]);
});
