/** Three workers on one topic with a shared state find what one worker finds, whatever happens to a worker, the broker and
 * the state server. KAFKA names the folder of the jars of a broker, VALKEY a valkey-server or redis-server. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpora } from '../../bench/corpora/index.ts';
import { bundledRules } from '../server/app.ts';
import { type KafkaBroker, startKafka } from '../servers/kafka.ts';
import { produce } from '../servers/produce.ts';
import { startValkey, type ValkeyServer } from '../servers/valkey.ts';
import { startWorker, type Worker } from './workers.ts';

const { KAFKA: jars, VALKEY: binary } = process.env;
const CLUSTERS = 12;
const PARTITIONS = 6;

/** Beside the bundled ones: one correlation of each kind that counts in windows, on what the corpora are full of. */
const rules = `
title: Pod Created
name: fleet-pod-created
logsource: { product: kubernetes, service: audit }
detection:
  created: { verb: create, resource: pods, subresource: '' }
  condition: created
level: low
---
title: Anything Listed
name: fleet-listed
logsource: { product: kubernetes, service: audit }
detection:
  listed: { verb: [list, get] }
  condition: listed
level: low
---
title: Many Pods
name: fleet-many-pods
correlation:
  type: event_count
  rules: [fleet-pod-created]
  group-by: [username]
  timespan: 10s
  condition: { gte: 7 }
level: medium
---
title: Many Names
name: fleet-many-names
correlation:
  type: value_count
  rules: [fleet-pod-created, fleet-listed]
  group-by: [username]
  timespan: 20s
  condition: { field: name, gte: 5 }
level: medium
---
title: Listed, Then Created
name: fleet-listed-then-created
correlation:
  type: temporal_ordered
  rules: [fleet-listed, fleet-pod-created]
  group-by: [username]
  timespan: 5s
level: medium
---
title: Few Pods
name: fleet-few-pods
correlation:
  type: event_count
  rules: [fleet-pod-created]
  group-by: [username]
  timespan: 3s
  condition: { lt: 4 }
level: medium
`;

/** Records of several clusters, in order of time within each, and interleaved across them. */
function records(): { cluster: string; text: string }[] {
  const ofClusters = Array.from({ length: CLUSTERS }, (_, number) => {
    const cluster = `cluster-${number}`;
    const kinds = [
      corpora.unkind(500, 100 + number, 0),
      corpora.ordinary(500, 100 + number, 500),
      corpora.attack(200, 100 + number, 1000),
      corpora.unkind(300, 100 + number, 1200),
    ];
    return kinds.flat().map((text, index) => {
      const { auditID, ...event } = JSON.parse(text);
      const time = new Date(Date.UTC(2026, 0, 1) + index * 50 + number).toISOString();
      const times = { requestReceivedTimestamp: time, stageTimestamp: time };
      return { cluster, text: JSON.stringify({ cluster, auditID: `${cluster}-${auditID}`, ...event, ...times }) };
    });
  });
  return ofClusters[0]!.flatMap((_, index) => ofClusters.map((own) => own[index]!));
}

describe.skipIf(!jars || !binary)('three workers', () => {
  let kafka: KafkaBroker;
  let folder: string;
  const servers: ValkeyServer[] = [];
  const workers: Worker[] = [];
  const input = records();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fleet-'));
    writeFileSync(join(folder, 'fleet.yml'), rules);
    kafka = await startKafka(jars!);
    await kafka.create('audit', PARTITIONS);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    await kafka?.stop();
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function outputs(name: string): Promise<object> {
    for (const [topic, partitions] of [
      ['tagged', PARTITIONS],
      ['found', 2],
    ] as const) {
      await kafka.create(`${name}-${topic}`, partitions);
    }
    return {
      rules: [bundledRules, join(folder, 'fleet.yml')],
      kafka: { brokers: [kafka.address], topics: ['audit'], group: name, maxBatchBytes: 200_000 },
      sinks: [
        {
          ...{ type: 'kafka', brokers: [kafka.address], topic: `${name}-tagged`, exactlyOnce: true },
          findings: { topic: `${name}-found` },
        },
      ],
    };
  }

  async function start(settings: object): Promise<Worker> {
    const worker = await startWorker(settings, folder);
    workers.push(worker);
    return worker;
  }

  const until = (group: string, count: number) =>
    expect
      .poll(() => kafka.committed(group, 'audit'), { timeout: 180_000, interval: 500 })
      .toBeGreaterThanOrEqual(count);

  /** What correlations have found: id, rule, group and window. */
  async function correlated(name: string): Promise<string[]> {
    const found = (await kafka.read(`${name}-found`)).map((line) => JSON.parse(line));
    return found
      .filter(({ correlation }) => correlation !== undefined)
      .map(({ id, rule, correlation: { group, from, to } }) => JSON.stringify([id, rule, group, from, to]))
      .sort();
  }

  /** As sentinels do: the replica with the most data becomes the primary. */
  async function promoteBest(replicas: readonly ValkeyServer[]): Promise<void> {
    const offsets = replicas.map(async (replica) => {
      const [, offset] = /slave_repl_offset:(\d+)/.exec(String(await replica.ask('INFO', 'replication'))) ?? [];
      return { replica, offset: Number(offset) };
    });
    const [best, ...others] = (await Promise.all(offsets)).sort((a, b) => b.offset - a.offset);
    await best!.replica.ask('REPLICAOF', 'NO', 'ONE');
    for (const { replica } of others) await replica.ask('REPLICAOF', '127.0.0.1', String(best!.replica.port));
  }

  const idsOf = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).auditID).sort();

  it('find what one finds, each once, while workers, broker and store are killed', async () => {
    const primary = await startValkey({ binary: binary! });
    const args = ['--replicaof', '127.0.0.1', String(primary.port)];
    const replicas = [await startValkey({ binary: binary!, args }), await startValkey({ binary: binary!, args })];
    servers.push(primary, ...replicas);
    const url = `redis://${servers.map(({ port }) => `127.0.0.1:${port}`).join()}`;
    const settings = { ...(await outputs('three')), state: { url, replicas: 1 } };
    for (let n = 0; n < 3; n++) await start(settings);
    const values = input.map(({ text }) => text);
    const keyOf = (index: number) => input[index]!.cluster;
    const producing = produce(kafka.address, 'audit', values, { keyOf, pauseMilliseconds: 400 });
    const { length } = values;

    await until('three', length * 0.1);
    await workers[randomInt(3)]!.stop('SIGKILL');
    await until('three', length * 0.25);
    await start(settings);
    await until('three', length * 0.4);
    await primary.kill();
    await promoteBest(replicas);
    await until('three', length * 0.55);
    await kafka.kill();
    await kafka.start();
    await until('three', length * 0.7);
    await workers.at(-1)!.stop('SIGTERM');
    await start(settings);
    await producing;
    await until('three', length);

    await start(await outputs('one'));
    await until('one', length);
    const ids = input.map(({ text }) => JSON.parse(text).auditID).sort();
    expect(idsOf(await kafka.read('three-tagged'))).toEqual(ids);
    const [three, one] = [await correlated('three'), await correlated('one')];
    const ofRules = new Set(one.map((text) => JSON.parse(text)[1]));
    for (const [, name] of rules.matchAll(/name: (fleet-(?:many|listed-|few)\S+)/g)) expect(ofRules).toContain(name);
    const missing = one.filter((found) => !three.includes(found));
    const others = three.filter((found) => !one.includes(found));
    expect({ missing, others }).toEqual({ missing: [], others: [] });
    expect(three).toEqual(one);
    expect(new Set(three).size).toBe(three.length);
  }, 600_000);
});
