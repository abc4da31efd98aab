/** `tripline lint`: what is wrong with rule, exception and list files. */

import { lintSources } from '../authoring/lint.ts';
import { jsonLine } from '../command-line/output-format.ts';
import { readConfig, ruleOptions } from '../command-line/rule-options.ts';
import { numbered } from '../command-line/table.ts';
import { whatBecomesOfBroken } from '../rules/broken.ts';
import { printRuleProblem } from '../sigma/index.ts';
import { defineCommand } from './command.ts';

export const lintCommand = defineCommand({
  name: 'lint',
  summary: 'tells what is wrong with rule, exception and list files, and what is legal but looks like a mistake',
  operands: '[PATH]...',
  count: { least: 0, most: Number.POSITIVE_INFINITY },
  about:
    'Reads files, and folders of them: rules, correlations, exceptions and lists, told apart by what is in them. Without ' +
    'a PATH it reads everything that the options name. An error keeps a document from being used, or is a name that no ' +
    'event has; a warning is what looks like a mistake.\n\n' +
    `${whatBecomesOfBroken}\n\n` +
    'What a PATH refers to (the rules of a correlation or an exception, lists) is looked up in it and in what the ' +
    'options name.',
  options: { json: { kind: 'flag', doc: 'one JSON object a line and problem' }, ...ruleOptions },
  exitCodes: { '0': 'no errors; there may be warnings', '1': 'there are errors', '2': 'it could not run' },
  examples: [
    { purpose: 'rules of your own', line: 'tripline lint my-rules' },
    { purpose: 'one file', line: 'tripline lint my-rules/pod-in-default.yml' },
    { purpose: 'everything that serve would load', line: 'tripline lint --config tripline.yaml' },
  ],
  async run({ options, operands }, io) {
    const { stdout, stderr } = io;
    const { problems, files } = lintSources(operands, readConfig(options, io));
    for (const problem of problems) {
      const check = problem.check === undefined ? '' : ` [${problem.check}]`;
      const shown = { ...problem, message: `${problem.severity}: ${problem.message}`, hint: `${problem.hint}${check}` };
      await stdout.write(options.json ? jsonLine(problem) : `${printRuleProblem(shown)}\n`);
    }
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    const counts = [numbered(files, 'file'), numbered(errors, 'error'), numbered(problems.length - errors, 'warning')];
    await (options.json ? stderr : stdout).write(`${counts.join(', ')}\n`);
    return errors > 0 ? 1 : 0;
  },
});
