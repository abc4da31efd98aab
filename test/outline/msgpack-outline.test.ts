/** An outline of MessagePack holds what is decoded, in every width, and never reads past the end of a body. */
import { describe, expect, test } from 'vitest';
import { codecFor } from '../../src/codecs/index.ts';
import { isMap } from '../../src/json/map.ts';
import { decode } from '../../src/msgpack/decode.ts';
import { isDeeper } from '../../src/msgpack/scan.ts';
import { eventKeys } from '../../src/outline/event-keys.ts';
import { OUTLINED_DEPTH } from '../../src/outline/msgpack-outline.ts';
import { findMsgpackMember } from '../../src/outline/msgpack-text.ts';
import { OutlineOptions, Outlines } from '../../src/outline/outlines.ts';
import { EXTRA_COUNT, EXTRAS, members, REF_RESOURCE, refs, texts } from '../../src/outline/slots.ts';
import { mutated, recipe } from '../fast-path/bodies.ts';
import { treeOf } from '../fast-path/json-tree.ts';
import { pack } from '../fast-path/msgpack-text.ts';
import { packedMap, packedPair, packedValue } from '../msgpack/arbitrary.ts';
import fc from '../properties.ts';
import { limits } from '../server/app.ts';

const options = new OutlineOptions(eventKeys('date', 'tripline'), 64);
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const any = { maxDepth: Number.POSITIVE_INFINITY };

/** Checks each span of the outline against the decoded map; false if it is not outlined. */
function checkSpans(bytes: Buffer): boolean {
  const outlines = new Outlines(bytes, options);
  if (outlines.addMsgpack(0) === -1) return false;
  const { spans } = outlines;
  const whole = decode(bytes, 0, bytes.length, any);
  if (!isMap(whole)) throw new Error('outlined what is no map');
  expect(isDeeper(bytes, { start: 0, end: bytes.length }, OUTLINED_DEPTH)).toBe(false);
  const read = (offset: number, isText: boolean) => {
    const [start, end] = [spans[offset]!, spans[offset + 1]!];
    if (start === -1) return undefined;
    return isText ? bytes.subarray(start, end).toString() : decode(bytes, start, end, any);
  };
  for (const [slot, name] of members.entries()) {
    expect(read(2 * slot, (texts as readonly string[]).includes(name)), name).toEqual(whole[name]);
  }
  for (const [index, name] of refs.entries()) {
    const ref = isMap(whole.objectRef) ? whole.objectRef : {};
    expect(read(REF_RESOURCE + 2 * index, true), name).toEqual(ref[name]);
  }
  const rest = Object.keys(whole).filter((key) => !(members as readonly string[]).includes(key));
  const extras = Array.from({ length: spans[EXTRA_COUNT]! }, (_, index) => {
    const [start, end] = [spans[EXTRAS + 2 * index]!, spans[EXTRAS + 2 * index + 1]!];
    return decode(Buffer.concat([Buffer.of(0x81), bytes.subarray(start, end)]), 0, 1 + end - start, any);
  });
  const stamps = ['date', 'time', '@timestamp', 'timestamp', 'ingestionTime', 'eventId', 'id'];
  const kept = Object.assign(Object.create(null), ...extras) as Record<string, unknown>;
  for (const key of rest) if (!stamps.includes(key)) expect(kept[key], key).toEqual(whole[key]);
  return true;
}

describe('an outline of MessagePack', () => {
  test('has the spans of the members that are decoded', () => {
    let outlined = 0;
    fc.assert(
      fc.property(recipe, (one) => {
        const { tree, random } = mutated(one);
        if (checkSpans(pack(tree, one.isSpaced ? random : undefined))) outlined++;
      }),
      { numRuns: 400 },
    );
    expect(outlined).toBeGreaterThan(50);
  });

  test('of any map is right, or there is none', () => {
    fc.assert(
      fc.property(packedMap, (bytes) => void checkSpans(bytes)),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a duplicate', '82a476657262a3676574a476657262a3676574'],
    ['a verb that is a number', '81a47665726201'],
    ['a verb that is bin', '81a476657262c403676574'],
    ['a key that is bin', '81c40476657262a3676574'],
    ['a key that is no text', '8107a3676574'],
    ['an extension', '81a17ad40100'],
    ['a key of a known name within objectRef that is a number', '81a96f626a65637452656681a46e616d6501'],
    ['a tag', '81a8747269706c696e6580'],
  ])('refuses %s', (_, hex) => {
    expect(new Outlines(Buffer.from(hex, 'hex'), options).addMsgpack(0)).toBe(-1);
  });

  test.each([
    ['maps', '81a161', 'c0'],
    ['maps, the innermost empty', '81a161', '80'],
    ['arrays', '91', 'c0'],
    ['arrays, the innermost empty', '91', '90'],
  ])('is refused for a map that nests deeper than the limit: %s', (_, level, innermost) => {
    const nested = (levels: number) =>
      Buffer.from(`81ad726571756573744f626a656374${level.repeat(levels)}${innermost}`, 'hex');
    const isOutlined = (levels: number) => new Outlines(nested(levels), options).addMsgpack(0) !== -1;
    expect(isOutlined(OUTLINED_DEPTH - 2)).toBe(true);
    expect(isOutlined(OUTLINED_DEPTH - 1)).toBe(false);
    const { length } = nested(OUTLINED_DEPTH - 2);
    expect(isDeeper(nested(OUTLINED_DEPTH - 2), { start: 0, end: length }, OUTLINED_DEPTH)).toBe(false);
  });

  test('reads one text in every width', () => {
    const verb = Buffer.from('get');
    for (const head of ['a3', 'd903', 'da0003', 'db00000003']) {
      for (const key of ['a4', 'd904', 'da0004', 'db00000004']) {
        for (const map of ['81', 'de0001', 'df00000001']) {
          const bytes = Buffer.concat([
            Buffer.from(map + key, 'hex'),
            Buffer.from('verb'),
            Buffer.from(head, 'hex'),
            verb,
          ]);
          expect(checkSpans(bytes)).toBe(true);
        }
      }
    }
  });
});

test('no body, cut or with headers that lie, makes the outline read past its end', () => {
  const codec = codecFor('application/msgpack')!;
  const decoded = (bytes: Uint8Array, withOutlines: boolean) => {
    try {
      const records = codec.decode(bytes, limits, withOutlines ? new Outlines(bytes, options) : undefined);
      return records.map(({ start, end, kind }) => ({ start, end, kind }));
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };
  const frame = Buffer.from('9292d7006553f100075bcd1580', 'hex');
  const map = fc.oneof(
    packedMap,
    packedValue.map((value) => Buffer.concat([pack(treeOf({ properties: null })).subarray(0, -1), value])),
  );
  fc.assert(
    fc.property(map, fc.nat(), fc.nat(), fc.nat({ max: 255 }), (map, at, cut, byte) => {
      const bytes = Buffer.concat([frame, map]);
      const lying = Buffer.from(bytes);
      lying[frame.length + (at % map.length)] = byte;
      for (const body of [bytes, bytes.subarray(0, bytes.length - (cut % bytes.length)), lying]) {
        expect(decoded(body, true)).toEqual(decoded(body, false));
      }
    }),
    { numRuns: 2000 },
  );
  // A number whose bytes are the header of a long text.
  const long = Buffer.concat([frame, Buffer.from('81aa70726f70657274696573cadbffffff', 'hex')]);
  expect(decoded(long, true)).toEqual(decoded(long, false));
});

test('finds the member of a map by its key, or says that there may be several', () => {
  fc.assert(
    fc.property(fc.array(packedPair, { maxLength: 6 }), fc.nat(), (pairs, chosen) => {
      const key = pairs[chosen % (pairs.length || 1)]?.key ?? 'a';
      const bytes = Buffer.concat([Buffer.of(0x80 | pairs.length), ...pairs.map(({ bytes }) => bytes)]);
      // Only outlined maps are searched.
      if (new Outlines(bytes, options).addMsgpack(0) === -1) return;
      const found = findMsgpackMember(bytes, viewOf(bytes), 0, Buffer.from(key));
      const times = pairs.filter((pair) => pair.key === key).length;
      if (times === 0) expect(found).toBe(-1);
      if (times > 1) expect(found).toBe(-2);
      if (times === 1) expect(found).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});
