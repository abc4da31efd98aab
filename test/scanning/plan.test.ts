/** The plan of a scan: how inputs are divided, and that results are never of rules or records other than they say. */
import { cpSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { Ruleset } from '../../src/detect.ts';
import { discardPlan, openPlan, type PlanRequest, unitsOf } from '../../src/scanning/plan.ts';
import { workFolder } from '../commands/run.ts';
import fc from '../properties.ts';
import { bundledRules } from '../server/app.ts';

const root = workFolder();
const inputs = join(root, 'inputs');
const folder = join(root, 'plan');
const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
const around = { environment: {}, stdin: (async function* () {})() };
const request: PlanRequest = { folder, paths: [inputs], version: '1', ruleset: new Ruleset([], [], 'h'), config };
const open = (changed: Partial<PlanRequest> = {}, isPart = false) =>
  openPlan({ ...request, ...changed }, around, isPart);
const at = (name: string) => join(inputs, name);

beforeEach(() => {
  rmSync(inputs, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  cpSync(import.meta.dirname, inputs, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('the same plan is found again, by parts and by the whole', async () => {
  const plan = await open();
  expect(plan.inputs.map(({ name }) => name)).toEqual(readdirSync(inputs).sort().map(at));
  expect(await open()).toEqual(plan);
  expect(await open({}, true)).toEqual(plan);
  expect(await open({ paths: [] }, true)).toEqual(plan);
});

test('of several scans that begin at the same time, one makes the plan for all', async () => {
  const plans = await Promise.all(Array.from({ length: 8 }, () => open({}, true)));
  expect(new Set(plans.map((plan) => JSON.stringify(plan))).size).toBe(1);
  expect(readdirSync(folder)).toEqual(['plan.json']);
});

test.each<[string, () => void, Partial<PlanRequest>, RegExp]>([
  [
    'other rules',
    () => {},
    { ruleset: new Ruleset([], [], 'g') },
    /was made with other rules, lists, exceptions or overrides; use --restart/,
  ],
  ['other settings', () => {}, { config: { ...config, dateKey: 'time' } }, /was made with other settings \(platform, /],
  ['another version', () => {}, { version: '2' }, /was made by Tripline 1, and this is 2/],
  ['other paths', () => {}, { paths: [root] }, /was made for other paths: /],
  [
    'a file that was written',
    () => writeFileSync(at('plan.test.ts'), 'x'),
    {},
    /plan\.test\.ts, which has been written since/,
  ],
  [
    'a file that was touched',
    () => utimesSync(at('plan.test.ts'), 1, 1),
    {},
    /plan\.test\.ts, which has been written since/,
  ],
  ['a file that has gone', () => rmSync(at('plan.test.ts')), {}, /plan\.test\.ts, which no longer exists/],
  ['a file that has come', () => writeFileSync(at('more'), ''), {}, /does not have .*more, which is new/],
  [
    'a plan of another form',
    () => writeFileSync(join(folder, 'plan.json'), '{"v":9}'),
    {},
    /is not a plan of this version/,
  ],
  [
    'a plan that is cut',
    () => writeFileSync(join(folder, 'plan.json'), '{"v":1,"in'),
    {},
    /is not a plan of this version/,
  ],
  [
    'a plan that is no map',
    () => writeFileSync(join(folder, 'plan.json'), 'null'),
    {},
    /is not a plan of this version/,
  ],
])('%s: refused', async (_, change, changed, words) => {
  await open();
  change();
  await expect(open(changed)).rejects.toMatchObject({ code: 'config.invalid', message: expect.stringMatching(words) });
});

test('a folder for the plan that would itself be scanned is refused', async () => {
  await expect(open({ folder: join(inputs, 'plan') })).rejects.toThrow(/is in .*, which is scanned; use another/);
  await expect(open({ folder: inputs })).rejects.toThrow(/which is scanned/);
});

test('a plan is discarded with its results, and nothing else in the folder is', async () => {
  await open();
  for (const name of [
    'unit-0.result',
    'unit-0.found',
    'unit-12.counted',
    'unit-1.found.c3c1',
    'last-merge-0',
    'mine',
    'unit-x',
  ]) {
    writeFileSync(join(folder, name), '');
  }
  await discardPlan(folder);
  expect(readdirSync(folder).sort()).toEqual(['mine', 'unit-x']);
  await discardPlan(join(root, 'none'));
});

test('units are runs of inputs, in order, each once, and none is large except because of one input', () => {
  const sizes = fc.array(fc.record({ size: fc.integer({ min: 0, max: 3_000_000 }) }), { maxLength: 400 });
  fc.assert(
    fc.property(sizes, (drawn) => {
      const units = unitsOf(drawn);
      expect(units.flatMap(([from, to]) => drawn.slice(from, to))).toEqual(drawn);
      expect(units.every(([from, to]) => to > from)).toBe(true);
      const total = drawn.reduce((sum, { size }) => sum + size, 0);
      const wanted = Math.max(4096, total / 256);
      for (const [from, to] of units) {
        const butLast = drawn.slice(from, to - 1).reduce((sum, { size }) => sum + size, 0);
        expect(butLast).toBeLessThan(wanted);
      }
    }),
  );
});
