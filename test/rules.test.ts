/** Every bundled rule on the cases beside it, processed as records are; and each part of a rule is needed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  answers,
  answerTo,
  type Cases,
  casesPathOf,
  isRight,
  type ListValues,
  parseCases,
} from '../src/authoring/cases.ts';
import { loadEveryRule } from '../src/authoring/every-rule.ts';
import { neededFor } from '../src/authoring/test-rule.ts';
import { Ruleset } from '../src/detect.ts';
import { knownFields } from '../src/rules/index.ts';
import type { BlockBody, Condition, Correlation, CorrelationTest, Item, Rule, Selection } from '../src/sigma/ast.ts';
import {
  compileRule,
  modifiers,
  parseRules,
  printRuleProblem,
  type RuleHead,
  resolveCorrelations,
} from '../src/sigma/index.ts';
import { fencesOf } from './fences.ts';

const folder = fileURLToPath(new URL('../rules', import.meta.url));
// Rules that are off or in shadow mode have to hold too.
const { ruleset, problems } = loadEveryRule({ rules: [folder] });

interface RuleDocuments {
  file: string;
  /** The subject of the cases: it has the name of the file. */
  head: RuleHead;
  /** Everything in the file: a correlation may have the rule that it counts beside it. */
  names: ReadonlySet<string>;
  rules: Rule[];
  correlations: Correlation[];
  cases: Cases;
  /** The rules that the cases need, with the values of lists that they are written for. */
  ruleset: Ruleset;
}

const heads = [...ruleset.rules.map(({ rule }) => rule), ...ruleset.correlations.map((one) => one.correlation)];
const files: RuleDocuments[] = [...new Set(heads.map(({ path }) => path))].map((path) => {
  const inFile = heads.filter((head) => head.path === path);
  const casesPath = casesPathOf(path);
  // A rule without cases fails alone, and does not hide the results of the others.
  const { cases, lists } = readCases(existsSync(casesPath) ? readFileSync(casesPath, 'utf8') : '{}', casesPath);
  const names = new Set(inFile.map(({ name }) => name));
  const own = neededFor(names, ruleset, { sources: { rules: [folder] }, values: lists });
  return {
    file: relative(folder, path),
    head: inFile.find(({ name }) => name === basename(path).replace(/\.ya?ml$/, '')) ?? inFile[0]!,
    names,
    rules: own.rules.map(({ rule }) => rule).filter((rule) => rule.path === path),
    correlations: own.correlations.map((one) => one.correlation).filter((correlation) => correlation.path === path),
    cases,
    ruleset: own,
  };
});

function readCases(text: string, path: string): { cases: Cases; lists: ListValues } {
  const { cases, lists, problems } = parseCases(text, path);
  expect(problems).toEqual([]);
  return { cases: cases!, lists: lists! };
}

it('every file is a rule that can be used', () => {
  expect(problems.map(printRuleProblem)).toEqual([]);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const names = (end: RegExp) => paths.filter((path) => end.test(path)).map((path) => path.replace(end, ''));
  const loaded = files.map(({ file }) => file.replace(/\.ya?ml$/, ''));
  expect(loaded.sort()).toEqual(names(/\.ya?ml$/).sort());
  expect(names(/\.cases\.json$/).sort()).toEqual(names(/\.ya?ml$/).sort());
});

/** Rules about the content of bindings. */
const bindingRules = [
  'binding-admin-to-default-serviceaccount',
  'binding-cluster-admin',
  'binding-privileged-clusterrole',
  'binding-to-anonymous',
  'binding-to-serviceaccount',
];

/** Rules about the content of other objects. */
const objectRules = [
  'apiservice-insecure-tls',
  'dashboard-exposed-by-service',
  'image-policy-break-glass',
  'role-node-proxy',
  'role-pod-exec',
  'role-sensitive-permissions',
  'role-wildcard',
  'service-external-address',
  'service-nodeport',
];

/** Rules about the content of pod specs, of pods and workloads alike. */
const podRules = [
  ...['pod-privileged', 'pod-runs-as-root', 'pod-allow-privilege-escalation', 'pod-host-ipc', 'pod-host-network'],
  'pod-proc-mount-unmasked',
  ...['pod-hostpath', 'pod-hostpath-sensitive', 'pod-dangerous-capabilities', 'pod-capabilities-declared'],
  ...['pod-controller-serviceaccount', 'pod-image-not-in-allowlist', 'pod-created-reverse-shell-args'],
  'cryptomining-container',
];

/** Rules about the commands of execs, which nothing else has. */
const commandRules = [
  ...['pod-exec-reverse-shell', 'pod-exec-download-tool', 'pod-exec-shell-binary', 'pod-exec-serviceaccount-token'],
  ...['pod-exec-sensitive-file', 'pod-exec-cloud-metadata', 'pod-exec-kubectl-cp'],
];

/** What a rule says although its fields imply it, for its readers and for tools whose fields do not. */
const restated = new Set([
  'workload-host-pid if written loses verb', // hostPID is read only from writes.
  // So are pod specs, and only from pods and workloads.
  ...podRules.flatMap((rule) => ['verb', 'resource'].map((field) => `${rule} if written loses ${field}`)),
  ...commandRules.flatMap((rule) => ['resource', 'subresource'].map((field) => `${rule} if exec loses ${field}`)),
  'secrets-list-cluster-wide if read_all loses verb', // Without a namespace, Secrets can only be listed and watched.
  // Objects, too, are read only from writes.
  ...objectRules.map((rule) => `${rule} if written loses verb`),
  ...bindingRules.map((rule) => `${rule} if bound loses verb`),
  'csr-privileged-identity if requested loses resource', // Requests for certificates are read from nothing else.
  'kubelet-proxy-command if command loses subresource', // Only requests through a proxy have a proxyPath.
]);

/** Changes without effect on a correlation that passes on each finding of a rule, so that the rule continues to alert while
 * the rule beside it, which is only for the next correlation, does not. */
const passedOn = new Set([
  'rbac-change-then-workload-role if it looks half as far', // One second is the minimum.
  'rbac-change-then-workload-role if it asks for gte 0', // Nothing is reported if nothing is found.
]);

describe.each(files)('$file', ({ file, head, names, rules, correlations, cases, ruleset }) => {
  it('is named as its file, and complete', () => {
    expect(head.name).toBe(basename(file).replace(/\.ya?ml$/, ''));
    expect(head).toMatchObject({ id: expect.any(String), description: expect.stringMatching(/./) });
    expect(
      head.ruleTags.some((tag) => tag.startsWith('attack.t')),
      'tags: a technique',
    ).toBe(true);
    expect(head.falsepositives, 'falsepositives').not.toEqual([]);
    expect(head.context, 'tripline.context').not.toEqual([]);
    expect(
      head.summary.some((part) => typeof part !== 'string'),
      'tripline.summary: a field in it',
    ).toBe(true);
  });

  holds(names, cases, ruleset);
  for (const rule of rules) notices(rule, names, cases, ruleset);
  for (const correlation of correlations) noticesCorrelation(correlation, names, cases, ruleset);
});

describe('docs/rules', () => {
  const writing = 'docs/rules/writing.md';
  const page = readFileSync(fileURLToPath(new URL(`../${writing}`, import.meta.url)), 'utf8');
  const block = (path: string, wanted: string) => fencesOf(path).find(({ language }) => language === wanted)!.text;
  const { cases, lists } = readCases(block('docs/rules/testing.md', 'json'), 'docs/rules/testing.md');
  const placeholders = new Map(Object.entries(lists));
  const parse = (text: string) => {
    const { rules, problems } = parseRules(text, 'my-rules/service-external-ips.yml', { knownFields, placeholders });
    // In shadow mode, as on the page, a rule does not report what it cannot decide.
    return { rule: rules[0] && { ...rules[0], mode: 'live' as const }, printed: problems.map(printRuleProblem) };
  };
  const { rule, printed } = parse(block(writing, 'yaml'));

  it('shows a rule that can be used', () => {
    expect(printed).toEqual([]);
  });

  const names = new Set([rule!.name]);
  const alone = new Ruleset([compileRule(rule!)], [], '');
  holds(names, cases, alone);
  notices(rule!, names, cases, alone);

  it('shows the message for a typing error', () => {
    const slip = parse(block(writing, 'yaml').replace('|expand', '|expnd')).printed;
    expect(slip).toEqual([block(writing, 'text').trimEnd().replace(': error: ', ': ')]);
  });

  it('has every modifier', () => {
    for (const [name, { doc }] of Object.entries(modifiers)) expect(page).toContain(`| \`${name}\` | ${doc} |`);
  });
});

it('ids and names are used once', () => {
  expect(new Set(heads.map(({ id }) => id)).size).toBe(heads.length);
  expect(new Set(heads.map(({ name }) => name)).size).toBe(heads.length);
});

/** The rules of these names answer each case as they should.
 * @param needed they and the rules that they refer to */
function holds(names: ReadonlySet<string>, cases: Cases, needed: Ruleset): void {
  it('has cases of both kinds', () => {
    expect(cases.matches).not.toEqual([]);
    expect(cases.ignores).not.toEqual([]);
  });

  describe.each(answers.filter((answer) => cases[answer].length > 0))('%s', (answer) => {
    it.each(cases[answer])('$name', async (one) => {
      const answered = await answerTo(one, names, needed);
      expect(answered.answer).toBe(answer);
      if (one.level !== undefined) expect(answered.levels).toContain(one.level);
    });
  });
}

/** If any part of the rule is missing, a case fails. */
function notices(rule: Rule, names: ReadonlySet<string>, cases: Cases, needed: Ruleset): void {
  describe(`a case fails for ${rule.name}`, () => {
    it.each(mutantsOf(rule).filter(({ change }) => !restated.has(`${rule.name} ${change}`)))(
      '$change',
      async ({ mutant }) => {
        const rules = needed.rules.map((one) => (one.rule.name === rule.name ? compileRule(mutant) : one));
        const isNoticed = await someCaseFails(cases, names, new Ruleset(rules, needed.correlations, needed.hash));
        expect(isNoticed, 'no case notices: write one, or leave that part out of the rule').toBe(true);
      },
    );
  });
}

/** The case of each file that failed last: parts and cases are in much the same order, so it or one near it is the likeliest
 * to fail for the next mutant. */
const failedLast = new WeakMap<Cases, number>();

async function someCaseFails(cases: Cases, names: ReadonlySet<string>, ruleset: Ruleset): Promise<boolean> {
  const all = answers.flatMap((answer) => cases[answer].map((one) => ({ one, answer })));
  const last = failedLast.get(cases) ?? 0;
  for (let i = 0; i < all.length; i++) {
    // Outwards from it in both directions, wrapping around the ends.
    const at = (last + (i % 2 === 0 ? -i / 2 : (i + 1) / 2) + all.length) % all.length;
    const { one, answer } = all[at]!;
    if (isRight(one, answer, await answerTo(one, names, ruleset))) continue;
    failedLast.set(cases, at);
    return true;
  }
  return false;
}

/** The rule with each selection negated, and dropped; with each of its items, and each value of a list, dropped. */
function mutantsOf(rule: Rule): { change: string; mutant: Rule }[] {
  return [...rule.selections.values()].flatMap((selection) => [
    ...withConditions(`if ${selection.name} is negated`, rule, (condition) => negated(condition, selection.name)),
    ...withConditions(`if ${selection.name} is dropped`, rule, (condition) => without(condition, selection.name)),
    ...reducedSelections(selection).map(({ change, reduced }) => ({
      change: `if ${selection.name} ${change}`,
      mutant: { ...rule, selections: new Map([...rule.selections, [selection.name, reduced]]) },
    })),
  ]);
}

/** The rule with its condition, and those of its levels, changed; no mutant if nothing is left of its condition, and no level
 * if nothing is left of its own. */
function withConditions(change: string, rule: Rule, changed: (condition: Condition) => Condition | undefined) {
  const condition = changed(rule.condition);
  const levels = rule.levels.flatMap((level) => {
    const left = changed(level.condition);
    return left === undefined ? [] : [{ ...level, condition: left }];
  });
  return condition === undefined ? [] : [{ change, mutant: { ...rule, condition, levels } }];
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
    ...reducedItems(items).map(({ change, reduced }) => ({ change, reduced: withItems(index, reduced) })),
  ]);
}

function reducedItems(items: Item[]): { change: string; reduced: Item[] }[] {
  return items.flatMap((item, i) => [
    ...(items.length > 1 ? [{ change: `loses ${item.field}`, reduced: items.toSpliced(i, 1) }] : []),
    ...(item.kind === 'field' && item.tests.length > 1
      ? item.tests.map((_, t) => ({
          change: `loses value ${t + 1} of ${item.field}`,
          reduced: items.with(i, { ...item, tests: item.tests.toSpliced(t, 1) }),
        }))
      : []),
    ...(item.kind === 'block'
      ? reducedBodies(item.body).map(({ change, body }) => ({
          change: `${change} in ${item.field}`,
          reduced: items.with(i, { ...item, body }),
        }))
      : []),
  ]);
}

function reducedBodies(body: BlockBody): { change: string; body: BlockBody }[] {
  if (body.kind === 'items') {
    return reducedItems(body.items).map(({ change, reduced }) => ({ change, body: { ...body, items: reduced } }));
  }
  return [...body.selections.values()].flatMap((selection) => {
    const left = without(body.condition, selection.name);
    return [
      ...(left === undefined ? [] : [{ change: `drops ${selection.name}`, body: { ...body, condition: left } }]),
      ...reducedSelections(selection).map(({ change, reduced }) => ({
        change: `${selection.name} ${change}`,
        body: { ...body, selections: new Map([...body.selections, [selection.name, reduced]]) },
      })),
    ];
  });
}

/** If any number, field or rule of the correlation is changed, a case fails. */
function noticesCorrelation(correlation: Correlation, names: ReadonlySet<string>, cases: Cases, needed: Ruleset): void {
  describe(`a case fails for ${correlation.name}`, () => {
    const mutants = correlationMutantsOf(correlation);
    const telling = mutants.filter(({ change }) => !passedOn.has(`${correlation.name} ${change}`));
    it.each(telling)('$change', async ({ mutant }) => {
      const written = needed.correlations.map((one) => one.correlation);
      const { correlations, problems } = resolveCorrelations(
        written.map((one) => (one.name === correlation.name ? mutant : one)),
        needed.rules.map(({ rule }) => rule),
      );
      expect(problems).toEqual([]);
      const isNoticed = await someCaseFails(cases, names, new Ruleset(needed.rules, correlations, needed.hash));
      expect(isNoticed, 'no case notices: write one, or leave that part out of the correlation').toBe(true);
    });
  });
}

function correlationMutantsOf(correlation: Correlation): { change: string; mutant: Correlation }[] {
  const { groupBy, timespan, test } = correlation;
  const withTest = (change: string, mutant: CorrelationTest) => ({ change, mutant: { ...correlation, test: mutant } });
  return [
    { change: 'if it looks twice as far', mutant: { ...correlation, timespan: timespan * 2 } },
    { change: 'if it looks half as far', mutant: { ...correlation, timespan: Math.ceil(timespan / 2) } },
    ...groupBy.map((field) => ({
      change: `if it does not group by ${field}`,
      mutant: { ...correlation, groupBy: groupBy.filter((other) => other !== field) },
    })),
    ...('bounds' in test
      ? test.bounds.flatMap((bound, i) =>
          [-1, 1].map((more) => {
            const bounds = test.bounds.with(i, { ...bound, value: bound.value + more });
            return withTest(`if it asks for ${bound.operator} ${bound.value + more}`, { ...test, bounds });
          }),
        )
      : []),
    ...('fields' in test && test.fields.length > 1
      ? test.fields.map((field) =>
          withTest(`if ${field} does not count`, { ...test, fields: test.fields.filter((other) => other !== field) }),
        )
      : []),
    ...('learning' in test ? [withTest('if it does not learn', { ...test, learning: 0 })] : []),
  ];
}
