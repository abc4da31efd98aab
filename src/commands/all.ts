/** The table of commands. */
import type { Command } from './command.ts';

/** In the order in which help lists them: commands that run on records, then those for rules. A command is loaded on demand,
 * with what it needs. A command of two words is below the one named by its first word, which has no operands. */
const loaders = {
  serve: async () => (await import('./serve.ts')).serveCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  scan: async () => (await import('./scan/index.ts')).scanCommand,
  replay: async () => (await import('./replay/index.ts')).replayCommand,
  tail: async () => (await import('./tail/index.ts')).tailCommand,
  top: async () => (await import('./top/index.ts')).topCommand,
  reconcile: async () => (await import('./reconcile/index.ts')).reconcileCommand,
  explain: async () => (await import('./explain.ts')).explainCommand,
  rules: async () => (await import('./rules.ts')).rulesCommand,
  'rules backtest': async () => (await import('./rules-backtest.ts')).rulesBacktestCommand,
  'rules tune': async () => (await import('./rules-tune.ts')).rulesTuneCommand,
  coverage: async () => (await import('./coverage.ts')).coverageCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  new: async () => (await import('./new.ts')).newCommand,
  lint: async () => (await import('./lint.ts')).lintCommand,
  test: async () => (await import('./test.ts')).testCommand,
  completion: async () => (await import('./completion.ts')).completionCommand,
};

export const commandNames = Object.keys(loaders);

/** Runs if no command is named. */
export const defaultCommand = 'serve';

/** Undefined if there is none with this name. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(loaders, name) ? loaders[name as keyof typeof loaders]() : undefined;
}

/** The words of a command line that name a command, as one name, and those that follow; no name if none is given. */
export function namedIn(args: readonly string[]): { name: string | undefined; rest: readonly string[] } {
  const [first, second] = args;
  if (first === undefined || first.startsWith('-')) return { name: undefined, rest: args };
  const both = `${first} ${second}`;
  return Object.hasOwn(loaders, both) ? { name: both, rest: args.slice(2) } : { name: first, rest: args.slice(1) };
}

/** Every command. */
export function loadCommands(): Promise<Command[]> {
  return Promise.all(Object.values(loaders).map((load) => load()));
}
