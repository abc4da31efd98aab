/** The readers of rules, filters and lists, given any text: a usable result, or problems that can be printed. */
import { globSync, readFileSync } from 'node:fs';
import {
  compileFilter,
  compileRule,
  evaluate,
  explain,
  levelOf,
  parseList,
  parseRules,
  printExplanation,
  printRuleProblem,
} from '../../src/sigma/index.ts';
import type { FuzzTarget } from './fuzz.ts';

const root = `${import.meta.dirname}/../../rules`;

/** Small, with features that the bundled rules do not use. */
const small = `title: t
logsource: {product: kubernetes}
detection:
  a:
    - verb|contains|all: ['a?b', "c*\\\\*"]
      ip|cidr: 10.0.0.0/8
    - code|gte: 400
  b: {flag|exists: false, note: null, name|re|i: '^a+(b|c){2,5}$'}
  condition: [1 of a*, all of them, not (a or b)]
tripline: {levels: [{condition: a and not b, level: high}], mode: shadow, covers: {falco: x}}
---
title: f
logsource: {product: kubernetes}
filter: {rules: any, a: {verb|expand: '%none%', code|expand: 'x%some%'}, condition: not a}
`;

const placeholders = new Map([
  ['none', []],
  ['some', ['a', 'b*']],
]);

const corpus = [
  Buffer.from(small),
  ...globSync('**/*.yml', { cwd: root })
    .sort()
    .map((file) => readFileSync(`${root}/${file}`)),
];

const values: Record<string, unknown[]> = { verb: ['create', 'acb'], ip: ['10.0.0.1'], code: ['403', 500, null, {}] };
const lookup = (field: string) => ({ values: values[field] ?? [], ...(field === 'note' && { gap: 'cut' }) });

export const ruleTargets: readonly FuzzTarget[] = [
  {
    name: 'rule',
    runs: 500,
    corpus,
    run(bytes) {
      const parsed = parseRules(Buffer.from(bytes).toString(), 'rule.yml', { placeholders });
      const { rules, filters, correlations, problems } = parsed;
      if (rules.length + filters.length + correlations.length + problems.length === 0)
        throw new Error('read as nothing');
      for (const problem of problems) printRuleProblem(problem);
      const exceptions = filters.map(compileFilter);
      for (const rule of rules) {
        const compiled = compileRule(rule, exceptions);
        const explanation = explain(compiled, lookup);
        printExplanation(explanation);
        levelOf(compiled, lookup);
        if (explanation.truth !== evaluate(compiled, lookup).truth) throw new Error('explain and evaluate differ');
      }
    },
  },
  {
    name: 'list',
    corpus: [Buffer.from('title: t\nvalues: [a, 1, "b*"]\n')],
    run(bytes) {
      const { list, problems } = parseList(Buffer.from(bytes).toString(), 'list.yml');
      for (const problem of problems) printRuleProblem(problem);
      if ((list === undefined) === (problems.length === 0)) throw new Error('neither a list nor a problem, or both');
    },
  },
];
