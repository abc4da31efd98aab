/** The commands of `tripline`. */
import { readArguments } from '../command-line/arguments.ts';
import { describeError } from '../command-line/cli-errors.ts';
import { UsageError } from '../command-line/declaration.ts';
import { helpOf, overviewOf } from '../command-line/help.ts';
import { OutputClosed, type ProcessIo } from '../command-line/process-io.ts';
import { didYouMean, quote } from '../sigma/rule-problem.ts';
import { commandNames, defaultCommand, loadCommand, loadCommands, namedIn } from './all.ts';
import type { Command } from './command.ts';

/** Runs the command that the arguments name, and resolves with the exit code of the process. Errors in what the user provided
 * are reported on stderr; a reader that is gone is not an error. */
export async function runCommandLine(args: readonly string[], io: ProcessIo): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    const message = describeError(error);
    await io.stderr.write(`tripline: ${message}\n`).catch(() => {});
    return 2;
  }
}

async function dispatch(args: readonly string[], io: ProcessIo): Promise<number> {
  const [first, ...rest] = args;
  const { version, stdout } = io;
  if (first === 'help' && rest[0] !== undefined) return dispatch([...rest.slice(0, 2), '--help'], io);
  if (first === '--help' || first === '-h' || first === 'help') {
    const commands = await loadCommands();
    const byDefault = commands.find(({ name }) => name === defaultCommand)!;
    await stdout.write(overviewOf(version, commands, byDefault, stdout));
    return 0;
  }
  if (first === '--version' || first === '-v' || first === 'version') {
    await stdout.write(`${version}\n`);
    return 0;
  }
  const named = namedIn(args);
  const command = await commandNamed(named.name ?? defaultCommand);
  const given = readArguments(command, named.rest);
  if (given.kind === 'given') return command.run(given, io, loadCommands);
  await stdout.write(helpOf(command, stdout));
  return 0;
}

async function commandNamed(name: string): Promise<Command> {
  const found = await loadCommand(name);
  if (found !== undefined) return found;
  throw new UsageError(`unknown command ${quote(name)}`, didYouMean(name, commandNames, 'see tripline --help'));
}
