/** What holds for every byte layout: the contract of src/codecs/codec.ts, as properties over bodies in all spellings. */
import { isDeepStrictEqual } from 'node:util';
import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { taggedBody } from '../../src/batch/splice.ts';
import type { Codec, DecodeLimits } from '../../src/codecs/codec.ts';
import { Problem } from '../../src/problem.ts';
import type { LogRecord } from '../../src/record.ts';
import { entryOf } from '../../src/sinks/encode/log-event/index.ts';
import { asLogEvents } from '../../src/sinks/encode/log-event/otlp.ts';
import type { Tag } from '../../src/tag.ts';
import { batchOf } from '../batch/batch-of.ts';
import fc from '../properties.ts';

/** One record as generated: its framing unit, and the expected result. */
export interface MadeRecord {
  kind: LogRecord['kind'];
  bytes: Buffer;
  /** The unit once it is tagged; built from the parts of the record, not by the code under test. */
  tagged: Buffer;
}

export interface MadeBody {
  /** What precedes each record, and what follows the last one. */
  framing: Buffer[];
  /** The same when the records are tagged, if that changes it. */
  taggedFraming?: Buffer[];
  records: MadeRecord[];
}

export interface Layout {
  codec: Codec;
  /** Bodies whose maps are tagged with `TAG` under `tripline`. */
  body: fc.Arbitrary<MadeBody>;
  /** Single maps that other readers can decode, framed as one record. */
  readable: fc.Arbitrary<Buffer>;
  /** What another reader makes of the map of a record. */
  oracle(map: Buffer): unknown;
  /** Set for bodies that are made in the process: a truncated one is refused. */
  isNeverCut?: true;
  /** Bodies with false lengths or without an end, by name. */
  hostile: Record<string, Buffer>;
}

export const MEMBER = 'tripline';
export const TAG: Tag = { v: 2, verdict: 'match', rules: ['pod-host-pid'], cluster: 'prod – "1"', attack: [] };
export const LIMITS: DecodeLimits = { maxDepth: 64, maxRecords: 100_000 };

const isMapRecord = (record: LogRecord) => record.kind === 'map';

function bytesOf({ framing, taggedFraming = framing, records }: MadeBody, key: 'bytes' | 'tagged' = 'bytes'): Buffer {
  const frames = key === 'tagged' ? taggedFraming : framing;
  return Buffer.concat(frames.flatMap((frame, i) => [frame, ...(i < records.length ? [records[i][key]] : [])]));
}

/** Runs a function that may throw only the named problems; undefined if it does. */
function onlyProblems<T>(codes: readonly string[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect(codes).toContain(error.code);
    return undefined;
  }
}

function tagAll(codec: Codec, bytes: Uint8Array): Uint8Array {
  return taggedBody(batchOf(codec, bytes, () => TAG, LIMITS));
}

/** Processes a body as the pipeline does, and checks what must hold for any bytes. */
function exercise(codec: Codec, bytes: Uint8Array, limits: DecodeLimits = LIMITS): readonly LogRecord[] {
  const bodyProblems = ['body.empty', 'body.unreadable', 'body.too_many_records'];
  const batch = onlyProblems(bodyProblems, () => batchOf(codec, bytes, () => TAG, limits));
  if (batch === undefined) return [];
  const { records } = batch;
  let behind = 0;
  for (const [index, record] of records.entries()) {
    if (record.start < behind || record.end < record.start) throw new Error('records overlap or are out of order');
    behind = record.end;
    if (record.kind === 'map') {
      codec.read(bytes, record, limits);
      codec.splice(bytes, record, MEMBER, TAG, []);
    }
    if (codec.notation !== 'otlp') entryOf(batch, index);
  }
  expect(behind).toBeLessThanOrEqual(bytes.length);
  asLogEvents(batch);
  return records;
}

export function codecContract(layout: Layout): void {
  const { codec, isNeverCut } = layout;
  const decode = (bytes: Uint8Array) => codec.decode(bytes, LIMITS);
  const runs = (numRuns: number) => ({ numRuns });

  describe(`contract of ${codec.name}`, () => {
    it('finds every record with its kind, in order', () => {
      fc.assert(
        fc.property(layout.body, (body) => {
          const bytes = bytesOf(body);
          if (body.records.length === 0) return;
          const found = decode(bytes).map(({ kind, start, end }) => ({ kind, bytes: bytes.subarray(start, end) }));
          expect(found).toEqual(body.records.map(({ kind, bytes }) => ({ kind, bytes })));
        }),
        runs(300),
      );
    });

    it('tags a whole body and leaves every other byte as it was', () => {
      fc.assert(
        fc.property(layout.body, (body) => {
          if (body.records.length === 0) return;
          expect(Buffer.from(tagAll(codec, bytesOf(body)))).toEqual(bytesOf(body, 'tagged'));
        }),
        runs(300),
      );
    });

    it('tags twice as once', () => {
      fc.assert(
        fc.property(layout.body, (body) => {
          if (body.records.length === 0) return;
          const once = tagAll(codec, bytesOf(body));
          expect(tagAll(codec, once)).toEqual(once);
        }),
        runs(200),
      );
    });

    it('decodes what it frames to the same records', () => {
      fc.assert(
        fc.property(layout.body, fc.nat(), (body, cut) => {
          const bytes = bytesOf(body);
          const received = bytes.subarray(0, bytes.length - (isNeverCut ? 0 : cut % (bytes.length + 1)));
          const records = onlyProblems(['body.empty', 'body.unreadable'], () => decode(received));
          if (!records?.some(isMapRecord)) return;
          const units = records.map(({ start, end }) => received.subarray(start, end));
          const framed = codec.frame(units);
          const again = decode(framed).map(({ kind, start, end }) => ({ kind, unit: framed.subarray(start, end) }));
          expect(again).toEqual(records.map(({ kind }, i) => ({ kind, unit: units[i] })));
        }),
        runs(300),
      );
    });

    it('selects records as a body of their own, and says where they lie', () => {
      fc.assert(
        fc.property(layout.body, fc.nat(), fc.infiniteStream(fc.boolean()), (body, cut, choices) => {
          const bytes = bytesOf(body);
          const received = bytes.subarray(0, bytes.length - (isNeverCut ? 0 : cut % (bytes.length + 1)));
          const records = onlyProblems(['body.empty', 'body.unreadable'], () => decode(received)) ?? [];
          const chosen = records.filter(() => choices.next().value);
          if (chosen.length === 0) return;
          const selection = codec.select(received, chosen);
          const shown = (of: Uint8Array, all: readonly LogRecord[]) =>
            all.map((record) => ({
              kind: record.kind,
              unit: of.subarray(record.start, record.end),
              ...(record.kind === 'map' && { map: of.subarray(record.map.start, record.map.end) }),
            }));
          const units = shown(received, chosen);
          expect(shown(selection.bytes, selection.records)).toEqual(units);
          if (chosen.some(isMapRecord)) expect(shown(selection.bytes, decode(selection.bytes))).toEqual(units);
        }),
        runs(200),
      );
    });

    it('reads a map as another reader does, tagged or not', () => {
      fc.assert(
        fc.property(layout.readable, (bytes) => {
          for (const body of [bytes, tagAll(codec, bytes)]) {
            const record = decode(body).find(isMapRecord)!;
            const map = Buffer.from(body.subarray(record.map.start, record.map.end));
            const value = codec.read(body, record, LIMITS);
            if (!isDeepStrictEqual(value, layout.oracle(map))) expect(value).toEqual(layout.oracle(map));
          }
        }),
        runs(300),
      );
    });

    it('does not take the nearest record for another when a body has more than the limit', () => {
      fc.assert(
        fc.property(layout.body, (body) => {
          const count = body.records.length;
          if (count < 2) return;
          expect(codec.decode(bytesOf(body), { ...LIMITS, maxRecords: count })).toHaveLength(count);
          expect(() => codec.decode(bytesOf(body), { ...LIMITS, maxRecords: count - 1 })).toThrow(
            expect.objectContaining({ code: 'body.too_many_records' }),
          );
        }),
        runs(50),
      );
    });

    if (!isNeverCut) {
      it('keeps the records before a cut, wherever it is', () => {
        fc.assert(
          fc.property(layout.body, fc.nat(), (body, cut) => {
            const whole = bytesOf(body);
            const bytes = whole.subarray(0, cut % (whole.length + 1));
            const records = exercise(codec, bytes);
            let end = 0;
            body.records.forEach(({ kind, bytes: unit }, i) => {
              end += body.framing[i].length + unit.length;
              if (kind === 'map' && end <= bytes.length) {
                expect(records[i]).toMatchObject({ kind, start: end - unit.length, end });
              }
            });
          }),
          runs(300),
        );
      });
    }

    it('meets random bytes and changed bodies with problems only', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void exercise(codec, bytes)),
        runs(500),
      );
      const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(layout.body, changes, (body, changes) => {
          const bytes = bytesOf(body);
          if (bytes.length === 0) return;
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          exercise(codec, bytes);
        }),
        runs(500),
      );
    });

    it.each(Object.entries(layout.hostile))('survives %s', (_, bytes) => {
      exercise(codec, bytes);
    });

    it('refuses an empty body as empty', () => {
      expect(() => decode(new Uint8Array())).toThrow(expect.objectContaining({ code: 'body.empty' }));
    });
  });
}

/** The tag as another writer encodes it. */
export const packedTag = Buffer.concat([encode(MEMBER), encode(TAG)]);
