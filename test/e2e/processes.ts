/** Fluent Bit and Tripline as child processes, on the shipped files. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { parse, stringify } from 'yaml';

const root = join(import.meta.dirname, '../..');

/** The Fluent Bit to test with, or undefined if there is none. */
export const fluentBit = findFluentBit();

function findFluentBit(): string | undefined {
  // A named one has to exist.
  if (process.env.FLUENT_BIT) return process.env.FLUENT_BIT;
  try {
    execFileSync('fluent-bit', ['--version'], { stdio: 'ignore' });
    return 'fluent-bit';
  } catch {
    return undefined;
  }
}

export interface Running {
  hasEnded(): boolean;
  /** Sends a signal and waits for the process to end. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  signal(signal: 'SIGHUP' | 'SIGSTOP' | 'SIGCONT'): void;
}

export interface FluentBitSettings {
  /** Path of its configuration. */
  config: string;
  /** Variables that the file uses. */
  environment: Record<string, string>;
  /** For each, an additional output that sends a copy of what it matches to a port. */
  copies: { match: string; port: number }[];
  /** Folder for its log. */
  folder: string;
}

/** Starts Fluent Bit on a shipped file. The extra outputs are given on the command line, so that the file is unchanged. */
export function startFluentBit({ config, environment, copies, folder }: FluentBitSettings): Running {
  const args = ['-c', config];
  for (const { match, port } of copies) {
    args.push('-o', 'forward', '-m', match, '-p', 'host=127.0.0.1', '-p', `port=${port}`);
    args.push('-p', 'require_ack_response=on', '-p', 'retry_limit=no_limits');
  }
  // A reload looks for Parsers_File of the classic format there.
  const cwd = dirname(config);
  return running(
    spawn(fluentBit!, args, { cwd, env: environment, stdio: logTo(join(folder, `${basename(config)}.log`)) }),
  );
}

/** Starts a program with its output redirected to a file. */
export function startProcess(program: string, args: string[], log: string, environment = process.env): Running {
  return running(spawn(program, args, { env: environment, stdio: logTo(log) }));
}

export interface TriplineSettings {
  /** Path of its configuration. */
  config: string;
  port: number;
  forwardPort: number;
  /** Where it receives messages of the forward protocol, if its file configures that. */
  inputPort?: number;
  /** Folder for its log. */
  folder: string;
  /** The bundled ones if left out. */
  rules?: string[];
  /** The largest share of a processor that it may use. */
  share?: number;
  /** Variables that the file uses. */
  environment?: Record<string, string>;
}

/** Starts Tripline on a shipped file, with other ports, and waits until it is ready. */
export async function startTripline(given: TriplineSettings): Promise<Running> {
  const { config, port, forwardPort, inputPort, folder, rules, share = 1, environment } = given;
  const settings = parse(readFileSync(config, 'utf8'));
  settings.sinks[0].port = forwardPort;
  if (settings.forward !== undefined) settings.forward.listen = `127.0.0.1:${inputPort}`;
  if (rules !== undefined) settings.rules = rules;
  const path = join(folder, 'tripline-changed.yaml');
  writeFileSync(path, stringify(settings));
  const args = [join(root, 'src/main.ts'), '--config', path, '--listen', `127.0.0.1:${port}`];
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, args, { env, stdio: logTo(join(folder, 'tripline.log')) });
  const tripline = running(child);
  for (let attempt = 0; attempt < 150; attempt++) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1000) }).catch(
      () => undefined,
    );
    if (response?.ok) {
      if (share < 1) holdAt(child.pid!, share);
      return tripline;
    }
    if (tripline.hasEnded()) break;
    await sleep(200);
  }
  throw new Error(`Tripline did not become ready:\n${readFileSync(join(folder, 'tripline.log'), 'utf8')}`);
}

/** Stops and continues a process ten times a second until it ends, to limit it to a share of a processor.
 * In a thread of its own, because delays in the tests would otherwise lengthen its turns. */
function holdAt(pid: number, share: number): void {
  const source = `
    const { pid, share } = require('node:worker_threads').workerData;
    const wait = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    try {
      for (;;) {
        process.kill(pid, 'SIGSTOP');
        wait(100 * (1 - share));
        process.kill(pid, 'SIGCONT');
        wait(100 * share);
      }
    } catch {
      // It has ended.
    }`;
  new Worker(source, { eval: true, workerData: { pid, share } }).unref();
}

/** Ports that nothing listens on, below those that an operating system assigns to connections: one of those could be in use by
 * the time its server is restarted. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(10_000, 30_000);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    ports.add(port);
    await once(server.close(), 'close');
  }
  return [...ports];
}

const logTo = (path: string): ['ignore', number, number] => {
  const file = openSync(path, 'a');
  return ['ignore', file, file];
};

const children = new Set<Running>();

/** Ends whatever was started and is still running. */
export async function stopAll(): Promise<void> {
  await Promise.all([...children].map((child) => child.stop('SIGKILL')));
}

function running(child: ChildProcess): Running {
  // Rejects if the program does not exist, which counts as ended as well.
  const ended = once(child, 'exit')
    .catch(() => {})
    .then(() => children.delete(self));
  const self: Running = {
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (signal) => void child.kill(signal),
    async stop(signal) {
      child.kill(signal);
      await ended;
    },
  };
  children.add(self);
  return self;
}
