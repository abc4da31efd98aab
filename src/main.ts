/** The entry point of the command line: the only reader of arguments, environment and signals. */
import { readFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeDefect } from './command-line/cli-errors.ts';
import { type Output, OutputClosed, type ProcessIo } from './command-line/process-io.ts';
import { runCommandLine } from './commands/index.ts';
import { keepRecordsYoung } from './heap.ts';

keepRecordsYoung();
// Without a listener Node opens a debugger port, through which whoever reaches it can run any code.
process.on('SIGUSR1', () => {});
process.on('uncaughtException', (error) => {
  // So that the message appears on the screen that stays.
  leaveTerminal();
  writeSync(2, `tripline: ended by a defect of its own: ${describeDefect(error)}\n`);
  process.exit(1);
});

let atExit: string | undefined;

function leaveTerminal(): void {
  const text = atExit;
  atExit = undefined;
  try {
    if (text !== undefined) writeSync(1, text);
  } catch {
    // The terminal is gone.
  }
}
process.on('exit', leaveTerminal);

const stopSignals = ['SIGTERM', 'SIGINT'] as const;

const io: ProcessIo = {
  version: JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
  environment: process.env,
  stdin: process.stdin,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  bundled: { rules: packaged('rules'), schemas: packaged('schemas') },
  stopped: () =>
    new Promise((resolve) => {
      const heard = (signal: string) => {
        for (const name of stopSignals) process.off(name, heard);
        resolve(signal);
      };
      for (const name of stopSignals) process.on(name, heard);
    }),
  writeAtExit: (text) => {
    atExit = text;
  },
  onHangup: (listener) => process.on('SIGHUP', listener),
};

function packaged(folder: string): string {
  return fileURLToPath(new URL(`../${folder}`, import.meta.url));
}

function output(stream: NodeJS.WriteStream): Output {
  // Each write reports its own error; without a listener the event would end the process as well.
  stream.on('error', () => {});
  return {
    // A terminal without a known size reports 0.
    get columns() {
      return stream.isTTY ? stream.columns || 80 : undefined;
    },
    get rows() {
      return stream.isTTY ? stream.rows || 24 : undefined;
    },
    hasColors: hasColors(stream),
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error: NodeJS.ErrnoException | null | undefined) => {
          if (!error) resolve();
          else reject(error.code === 'EPIPE' ? new OutputClosed() : error);
        });
      }),
  };
}

/** `stream.hasColors` respects NO_COLOR and the kind of terminal; FORCE_COLOR applies to a pipe, too. */
function hasColors(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR: forced } = process.env;
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return stream.isTTY && stream.hasColors();
}

process.exit(await runCommandLine(process.argv.slice(2), io));
