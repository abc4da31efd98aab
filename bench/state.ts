/** What it costs to share the state of correlations: `npm run bench:state`, with VALKEY as the path of a valkey-server or
 * redis-server. Compared with the store in memory, in the same run and in turns: CPU of this process in all rounds, and the
 * medians of the elapsed time. The server is on the same machine, so a network adds its own time to each round trip. */
import { pino } from 'pino';
import { codecFor } from '../src/codecs/index.ts';
import { loadConfig } from '../src/config/index.ts';
import { sharedCorrelation } from '../src/correlate/shared.ts';
import { type Parts, processBatch } from '../src/pipeline.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { loadRules } from '../src/rules/index.ts';
import { type Link, openLink } from '../src/state/shared/link.ts';
import { redisConnector } from '../src/state/shared/redis.ts';
import { sharedStore } from '../src/state/shared/store.ts';
import { keyNames } from '../src/state/shared/stored.ts';
import { startValkey } from '../test/servers/valkey.ts';
import { received, SEED } from './batches.ts';
import { type CorpusName, corpora } from './corpora/index.ts';
import { formats } from './formats.ts';
import { measurePair } from './measure.ts';
import { bundledRules } from './product.ts';

const binary = process.env.VALKEY;
if (!binary) throw new Error('VALKEY is not set; set it to the path of a valkey-server or redis-server');

const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
const { ruleset } = loadRules({ rules: [bundledRules] });
const { mediaType, bodyOf } = formats.json;
const timeout = 10_000;

/** Bodies of a round, and the records of each. */
interface Case {
  corpus: CorpusName;
  records: number;
  bodies: number;
  /** Processes that share the state; bodies go to them in turn. */
  workers: number;
}

const cases: readonly Case[] = [
  { corpus: 'ordinary', records: 500, bodies: 2, workers: 1 },
  { corpus: 'ordinary', records: 500, bodies: 2, workers: 2 },
  { corpus: 'ordinary', records: 50, bodies: 20, workers: 1 },
  { corpus: 'ordinary', records: 50, bodies: 20, workers: 2 },
  { corpus: 'ordinary', records: 1, bodies: 200, workers: 2 },
  { corpus: 'unkind', records: 500, bodies: 2, workers: 1 },
  { corpus: 'unkind', records: 500, bodies: 2, workers: 2 },
];

const valkey = await startValkey({ binary, args: ['--maxmemory', '256mb', '--maxmemory-policy', 'volatile-lru'] });

async function run({ corpus, records, bodies, workers }: Case, prefix: string): Promise<string[]> {
  let exchanges = 0;
  const names = keyNames(prefix);
  const logger = pino({ level: 'error' });
  const links: Link[] = [];
  const servers = [{ host: '127.0.0.1', port: valkey.port }];
  const connect = await redisConnector({ servers, database: 0, isTls: false, timeout, replicas: 0 }, { names, logger });
  const inMemory = partsOf(config, () => ruleset, []);
  const shared: Parts[] = [];
  for (let i = 0; i < workers; i++) {
    const link = await openLink(connect, { timeout, logger });
    links.push(link);
    const store = sharedStore({ link, names, onExchange: () => void exchanges++ });
    shared.push({ ...inMemory, ...sharedCorrelation({ shared: store, losses: { late() {}, evicted() {} } }) });
  }
  const codec = codecFor(mediaType)!;
  const tag = (bytes: Uint8Array, parts: Parts) =>
    processBatch({ fluentTag: undefined, codec, bytes, receivedUnixNano: received }, parts);
  const cpu = { own: 0, other: 0 };
  const counted = (side: keyof typeof cpu, work: () => Promise<void>) => async () => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    cpu[side] += user + system;
  };
  const { own, other } = await measurePair((round) => {
    const all = Array.from({ length: bodies }, (_, at) =>
      bodyOf(corpora[corpus](records, SEED, (round * bodies + at) * records)),
    );
    return {
      own: counted('own', async () => {
        for (const [at, body] of all.entries()) await tag(body, shared[at % workers]!);
      }),
      other: counted('other', async () => {
        for (const body of all) await tag(body, inMemory);
      }),
    };
  });
  for (const link of links) link.close();
  const rounds = 13;
  const perSecond = (milliseconds: number) => ((records * bodies) / milliseconds) * 1000;
  return [
    corpus,
    String(records),
    String(workers),
    `${(cpu.own / cpu.other).toFixed(2)} x`,
    `${(own / other).toFixed(2)} x`,
    perSecond(own).toFixed(0),
    perSecond(other).toFixed(0),
    (exchanges / bodies / rounds).toFixed(2),
    ((exchanges * 1000) / (records * bodies * rounds)).toFixed(1),
  ];
}

const show = (cells: readonly string[]) => console.log(cells.map((cell) => cell.padEnd(14)).join(''));
show(['corpus', 'records/body', 'workers', 'CPU', 'time', 'records/s', 'in memory', 'trips/body', 'trips/1000']);
for (const [index, one] of cases.entries()) show(await run(one, `bench-${index}`));
await valkey.stop();
