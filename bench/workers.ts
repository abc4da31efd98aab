/** What two workers of one process would do compared with one: `npm run bench:workers`. The sidecar has one; this is why. Each
 * worker is a thread with the pipeline, driven in process, without HTTP. Of the two ways to have two, the first is wrong and an
 * upper bound: each worker has correlations of its own. In the second, records that count are handed to a third thread, which
 * correlates them in order of arrival, and each slice waits for its answer. Two threads that only convert bodies to text and
 * parse it show what the machine can give. */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { codecFor } from '../src/codecs/index.ts';
import { loadConfig } from '../src/config/index.ts';
import { type CountedRecord, correlateCounted, counter } from '../src/correlate/counted-records.ts';
import { correlator } from '../src/correlate/index.ts';
import { keepRecordsYoung, keepYoungObjectsFew, processingHeap } from '../src/heap.ts';
import { type Batch, type Parts, processBatch } from '../src/pipeline.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { loadRules } from '../src/rules/index.ts';
import { replyTo } from '../src/server/reply.ts';
import { memoryStore } from '../src/state/memory.ts';
import { received, SEED } from './batches.ts';
import { corpora } from './corpora/index.ts';
import { formats } from './formats.ts';
import { median } from './measure.ts';
import { bundledRules } from './product.ts';

const RECORDS = 500;
/** Per round, for all workers together. */
const BODIES = 12;
/** Bodies that a worker has at the same time: it continues with the next while one waits. */
const AT_ONCE = 2;
const WARM = 30;
const ROUNDS = 15;

interface WorkerRole {
  kind: 'tag' | 'parse';
  at: number;
  of: number;
  correlations?: MessagePort;
}
type Role = WorkerRole | { kind: 'correlations' };
/** Of a slice: each record that counts, with its position. */
type Counted = [place: number, record: CountedRecord][];

const { mediaType, bodyOf } = formats.json;

if (parentPort === null) await main();
else if (workerData.kind === 'correlations') correlate(parentPort);
else work(workerData as WorkerRole, parentPort);

async function main(): Promise<void> {
  // As when the sidecar starts its thread.
  keepRecordsYoung();
  keepYoungObjectsFew();
  const ways: { name: string; beside?: string; workers: Worker[] }[] = [
    { name: 'JSON.parse, one thread', workers: startAll('parse', 1) },
    { name: 'JSON.parse, two', beside: 'JSON.parse, one thread', workers: startAll('parse', 2) },
    { name: 'one worker', workers: startAll('tag', 1) },
    { name: 'two, each with its own correlations', beside: 'one worker', workers: startAll('tag', 2) },
    { name: 'two, and a thread that correlates', beside: 'one worker', workers: withCorrelations(2) },
  ];
  const times = new Map(ways.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < WARM + ROUNDS; round++) {
    for (const { name, workers } of round % 2 === 0 ? ways : ways.toReversed()) {
      await all(workers, { prepare: round });
      const started = performance.now();
      await all(workers, 'go');
      if (round >= WARM) times.get(name)!.push(performance.now() - started);
    }
  }
  for (const { name, beside } of ways) {
    const milliseconds = median(times.get(name)!);
    const perSecond = ((RECORDS * BODIES) / milliseconds) * 1000;
    const ratio = beside === undefined ? '' : `${(median(times.get(beside)!) / milliseconds).toFixed(2)} x`;
    console.log(`${name.padEnd(40)} ${perSecond.toFixed(0).padStart(8)} records/s ${ratio.padStart(10)}`);
  }
  process.exit();
}

function start(role: Role, transferList: MessagePort[] = []): Worker {
  return new Worker(new URL(import.meta.url), { workerData: role, transferList, resourceLimits: processingHeap() });
}

function startAll(kind: WorkerRole['kind'], of: number): Worker[] {
  return Array.from({ length: of }, (_, at) => start({ kind, at, of }));
}

function withCorrelations(of: number): Worker[] {
  const correlations = start({ kind: 'correlations' });
  return Array.from({ length: of }, (_, at) => {
    const { port1, port2 } = new MessageChannel();
    correlations.postMessage(port1, [port1]);
    return start({ kind: 'tag', at, of, correlations: port2 }, [port2]);
  });
}

async function all(workers: readonly Worker[], message: unknown): Promise<void> {
  await Promise.all(
    workers.map((worker) => {
      worker.postMessage(message);
      return once(worker, 'message');
    }),
  );
}

/** Processes its share of the bodies of each round. */
function work({ kind, at, of, correlations }: WorkerRole, port: MessagePort): void {
  const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
  const { ruleset } = loadRules({ rules: [bundledRules] });
  const parts: Parts = {
    ...partsOf(config, () => ruleset, [], correlator(memoryStore())),
    areClearShared: true,
    ...(correlations && handedOver(correlations)),
  };
  let bodies: Uint8Array[] = [];
  port.on('message', async (message: 'go' | { prepare: number }) => {
    if (message !== 'go') bodies = bodiesOf(message.prepare);
    else if (kind === 'parse') for (const body of bodies) JSON.parse(Buffer.from(body).toString());
    else await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => tagEvery(first)));
    port.postMessage('done');
  });

  function bodiesOf(round: number): Uint8Array[] {
    const own = Array.from({ length: BODIES }, (_, body) => body).filter((body) => body % of === at);
    return own.map((body) => bodyOf(corpora.ordinary(RECORDS, SEED, (round * BODIES + body) * RECORDS)));
  }

  async function tagEvery(first: number): Promise<void> {
    for (let body = first; body < bodies.length; body += AT_ONCE) {
      const batch: Batch = {
        fluentTag: undefined,
        codec: codecFor(mediaType)!,
        bytes: bodies[body]!,
        receivedUnixNano: received,
      };
      await replyTo(await processBatch(batch, parts), 'records', 'same');
    }
  }
}

/** The correlation step, delegated to another thread. */
function handedOver(correlations: MessagePort): Pick<Parts, 'correlate' | 'correlateIn'> {
  const answers: ((found: [number, unknown][]) => void)[] = [];
  correlations.on('message', (found) => answers.shift()!(found));
  let counted: Counted = [];
  let place = 0;
  let last: Promise<unknown> = Promise.resolve();
  async function collect<T>(step: () => Promise<T>): Promise<{ results: T; asked: Promise<[number, unknown][]> }> {
    [counted, place] = [[], 0];
    const results = await step();
    const { promise: asked, resolve } = Promise.withResolvers<[number, unknown][]>();
    answers.push(resolve);
    correlations.postMessage(counted);
    return { results, asked };
  }
  return {
    correlate: counter((record) => {
      if (record !== undefined) counted.push([place, record]);
      place++;
    }),
    async correlateIn(step) {
      const collected = last.then(() => collect(step));
      last = collected;
      const { results, asked } = await collected;
      for (const [at, found] of await asked) (results as unknown[])[at] = found;
      return results;
    },
  };
}

function correlate(port: MessagePort): void {
  const step = correlator(memoryStore());
  const { ruleset } = loadRules({ rules: [bundledRules] });
  port.on('message', (worker: MessagePort) => {
    worker.on('message', (counted: Counted) => {
      const found = counted.map(
        ([place, record]) => [place, correlateCounted(record, step, ruleset, received)] as const,
      );
      worker.postMessage(found.filter(([, { raised, reported }]) => raised.length + reported.length > 0));
    });
  });
}
