import { expect, test } from 'vitest';
import { keyHash } from '../../src/state/key-hash.ts';
import fc from '../properties.ts';

const hash = keyHash([1, 2]);
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 14, maxLength: 20 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\x7f', '\x80', 'é', '\u8080', '\ud800'), maxLength: 9 }),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(undefined),
);

test('equal values have equal keys, others do not', () => {
  const exactly = (values: readonly unknown[]) =>
    JSON.stringify(values.map((one) => [typeof one, typeof one === 'string' ? one : String(one)]));
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (values) => {
      const key = hash(values);
      expect(key).toMatch(/^[\w-]{11}$/);
      expect(hash(values.slice(0, 1), values.slice(1))).toBe(key);
      expect(seen.get(key) ?? exactly(values)).toBe(exactly(values));
      seen.set(key, exactly(values));
    }),
    { numRuns: 5_000 },
  );
});

test.each<[string, unknown[], unknown[]]>([
  ['by their types', ['1'], [1]],
  ['by their types, of any length', [1n], [1]],
  ['by where one ends', ['ab', 'c'], ['a', 'bc']],
  ['by how many there are', ['a'], ['a', '']],
  ['by their last characters', ['abcd\0'], ['abcd']],
  ['by what is beyond ASCII', ['abc\u0161'], ['abca']],
  ['by what looks as characters beyond ASCII are written', ['\u8080\u8080ab'], ['\u8080ab\u8080']],
])('lists differ %s', (_, one, other) => expect(hash(one)).not.toBe(hash(other)));

// A state file holds keys of earlier versions.
test.each([
  ['system:serviceaccount:a:b', '12XMIJQOK1C'],
  ['/api/v1/namespaces/kube-system/pods?limit=500', 'oAkXodmjpDD'],
  ['x'.repeat(1024), 'T--TWDlAGMM'],
  ['x'.repeat(1025), 'Ed4bjWGS4xK'],
  ['ä'.repeat(20), 'aYSDce5hLrH'],
  ['system:serviceaccount:a:ü', 'AhZRWVMvMqO'],
  ['\0'.repeat(17), 'XoozxQYC64D'],
])('a long text has the key that it always had: %.20j', (text, key) => expect(hash([text, 1])).toBe(key));

test('another secret gives other keys, in both halves', () => {
  const keys = [
    [1, 2],
    [1, 3],
    [2, 2],
    [-1, 2 ** 31 - 1],
  ].map(([a, b]) => keyHash([a!, b!])(['ann']));
  expect(new Set(keys.map((key) => key.slice(0, 5))).size).toBe(4);
  expect(new Set(keys.map((key) => key.slice(6))).size).toBe(4);
});

test('what collides under one secret does not under another', () => {
  // Texts whose keys begin with the same six bits under the known secret.
  const known = keyHash([7, 7]);
  const texts: string[] = [];
  for (let i = 0; texts.length < 2_000; i++) if (known([`user-${i}`]).startsWith('A')) texts.push(`user-${i}`);
  const spread = new Map<string, number>();
  for (const text of texts) {
    const first = hash([text])[0]!;
    spread.set(first, (spread.get(first) ?? 0) + 1);
  }
  expect(spread.size).toBe(64);
  expect(Math.max(...spread.values())).toBeLessThan((2_000 / 64) * 3);
  expect(new Set(texts.map((text) => hash([text]))).size).toBe(texts.length);
});

test('each bit of a value changes about half of the bits of its key', () => {
  const bitsOf = (key: string) => [...Buffer.from(`${key}A`, 'base64url')];
  const flips: number[] = [];
  const text = 'system:serviceaccount:shop:web';
  for (let i = 0; i < text.length; i++) {
    for (let bit = 0; bit < 7; bit++) {
      const other = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << bit)) + text.slice(i + 1);
      const [one, two] = [bitsOf(hash([text])), bitsOf(hash([other]))];
      flips.push(one.reduce((sum, byte, n) => sum + (byte ^ two[n]!).toString(2).replaceAll('0', '').length, 0));
    }
  }
  expect(Math.min(...flips)).toBeGreaterThan(12);
  const average = flips.reduce((a, b) => a + b, 0) / flips.length;
  expect(average).toBeGreaterThan(30);
  expect(average).toBeLessThan(36);
});
