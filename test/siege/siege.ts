/** Attacks servers, and measures the cost to them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { limitMemory, type MemoryLimit } from './memory-limit.ts';
import { cpuOf, forgetPeak, memoryOf } from './usage.ts';

/** What an attack costs, or its permitted maximum. */
export interface Cost {
  /** Resident memory of the process at any time, in MiB. */
  memory: number;
  /** Seconds of CPU of all threads. */
  cpu: number;
  /** Seconds that /healthz went without an answer, less those in which other programs used the processors. */
  silence: number;
}

export interface Attack {
  name: string;
  /** The setting or the constant that bounds it. */
  limit: string;
  ceilings: Cost;
  /** Lines of the configuration.
   * @param silentPort where a receiver accepts connections and sends nothing */
  settings?(silentPort: number): string[];
  /** Makes the bodies to be sent, before anything is measured. */
  prepare?(): unknown;
  /** Ends when the attacker has nothing left to do. */
  run(target: Target): Promise<void>;
  /** What is wrong with the answers or the metrics, if anything is. */
  faultIn?(answers: Answers, metrics: string): string | undefined;
}

/** Status codes of replies, each with its count; 0 stands for a connection that ended without one. */
export type Answers = Map<number, number>;

export interface Target {
  /** Resolves with the status, which is counted; 0 where the connection ended. */
  post(body: Uint8Array, headers: Record<string, string>, query?: string): Promise<number>;
  /** A connection to which these bytes are written, and that is not read until the attack has ended. */
  hold(...bytes: (Uint8Array | string)[]): Socket;
  /** The same for the forward protocol, if the settings of the attack open it. */
  holdForward(...bytes: Uint8Array[]): Socket;
}

export interface Outcome extends Cost {
  /** MiB after the attack had ended. */
  left: number;
  answers: Answers;
  /** Everything that is wrong: what is above its ceiling, and how the process ended if it did. */
  faults: string[];
}

/** Attacks one server, one attack after another.
 * @param mebibytes the memory that the process may use; the kernel, else a watch, ends it beyond that
 * @param each is called with each outcome; none follow after the end of the process */
export async function besiege(
  attacks: readonly Attack[],
  mebibytes: number,
  each: (attack: Attack, outcome: Outcome) => void,
): Promise<void> {
  const limit = limitMemory(mebibytes);
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const server = await start(attacks[0]?.settings?.((silent.address() as AddressInfo).port) ?? [], limit);
  try {
    for (const attack of attacks) {
      attack.prepare?.();
      each(attack, await attackOnce(attack, server, limit === undefined ? mebibytes : Number.POSITIVE_INFINITY));
      if (server.death() !== undefined) return;
    }
  } finally {
    server.child.kill('SIGKILL');
    await server.ended;
    silent.close();
    limit?.remove();
  }
}

/** @param watched MiB beyond which the process is ended from here */
async function attackOnce(attack: Attack, server: Server, watched: number): Promise<Outcome> {
  const { url, child } = server;
  const pid = child.pid!;
  const answers: Answers = new Map();
  const held: Socket[] = [];
  const holdAt = (port: number, bytes: readonly (Uint8Array | string)[]) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).pause();
    for (const each of bytes) socket.write(each);
    held.push(socket);
    return socket;
  };
  const target: Target = {
    async post(body, headers, query = '') {
      const status = await post(`${url}/v1/records${query}`, body, headers);
      answers.set(status, (answers.get(status) ?? 0) + 1);
      return status;
    },
    hold: (...bytes) => holdAt(Number(new URL(url).port), bytes),
    holdForward: (...bytes) => holdAt(server.forwardPort, bytes),
  };
  forgetPeak(pid);
  const before = cpuOf(pid);
  let cost = { cpu: 0, memory: 0, left: 0 };
  const measure = () => {
    try {
      const { peak, now } = memoryOf(pid);
      cost = { cpu: cpuOf(pid) - before, memory: Math.max(cost.memory, peak), left: now };
      if (now > watched) child.kill('SIGKILL');
    } catch {
      // It has ended.
    }
  };
  const watch = setInterval(measure, 50);
  const probe = new Worker(new URL('./probe.ts', import.meta.url), { workerData: { url, pid } });
  await Promise.race([attack.run(target), server.ended]);
  measure();
  clearInterval(watch);
  const heard = once(probe, 'message');
  probe.postMessage('end');
  const [silence] = (await heard) as [number];
  // Refused if it ends at this moment.
  const metrics = await fetch(`${url}/metrics`).then(
    (answer) => answer.text(),
    () => server.ended.then(() => ''),
  );
  const death = server.death();
  for (const socket of held) socket.destroy();
  const outcome = { ...cost, silence, answers };
  const fault = death ?? attack.faultIn?.(answers, metrics);
  return { ...outcome, faults: [...tooMuch(outcome, attack.ceilings), ...(fault === undefined ? [] : [fault])] };
}

/** The values that are above their ceilings. */
export function tooMuch(cost: Cost, ceilings: Cost): string[] {
  return (['memory', 'cpu', 'silence'] as const)
    .filter((measure) => !(cost[measure] <= ceilings[measure]))
    .map((measure) => `${measure} ${cost[measure].toFixed(2)} is above ${ceilings[measure]}`);
}

interface Server {
  child: ChildProcess;
  url: string;
  /** 0 if it does not accept messages of the forward protocol. */
  forwardPort: number;
  ended: Promise<unknown>;
  /** How it ended, and its last output. */
  death(): string | undefined;
}

const main = join(import.meta.dirname, '../../src/main.ts');

async function start(settings: readonly string[], limit: MemoryLimit | undefined): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-siege-'));
  writeFileSync(join(folder, 'tripline.yaml'), settings.join('\n'));
  const config = ['--config', join(folder, 'tripline.yaml')];
  const command = [process.execPath, main, 'serve', '--listen', '127.0.0.1:0', ...config];
  const [file, ...args] = limit?.around(command) ?? command;
  const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  let said = '';
  child.stderr.on('data', (text) => (log = `${log}${text}`.slice(-2000)));
  const ended = once(child, 'exit').finally(() => rmSync(folder, { recursive: true }));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      said += text;
      const found = /listens on (http:[^\s,]+)/.exec(said);
      if (found) resolve(found[1]!);
    });
    void ended.then(() => reject(new Error(`the server ended before it listened: ${log}`)));
  });
  const death = () => {
    if (child.signalCode === null && child.exitCode === null) return undefined;
    return `ended with ${child.signalCode ?? child.exitCode}: ${log.slice(-600)}`;
  };
  const forwardPort = Number(/ and 127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? 0);
  return { child, url, forwardPort, ended, death };
}

function post(url: string, body: Uint8Array, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', agent: false, headers }, (answer) => {
      answer.on('error', () => {}).resume();
      answer.once('close', () => resolve(answer.statusCode!));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

/** Resolves after so many seconds. */
export const rest = (seconds: number) => sleep(seconds * 1000);
