/** The rows that need the sidecar as a process of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { corpora } from './corpora/index.ts';
import { formats } from './formats.ts';
import { median, quantile } from './measure.ts';
import type { Reached, Row } from './row.ts';
import { cpuOf, memoryOf, type Server, startEmptyServer, startSidecar } from './server.ts';

const { mediaType, bodyOf } = formats.json;
const SEED = 9;
/** Records of a body of 2 MB. */
const MANY = 900;
const FEW = 500;
const WARM_ROUNDS = 40;
const WARM_BODIES = 8 * WARM_ROUNDS;

/** Successive bodies, each of different records. */
function* bodies(size: number): Generator<Buffer, never> {
  for (let first = 0; ; first += size) yield bodyOf(corpora.ordinary(size, SEED, first));
}

async function withSidecar<T>(use: (server: Server) => Promise<T>): Promise<T> {
  const server = await startSidecar();
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

function take<T>(items: Iterator<T, never>, count: number): T[] {
  return Array.from({ length: count }, () => items.next().value);
}

/** Bytes per millisecond of CPU: of the server's process, and of this one while it parses. */
const throughput = () =>
  withSidecar(async (server): Promise<Reached> => {
    const source = bodies(MANY);
    const own: number[] = [];
    const other: number[] = [];
    for (let round = 0; round < WARM_ROUNDS + 10; round++) {
      const batch = take(source, 8);
      const bytes = batch.reduce((sum, { length }) => sum + length, 0);
      const texts = batch.map(String);
      const parsing = process.cpuUsage();
      for (const text of texts) JSON.parse(text);
      const { user, system } = process.cpuUsage(parsing);
      const before = cpuOf(server.pid);
      for (const body of batch) await server.post(body, mediaType);
      const spent = cpuOf(server.pid) - before;
      // The first rounds warm up compilers and the state of correlations.
      if (round < WARM_ROUNDS) continue;
      own.push(bytes / spent);
      other.push(bytes / ((user + system) / 1000));
    }
    return { value: median(own) / median(other), note: `${(median(own) / 1000).toFixed(0)} MB for each second of CPU` };
  });

const latency = () =>
  withSidecar(async (server): Promise<Reached> => {
    const source = bodies(FEW);
    const parsing: number[] = [];
    const alone: number[] = [];
    for (let at = 0; at < WARM_BODIES; at++) await server.post(source.next().value, mediaType);
    for (const body of take(source, 30)) {
      const text = String(body);
      const started = performance.now();
      JSON.parse(text);
      parsing.push(performance.now() - started);
      alone.push(await elapsed(() => server.post(body, mediaType)));
    }
    const interval = 2 * median(alone.slice(10));
    const count = Math.round(Math.min(500, Math.max(150, 20_000 / interval)));
    const times: number[] = [];
    const start = performance.now();
    for (let at = 0; at < count; at++) {
      const body = source.next().value;
      await sleep(Math.max(0, start + at * interval - performance.now()));
      times.push(await elapsed(() => server.post(body, mediaType)));
    }
    const p99 = quantile(times, 0.99);
    const note = `p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, JSON.parse ${median(parsing).toFixed(1)} ms`;
    return { value: p99 / median(parsing), note };
  });

async function elapsed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

const memory = () =>
  withSidecar(async (server): Promise<Reached> => {
    const waiting = take(bodies(MANY), 48);
    const deadline = performance.now() + 20_000;
    let sent = 0;
    const sender = async () => {
      while (performance.now() < deadline) {
        const body = waiting[sent % waiting.length]!;
        await server.post(renewed(body, sent++), mediaType);
      }
    };
    await Promise.all(Array.from({ length: 8 }, sender));
    const { peak, now } = memoryOf(server.pid);
    return { value: peak, note: `at the end ${now.toFixed(0)} MiB, ${sent} bodies` };
  });

/** The same records under audit IDs that have not been seen. */
function renewed(body: Buffer, count: number): Buffer {
  const copy = Buffer.from(body);
  const digits = count.toString(16).padStart(8, '0');
  const key = '"auditID":"';
  for (let at = copy.indexOf(key); at !== -1; at = copy.indexOf(key, at + key.length))
    copy.write(digits, at + key.length);
  return copy;
}

const startUp = async (): Promise<Reached> => {
  const own: number[] = [];
  const other: number[] = [];
  const time = async (start: () => Promise<Server>, into: number[]) => {
    const started = performance.now();
    const server = await start();
    into.push(performance.now() - started);
    await server.stop();
  };
  for (let round = 0; round < 9; round++) {
    await time(() => startSidecar(), own);
    await time(startEmptyServer, other);
  }
  const note = `${median(own).toFixed(0)} ms beside ${median(other).toFixed(0)} ms`;
  return { value: median(own) / median(other), note };
};

export const serverRows: readonly Row[] = [
  { name: 'http, 2 MB bodies, by CPU', beside: 'JSON.parse', unit: 'fast', least: 1, aim: 1.3, run: throughput },
  {
    name: 'latency of 500 records at half load, p99',
    beside: 'JSON.parse',
    unit: 'time',
    least: 6,
    aim: 3,
    run: latency,
  },
  { name: 'memory, 2 MB bodies, 8 at once', beside: '', unit: 'MiB', least: 300, aim: 200, run: memory },
  { name: 'start to ready', beside: 'an empty Fastify server', unit: 'time', least: 3, aim: 2, run: startUp },
];
