/** The pipeline is compared with its steps, run one by one, on whole bodies and byte for byte: its optimizations must not
 * show. */
import { expect, test } from 'vitest';
import { body, bytesOf, mediaTypes } from './fast-path/bodies.ts';
import { checkSame, fast, plain, type Settings } from './fast-path/paths.ts';
import { rulesets } from './fast-path/rulesets.ts';
import { randomFrom } from './fuzz/fuzz.ts';
import fc, { runs, seed } from './properties.ts';
import { limits } from './server/app.ts';

const sessions = runs(30);
const timeout = 60_000 + sessions * 1000;

const settings: readonly Settings[] = [
  {},
  { clearEventFields: ['verb', 'username', 'responseStatus'], cluster: 'prod', memberName: 'found' },
  { platform: 'eks', trustedProxies: ['10.0.0.0/8'] },
  { limits: { ...limits, maxDepth: 12, maxRecords: 10 } },
];

const session = fc.record({
  settings: fc.constantFrom(...settings),
  /** Each body, and the rules that are live from then on. */
  bodies: fc.array(fc.tuple(body, fc.constantFrom(...Object.keys(rulesets))), { minLength: 1, maxLength: 3 }),
  twice: fc.boolean(),
});

test(
  'bodies give the same bytes, sent once or twice, before and after a reload',
  async () => {
    await fc.assert(
      fc.asyncProperty(session, async ({ settings, bodies, twice }) => {
        let live = rulesets.bundled!;
        const [one, other] = [plain(() => live, settings), fast(() => live, settings)];
        for (const [made, ruleset] of bodies) {
          live = rulesets[ruleset]!;
          const bytes = bytesOf(made);
          const mediaType = mediaTypes[made.layout];
          for (let sent = 0; sent < (twice ? 2 : 1); sent++) {
            checkSame(await one(bytes, mediaType), await other(bytes, mediaType), `body of ${bytes.length} bytes`);
          }
        }
      }),
      { numRuns: sessions, endOnFailure: false },
    );
  },
  timeout,
);

test(
  'one pipeline gives the same bytes, body after body and reload after reload',
  async () => {
    const names = Object.keys(rulesets);
    let live = rulesets.bundled!;
    const [one, other] = [plain(() => live), fast(() => live)];
    for (const [index, made] of fc.sample(body, { seed: seed + 1, numRuns: sessions * 2 }).entries()) {
      if (index % 3 === 2) live = rulesets[names[(index * 7) % names.length]!]!;
      const bytes = bytesOf(made);
      const mediaType = mediaTypes[made.layout];
      checkSame(await one(bytes, mediaType), await other(bytes, mediaType), `body ${index}: ${JSON.stringify(made)}`);
    }
  },
  timeout,
);

test(
  'recombined values give the same bytes: a member left out of what is kept would show on the next record',
  async () => {
    const benign = [
      'retargetKnown',
      'retargetKnown',
      'retargetKnown',
      'body',
      'privileged',
      'withoutReference',
      'stage',
    ];
    const names = ['lease', 'pod get', 'pod create', 'secret get', 'forbidden', 'exec', 'status patch', 'role binding'];
    let live = rulesets.bundled!;
    const [one, other] = [plain(() => live), fast(() => live)];
    const random = randomFrom(seed);
    for (let index = 0; index < Math.max(10, sessions / 2); index++) {
      if (index % 5 === 4) live = rulesets[Object.keys(rulesets)[random(Object.keys(rulesets).length)]!]!;
      const recipes = Array.from({ length: 60 }, () => ({
        record: names[random(names.length)]!,
        mutations: Array.from({ length: random(3) }, () => benign[random(benign.length)]!),
        seed: random(400),
        isSpaced: false,
      }));
      const bytes = bytesOf({ layout: 'lines', recipes, cut: 0, isMarked: false });
      checkSame(await one(bytes, mediaTypes.lines), await other(bytes, mediaTypes.lines), `body ${index}`);
    }
  },
  timeout,
);

test('the generated bodies have every verdict, and some are refused', async () => {
  const way = fast(() => rulesets.bundled!);
  const seen = new Map<string, number>();
  for (const made of fc.sample(body, { numRuns: 250 })) {
    const answer = await way(bytesOf(made), mediaTypes[made.layout]);
    const text = 'refused' in answer ? `"verdict":"refused"` : answer.body.toString('latin1');
    for (const [, verdict] of text.matchAll(/verdict\W{1,4}(match|clear|indeterminate|error|not_audit|refused)/g)) {
      seen.set(verdict!, (seen.get(verdict!) ?? 0) + 1);
    }
  }
  for (const verdict of ['match', 'clear', 'indeterminate', 'error', 'not_audit', 'refused']) {
    expect(seen.get(verdict) ?? 0, verdict).toBeGreaterThan(0);
  }
});
