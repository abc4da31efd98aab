/** The tests that hold the fast path to its steps are held to notice its mistakes. MUTANTS=all tries every one of them. */
import { expect, test } from 'vitest';
import { randomFrom } from '../fuzz/fuzz.ts';
import { layouts, mediaTypes } from './bodies.ts';
import { entryBody, oddEntryBody } from './entries.ts';
import { sourceOf } from './mutant.ts';
import { collide, forgetful, mutants, small, unseenMutants } from './mutant-list.ts';
import { type Change, productWith } from './mutants.ts';
import { oddBody } from './odd-records.ts';
import { outlinedBody } from './outlined.ts';
import { outlinedRules } from './outlined-rules.ts';
import { type Answer, checkSame, open, plain, type Settings, wayOf } from './paths.ts';

const settings: Settings = {
  clearEventFields: ['username', 'userAgent', 'namespace', 'sourceIPs', 'responseStatus', 'impersonatedUser'],
};
const isLong = process.env.MUTANTS === 'all';
/** Of the mistakes, one is tried of so many in the short form. */
const EVERY = 4;
const RECORDS = 60;
const bodies = isLong ? 64 : 24;
/** Bodies of entries of Cloud Audit Logs, which come after the others. */
const entryBodies = bodies / 4;

interface Sent {
  bytes: Buffer;
  mediaType: string;
  /** Which rules are live then. */
  rules: number;
  answer: Answer;
}

/** Records that need no parsing, and such as only just do. */
const sent: Sent[] = [];
{
  const random = randomFrom(7);
  let live = outlinedRules[0]!;
  const way = plain(() => live, settings);
  for (let index = 0; index < bodies + entryBodies; index++) {
    const layout = layouts[index % layouts.length]!;
    const rules = (index >> 2) % outlinedRules.length;
    live = outlinedRules[rules]!;
    const bytes =
      index < 4
        ? oddBody(layout, index)
        : index < bodies
          ? outlinedBody(layout, random, RECORDS, index * RECORDS)
          : index === bodies
            ? oddEntryBody('array')
            : entryBody('array', random, RECORDS, index * RECORDS);
    const mediaType = mediaTypes[index < bodies ? layout : 'array'];
    sent.push({ bytes, mediaType, rules, answer: await way(bytes, mediaType) });
  }
}

/** What the changed product does otherwise; undefined for nothing. */
async function differenceOf(changes: readonly Change[]): Promise<string | undefined> {
  const { pipeline, decisions, eventKeys } = await productWith(changes);
  let live = outlinedRules[0]!;
  const parts = open(() => live, settings);
  const { options } = parts.outlining!;
  parts.outlining = {
    options: { ...options, keys: eventKeys.eventKeys(parts.dateKey, parts.memberName) },
    decisions: decisions.openDecisions(parts.normalize),
  };
  const way = wayOf(pipeline.processBatch, parts);
  for (const [index, { bytes, mediaType, rules, answer }] of sent.entries()) {
    live = outlinedRules[rules]!;
    try {
      checkSame(answer, await way(bytes, mediaType), `body ${index}`);
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

test('each mistake is about a text that is there', () => {
  for (const { changes } of [...mutants, ...unseenMutants])
    for (const [file, from] of changes) {
      expect(sourceOf(file).split(from).length, `${file}: ${from}`).toBe(2);
    }
});

test('without a mistake there is no difference, in small tables and in ones that collide neither', async () => {
  for (const changes of isLong ? [[], collide, small, forgetful] : [[...collide, ...small, ...forgetful]])
    expect(await differenceOf(changes)).toBeUndefined();
});

test.each(isLong ? mutants : mutants.filter((_, index) => index % EVERY === 0))('noticed: $name', async (mutant) => {
  expect(await differenceOf([...(mutant.as ?? []), ...mutant.changes])).toBeDefined();
});

test.each(isLong ? unseenMutants : [])('not noticed, with a reason: $name', async (mutant) => {
  expect(await differenceOf([...(mutant.as ?? []), ...mutant.changes])).toBeUndefined();
});
