/** Every bundled rule on the cases beside it, the way a record goes; and each part of a rule earns its place. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { detect } from '../src/detect.ts';
import { normalize } from '../src/normalizers/index.ts';
import { knownFields, loadRules } from '../src/rules.ts';
import type { Condition, Item, Rule, Selection } from '../src/sigma/ast.ts';
import { compileRule, modifiers, parseRule, printRuleProblem } from '../src/sigma/index.ts';

interface Case {
  name: string;
  /** A log record as it arrives. */
  record: unknown;
}

interface Cases {
  matches: Case[];
  ignores: Case[];
  undecided: Case[];
}

type Answer = keyof Cases;

const folder = fileURLToPath(new URL('../rules', import.meta.url));
const { ruleset, problems } = loadRules({ rules: [folder] });

const rules = ruleset.rules.map(({ rule }) => {
  const cases = readCases(readFileSync(rule.path.replace(/\.ya?ml$/, '.cases.json'), 'utf8'));
  return { file: relative(folder, rule.path), rule, cases };
});

/** A kind of which there is no case may be left out. */
function readCases(text: string): Cases {
  return { matches: [], ignores: [], undecided: [], ...JSON.parse(text) };
}

it('every file is a rule that can be used', () => {
  expect(problems.map(printRuleProblem)).toEqual([]);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const names = (end: RegExp) => files.filter((file) => end.test(file)).map((file) => file.replace(end, ''));
  expect(rules.map(({ file }) => file.replace(/\.ya?ml$/, ''))).toEqual(names(/\.ya?ml$/).sort());
  expect(names(/\.cases\.json$/).sort()).toEqual(names(/\.ya?ml$/).sort());
});

/** What the rule says to a record; undefined for a record that cannot be read at all. */
function answerOf(rule: Rule, record: unknown): Answer | undefined {
  const detection = detect(normalize(record), { hash: '', rules: [compileRule(rule)], correlations: [] });
  switch (detection.verdict) {
    case 'match':
      return 'matches';
    case 'indeterminate':
      return 'undecided';
    case 'clear':
    case 'not_audit':
      return 'ignores';
    case 'error':
      return undefined;
  }
}

/** What a rule says though its fields say so already, for its readers and for tools whose fields do not. */
const restated = new Set([
  'workload-host-pid if written loses verb', // hostPID is read in writes alone.
  'secrets-list-cluster-wide if read_all loses verb', // Without a namespace Secrets are listed and watched alone.
  ...['service-nodeport', 'dashboard-exposed-by-service'].map((rule) => `${rule} if written loses verb`), // As is the object.
]);

const answers: Answer[] = ['matches', 'ignores', 'undecided'];

describe.each(rules)('$file', ({ file, rule, cases }) => {
  it('is named as its file, and whole', () => {
    expect(rule.name).toBe(basename(file).replace(/\.ya?ml$/, ''));
    expect(rule).toMatchObject({ id: expect.any(String), description: expect.stringMatching(/./) });
    expect(
      rule.ruleTags.some((tag) => tag.startsWith('attack.t')),
      'tags: a technique',
    ).toBe(true);
    expect(rule.falsepositives, 'falsepositives').not.toEqual([]);
    expect(rule.context, 'tripline.context').not.toEqual([]);
    expect(
      rule.summary.some((part) => typeof part !== 'string'),
      'tripline.summary: a field in it',
    ).toBe(true);
  });

  holds(rule, cases);
});

describe('docs/rules.md', () => {
  const page = readFileSync(fileURLToPath(new URL('../docs/rules.md', import.meta.url)), 'utf8');
  const block = (language: string) => page.match(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms'))![1]!;
  const { rule, problems } = parseRule(block('yaml'), 'rules/kubernetes/pod-host-network.yml', knownFields);

  it('shows a rule that can be used', () => {
    expect(problems.map(printRuleProblem)).toEqual([]);
  });

  holds(rule!, readCases(block('json')));

  it('shows the message that a slip of the pen brings', () => {
    const slip = block('yaml').replace('|startswith', '|startwith');
    const printed = parseRule(slip, 'rules/kubernetes/pod-host-network.yml').problems.map(printRuleProblem);
    expect(printed).toEqual([block('text').trimEnd()]);
  });

  it('has every modifier', () => {
    for (const [name, { doc }] of Object.entries(modifiers)) expect(page).toContain(`| \`${name}\` | ${doc} |`);
  });
});

it('ids and names are used once', () => {
  expect(new Set(rules.map(({ rule }) => rule.id)).size).toBe(rules.length);
  expect(new Set(rules.map(({ rule }) => rule.name)).size).toBe(rules.length);
});

/** The rule answers each case as it should, and no part of it could be missing. */
function holds(rule: Rule, cases: Cases): void {
  it('has cases of both kinds, each under a name of its own', () => {
    expect(Object.keys(cases)).toEqual(answers);
    expect(cases.matches).not.toEqual([]);
    expect(cases.ignores).not.toEqual([]);
    const names = answers.flatMap((answer) => cases[answer].map(({ name }) => name));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  describe.each(answers.filter((answer) => cases[answer].length > 0))('%s', (answer) => {
    it.each(cases[answer])('$name', ({ record }) => {
      expect(answerOf(rule, record)).toBe(answer);
    });
  });

  describe('a case fails', () => {
    it.each(mutantsOf(rule).filter(({ change }) => !restated.has(`${rule.name} ${change}`)))(
      '$change',
      ({ mutant }) => {
        const told = answers.some((answer) => cases[answer].some(({ record }) => answerOf(mutant, record) !== answer));
        expect(told, 'no case notices: write one, or leave that part out of the rule').toBe(true);
      },
    );
  });
}

/** The rule with each selection negated, and dropped; with each of its items, and each value of a list, dropped. */
function mutantsOf(rule: Rule): { change: string; mutant: Rule }[] {
  return [...rule.selections.values()].flatMap((selection) => [
    {
      change: `if ${selection.name} is negated`,
      mutant: { ...rule, condition: negated(rule.condition, selection.name) },
    },
    ...withCondition(`if ${selection.name} is dropped`, rule, without(rule.condition, selection.name)),
    ...reducedSelections(selection).map(({ change, reduced }) => ({
      change: `if ${selection.name} ${change}`,
      mutant: { ...rule, selections: new Map([...rule.selections, [selection.name, reduced]]) },
    })),
  ]);
}

/** No mutant where nothing is left of the condition. */
function withCondition(change: string, rule: Rule, condition: Condition | undefined) {
  return condition === undefined ? [] : [{ change, mutant: { ...rule, condition } }];
}

function negated(condition: Condition, name: string): Condition {
  switch (condition.kind) {
    case 'selection':
      return condition.name === name ? { kind: 'not', operand: condition } : condition;
    case 'not':
      return { kind: 'not', operand: negated(condition.operand, name) };
    case 'and':
    case 'or':
    case 'atLeast':
      return { ...condition, operands: condition.operands.map((operand) => negated(operand, name)) };
  }
}

function without(condition: Condition, name: string): Condition | undefined {
  switch (condition.kind) {
    case 'selection':
      return condition.name === name ? undefined : condition;
    case 'not': {
      const operand = without(condition.operand, name);
      return operand && { kind: 'not', operand };
    }
    case 'and':
    case 'or':
    case 'atLeast': {
      const operands = condition.operands.flatMap((operand) => without(operand, name) ?? []);
      return operands.length > 0 ? { ...condition, operands } : undefined;
    }
  }
}

function reducedSelections(selection: Selection): { change: string; reduced: Selection }[] {
  const { alternatives } = selection;
  const withItems = (index: number, items: Item[] | undefined): Selection => ({
    ...selection,
    alternatives: alternatives.flatMap((old, i) => (i !== index ? [old] : items === undefined ? [] : [items])),
  });
  return alternatives.flatMap((items, index) => [
    ...(alternatives.length > 1 ? [{ change: `loses map ${index + 1}`, reduced: withItems(index, undefined) }] : []),
    ...items.flatMap((item, i) => [
      ...(items.length > 1
        ? [{ change: `loses ${item.field}`, reduced: withItems(index, items.toSpliced(i, 1)) }]
        : []),
      ...(item.kind === 'field' && item.tests.length > 1
        ? item.tests.map((_, t) => ({
            change: `loses value ${t + 1} of ${item.field}`,
            reduced: withItems(index, items.with(i, { ...item, tests: item.tests.toSpliced(t, 1) })),
          }))
        : []),
    ]),
  ]);
}
