/** Loads every rule of a checkout of https://github.com/SigmaHQ/sigma, to see whether the engine can: node scripts/sigmahq.ts
 * <checkout>. Exits with 1 if it cannot load one. Rules that leave values to the user get a stand-in for each of their
 * placeholders. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileRule, evaluate, explain, parseRules, printRuleProblem, type RuleProblem } from '../src/sigma/index.ts';

const SHOWN = 3;

const [checkout] = process.argv.slice(2);
if (checkout === undefined) {
  console.error('usage: node scripts/sigmahq.ts <checkout of SigmaHQ/sigma>');
  process.exit(2);
}

const files = readdirSync(checkout)
  .filter((name) => name === 'rules' || name.startsWith('rules-'))
  .flatMap((folder) =>
    readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((path) => /\.ya?ml$/.test(path))
  .sort();

const problems = new Map<string, RuleProblem[]>();
const counts = { files: files.length, 'files without a problem': 0, rules: 0, 'with placeholders': 0, Kubernetes: 0 };
const nothing = () => ({ values: [] });
for (const path of files) {
  const text = readFileSync(join(checkout, path), 'utf8');
  const names = /\|expand\b/.test(text) ? [...text.matchAll(/%(\w+)%/g)].map(([, name]) => name!) : [];
  const placeholders = new Map(names.map((name) => [name, ['stand-in']]));
  const parsed = parseRules(text, path, { placeholders });
  for (const rule of parsed.rules) {
    const compiled = compileRule(rule);
    if (evaluate(compiled, nothing).truth !== explain(compiled, nothing).truth)
      throw new Error(`${path}: explained otherwise`);
    counts.rules++;
    if (rule.logsource.product === 'kubernetes') counts.Kubernetes++;
  }
  if (names.length > 0) counts['with placeholders']++;
  if (parsed.problems.length === 0) counts['files without a problem']++;
  for (const problem of parsed.problems) {
    // The quoted part is specific to one rule.
    const kind = problem.message.replace(/'[^']*'/g, "'…'");
    problems.set(kind, [...(problems.get(kind) ?? []), problem]);
  }
}

for (const [name, count] of Object.entries(counts)) console.log(`${String(count).padStart(6)} ${name}`);
for (const [kind, found] of [...problems].sort(([, a], [, b]) => b.length - a.length)) {
  console.log(`\n${found.length} × ${kind}`);
  for (const problem of found.slice(0, SHOWN)) console.log(printRuleProblem(problem));
}
process.exitCode = problems.size === 0 ? 0 : 1;
