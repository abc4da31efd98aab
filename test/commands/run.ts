/** Commands as a person or a script runs them: in this process, in a process of their own, on a terminal. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Output } from '../../src/command-line/process-io.ts';
import { runCommandLine } from '../../src/commands/index.ts';
import { built } from '../program.ts';
import { bundledRules } from '../server/app.ts';

/** For `--import` of Node: prints a line for each module that is loaded. */
export const loaderReport = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  registerHooks({
    load(url, context, next) {
      writeSync(1, 'loaded ' + url + '\\n');
      return next(url, context);
    },
  });
`)}`;

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

export function workFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tripline-command-'));
}

interface Setting {
  input?: string | Uint8Array;
  /** Width of the terminal; without it outputs are pipes. */
  columns?: number;
  rows?: number;
  hasColors?: boolean;
  /** Whether stdin is a terminal. */
  isTTY?: boolean;
  environment?: Record<string, string>;
  /** Resolves with a signal. */
  stopped?: Promise<string>;
  /** Receives the text to be written at the end of the process. */
  onExitText?(text: string | undefined): void;
  /** Receives all of stdout and stderr whenever there is more. */
  onWrite?(stdout: string, stderr: string): void;
}

/** Runs a command in this process, which saves the second that a process takes to start. */
export async function run(
  args: readonly string[],
  { input = '', columns, rows, hasColors = false, isTTY, environment = {}, ...more }: Setting = {},
): Promise<Ran> {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const to = (chunks: Uint8Array[]): Output => ({
    columns,
    rows,
    hasColors,
    async write(chunk) {
      chunks.push(Buffer.from(chunk));
      more.onWrite?.(Buffer.concat(stdout).toString(), Buffer.concat(stderr).toString());
    },
  });
  async function* stdin() {
    yield Buffer.from(input);
  }
  const status = await runCommandLine(args, {
    version: '0.0.0',
    environment,
    stdin: Object.assign(stdin(), isTTY && { isTTY }),
    stdout: to(stdout),
    stderr: to(stderr),
    bundled: { rules: bundledRules, schemas: fileURLToPath(new URL('../../schemas', import.meta.url)) },
    stopped: () => more.stopped ?? new Promise(() => {}),
    writeAtExit: (text) => more.onExitText?.(text),
    onHangup: () => {},
  });
  return { status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** Runs a line of shell, in which `tripline` is the binary. */
export function shell(line: string, cwd: string, input?: string): Ran {
  const script = `tripline() { "${process.execPath}" "${built}" "$@"; }\n${line}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd, input, encoding: 'utf8' });
  return { status, stdout, stderr };
}
