#!/usr/bin/env node
/** The door of the command line: the only reader of arguments, environment and signals. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readArguments } from './command-line/arguments.ts';
import { UsageError } from './command-line/declaration.ts';
import { helpOf, overviewOf } from './command-line/help.ts';
import { type Output, OutputClosed, type Surroundings } from './command-line/surroundings.ts';
import { describeTrouble } from './command-line/trouble.ts';
import type { Command } from './commands/command.ts';
import { commands, defaultCommand } from './commands/index.ts';
import { didYouMean, quote } from './sigma/rule-problem.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const surroundings: Surroundings = {
  environment: process.env,
  stdin: process.stdin,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  bundled: { rules: packaged('rules'), schemas: packaged('schemas') },
  stopped: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
    }),
};

async function main([first, ...rest]: readonly string[]): Promise<number> {
  if (first === '--help' || first === '-h') return say(overviewOf(version, commands, defaultCommand));
  if (first === '--version') return say(`${version}\n`);
  return first === undefined || first.startsWith('-')
    ? run(defaultCommand, first === undefined ? [] : [first, ...rest])
    : run(commandNamed(first), rest);
}

function commandNamed(name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = commands.map((command) => command.name);
  throw new UsageError(`unknown command ${quote(name)}`, didYouMean(name, names, 'see tripline --help'));
}

async function run(command: Command, args: readonly string[]): Promise<number> {
  const given = readArguments(command, args);
  return given.kind === 'help' ? say(helpOf(command)) : command.run(given, surroundings);
}

async function say(text: string): Promise<number> {
  await surroundings.stdout.write(text);
  return 0;
}

function packaged(folder: string): string {
  return fileURLToPath(new URL(`../${folder}`, import.meta.url));
}

function output(stream: NodeJS.WriteStream): Output {
  // Each write is told of its error; unheard, the event would end the process as well.
  stream.on('error', () => {});
  return {
    columns: stream.isTTY ? stream.columns : undefined,
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error: NodeJS.ErrnoException | null | undefined) => {
          if (!error) resolve();
          else reject(error.code === 'EPIPE' ? new OutputClosed() : error);
        });
      }),
  };
}

async function exitCodeOf(error: unknown): Promise<number> {
  if (error instanceof OutputClosed) return 0;
  await surroundings.stderr.write(`tripline: ${describeTrouble(error)}\n`).catch(() => {});
  return 2;
}

process.exit(await main(process.argv.slice(2)).catch(exitCodeOf));
