/** The table of commands. */
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { coverageCommand } from './coverage.ts';
import { explainCommand } from './explain.ts';
import { lintCommand } from './lint.ts';
import { newCommand } from './new.ts';
import { rulesCommand } from './rules.ts';
import { scanCommand } from './scan/index.ts';
import { serveCommand } from './serve.ts';
import { testCommand } from './test.ts';

/** In the order in which help lists them: what runs on records, then what is for rules. */
export const commands: readonly Command[] = [
  serveCommand,
  checkCommand,
  scanCommand,
  explainCommand,
  rulesCommand,
  coverageCommand,
  newCommand,
  lintCommand,
  testCommand,
];

/** Runs where no command is named. */
export const defaultCommand = serveCommand;
