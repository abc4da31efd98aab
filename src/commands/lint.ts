/** `tripline lint`: what is wrong with rule, exception and list files. */

import { writeFile } from 'node:fs/promises';
import { fixSources, lintSources } from '../authoring/lint.ts';
import { UsageError } from '../command-line/declaration.ts';
import type { Case } from '../command-line/junit.ts';
import { reportOutput, writeReport } from '../command-line/output-format.ts';
import { readConfig, ruleOptions } from '../command-line/rule-options.ts';
import { type Column, numbered } from '../command-line/table.ts';
import { whatBecomesOfBroken } from '../rules/broken.ts';
import { type LintProblem, printRuleProblem } from '../sigma/index.ts';
import { defineCommand } from './command.ts';

export const lintCommand = defineCommand({
  name: 'lint',
  summary: 'reports what is wrong with rule, exception and list files, and what is legal but looks like a mistake',
  operands: '[PATH]...',
  count: { least: 0, most: Number.POSITIVE_INFINITY },
  about:
    'Reads files and folders of rules, correlations, exceptions, lists and owners, which it distinguishes by ' +
    'their content. Without a PATH it reads everything that the options name. An error prevents a document ' +
    'from being used, or is a name that no event has; a warning is something that looks like a mistake.\n\n' +
    `${whatBecomesOfBroken}\n\n` +
    'Whatever a PATH refers to (the rules of a correlation or an exception, lists) is looked up in it and in ' +
    'what the options name.\n\n' +
    'With --fix it first fixes, in the files of PATH, what requires no decision: it gives an id to rules without ' +
    'one; writes modifiers, operators, levels and the like in lower case; and removes the modifier all of a single ' +
    'value, duplicate values in a list, the quantity of a single selection, .* at either end of an expression, the ' +
    'period at the end of a title, and comments that accept nothing. Everything else in the file stays as it is ' +
    'written, and no rule matches anything different; the remaining problems are reported as usual.',
  options: {
    fix: { kind: 'flag', doc: 'fix what requires no decision, in the files of PATH' },
    output: reportOutput,
    ...ruleOptions,
  },
  exitCodes: { '0': 'no errors; there may be warnings', '1': 'there are errors', '2': 'it could not run' },
  examples: [
    { purpose: 'rules of your own', line: 'tripline lint my-rules' },
    { purpose: 'one file', line: 'tripline lint my-rules/pod-in-default.yml' },
    { purpose: 'fix what requires no decision', line: 'tripline lint my-rules --fix' },
    { purpose: 'everything that serve would load', line: 'tripline lint --config tripline.yaml' },
    { purpose: 'a report for CI', line: 'tripline lint my-rules -o junit > lint.xml' },
  ],
  async run({ options, operands }, io) {
    const config = readConfig(options, io);
    let fixed = 0;
    if (options.fix) {
      if (operands.length === 0) throw new UsageError('--fix changes files', 'name the files that it may change');
      for (const file of fixSources(operands, config)) {
        await writeFile(file.path, file.text);
        fixed += file.fixed.length;
      }
    }
    const { problems, files } = lintSources(operands, config);
    const errors = problems.filter(isError).length;
    const counts = [
      numbered(files.length, 'file'),
      numbered(errors, 'error'),
      numbered(problems.length - errors, 'warning'),
      ...(options.fix ? [`${fixed} fixed`] : []),
    ];
    const report = {
      columns,
      rows: problems,
      text: problems.map(print).join(''),
      suites: [{ name: 'tripline lint', cases: casesOf(files, problems) }],
      totals: counts.join(', '),
    };
    await writeReport(io, report, options.output);
    return errors > 0 ? 1 : 0;
  },
});

const columns: Column<LintProblem>[] = [
  { name: 'severity', cell: ({ severity }) => severity },
  { name: 'path', cell: ({ path }) => path },
  { name: 'line', cell: ({ line }) => line },
  { name: 'column', cell: ({ column }) => column },
  { name: 'name', cell: ({ name }) => name ?? '' },
  { name: 'check', cell: ({ check }) => check ?? '' },
  { name: 'message', cell: ({ message }) => message },
  { name: 'hint', cell: ({ hint }) => hint },
];

function isError({ severity }: LintProblem): boolean {
  return severity === 'error';
}

function print(problem: LintProblem): string {
  const { severity, message, hint, check } = problem;
  const named = check === undefined ? '' : ` [${check}]`;
  return `${printRuleProblem({ ...problem, message: `${severity}: ${message}`, hint: `${hint}${named}` })}\n`;
}

/** A case for each file, which fails if the file has errors. */
function casesOf(files: readonly string[], problems: readonly LintProblem[]): Case[] {
  return [...new Set([...files, ...problems.map(({ path }) => path)])].map((path) => {
    const own = problems.filter((problem) => problem.path === path);
    const errors = own.filter(isError);
    const warnings = own.filter((problem) => !isError(problem));
    return {
      name: path,
      file: path,
      ...(errors.length > 0 && { line: errors[0]!.line, failure: errors.map(print).join('') }),
      ...(warnings.length > 0 && { notes: warnings.map(print).join('') }),
    };
  });
}
