/** The contract of a command: how it is declared, and what it does. */
import type { Declaration, OptionTable, OptionValues } from '../command-line/declaration.ts';
import type { ProcessIo } from '../command-line/process-io.ts';

export interface Command<T extends OptionTable = OptionTable> extends Declaration<T> {
  /** Does what the command is for, and resolves with the exit code of the process.
   * @param others loads every command
   * @throws UsageError for arguments that make no sense, Problem or a system error for what cannot be used */
  run(
    given: { options: OptionValues<T>; operands: string[] },
    io: ProcessIo,
    others: () => Promise<readonly Declaration[]>,
  ): Promise<number>;
}

/** The command, with its options typed by their declaration, in the form that the table of commands holds. */
export function defineCommand<const T extends OptionTable>(command: Command<T>): Command {
  // Whoever runs it reads the options by this same declaration.
  return command as unknown as Command;
}
