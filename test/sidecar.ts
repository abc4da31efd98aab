/** The sidecar as a process of its own, as an operator starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { built } from './program.ts';

export interface SidecarProcess {
  url: string;
  /** Its output for people. */
  stdout: () => string;
  /** Its log. */
  stderr: () => string;
  child: ChildProcess;
  /** Sends a signal and resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the built program, or another command that accepts its arguments, and resolves when it reports its address. */
export async function startSidecar(
  args: readonly string[] = [],
  environment: Record<string, string | undefined> = {},
  command: readonly string[] = [process.execPath, built],
): Promise<SidecarProcess> {
  const [file, ...rest] = command;
  const child = spawn(file, [...rest, '--listen', '127.0.0.1:0', ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /listens on (https?:\S+)/.exec(stdout);
      if (found) resolve(found[1]);
    });
    exited.then(() => reject(new Error(`it exited before it listened: ${stdout}${stderr}`)));
  });
  return {
    url,
    stdout: () => stdout,
    stderr: () => stderr,
    child,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}
