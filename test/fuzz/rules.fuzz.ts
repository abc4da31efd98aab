/** The rule parser, given any text: a rule that runs, or problems that can be printed. */
import { globSync, readFileSync } from 'node:fs';
import {
  compileRule,
  evaluate,
  explain,
  parseRule,
  printExplanation,
  printRuleProblem,
} from '../../src/sigma/index.ts';
import type { FuzzTarget } from './fuzz.ts';

const root = `${import.meta.dirname}/../../rules`;

/** Takes up little, and has what the bundled rules do not. */
const small = `title: t
logsource: {product: kubernetes}
detection:
  a:
    - verb|contains|all: ['a?b', "c*\\\\*"]
      ip|cidr: 10.0.0.0/8
    - code|gte: 400
  b: {flag|exists: false, note: null, name|re|i: '^a+(b|c){2,5}$'}
  condition: [1 of a*, all of them, not (a or b)]
`;

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
    corpus,
    run(bytes) {
      const { rule, problems } = parseRule(Buffer.from(bytes).toString(), 'rule.yml');
      for (const problem of problems) printRuleProblem(problem);
      if ((rule === undefined) === (problems.length === 0)) throw new Error('neither a rule nor a problem, or both');
      if (rule === undefined) return;
      const compiled = compileRule(rule);
      const explanation = explain(compiled, lookup);
      printExplanation(explanation);
      if (explanation.truth !== evaluate(compiled, lookup).truth) throw new Error('explain and evaluate differ');
    },
  },
];
