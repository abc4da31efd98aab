/** A stream in batches: nothing is lost between them, wherever the stream is cut into chunks. */
import { expect, test } from 'vitest';
import { batchesOf, type InputBatch } from '../../src/inputs/batches.ts';
import fc from '../properties.ts';

async function collect(chunks: readonly Uint8Array[], maxBytes = 64 * 1024 * 1024): Promise<InputBatch[]> {
  async function* stream() {
    yield* chunks;
  }
  const batches: InputBatch[] = [];
  for await (const batch of batchesOf(stream(), { maxBytes })) batches.push(batch);
  return batches;
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...[...places].sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

const megabytes = 3 * 1024 * 1024;
const line = `{"log":"${'x'.repeat(900)}"}\n`;

test.each<[string, string]>([
  ['lines', line.repeat(megabytes / line.length)],
  ['lines, the last without an end', line.repeat(megabytes / line.length).trimEnd()],
  [
    'an array',
    `[${line
      .repeat(megabytes / line.length)
      .trimEnd()
      .replaceAll('\n', ',')}]`,
  ],
  ['blank lines', '\n'.repeat(megabytes)],
  ['nothing', ''],
])('%s: the batches put together are the stream, and end where lines end', async (_, text) => {
  const bytes = Buffer.from(text);
  const places = fc.array(fc.nat(bytes.length), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(places, async (places) => {
      const batches = await collect(cutAt(bytes, places));
      expect(Buffer.concat(batches.map((batch) => batch.bytes)).equals(bytes)).toBe(true);
      for (const { codec, bytes } of batches.slice(0, -1))
        expect([codec.name, bytes.at(-1)]).toEqual(['json_lines', 10]);
    }),
    { numRuns: 20 },
  );
});

test('lines are split into several batches', async () => {
  const chunks = Array.from({ length: megabytes / 1024 }, () => Buffer.from(line));
  expect((await collect(chunks)).length).toBeGreaterThan(1);
});

test.each<[string, string]>([
  ['a line', line + 'x'.repeat(2_000_000)],
  ['the first line', `{"log":"${'x'.repeat(2_000_000)}`],
  ['a file that is not lines', `[${'1,'.repeat(1_000_000)}1]`],
])('%s beyond the limit is refused', async (_, text) => {
  const chunks = cutAt(Buffer.from(text), [100_000, 500_000, 1_900_000]);
  await expect(collect(chunks, 1_000_000)).rejects.toMatchObject({ code: 'body.too_large' });
});
