/** The sidecar as a process of its own, pinned to one core if the system can do so, and what it costs. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
let isBuilt = false;
const emptyServer =
  "import('fastify').then(async ({ default: fastify }) => {" +
  " const app = fastify(); app.get('/readyz', () => ''); console.log('listens on ' + (await app.listen({ port: 0 }))); })";

const running = new Set<ChildProcess>();
// A row that fails does not stop its server.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Server {
  pid: number;
  port: number;
  post(body: Uint8Array, mediaType: string, encoding?: string): Promise<Buffer>;
  /** Sends SIGTERM, and resolves with the milliseconds until the log reports it. */
  signalled(): Promise<number>;
  stop(): Promise<void>;
}

/** The path of the program as it is published: built from the current sources, or in the checkout that TREE names, which is
 * already built. */
export function builtProgram(): string {
  const { TREE: tree } = process.env;
  if (tree !== undefined) return join(tree, JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')).bin.tripline);
  if (!isBuilt) execFileSync(process.execPath, [at('scripts/build.ts'), '--javascript']);
  isBuilt = true;
  return at('dist/tripline.js');
}

export function startSidecar(more: readonly string[] = []): Promise<Server> {
  return start([builtProgram(), 'serve', '--listen', '127.0.0.1:0', ...more]);
}

/** What starting Node and Fastify costs, without a program. */
export function startEmptyServer(): Promise<Server> {
  return start(['--eval', emptyServer]);
}

/** Resolves when the server reports its address, and answers on /readyz. */
async function start(args: readonly string[]): Promise<Server> {
  const pinned = existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', '0'] : [];
  const [command, ...rest] = [...pinned, process.execPath, ...args];
  const child = spawn(command!, rest, {
    cwd: at('.'),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const url = await greeting(child);
  const agent = new Agent({ keepAlive: true });
  const post = (body: Uint8Array, mediaType: string, encoding?: string) => {
    const headers = { 'content-type': mediaType, ...(encoding && { 'content-encoding': encoding }) };
    return send(`${url}/v1/records?reply=records`, { method: 'POST', agent, headers }, body);
  };
  await send(`${url}/readyz`, { agent });
  return {
    pid: child.pid!,
    port: Number(new URL(url).port),
    post,
    signalled() {
      const started = performance.now();
      return new Promise((resolve) => {
        child.stderr!.on('data', (chunk) => {
          if (String(chunk).includes('Stopping')) resolve(performance.now() - started);
        });
        child.kill();
      });
    },
    async stop() {
      agent.destroy();
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    },
  };
}

function greeting(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let log = '';
    child.stderr!.on('data', (chunk) => {
      log = `${log}${chunk}`.slice(-4000);
    });
    child.stdout!.on('data', (chunk) => {
      text += chunk;
      const url = /listens on (http:\S+?),?\s/.exec(text)?.[1];
      if (url !== undefined) resolve(url.replace('[::1]', '127.0.0.1'));
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
  });
}

function send(url: string, options: object, body?: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const answer = Buffer.concat(chunks);
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`${url}: ${response.statusCode} ${answer.subarray(0, 300)}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Milliseconds of CPU used by the threads of a process, which Linux counts in nanoseconds. */
export function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** The peak memory of a process, and its current memory, in MiB. */
export function memoryOf(pid: number): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]);
  return { peak: kib('VmHWM') / 1024, now: kib('VmRSS') / 1024 };
}
