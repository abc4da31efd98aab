/** `tripline completion`: what a shell needs to complete command lines. */
import { completionFor, type Shell, shells } from '../command-line/completion.ts';
import { UsageError } from '../command-line/declaration.ts';
import { didYouMean, quote } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const completionCommand = defineCommand({
  name: 'completion',
  summary: 'prints a script that completes command lines in bash, zsh or fish',
  operands: 'SHELL',
  count: { least: 1, most: 1 },
  about:
    'Prints a script for SHELL (bash, zsh or fish) that completes the names of commands and options, and the ' +
    'values of options that accept only a few. Load it in the startup file of your shell, or save it where the ' +
    'shell looks for completions; print it again after an update.',
  options: {},
  exitCodes: { '0': 'the script was printed', '2': 'there is no script for this shell' },
  examples: [
    { purpose: 'for this shell', line: 'source <(tripline completion bash)' },
    { purpose: 'a file for ~/.config/fish/completions', line: 'tripline completion fish > tripline.fish' },
  ],
  async run({ operands: [shell = ''] }, { stdout }, others) {
    if (!isShell(shell)) {
      throw new UsageError(
        `there is no completion for ${quote(shell)}`,
        didYouMean(shell, shells, 'give bash, zsh or fish'),
      );
    }
    await stdout.write(completionFor(shell, await others()));
    return 0;
  },
});

function isShell(text: string): text is Shell {
  return shells.some((shell) => shell === text);
}
