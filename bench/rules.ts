/**
 * What rules cost: `node bench/rules.ts`, and with a checkout of github.com/SigmaHQ/sigma at hand
 * `SIGMAHQ=path/to/sigma node bench/rules.ts`.
 *
 * As in run.ts, every row works on the same records in the same process; the last column is in times of JSON.parse.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { json } from '../src/codecs/json.ts';
import { loadConfig } from '../src/config.ts';
import { correlator } from '../src/correlate.ts';
import { type Correlated, type Evaluated, evaluateRecord, type Ruleset } from '../src/detect.ts';
import { fieldsOf } from '../src/fields.ts';
import { normalize } from '../src/normalizers/index.ts';
import { processBatch } from '../src/pipeline.ts';
import { loadRules } from '../src/rules.ts';
import { partsOf } from '../src/serve.ts';
import { replyTo } from '../src/server/reply.ts';
import { type CompiledRule, compileRule, evaluate, parseRules } from '../src/sigma/index.ts';
import { memoryStore } from '../src/state/memory.ts';
import { auditRecord } from './corpus.ts';
import { measure, preparedRow, type Row, row, table } from './measure.ts';

const sigmaHq = process.env.SIGMAHQ;
const hasSigmaHq = sigmaHq !== undefined && existsSync(join(sigmaHq, 'rules'));
// Thousands of rules take their time.
const recordCount = hasSigmaHq ? 250 : 2500;
const bundledRules = fileURLToPath(new URL('../rules', import.meta.url));
const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });

const records = Array.from({ length: recordCount }, (_, index) => auditRecord(index));
const bytes = Buffer.from(JSON.stringify(records));
const text = bytes.toString();
const receivedUnixNano = 1_767_323_100_000_000_000n;

const bundled = loadRules({ rules: [bundledRules] }).ruleset;
const withoutCorrelations = (rules: Ruleset['rules']): Ruleset => ({ hash: 'bench', rules, correlations: [] });
const rulesets: [name: string, ruleset: Ruleset][] = [
  ['1 rule', withoutCorrelations(bundled.rules.slice(0, 1))],
  ['30 rules', withoutCorrelations(bundled.rules.slice(0, 30))],
  [`all ${bundled.rules.length} bundled rules`, withoutCorrelations(bundled.rules)],
];
if (hasSigmaHq) {
  const rules = everyRuleIn(sigmaHq);
  rulesets.push([`${rules.length} rules of SigmaHQ`, withoutCorrelations(rules)]);
} else {
  console.log("Without SigmaHQ's rules: set SIGMAHQ to the path of a checkout of github.com/SigmaHQ/sigma\n");
}

const normalizeAll = () => records.map((record) => normalize(record, {}));
const normalized = normalizeAll();
const events = normalized.flatMap((found) => (found.kind === 'audit' ? found.events : []));
const evaluateAll = () => normalized.map((found) => evaluateRecord(found, bundled));
/** As if the records were the first ever: sent again, they would be taken for a retry. */
const correlateAll = async (evaluated: Evaluated[]) => {
  const correlate = correlator(memoryStore());
  const correlated: Correlated[] = [];
  for (const one of evaluated) correlated.push(await correlate(one, bundled.correlations, receivedUnixNano));
  return correlated;
};

const whole = (name: string, ruleset: Ruleset) =>
  row(`bytes to tagged bytes: ${name}`, bytes.length, async () => {
    const batch = { fluentTag: undefined, codec: json, bytes, receivedUnixNano };
    return replyTo(
      await processBatch(
        batch,
        partsOf(config, () => ruleset, []),
      ),
      'records',
      'same',
    );
  });

const rows: Row[] = [
  row('JSON.parse', bytes.length, () => JSON.parse(text)),
  row('normalize', bytes.length, normalizeAll),
  ...rulesets.flatMap(([name, ruleset]) => [
    row(`evaluate: ${name}`, bytes.length, () => normalized.map((found) => evaluateRecord(found, ruleset))),
    row(`evaluate: ${name}, each`, bytes.length, () =>
      events.map((event) => {
        const lookup = fieldsOf(event);
        return ruleset.rules.filter((rule) => evaluate(rule, lookup).truth === true);
      }),
    ),
  ]),
  preparedRow(`correlate: all ${bundled.correlations.length} bundled`, bytes.length, () => {
    const evaluated = evaluateAll();
    return () => correlateAll(evaluated);
  }),
  ...rulesets.slice(0, 3).map(([name, ruleset]) => whole(name, ruleset)),
  whole('all bundled, correlations too', bundled),
];
await measure(rows);
const hits = evaluateAll().reduce((sum, one) => sum + (one.kind === 'audit' ? one.hits.length : 0), 0);
console.log(table(rows, recordCount, `${hits} matches of bundled rules`));

/** The rules of the repository, whatever they are about: their logsource is set aside for all to be evaluated. */
function everyRuleIn(repository: string): CompiledRule[] {
  const paths = globSync('rules*/**/*.yml', { cwd: repository }).sort();
  const parsed = paths.flatMap((path) => parseRules(readFileSync(join(repository, path), 'utf8'), path).rules);
  return parsed.map((rule) => compileRule(rule));
}
