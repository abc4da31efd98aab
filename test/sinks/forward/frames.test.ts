import { decode, ExtData, encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import type { TaggedBatch } from '../../../src/batch/tagged-batch.ts';
import { codecFor } from '../../../src/codecs/index.ts';
import { eventKeys } from '../../../src/outline/event-keys.ts';
import { OutlineOptions, Outlines } from '../../../src/outline/outlines.ts';
import { entryOf } from '../../../src/sinks/encode/log-event/index.ts';
import { frames } from '../../../src/sinks/forward/frames.ts';
import type { Tag } from '../../../src/tag.ts';
import { batchOf } from '../../batch/batch-of.ts';
import fc from '../../properties.ts';
import { fluentMsgpack } from '../../tagged.ts';

const groupStart = Buffer.from('9292d700ffffffff0000000081a16d0181a16101', 'hex');
const groupEnd = Buffer.from('9292d700fffffffe000000008080', 'hex');
const entryForm = Buffer.from('9292d7006553f100075bcd158081a16e01', 'hex');

const bodies: Record<string, (sizes: readonly number[]) => Uint8Array> = {
  'application/json': (sizes) =>
    Buffer.from(
      `[ ${sizes.map((size) => (size % 7 === 3 ? `"${size}"` : `{"n":${size},"text":"${'x'.repeat(size)}"}`)).join(' ,\n')} ]`,
    ),
  'application/x-ndjson': (sizes) =>
    Buffer.from(
      sizes.map((size) => (size % 7 === 3 ? '\n\r\n 5 \n' : `  {"text":"${'x'.repeat(size)}"}\r\n`)).join(''),
    ),
  'application/msgpack': (sizes) =>
    Buffer.concat([
      entryForm,
      ...sizes.map((size) => {
        if (size % 7 === 3) return groupStart;
        if (size % 7 === 5) return groupEnd;
        if (size % 7 === 1) return Buffer.concat([entryForm, Buffer.of(0x92, 0x05, 0xa1, 0x61)]);
        return fluentMsgpack({ text: 'x'.repeat(size) });
      }),
    ]),
};

test.each(Object.keys(bodies))('messages carry the entries of %s, each wanted one exactly once', (mediaType) => {
  const sizes = fc.array(fc.nat(200), { minLength: 1, maxLength: 25 });
  const delivered = fc.array(fc.nat(25), { maxLength: 6 }).map((indexes) => new Set(indexes));
  let cuts = 0;
  fc.assert(
    fc.property(
      sizes,
      delivered,
      fc.integer({ min: 200, max: 2000 }),
      fc.constantFrom('forward', 'packed'),
      (sizes, delivered, maxFrameBytes, mode) => {
        const batch = batchOf(codecFor(mediaType)!, bodies[mediaType]!(sizes), (n) => ({
          v: 2,
          verdict: 'clear',
          ruleset: `${n}`,
        }));
        const options = { fluentTag: 'a', mode, askAcknowledgement: false, maxFrameBytes } as const;
        const made = [...frames(batch, options, (index) => delivered.has(index))];
        cuts += made.length - 1;
        const carried: number[] = [];
        for (const { bytes, from, to, isOversize } of made) {
          const range = Array.from({ length: to - from }, (_, n) => from + n);
          const entries = Buffer.concat(range.map((index) => entryOf(batch, index)));
          expect(Buffer.from(bytes).includes(entries)).toBe(true);
          // Around the entries: the envelope, and the markers of a group that is cut.
          expect(bytes.length - entries.length).toBeLessThan(100 + groupStart.length + groupEnd.length);
          if (!isOversize && mediaType !== 'application/msgpack')
            expect(bytes.length).toBeLessThanOrEqual(maxFrameBytes);
          carried.push(...range.filter((index) => batch.records[index]!.kind !== 'group'));
        }
        const wanted = batch.records.flatMap(({ kind }, index) =>
          kind === 'group' || delivered.has(index) ? [] : [index],
        );
        expect(carried).toEqual(wanted);
      },
    ),
    { numRuns: 150 },
  );
  expect(cuts).toBeGreaterThan(50);
});

/** Levels of a message that Fluent Bit accepts. */
const RECEIVED_LEVELS = 64;
const nested = (levels: number, innermost: unknown) =>
  Array.from({ length: levels }).reduce<any>((inner) => ({ a: inner }), innermost);
const levelsOf = (value: any): number =>
  value !== null && typeof value === 'object' && !ArrayBuffer.isView(value) && value.constructor !== ExtData
    ? 1 + Math.max(0, ...Object.values(value).map(levelsOf))
    : 0;
const TAG: Tag = { v: 2, verdict: 'clear', ruleset: 'r' };

test.each<[string, (records: object[]) => Uint8Array]>([
  ['application/json', (records) => Buffer.from(JSON.stringify(records))],
  ['application/x-ndjson', (records) => Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''))],
  ['application/msgpack', (records) => Buffer.concat(records.map((record) => fluentMsgpack(record)))],
])('a record of %s that is too deep for Fluent Bit is sent as text, others as they are', (mediaType, bodyOf) => {
  const fitting = [{ a: 1 }, nested(61, 1), nested(60, {})];
  const deep = [nested(62, 1), nested(61, []), nested(2000, 1)];
  const batch = batchOf(codecFor(mediaType)!, bodyOf([...fitting, ...deep]), () => TAG);
  const options = { fluentTag: 'a', mode: 'forward', askAcknowledgement: true, maxFrameBytes: 1e6 } as const;
  const [frame, ...others] = frames(batch, options, () => false);
  expect(others).toEqual([]);
  const message = decode(frame!.bytes) as [string, [unknown, any][], object];
  expect(levelsOf(message)).toBe(RECEIVED_LEVELS);
  expect(message[1].map(([, record]) => record)).toEqual([
    ...fitting.map((record) => ({ ...record, tripline: TAG })),
    ...deep.map((record) => ({ log: JSON.stringify(record), tripline: TAG })),
  ]);
});

test('outlined records are sent like those that are not, however deep', () => {
  const codec = codecFor('application/msgpack')!;
  const records = [1, 2, 57, 58, 59, 60, 61, 62, 63, 300].flatMap((levels) =>
    [1, {}, []].map((innermost) => ({ verb: 'create', requestObject: nested(levels, innermost) })),
  );
  const bytes = Buffer.concat(records.map((record) => fluentMsgpack(record)));
  const limits = { maxDepth: 1000, maxRecords: 1000 };
  const batch = batchOf(codec, bytes, () => TAG, limits);
  const outlines = new Outlines(bytes, new OutlineOptions(eventKeys('date', 'tripline'), limits.maxDepth));
  const outlined = { ...batch, records: codec.decode(bytes, limits, outlines) };
  expect(outlined.records.filter((record) => record.kind === 'map' && record.outline !== undefined)).toHaveLength(15);
  const options = { fluentTag: 'a', mode: 'forward', askAcknowledgement: true, maxFrameBytes: 1e6 } as const;
  const sent = (one: TaggedBatch) =>
    [...frames(one, options, () => false)].map(({ bytes }) => (decode(bytes) as any)[1]);
  expect(sent(outlined)).toEqual(sent(batch));
});

test('metadata that is too deep for Fluent Bit is sent as text', () => {
  const event = (levels: number) =>
    Buffer.concat([
      Buffer.from('9292d7006553f100075bcd15', 'hex'),
      encode(nested(levels, 1)),
      Buffer.from('81a16e01', 'hex'),
    ]);
  const batch = batchOf(codecFor('application/msgpack')!, Buffer.concat([event(60), event(61)]), () => TAG);
  const options = { fluentTag: 'a', mode: 'forward', askAcknowledgement: true, maxFrameBytes: 1e6 } as const;
  const message = decode([...frames(batch, options, () => false)][0]!.bytes) as [string, [[unknown, any], any][]];
  expect(message[1].map(([[, metadata], record]) => [metadata, record])).toEqual([
    [nested(60, 1), { n: 1, tripline: TAG }],
    [{ log: JSON.stringify(nested(61, 1)) }, { n: 1, tripline: TAG }],
  ]);
});
