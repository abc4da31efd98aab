/** An outline does not depend on what the walk remembers of records, nor on where the bytes copied for it end. */
import { describe, expect, test } from 'vitest';
import { eventKeys } from '../../src/outline/event-keys.ts';
import { OutlineOptions, Outlines } from '../../src/outline/outlines.ts';
import { EXTRA_COUNT, EXTRAS, PROFILE, STRIDE, USUAL_URI } from '../../src/outline/slots.ts';
import { SEAM_COUNT, TEXT_SIZE, VALUE_COUNT } from '../../src/outline/walk-code.ts';
import { mutated, recipe } from '../fast-path/bodies.ts';
import { print } from '../fast-path/json-tree.ts';
import fc, { runs } from '../properties.ts';

/** Bytes that are copied at once. */
const PART = 64 * 1024;

const optionsOf = () => new OutlineOptions(eventKeys('date', 'tripline'), 64);

interface Outline {
  end: number;
  /** The bytes of each member. */
  members: (string | undefined)[];
  isUsual: boolean;
  profile: number;
}

function outlineAt(outlines: Outlines, at: number): Outline {
  const end = outlines.addJson(at);
  if (end === -1) return { end, members: [], isUsual: false, profile: 0 };
  const base = outlines.last * STRIDE;
  const all = outlines.spans.subarray(base, base + STRIDE);
  const { bytes } = outlines.textOf(base);
  const members = Array.from({ length: EXTRAS / 2 + all[EXTRA_COUNT]! }, (_, index) => {
    const [start, after] = [all[2 * index]!, all[2 * index + 1]!];
    return start === -1 ? undefined : `${after < 0 ? after : Buffer.from(bytes.subarray(start, after))}`;
  });
  return { end: end - at, members, isUsual: all[USUAL_URI] === 1, profile: all[PROFILE]! };
}

/** The outline of a text by itself, with nothing remembered. */
function fresh(text: string): Outline {
  return outlineAt(new Outlines(Buffer.from(text), optionsOf()), 0);
}

const event = (more: Record<string, unknown>) =>
  JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/shop/pods/web',
    verb: 'get',
    user: { username: 'ann', groups: ['a', 'b'] },
    sourceIPs: ['203.0.113.7'],
    objectRef: { resource: 'pods', namespace: 'shop', name: 'web', apiVersion: 'v1' },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: '2026-01-02T03:04:05.000000Z',
    stageTimestamp: '2026-01-02T03:04:05.000000Z',
    ...more,
  });

function expectSame(outlines: Outlines, at: number, text: string): void {
  const { profile, ...found } = outlineAt(outlines, at);
  const { profile: other, ...alone } = fresh(text);
  expect(found, text.slice(0, 500)).toEqual(alone);
  expect(profile > 0).toBe(other > 0);
}

describe('an outline is the same', () => {
  const options = optionsOf();

  test('whatever was outlined before', () => {
    fc.assert(
      fc.property(fc.array(recipe, { minLength: 1, maxLength: 4 }), (recipes) => {
        const texts = recipes.map((one) => {
          const { tree, random } = mutated(one);
          return print(tree, one.isSpaced ? random : undefined);
        });
        const bytes = Buffer.from(texts.join('\n'));
        const outlines = new Outlines(bytes, options);
        let at = 0;
        for (const text of texts) {
          expectSame(outlines, at, text);
          at += Buffer.byteLength(text) + 1;
        }
      }),
      { numRuns: runs(25) },
    );
  });

  test('wherever in a record the copy ends', () => {
    const text = event({
      requestObject: { 'k:{"uid":"x"}': {}, n: [-1.5e3, 0, true, null], 'é\n': 'ü\\ "\u0001', deep: [[{ a: [] }]] },
      annotations: { a: 'x'.repeat(40) },
    });
    const known = new Outlines(Buffer.from(text.repeat(3)), options);
    for (let at = 0; at < 3 * Buffer.byteLength(text); at += Buffer.byteLength(text)) known.addJson(at);
    const length = Buffer.byteLength(text);
    const alone = { ...fresh(text), profile: 0 };
    for (let before = PART - length - 20; before <= PART + 1; before++) {
      const head = event({ userAgent: 'x'.repeat(before - Buffer.byteLength(event({ userAgent: '' }))) });
      expect(Buffer.byteLength(head)).toBe(before);
      const outlines = new Outlines(Buffer.from(head + text), options);
      expect(outlines.addJson(0)).toBe(before);
      const found = outlineAt(outlines, before);
      expect(found.profile).toBeGreaterThan(0);
      expect({ ...found, profile: 0 }, String(before)).toEqual(alone);
    }
  });

  test('in the same array with other bytes', () => {
    const [one, other] = [event({ verb: 'get' }), event({ verb: 'got', userAgent: 'x' })];
    const bytes = Buffer.alloc(2000, ' ');
    bytes.write(one);
    expectSame(new Outlines(bytes, options), 0, one);
    bytes.fill(' ');
    bytes.write(other);
    expectSame(new Outlines(bytes, options), 0, other);
  });

  test('after more seams than are remembered', () => {
    const few = optionsOf();
    const texts = Array.from({ length: SEAM_COUNT + 100 }, (_, index) =>
      event({ requestObject: { [`key-${index}`]: 1, other: index } }),
    );
    // A seam that occurred once is not remembered.
    const outlines = new Outlines(Buffer.from(texts.map((text) => text + text).join('')), few);
    let at = 0;
    for (const [index, text] of texts.entries()) {
      for (let time = 0; time < 2; time++, at += text.length) {
        if (index % 500 < 2) expectSame(outlines, at, text);
        else expect(outlines.addJson(at)).toBe(at + text.length);
      }
    }
  });

  test('with texts of any length, except those that fit in no copy', () => {
    for (const length of [PART, PART + 1, TEXT_SIZE - 2000]) {
      const text = event({ requestObject: { data: 'x'.repeat(length) } });
      const outlines = new Outlines(Buffer.from(text + text), options);
      expect(outlines.addJson(0), String(length)).toBe(text.length);
      expect(outlines.addJson(text.length), String(length)).toBe(2 * text.length);
    }
    expect(fresh(event({ requestObject: { data: 'x'.repeat(TEXT_SIZE + 1) } })).end).toBe(-1);
    // For an event that is too long as a whole, nothing is looked up.
    const long = fresh(event({ requestObject: { a: 'x'.repeat(TEXT_SIZE / 2), b: 'x'.repeat(TEXT_SIZE / 2) } }));
    expect(long).toMatchObject({ isUsual: false, profile: 0 });
    expect(long.end).toBeGreaterThan(TEXT_SIZE);
  });

  test('with seams of any length', () => {
    for (const length of [512, 513, PART, 2 * TEXT_SIZE]) {
      const lists = `[${'[],'.repeat(Math.floor(length / 3))}[]]`;
      for (const value of ['"x"', '1', 'true', '{"a":"b"}']) {
        const text = `{"verb":"get","requestObject":{"lists":${lists},\n${' '.repeat(length)}"a":${value}},"level":"Request"}`;
        const outlines = new Outlines(Buffer.from(text + text), options);
        expect(outlines.addJson(0), `${length} ${value}`).toBe(text.length);
        expectSame(outlines, text.length, text);
      }
      const cut = `{"verb":"get","requestObject":{"lists":${lists},"a":`;
      for (const end of ['', '"', '"x', '-', '1', '{']) expect(fresh(cut + end).end).toBe(-1);
    }
  });

  test('and there is none for a text that is cut anywhere', () => {
    const text = event({ requestObject: { n: [1, -2.5e-3, { a: 'b\\"' }], t: true } });
    const outlines = new Outlines(Buffer.from(text), options);
    expect(outlines.addJson(0)).toBe(text.length);
    for (let end = 0; end < text.length; end++) {
      expect(new Outlines(Buffer.from(text.slice(0, end)), options).addJson(0), text.slice(0, end)).toBe(-1);
    }
  });
});

describe('the number of a profile', () => {
  const pools = {
    kind: ['Event', 'Other'],
    apiVersion: ['audit.k8s.io/v1', 'audit.k8s.io/v1beta1'],
    level: ['Metadata', 'Request'],
    stage: ['ResponseComplete', 'Panic', undefined],
    verb: ['get', 'list'],
    user: [{ username: 'ann' }, { username: 'bob' }, { username: 'ann', groups: ['x'] }],
    impersonatedUser: [undefined, { username: 'bob' }],
    authenticationMetadata: [undefined, { a: 1 }],
    sourceIPs: [['203.0.113.7'], ['203.0.113.8']],
    userAgent: [undefined, 'a', 'b'.repeat(17)],
    responseStatus: [{ code: 200 }, { code: 403 }],
    annotations: [undefined, {}, { a: 'b' }],
    objectRef: [
      undefined,
      { resource: 'pods', apiVersion: 'v1' },
      { resource: 'pods', apiVersion: 'v2' },
      { resource: 'pods', apiVersion: 'v1', subresource: 'exec' },
      { resource: 'pods', apiVersion: 'v1', apiGroup: 'apps' },
    ],
  };
  const members = fc.record(
    Object.fromEntries(Object.entries(pools).map(([name, values]) => [name, fc.constantFrom<unknown>(...values)])),
  );

  test('is the same for the same members, and differs for others', () => {
    const options = optionsOf();
    const numbers = new Map<string, number>();
    const given = new Map<number, string>();
    fc.assert(
      fc.property(members, fc.nat(), (some, index) => {
        const text = event({ ...some, auditID: String(index), requestObject: { index } });
        const outlines = new Outlines(Buffer.from(text), options);
        expect(outlines.addJson(0)).toBe(text.length);
        const { profile } = outlineAt(outlines, 0);
        const said = JSON.stringify(some);
        expect(profile).toBeGreaterThan(0);
        expect(numbers.get(said) ?? profile).toBe(profile);
        expect(given.get(profile) ?? said).toBe(said);
        numbers.set(said, profile);
        given.set(profile, said);
      }),
      { numRuns: runs(600) },
    );
  });

  test('is not given again when there are more values than are remembered', () => {
    const options = optionsOf();
    const seen = new Set<number>();
    const count = VALUE_COUNT + 2000;
    const first = outlineAt(new Outlines(Buffer.from(event({})), options), 0).profile;
    let none = 0;
    for (let index = 0; index < count; index++) {
      const { profile } = outlineAt(new Outlines(Buffer.from(event({ userAgent: `agent-${index}` })), options), 0);
      if (profile === 0) none++;
      else expect(!seen.has(profile) && profile !== first).toBe(true);
      seen.add(profile);
    }
    // Values whose places are all occupied have none.
    expect(none).toBeLessThan(count / 20);
    expect(outlineAt(new Outlines(Buffer.from(event({})), options), 0).profile).not.toBe(first);
  });

  test('there is none for values that are too long', () => {
    expect(fresh(event({ userAgent: 'x'.repeat(4096) })).profile).toBeGreaterThan(0);
    expect(fresh(event({ userAgent: 'x'.repeat(4097) })).profile).toBe(0);
  });
});
