/** A server of Valkey or Redis in a folder and on a port of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';

export interface ValkeyServer {
  url: string;
  port: number;
  pid: number;
  /** Sends a command unchanged, and returns the answer. */
  ask(...command: string[]): Promise<unknown>;
  /** Shuts it down cleanly, and removes what it has written. */
  stop(): Promise<void>;
  /** Ends it at once, as in a crash; what it has written stays until `stop`. */
  kill(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

export interface ValkeyOptions {
  /** Path of valkey-server or redis-server. */
  binary: string;
  /** Default: a free port. */
  port?: number;
  /** Command-line options, such as `--maxmemory 10mb`, each word separate. */
  args?: readonly string[];
  /** Makes it a sentinel with these lines of configuration. */
  sentinel?: readonly string[];
  /** Credentials with which the helper itself connects. */
  credentials?: { username?: string; password?: string };
}

/** Starts a server that keeps nothing on disk, and resolves when it answers. */
export async function startValkey(options: ValkeyOptions): Promise<ValkeyServer> {
  const { binary, port, args = [], sentinel, credentials = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tripline-valkey-'));
  const chosen = port ?? (await freePort());
  const common = ['--bind', '127.0.0.1', '--port', String(chosen), '--dir', folder];
  const config = join(folder, 'sentinel.conf');
  if (sentinel !== undefined) writeFileSync(config, sentinel.join('\n'));
  const own =
    sentinel === undefined
      ? [...common, '--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0']
      : [config, '--sentinel', ...common];
  const child = spawn(binary, [...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => void (output += chunk));
  const ended = once(child, 'exit');
  const ask = async (...command: string[]): Promise<unknown> => {
    const socket = { host: '127.0.0.1', port: chosen, reconnectStrategy: false as const };
    const client = createClient({ socket, RESP: 2, disableClientInfo: true, ...credentials });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  };
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}: ${output.slice(-2000)}`);
    const isUp = await ask('PING').then(
      () => true,
      () => false,
    );
    if (isUp) break;
    await sleep(20);
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return {
    ...{ url: `redis://127.0.0.1:${chosen}`, port: chosen, pid: child.pid!, ask },
    async stop() {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
    signal: (signal) => void child.kill(signal),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
