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
  summary: 'tells what is wrong with rule, exception and list files, and what is legal but looks like a mistake',
  operands: '[PATH]...',
  count: { least: 0, most: Number.POSITIVE_INFINITY },
  about:
    'Reads files, and folders of them: rules, correlations, exceptions, lists and owners, told apart by what is in them. Without ' +
    'a PATH it reads everything that the options name. An error keeps a document from being used, or is a name that no ' +
    'event has; a warning is what looks like a mistake.\n\n' +
    `${whatBecomesOfBroken}\n\n` +
    'What a PATH refers to (the rules of a correlation or an exception, lists) is looked up in it and in what the ' +
    'options name.\n\n' +
    'With --fix it first puts right, in the files of PATH, what takes no decision: it gives rules without one an id; ' +
    'writes modifiers, operators, levels and the like in lower case; drops the modifier all of one value, a value that ' +
    'is twice in a list, the quantity of one selection, .* at an end of an expression, the period of a title, and ' +
    'comments that accept nothing. All else in the file stays as it is written, and no rule matches anything else by it; ' +
    'what is left is told as ever.',
  options: {
    fix: { kind: 'flag', doc: 'put right what takes no decision; with PATH' },
    output: reportOutput,
    ...ruleOptions,
  },
  exitCodes: { '0': 'no errors; there may be warnings', '1': 'there are errors', '2': 'it could not run' },
  examples: [
    { purpose: 'rules of your own', line: 'tripline lint my-rules' },
    { purpose: 'one file', line: 'tripline lint my-rules/pod-in-default.yml' },
    { purpose: 'what can be put right without you', line: 'tripline lint my-rules --fix' },
    { purpose: 'everything that serve would load', line: 'tripline lint --config tripline.yaml' },
    { purpose: 'for CI to show beside a change', line: 'tripline lint my-rules -o junit > lint.xml' },
  ],
  async run({ options, operands }, io) {
    const config = readConfig(options, io);
    let fixed = 0;
    if (options.fix) {
      if (operands.length === 0) throw new UsageError('--fix changes files', 'name those that it may change');
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
      ...(options.fix ? [`${fixed} put right`] : []),
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

/** A case for each file, which fails by its errors. */
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
