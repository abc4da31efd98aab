/** The corpora of bench/ are as bench/README.md describes them. */
import { describe, expect, test } from 'vitest';
import { timeOf } from '../bench/corpora/event.ts';
import { type CorpusName, corpora } from '../bench/corpora/index.ts';
import { formats } from '../bench/formats.ts';
import { bundledRules, tagger } from '../bench/product.ts';
import { growthOf, newcomer } from '../bench/soak-growth.ts';

const names = Object.keys(corpora) as CorpusName[];

async function verdicts(texts: readonly string[]): Promise<Record<string, unknown>[]> {
  const tag = tagger([bundledRules], BigInt(timeOf(1_000_000)) * 1_000_000n);
  const { mediaType, bodyOf } = formats.ndjson;
  const reply = await tag(bodyOf(texts), mediaType);
  const lines = Buffer.from(reply).toString().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line).tripline);
}

const meanSize = (texts: readonly string[]) =>
  texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / texts.length;

describe.each(names)('%s', (name) => {
  const texts = corpora[name](200, 5);

  test('is the same for the same seed, and continues from a given index', () => {
    expect(corpora[name](200, 5)).toEqual(texts);
    expect(corpora[name](50, 5, 150)).toEqual(texts.slice(150));
    expect(corpora[name](20, 5, 200)).not.toEqual(texts.slice(0, 20));
  });

  test('has only audit events', async () => {
    for (const text of texts) expect(JSON.parse(text)).toBeTypeOf('object');
    const tagged = await verdicts(texts);
    expect(tagged).toHaveLength(200);
    for (const { verdict } of tagged) expect(['clear', 'match']).toContain(verdict);
  });
});

test('ordinary: three findings in a thousand records', async () => {
  const tagged = await verdicts(corpora.ordinary(10_000, 5));
  const found = tagged.filter(({ verdict }) => verdict !== 'clear').length;
  expect(found / tagged.length).toBeGreaterThan(0.002);
  expect(found / tagged.length).toBeLessThan(0.004);
});

test('attack: several rules match each record', async () => {
  const tagged = await verdicts(corpora.attack(500, 9));
  for (const { findings } of tagged) expect((findings as unknown[]).length).toBeGreaterThan(1);
});

test.each([
  ['ordinary', 2048],
  ['large', 80_000],
  ['small', 400],
] as const)('%s: records of %i bytes', (name, bytes) => {
  const mean = meanSize(corpora[name](500, 9));
  expect(mean).toBeGreaterThan(bytes * 0.9);
  expect(mean).toBeLessThan(bytes * 1.1);
});

describe('the soak', () => {
  const samples = (mebibytes: (index: number) => number) =>
    Array.from({ length: 1000 }, (_, index) => ({ records: index * 10_000, mebibytes: mebibytes(index) }));
  const noise = (index: number) => ((index * 7919) % 41) - 20;

  test('detects growth, and ignores caches that fill up first', () => {
    expect(growthOf(samples((index) => 300 + noise(index)))).toMatchObject({ isFlat: true });
    expect(growthOf(samples((index) => Math.min(300, 100 + index) + noise(index)))).toMatchObject({ isFlat: true });
    const growing = growthOf(samples((index) => 300 + index / 20 + noise(index)));
    expect(growing.isFlat).toBe(false);
    expect(growing.perMillion).toBeCloseTo(5, 0);
  });

  test('has users and agents that were not seen before', () => {
    const [one, other] = corpora
      .ordinary(2, 9)
      .map(newcomer)
      .map((text) => JSON.parse(text));
    expect([one.user.username, other.user.username]).toEqual(['person-0@example.com', 'person-1@example.com']);
    expect(one.userAgent).not.toBe(other.userAgent);
  });
});
