import { describe, expect, it } from 'vitest';
import { endOfValue, headerAt, isDeeper, pairs } from '../../src/msgpack/scan.ts';
import fc from '../properties.ts';
import { packedMap, packedValue } from './arbitrary.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('endOfValue', () => {
  it('finds the end of any value, whatever follows it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5 }),
        packedValue,
        fc.uint8Array({ maxLength: 5 }),
        (before, value, behind) => {
          const bytes = Buffer.concat([before, value, behind]);
          expect(endOfValue(bytes, before.length, bytes.length)).toBe(before.length + value.length);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('finds no end of a value that is cut', () => {
    fc.assert(
      fc.property(packedValue, fc.nat(), (value, at) => {
        const cut = at % value.length;
        expect(endOfValue(value, 0, cut)).toHaveProperty('found');
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['bin', 'c6 ffffffff 00'],
    ['ext', 'c9 ffffffff 01 00'],
    ['str', 'db ffffffff 61'],
    ['array', 'dd ffffffff c0'],
    ['map', 'df ffffffff c0 c0'],
    ['fixext', 'd8 01 00'],
    ['array in an array that takes all there is', '93 92 c0 c0 c0'],
  ])('refuses a %s that promises more bytes than there are', (_, bytes) => {
    expect(endOfValue(hex(bytes), 0, hex(bytes).length)).toMatchObject({
      found: expect.stringMatching(/^a header that promises more than the \d+ bytes left$/),
    });
  });
});

describe('isDeeper', () => {
  /** How many maps and arrays lie inside each other in the value at an offset, and where it ends. */
  function depthAt(bytes: Uint8Array, start: number): { depth: number; end: number } {
    const header = headerAt(bytes, start, bytes.length);
    if (header?.kind !== 'map' && header?.kind !== 'array') {
      return { depth: 0, end: endOfValue(bytes, start, bytes.length) as number };
    }
    let { end } = header;
    let deepest = 0;
    for (let left = header.kind === 'map' ? 2 * header.length : header.length; left > 0; left--) {
      const inner = depthAt(bytes, end);
      deepest = Math.max(deepest, inner.depth);
      end = inner.end;
    }
    return { depth: 1 + deepest, end };
  }

  it('compares the depth of any value with a limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3 }), packedValue, fc.nat({ max: 3 }), (before, value, around) => {
        const nested = Buffer.concat([before, Buffer.alloc(around, 0x91), value]);
        const { depth } = depthAt(nested, before.length);
        const span = { start: before.length, end: nested.length };
        for (const levels of [0, depth - 1, depth, depth + 1]) {
          if (levels >= 0) expect(isDeeper(nested, span, levels)).toBe(depth > levels);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['empty containers beside each other', '93 90 80 90', 2],
    ['the last value of each', '92 c0 92 c0 92 c0 90', 4],
    ['a key', '81 91 80 c0', 3],
    ['10,000 levels', `${'91'.repeat(9999)}90`, 10_000],
  ])('%s', (_, text, depth) => {
    const bytes = hex(text);
    const span = { start: 0, end: bytes.length };
    expect([isDeeper(bytes, span, depth - 1), isDeeper(bytes, span, depth)]).toEqual([true, false]);
  });
});

describe('headerAt', () => {
  it.each([
    ['8f', { kind: 'map', length: 15, end: 1 }],
    ['de 0100', { kind: 'map', length: 256, end: 3 }],
    ['df ffffffff', { kind: 'map', length: 0xffffffff, end: 5 }],
    ['dc ffff', { kind: 'array', length: 65535, end: 3 }],
    ['bf', { kind: 'str', length: 31, end: 1 }],
    ['c5 0001', { kind: 'bin', length: 1, end: 3 }],
    ['df ffff', undefined],
    ['05', undefined],
    ['c7 08 00', undefined],
    ['', undefined],
  ])('%s', (bytes, header) => {
    expect(headerAt(hex(bytes), 0, hex(bytes).length)).toEqual(header);
  });
});

describe('pairs', () => {
  it('cover a map without a gap', () => {
    fc.assert(
      fc.property(packedMap, (map) => {
        let at = headerAt(map, 0, map.length)!.end;
        for (const pair of pairs(map, 0, map.length)) {
          expect(pair.start).toBe(at);
          at = pair.end;
        }
        expect(at).toBe(map.length);
      }),
    );
  });

  it('have a name in str and bin of any width, and not in look-alikes', () => {
    const map = hex('87 a161 01 d90161 02 c40161 03 da000161 04 a162 05 91a161 06 61 07');
    expect(pairs(map, 0, map.length, 'a').map(({ valueStart }) => map[valueStart])).toEqual([1, 2, 3, 4]);
  });
});
