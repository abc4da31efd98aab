/** The reader of correlations, given any text, and the windows of those that it accepts. */
import { emptyGroup } from '../../src/correlate/group.ts';
import { LATENESS } from '../../src/correlate/lateness.ts';
import { judge, observe } from '../../src/correlate/window.ts';
import { windowPlanOf } from '../../src/correlate/window-plan.ts';
import { parseRules, printRuleProblem, resolveCorrelations } from '../../src/sigma/index.ts';
import type { FuzzTarget } from './fuzz.ts';

const head = (name: string) => `title: t\nname: ${name}\ncorrelation:\n  group-by: [username]\n  timespan: 1m\n`;
const documents = [
  '  type: event_count\n  rules: [a, b]\n  condition: {gte: 3, lt: 9}\n  generate: true\n',
  '  type: value_count\n  rules: a\n  aliases: {who: {a: username}}\n  condition: {field: [verb, who], gt: 1}\n',
  '  type: value_percentile\n  rules: [a]\n  condition: {field: code, percentile: 90, neq: 1e3}\n',
  '  type: temporal\n  condition: (a or 2 of them) and not b\n',
  '  type: temporal_ordered\n  rules: [a, b, c0]\n',
  '  type: new_terms\n  rules: [a]\n  condition: {field: verb}\ntripline: {learning: 1d}\n',
].map((body, index) => head(`c${index}`) + body);

const rules = ['a', 'b'].map((name) => ({ name, path: `${name}.yml` }));

export const correlationTargets: readonly FuzzTarget[] = [
  {
    name: 'correlation',
    corpus: [...documents, documents.join('---\n')].map((text) => Buffer.from(text)),
    run(bytes) {
      const parsed = parseRules(Buffer.from(bytes).toString(), 'c.yml');
      const { correlations, problems } = resolveCorrelations(parsed.correlations, rules, ['username', 'verb', 'code']);
      for (const problem of [...parsed.problems, ...problems]) printRuleProblem(problem);
      if (parsed.correlations.length > 0 && correlations.length + problems.length === 0) throw new Error('lost');
      for (const correlation of correlations) {
        const plan = windowPlanOf(correlation);
        const group = emptyGroup(0);
        const value = 'field' in correlation.correlation.test ? 1 : ['v'];
        for (let i = 0; i < 20; i++) {
          const at = (i * 7_919_000_000) % LATENESS;
          const seen = { key: `k${i % 15}`, rule: i % correlation.rules.length, at, auditID: 'x', value };
          const { window } = observe(group, seen, plan, LATENESS);
          if (window !== undefined && !(window.from <= window.to))
            throw new Error('a window that ends before it begins');
        }
        judge(group, plan, 2 * LATENESS);
      }
    },
  },
];
