/** An outline of JSON holds what JSON.parse reads, whatever the order of the members. */
import { describe, expect, test } from 'vitest';
import { isMap } from '../../src/json/map.ts';
import { eventKeys } from '../../src/outline/event-keys.ts';
import { OutlineOptions, Outlines } from '../../src/outline/outlines.ts';
import {
  EXTRA_COUNT,
  EXTRAS,
  HOLE,
  KIND,
  members,
  REF_RESOURCE,
  refs,
  STRIDE,
  texts,
  VERB,
  WRAPPER,
} from '../../src/outline/slots.ts';
import { mutated, recipe } from '../fast-path/bodies.ts';
import { print } from '../fast-path/json-tree.ts';
import fc, { runs } from '../properties.ts';

const keys = () => eventKeys('date', 'tripline');
const options = new OutlineOptions(keys(), 64);

/** Outlines one map. */
function outlined(text: string, { maxDepth = 64 } = {}) {
  const bytes = Buffer.from(text);
  const outlines = new Outlines(bytes, new OutlineOptions(keys(), maxDepth));
  return { outlines, end: outlines.addJson(0), bytes };
}

const stamps = ['date', 'time', '@timestamp', 'timestamp', 'ingestionTime', 'receiveTimestamp', 'eventId', 'id'];

/** Checks each span of the first outline of a text against the parsed map; false if it is not outlined. */
function checkSpans(text: string): boolean {
  const { outlines, end, bytes } = outlined(text);
  if (end === -1) return false;
  const whole = JSON.parse(bytes.subarray(0, end).toString());
  const { spans } = outlines;
  const read = (offset: number, quote: string) => {
    const [start, after] = [spans[offset]!, spans[offset + 1]!];
    return start === -1 ? undefined : JSON.parse(quote + bytes.subarray(start, after) + quote);
  };
  // An entry of Cloud Audit Logs is outlined in words that it does not have.
  if (isMap(whole.protoPayload)) return true;
  for (const [slot, name] of members.entries()) {
    expect(read(2 * slot, (texts as readonly string[]).includes(name) ? '"' : ''), name).toEqual(whole[name]);
  }
  for (const [index, name] of refs.entries()) {
    expect(read(REF_RESOURCE + 2 * index, '"'), name).toEqual(
      isMap(whole.objectRef) ? whole.objectRef[name] : undefined,
    );
  }
  const extras = Array.from({ length: spans[EXTRA_COUNT]! }, (_, index) =>
    bytes.subarray(spans[EXTRAS + 2 * index]!, spans[EXTRAS + 2 * index + 1]!),
  );
  const kept = JSON.parse(`{${extras.join(',')}}`);
  for (const key of Object.keys(whole)) {
    if (!(members as readonly string[]).includes(key) && !stamps.includes(key))
      expect(kept[key], key).toEqual(whole[key]);
  }
  return true;
}

describe('an outline of JSON', () => {
  test('has the spans of the members that are parsed', () => {
    let count = 0;
    fc.assert(
      fc.property(recipe, (one) => {
        const { tree, random } = mutated(one);
        if (checkSpans(print(tree, one.isSpaced ? random : undefined))) count++;
      }),
      { numRuns: runs(150) },
    );
    expect(count).toBeGreaterThan(50);
  });

  test('is the same whatever key was expected', () => {
    const names = fc.shuffledSubarray([...texts, 'user', 'objectRef', 'zz', 'date', 'log', 'verbs', 'ver']);
    const map = names.map((order) =>
      JSON.stringify(Object.fromEntries(order.map((name) => [name, /^(user|objectRef)$/.test(name) ? {} : name]))),
    );
    fc.assert(
      fc.property(fc.array(map, { minLength: 2, maxLength: 6 }), (maps) => {
        const bytes = Buffer.from(maps.join(''));
        const [one, other] = [new Outlines(bytes, options), new Outlines(bytes, options)];
        for (let at = 0; at < bytes.length; ) {
          const end = one.addJson(at);
          // Its keys were never looked up before.
          const fresh = new Outlines(bytes, new OutlineOptions(keys(), 64));
          expect(fresh.addJson(at)).toBe(end);
          expect(other.addJson(at)).toBe(end);
          if (end === -1) break;
          const spans = one.spans.slice(one.last * STRIDE, (one.last + 1) * STRIDE);
          const used = (all: Int32Array) => all.slice(0, EXTRAS + 2 * all[EXTRA_COUNT]!);
          expect(used(fresh.spans)).toEqual(used(spans));
          at = end;
        }
      }),
    );
  });

  test.each([
    ['a duplicate', '{"verb":"get","verb":"get"}'],
    ['a duplicate map', '{"user":{},"user":{}}'],
    ['a duplicate objectRef', '{"objectRef":{"name":"a"},"objectRef":{"name":"a"}}'],
    ['a duplicate within objectRef', '{"objectRef":{"name":"a","name":"a"}}'],
    ['what is no text', '{"verb":1}'],
    ['a map that is a text', '{"user":"ann"}'],
    ['a list that is a map', '{"sourceIPs":{}}'],
    ['a body that is a number', '{"requestObject":1}'],
    ['a body that is null', '{"requestObject":null}'],
    ['an objectRef that is no map', '{"objectRef":[]}'],
    ['an unknown member of an objectRef', '{"objectRef":{"zz":"a"}}'],
    ['a number within objectRef', '{"objectRef":{"name":1}}'],
    ['a key with escapes', '{"\\u0076erb":"get"}'],
    ['a key with escapes within objectRef', '{"objectRef":{"n\\u0061me":"a"}}'],
    ['a tag', '{"tripline":{}}'],
    ['an empty map', '{}'],
    ['an empty map with blanks', '{ \n }'],
    ['a list', '["verb","get"]'],
    ['a quote behind a number', '{"date":1","verb":"get","kind":"Event"}'],
    ['a quote behind a word', '{"date":true","verb":"get","kind":"Event"}'],
    ['a text without its end', '{"date":"1,"verb":"get","kind":"Event"}'],
    ['a comma too many', '{"verb":"get",}'],
    ['a comma too few', '{"verb":"get" "kind":"Event"}'],
    ['no colon', '{"verb" "get"}'],
    ['a key that is no text', '{verb:"get"}'],
    ['a map that does not end', '{"verb":"get"'],
    ['a key that does not end', '{"verb'],
    ['too many extra members', `{${Array.from({ length: 13 }, (_, index) => `"x${index}":1`)}}`],
  ])('is refused for %s', (_, text) => {
    expect(outlined(text).end).toBe(-1);
    // Also if the key was expected.
    const twice = Buffer.from(`{"verb":"get","kind":"Event"}${text}`);
    const outlines = new Outlines(twice, options);
    expect(outlines.addJson(outlines.addJson(0))).toBe(-1);
  });

  test.each([1, 2, 3, 4])('is refused for a map that nests deeper than %i levels', (maxDepth) => {
    const nested = (levels: number): string => (levels === 0 ? '1' : `{"a":${nested(levels - 1)}}`);
    for (const [member, own] of [
      ['zz', 1],
      ['user', 1],
      ['properties', 1],
      ['requestObject', 1],
    ] as const) {
      for (let levels = 1; levels < 6; levels++) {
        const text = `{"verb":"get","${member}":${nested(levels)}}`;
        expect(outlined(text, { maxDepth }).end === -1, `${text} ${maxDepth}`).toBe(own + levels > maxDepth);
      }
    }
    expect(outlined('{"objectRef":{"name":"a"}}', { maxDepth }).end === -1).toBe(maxDepth < 2);
  });

  test('notes an event that is a text within the record', () => {
    const event = '{"kind":"Event","verb":"get"}';
    const quoted = JSON.stringify(event);
    for (const [text, isFound] of [
      [`{"log":${quoted}}`, true],
      [`{"properties":{"log":${quoted},"stream":"stdout"}}`, true],
      [`{"log":${JSON.stringify(`${event}\n `)}}`, true],
      [`{"log":${quoted},"message":${quoted}}`, false],
      [`{"log":${JSON.stringify(`${event}x`)}}`, false],
      [`{"properties":{"other":${quoted}}}`, false],
      [`{"a":{"log":${quoted}}}`, false],
      [`{"kind":"Event","log":${quoted}}`, false],
      [`{"log":${JSON.stringify('{"verb":"get"}')}}`, false],
    ] as const) {
      const { outlines, end, bytes } = outlined(text);
      expect(end, text).toBe(bytes.length);
      const base = outlines.last * STRIDE;
      expect(outlines.spans[base + WRAPPER] !== -1, text).toBe(isFound);
      if (!isFound) continue;
      const wrapper = outlines.spans[base + WRAPPER]! * STRIDE;
      const hole = bytes.subarray(outlines.spans[wrapper + HOLE]!, outlines.spans[wrapper + HOLE + 1]!);
      expect(JSON.parse(`"${hole}"`).trim()).toBe(event);
      const inner = outlines.textOf(base).bytes;
      const [start, after] = [outlines.spans[base + VERB]!, outlines.spans[base + VERB + 1]!];
      expect(Buffer.from(inner.subarray(start, after)).toString()).toBe('get');
      expect(outlines.spans[base + KIND]).toBeGreaterThan(-1);
    }
  });
});
