/** The engine, compared with a naive interpreter of the rules as they are written: on every case, fixture and example, and
 * on mutated records. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type ListValues, parseCases } from '../src/authoring/cases.ts';
import { loadEveryRule } from '../src/authoring/every-rule.ts';
import { detect, type Ruleset } from '../src/detect.ts';
import { readValue } from '../src/json/read.ts';
import { normalize } from '../src/normalizers/index.ts';
import { Problem } from '../src/problem.ts';
import { mutated, recipe } from './fast-path/bodies.ts';
import { print } from './fast-path/json-tree.ts';
import { rulesets } from './fast-path/rulesets.ts';
import fc, { isLong, runs } from './properties.ts';
import { type Judgement, type Live, referenceTag } from './reference/record.ts';
import { bundledRules, limits } from './server/app.ts';

const mutations = runs(50);
const timeout = isLong ? 600_000 + mutations * 100 : 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));

/** Pairs of a rule and an event that were compared. */
let pairs = 0;

function checkSame(text: string, ruleset: Ruleset): void {
  const rules = ruleset.rules.map(
    ({ rule, exceptions }): Live => ({ rule, exceptions: exceptions.map(({ filter }) => filter) }),
  );
  const bytes = Buffer.from(text);
  const found = normalize(readValue(bytes, 0, bytes.length, limits), { maxDepth: limits.maxDepth });
  pairs += rules.length * (found.kind === 'audit' ? found.events.length : 0);
  expect(judgementOf(detect(found, ruleset))).toEqual(referenceTag(text, rules, limits));
}

/** The result of the product, in the terms of the reference. */
function judgementOf(detection: ReturnType<typeof detect>): Judgement {
  if (!('findings' in detection)) return { verdict: detection.verdict, hits: [], undecided: [], silenced: [] };
  const { verdict, findings, shadow, undecided, silenced } = detection;
  const hits = [...findings, ...shadow].map(({ rule, event, level }) => ({ rule, event, level }));
  return { verdict, hits, undecided: [...undecided], silenced: [...silenced] };
}

/** Undefined if a file has only correlations. */
function rulesIn(rules: string[], values: ListValues): Ruleset | undefined {
  try {
    return loadEveryRule({ rules, values }).ruleset;
  } catch (error) {
    if (error instanceof Problem && error.code === 'rule.invalid') return undefined;
    throw error;
  }
}

const files = (pattern: string, folder: string) =>
  globSync(pattern, { cwd: `${root}${folder}` })
    .sort()
    .map((file) => ({ file, text: readFileSync(`${root}${folder}/${file}`, 'utf8') }));

describe('the engine and the reference agree', () => {
  const every = loadEveryRule({ rules: [bundledRules] }).ruleset;

  test(
    'on the cases of every rule, with the lists that they are written for',
    () => {
      for (const { file, text } of files('**/*.cases.json', 'rules')) {
        const { cases, lists } = parseCases(text, file);
        const hasLists = Object.keys(lists!).length > 0;
        const path = `${bundledRules}/${file.replace('.cases.json', '.yml')}`;
        // Evaluating every rule on every case takes minutes.
        const paths = isLong ? [bundledRules] : [path];
        const ruleset = isLong && !hasLists ? every : rulesIn(paths, lists!);
        for (const { records } of [...cases!.matches, ...cases!.ignores, ...cases!.undecided]) {
          for (const record of records) if (ruleset !== undefined) checkSame(JSON.stringify(record), ruleset);
        }
      }
    },
    timeout,
  );

  test('on fixtures and examples', () => {
    const fixtures = files('**/*.input.json', 'test/fixtures/normalizers');
    for (const { text } of fixtures.filter((_, index) => isLong || index % 4 === 0)) checkSame(text, every);
    for (const { text } of files('*/input.ndjson', 'examples')) {
      for (const line of text.split('\n').filter((line) => line !== '')) checkSame(line, every);
    }
    for (const { text } of files('*/input.json', 'examples')) {
      for (const record of JSON.parse(text)) checkSame(JSON.stringify(record), every);
    }
  });

  test(
    'on records that are mutated, with exceptions and words',
    () => {
      const sets = fc.constantFrom(...Object.values(rulesets));
      fc.assert(
        fc.property(recipe, sets, (one, ruleset) => {
          const { tree, random } = mutated(one);
          checkSame(print(tree, one.isSpaced ? random : undefined), ruleset);
        }),
        { numRuns: mutations },
      );
    },
    60_000 + mutations * 100,
  );

  afterAll(() => {
    if (isLong) console.log(`${pairs} pairs of a rule and an event`);
  });
});
