/** `tripline test`: rules on the cases beside them. */

import { loadEveryRule } from '../authoring/every-rule.ts';
import { printExplained } from '../authoring/explain-record.ts';
import { requestedFiles } from '../authoring/requested-files.ts';
import type { CaseResult, FileResult } from '../authoring/test-rule.ts';
import { jsonLine } from '../command-line/output-format.ts';
import { readConfig, reportProblems, ruleOptions } from '../command-line/rule-options.ts';
import { numbered } from '../command-line/table.ts';
import { quote } from '../sigma/index.ts';
import { printable } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const testCommand = defineCommand({
  name: 'test',
  summary: 'runs the cases beside rules, and shows what a rule answers otherwise, and why',
  operands: '[PATH]...',
  count: { least: 0, most: Number.POSITIVE_INFINITY },
  about:
    'Runs each rule file on the cases in the file of its name with .cases.json: {"matches": […], "ignores": […], ' +
    '"undecided": […]}, each a list of {"name": "…", "record": {…}}, or "records": […] for a correlation: the ' +
    'records come in this order, and the case matches if any of them completes it. A case that matches may say ' +
    'the "level" of the finding, and each the "trustedProxies" that are set for it. Beside the three, "lists": ' +
    '{"allowed_users": ["ann"]} gives lists the values that the cases are written for. A rule without cases that ' +
    'it matches and cases that it ignores fails; rules about something else than Kubernetes audit events are ' +
    'passed over. Exceptions may have cases too: the rules that they are about match those in matches, and what is in ' +
    'ignores is silenced. Rules that are off or in shadow mode are tested like the others.\n\n' +
    'Without a PATH it tests the rules that the options name. What a PATH refers to is looked up in it and in what the ' +
    'options name; exceptions count as they do for serve.',
  options: { json: { kind: 'flag', doc: 'one JSON object a line and case' }, ...ruleOptions },
  exitCodes: {
    '0': 'every rule answers every case as it should',
    '1': 'a rule does not, or lacks cases',
    '2': 'a rule or its cases cannot be read',
  },
  examples: [
    { purpose: 'rules of your own', line: 'tripline test my-rules' },
    { purpose: 'one rule', line: 'tripline test my-rules/pod-in-default.yml' },
    {
      purpose: 'the cases that fail, for a program',
      line: `tripline test my-rules --json | jq -c 'select(.passed | not)'`,
    },
  ],
  async run({ options, operands }, io) {
    const { stdout, stderr } = io;
    const { documents, sources } = requestedFiles(operands, readConfig(options, io));
    const loaded = loadEveryRule(sources);
    const paths = new Set(documents.map(({ path }) => path));
    const isRequested = ({ path }: { path: string }) => operands.length === 0 || paths.has(path);
    const problems = loaded.problems.filter(isRequested);
    const warnings = loaded.warnings.filter(isRequested);
    await reportProblems({ problems, warnings, leftOut: loaded.leftOut.filter(isRequested) }, io);

    const { testRuleFile } = await import('../authoring/test-rule.ts');
    const counted = { rules: 0, cases: 0, failed: 0, unreadable: problems.length };
    for (const { path } of documents) {
      const result = await testRuleFile(
        path,
        loaded.ruleset,
        (values) => loadEveryRule({ ...sources, values }).ruleset,
      );
      if (result === undefined) continue;
      counted.rules++;
      counted.cases += result.cases.length;
      counted.failed += result.lacking.length + result.cases.filter(({ passed }) => !passed).length;
      counted.unreadable += result.problems.length;
      for (const problem of result.problems) await stderr.write(`${printable(problem)}\n`);
      await stdout.write(options.json ? linesOf(result) : reportOf(result));
    }
    const { rules, cases, failed, unreadable } = counted;
    const verdict = failed + unreadable === 0 ? 'all passed' : `${failed} failed, ${unreadable} could not be read`;
    await (options.json ? stderr : stdout).write(
      `${numbered(rules, 'rule')}, ${numbered(cases, 'case')}: ${verdict}\n`,
    );
    return unreadable > 0 ? 2 : failed > 0 ? 1 : 0;
  },
});

function linesOf({ path, cases, lacking }: FileResult): string {
  const lines = [...cases, ...lacking.map((message) => ({ path, passed: false, message }))];
  return lines.map(jsonLine).join('');
}

/** What failed; nothing where all passed. */
function reportOf({ path, cases, lacking }: FileResult): string {
  const failed = cases.filter(({ passed }) => !passed);
  if (failed.length + lacking.length === 0) return '';
  const lines = [`FAIL ${printable(path)}`, ...lacking.map((message) => `  ${message}`)];
  for (const result of failed) {
    lines.push(`  ${quote(result.name)}: ${differenceOf(result)}`);
    for (const { record, explained } of result.explained ?? []) lines.push(indent(printExplained(record, explained)));
  }
  return `${lines.join('\n')}\n\n`;
}

function differenceOf({ expected, answer, level, silenced }: CaseResult): string {
  if (level !== undefined) return `expected the level ${level.expected}, got ${level.found.join(', ')}`;
  if (silenced === false) return 'expected that the exception silences it, but the rules do not match it without one';
  return `expected ${expected}, got ${answer}`;
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ');
}
