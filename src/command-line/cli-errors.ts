/** Describes errors in what a user provided, in words, without the stack of a defect. */
import { Problem } from '../problem.ts';
import { printable } from '../sigma/rule-problem.ts';
import { UsageError } from './declaration.ts';

/** What to do if the system refuses a call. */
const systemRemedies: Record<string, string> = {
  listen: 'Choose another address with --listen, or stop what uses this one.',
  getaddrinfo: 'Name an address of this machine with --listen.',
};

/** The message with what to do about it.
 * @throws the error itself if it is a defect of ours */
export function describeError(error: unknown): string {
  const { syscall } = error as NodeJS.ErrnoException;
  // Names of files may contain anything.
  const message = printableLines((error as Error).message);
  if (error instanceof UsageError) return `${message}; ${error.hint}`;
  if (error instanceof Problem) return `${message}\n${error.remedy}`;
  if (syscall === undefined) throw error;
  return `${message}\n${systemRemedies[syscall] ?? 'Check that it exists, and that Tripline may use it.'}`;
}

/** A defect of ours that ended the process, with its stack. Its message may quote what was being read. */
export function describeDefect(error: unknown): string {
  return printableLines((error as Error | undefined)?.stack ?? String(error));
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
