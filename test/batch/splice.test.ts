import { describe, expect, test } from 'vitest';
import { applyEdits, taggedBody, taggedBodyAndRecords } from '../../src/batch/splice.ts';
import type { Edit } from '../../src/codecs/codec.ts';
import { codecFor } from '../../src/codecs/index.ts';
import type { Tag } from '../../src/tag.ts';
import fc from '../properties.ts';
import { fluentMsgpack } from '../tagged.ts';
import { batchOf } from './batch-of.ts';

/** Edits in order of offset: each begins where the one before ended, or later. */
const edits = (length: number): fc.Arbitrary<Edit[]> =>
  fc
    .array(
      fc.record({
        gap: fc.nat(6),
        replaced: fc.nat(5),
        insert: fc.uint8Array({ maxLength: 9 }),
      }),
      { maxLength: 12 },
    )
    .map((steps) => {
      let at = 0;
      return steps.flatMap(({ gap, replaced, insert }) => {
        const start = Math.min(length, at + gap);
        const end = Math.min(length, start + replaced);
        at = end;
        return [{ start, end, insert }];
      });
    });

/** The edits one by one, the last first, so that the offsets of the others stay. */
function oneByOne(bytes: Uint8Array, all: readonly Edit[]): number[] {
  const result = [...bytes];
  for (const { start, end, insert } of all.toReversed()) result.splice(start, end - start, ...insert);
  return result;
}

describe('applyEdits', () => {
  test('gives the same result as the edits one by one', () => {
    const cases = fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .chain((bytes) => fc.tuple(fc.constant(bytes), edits(bytes.length), fc.nat(20)));
    fc.assert(
      fc.property(cases, ([bytes, all, offset]) => {
        // A view into the middle of other bytes, as the body of a request can be.
        const around = Buffer.alloc(bytes.length + offset + 7, 0xee);
        around.set(bytes, offset);
        const view = new Uint8Array(around.buffer, around.byteOffset + offset, bytes.length);
        expect([...applyEdits(view, { start: 0, end: bytes.length }, all)]).toEqual(oneByOne(bytes, all));
        expect([...view]).toEqual([...bytes]);
      }),
      { numRuns: 500 },
    );
  });

  test('of a span leaves out what is around it', () => {
    const bytes = Buffer.from('..abcdef..');
    const all = [{ start: 4, end: 5, insert: Buffer.from('XYZ') }];
    expect(Buffer.from(applyEdits(bytes, { start: 2, end: 8 }, all)).toString()).toBe('abXYZdef');
  });

  test.each([
    ['overlap', [0, 4], [2, 6]],
    ['are out of order', [4, 6], [0, 2]],
  ])('refuses edits that %s, which would leave bytes unwritten', (_, first, second) => {
    const all = [first, second].map(([start, end]) => ({ start: start!, end: end!, insert: Buffer.from('-') }));
    expect(() => applyEdits(Buffer.from('abcdefgh'), { start: 0, end: 8 }, all)).toThrow(
      /overlaps the one that ends at byte/,
    );
  });
});

/** Counts how often it is encoded. */
function countedTag(tag: Tag): { tag: Tag; encodings: () => number } {
  let encodings = 0;
  const counted = {
    ...tag,
    get verdict() {
      encodings++;
      return tag.verdict;
    },
  };
  return { tag: counted, encodings: () => encodings };
}

const records = [{ a: 1 }, {}, { tripline: 0, a: [2], b: { tripline: 3 } }, { tripline: 1, c: 'x', tripline2: 2 }];
const bodies: Record<string, Uint8Array> = {
  'application/json': Buffer.from(JSON.stringify(records, null, 1)),
  'application/x-ndjson': Buffer.from(records.map((record) => `  ${JSON.stringify(record)} \r\n\n`).join('')),
  'application/msgpack': Buffer.concat(records.map((record) => fluentMsgpack(record))),
};

const batchIn = (mediaType: string, tagAt: (index: number) => Tag) =>
  batchOf(codecFor(mediaType)!, bodies[mediaType]!, tagAt);

describe.each(Object.keys(bodies))('a batch of %s', (mediaType) => {
  test('has the records with their tags, and the bytes between them', () => {
    const batch = batchIn(mediaType, (index) => ({ v: 2, verdict: index % 2 === 0 ? 'clear' : 'match' }));
    const body = Buffer.from(taggedBody(batch));
    const { records: moved } = taggedBodyAndRecords(batch);
    let at = 0;
    let behind = 0;
    for (const [index, { start, end }] of batch.records.entries()) {
      const gap = batch.bytes.subarray(behind, start);
      const expected = Buffer.concat([gap, body.subarray(moved[index]!.start, moved[index]!.end)]);
      expect(body.subarray(at, at + expected.length)).toEqual(expected);
      at += expected.length;
      behind = end;
    }
    expect(body.subarray(at)).toEqual(Buffer.from(batch.bytes.subarray(behind)));
    const again = batch.codec.decode(body, { maxDepth: 64, maxRecords: 100 });
    const verdicts = again.map((record) => {
      if (record.kind !== 'map') throw new Error(record.kind);
      return (batch.codec.read(body, record, { maxDepth: 64, maxRecords: 100 }) as { tripline: Tag }).tripline.verdict;
    });
    expect(verdicts).toEqual(['clear', 'match', 'clear', 'match']);
  });

  test('encodes a tag only once if records and batches share it', () => {
    const { tag, encodings } = countedTag({ v: 2, verdict: 'clear' });
    const first = taggedBody(batchIn(mediaType, () => tag));
    const once = encodings();
    expect(once).toBeGreaterThan(0);
    expect(taggedBody(batchIn(mediaType, () => tag))).toEqual(first);
    expect(encodings()).toBe(once);
  });
});
