/** The Kafka input and sink with a real broker. KAFKA names the folder of its jars, FLUENT_BIT one with the output kafka. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { Admin } from '@platformatic/kafka';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fluentBit, startFluentBit } from '../e2e/processes.ts';
import { type KafkaBroker, kafkaAuthority, startKafka } from '../servers/kafka.ts';
import { produce } from '../servers/produce.ts';
import { podCreated, startWorker, type Worker } from './workers.ts';

const jars = process.env.KAFKA;
const examples = join(import.meta.dirname, '../../examples');

describe.skipIf(jars === undefined)('topics of Kafka', () => {
  let kafka: KafkaBroker;
  let folder: string;
  let workers: Worker[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fleet-'));
    kafka = await startKafka(jars!);
  }, 120_000);
  afterAll(async () => {
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    workers = [];
  });

  async function start(settings: object): Promise<Worker> {
    const worker = await startWorker(settings, folder);
    workers.push(worker);
    return worker;
  }

  const logOf = ({ log }: Worker) => readFileSync(log, 'utf8');

  async function untilCommitted(group: string, topic: string, count: number): Promise<void> {
    await expect.poll(() => kafka.committed(group, topic), { timeout: 120_000, interval: 500 }).toBe(count);
  }

  /** Numbers of pods, each as often as it occurs. */
  const numbersIn = (lines: readonly string[]) =>
    lines.map((line) => Number(JSON.parse(line).auditID.slice('audit-'.length))).sort((a, b) => a - b);

  it('have each record once, with its tag, whatever happens to workers and the broker', async () => {
    const count = 30_000;
    for (const [topic, partitions] of [
      ['audit', 6],
      ['tagged', 6],
      ['found', 2],
      ['dead', 1],
    ] as const) {
      await kafka.create(topic, partitions);
    }
    const settings = {
      kafka: { brokers: [kafka.address], topics: ['audit'], group: 'exact' },
      sinks: [
        {
          ...{ type: 'kafka', brokers: [kafka.address], topic: 'tagged', exactlyOnce: true },
          ...{ findings: { topic: 'found' }, deadLetterTopic: 'dead' },
        },
      ],
    };
    await Promise.all([start(settings), start(settings), start(settings)]);
    const values = Array.from({ length: count }, (_, n) => {
      if (n % 1000 === 7) return `{"poison": ${n}`;
      return podCreated(n, { pod: { hostPID: n % 100 === 0 } });
    });
    const producing = produce(kafka.address, 'audit', values, {
      keyOf: (n) => `key-${n % 97}`,
      pauseMilliseconds: 200,
    });
    await expect.poll(() => kafka.committed('exact', 'audit'), { timeout: 60_000 }).toBeGreaterThan(count / 10);
    await workers[0]!.stop('SIGKILL');
    await start(settings);
    await kafka.kill();
    await kafka.start();
    await workers[1]!.stop('SIGTERM');
    await start(settings);
    await producing;
    await untilCommitted('exact', 'audit', count);

    const expected = values.flatMap((value, n) => (value.startsWith('{"poison') ? [] : [n]));
    const tagged = await kafka.read('tagged');
    expect(numbersIn(tagged)).toEqual(expected);
    for (const line of tagged) {
      const { tripline, ...record } = JSON.parse(line);
      const n = Number(record.auditID.slice('audit-'.length));
      const own = line.replace(/,"tripline":\{.*\}\}$/, '}');
      if (own !== values[n]) expect(own).toBe(values[n]);
      if ((tripline.verdict === 'match') !== (n % 100 === 0)) expect(tripline).toBe(n);
    }
    const dead = await kafka.read('dead');
    expect(dead.sort()).toEqual(values.filter((value) => value.startsWith('{"poison')).sort());
    const found = (await kafka.read('found')).map((line) => JSON.parse(line));
    const hostPid = found.filter(({ rule }) => rule === 'pod-host-pid').map(({ id }) => id);
    expect(hostPid).toHaveLength(count / 100);
    expect(new Set(hostPid).size).toBe(count / 100);
  }, 300_000);

  it('are committed when every other sink has the records', async () => {
    await kafka.create('plain', 3);
    const path = join(folder, 'records');
    const settings = {
      kafka: { brokers: [kafka.address], topics: ['plain'], group: 'plain' },
      sinks: [{ type: 'ndjson', path }],
    };
    await start(settings);
    const values = Array.from({ length: 3000 }, (_, n) => podCreated(n));
    await produce(kafka.address, 'plain', values);
    await untilCommitted('plain', 'plain', values.length);
    await workers[0]!.stop('SIGTERM');
    const lines = readdirSync(path, { recursive: true })
      .map(String)
      .filter((name) => name.includes('.ndjson'))
      .flatMap((name) => readFileSync(join(path, name), 'utf8').split('\n'))
      .filter((line) => line !== '');
    expect(numbersIn(lines)).toEqual(values.map((_, n) => n));
  }, 120_000);

  it('may get more partitions while they are read', async () => {
    await kafka.create('growing', 1);
    await kafka.create('growing-tagged', 1);
    const brokers = [kafka.address];
    await start({
      kafka: { brokers, topics: ['growing'], group: 'growing' },
      sinks: [{ type: 'kafka', brokers, topic: 'growing-tagged', exactlyOnce: true }],
    });
    await produce(kafka.address, 'growing', [podCreated(0)]);
    await untilCommitted('growing', 'growing', 1);
    const admin = new Admin({ clientId: 'operator', bootstrapBrokers: brokers });
    await admin.createPartitions({ topics: [{ name: 'growing', count: 4, assignments: null }] });
    await admin.close();
    const values = Array.from({ length: 100 }, (_, n) => podCreated(n + 1));
    await produce(kafka.address, 'growing', values, { keyOf: (n) => `key-${n}` });
    await untilCommitted('growing', 'growing', 101);
  }, 180_000);

  it('in MessagePack keep their bytes, over TLS and by a user with a password', async () => {
    await kafka.create('packed', 1);
    await kafka.create('packed-tagged', 1);
    const [brokers, topics] = [[kafka.saslAddress], ['packed']];
    process.env.FLEET_PASSWORD = 'secret';
    const tls = { ca: kafkaAuthority };
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'audit', password: '$' + '{FLEET_PASSWORD}' };
    await start({
      kafka: { brokers, topics, group: 'packed', format: 'msgpack', tls, sasl: { ...sasl, mechanism: 'PLAIN' } },
      sinks: [{ type: 'kafka', brokers, tls, sasl, topic: 'packed-tagged', exactlyOnce: true }],
    });
    await produce(kafka.address, 'packed', [Buffer.from(encode(JSON.parse(podCreated(1)))), Buffer.from('poison')]);
    await untilCommitted('packed', 'packed', 2);
    const [record, poison] = await kafka.read('packed-tagged');
    expect(JSON.parse(record!)).toMatchObject({ auditID: 'audit-1', tripline: { verdict: 'clear' } });
    expect(poison).toBe('poison');
  }, 120_000);

  it.skipIf(!hasKafka(fluentBit)).each(['json', 'msgpack'])(
    'have what Fluent Bit writes as %s, as the example says',
    async (format) => {
      const [topic, tagged] = [`shipped-${format}`, `shipped-${format}-tagged`];
      for (const name of [topic, tagged]) await kafka.create(name, 3);
      const example = readFileSync(join(examples, 'kafka/fluent-bit.yaml'), 'utf8');
      const config = join(folder, `fluent-bit-${format}.yaml`);
      writeFileSync(
        config,
        example
          .replace('topics: kubernetes-audit', `topics: ${topic}`)
          .replace('format: json\n      timestamp', `format: ${format}\n      timestamp`),
      );
      const count = 500;
      const log = join(folder, `audit-${format}.log`);
      writeFileSync(log, Array.from({ length: count }, (_, n) => `${podCreated(n)}\n`).join(''));
      const environment = { AUDIT_LOG: log, AUDIT_DB: `${log}.db`, KAFKA_BROKERS: kafka.address, CLUSTER: 'prod-7' };
      const shipper = startFluentBit({ config, environment, copies: [], folder });
      try {
        const { kafka: input, sinks } = parse(readFileSync(join(examples, 'kafka/tripline.yaml'), 'utf8'));
        const brokers = [kafka.address];
        const { deadLetterTopic: _, findings: __, ...sink } = sinks[0];
        await start({
          kafka: { ...input, brokers, topics: [topic], group: topic, format },
          sinks: [{ ...sink, brokers, topic: tagged, format: 'json' }],
        });
        await untilCommitted(topic, topic, count);
      } finally {
        await shipper.stop('SIGTERM');
      }
      const lines = await kafka.read(tagged, { keys: true });
      expect(new Set(lines.map((line) => line.split('\t', 1)[0]))).toEqual(new Set(['prod-7']));
      const records = lines.map((line) => line.slice(line.indexOf('\t') + 1));
      expect(numbersIn(records)).toEqual(Array.from({ length: count }, (_, n) => n));
      expect(JSON.parse(records[0]!)).toMatchObject({
        cluster: 'prod-7',
        tripline: { cluster: 'prod-7', verdict: 'clear' },
      });
    },
    120_000,
  );

  it('are keyed by a first stage, whose tags the second replaces', async () => {
    for (const name of ['scattered', 'keyed', 'twice-tagged']) await kafka.create(name, 3);
    const brokers = [kafka.address];
    const rule = join(folder, 'nothing.yml');
    const detection = { nothing: { verb: 'never' }, condition: 'nothing' };
    const logsource = { product: 'kubernetes', service: 'audit' };
    writeFileSync(rule, JSON.stringify({ title: 'Nothing', name: 'nothing', logsource, detection }));
    await start({
      rules: [rule],
      kafka: { brokers, topics: ['scattered'], group: 'keying' },
      sinks: [{ type: 'kafka', brokers, topic: 'keyed', exactlyOnce: true }],
    });
    await start({
      kafka: { brokers, topics: ['keyed'], group: 'second' },
      sinks: [{ type: 'kafka', brokers, topic: 'twice-tagged', exactlyOnce: true }],
    });
    const count = 600;
    const values = Array.from({ length: count }, (_, n) =>
      podCreated(n, { cluster: `c${n % 5}`, pod: { hostPID: n === 7 } }),
    );
    await produce(kafka.address, 'scattered', values);
    // Markers of transactions have offsets as well.
    const written = async () => (await kafka.read('twice-tagged')).length;
    await expect.poll(written, { timeout: 90_000 }).toBe(count);
    for (const line of await kafka.read('keyed', { keys: true })) {
      const [key, record] = [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)];
      expect(key).toBe(JSON.parse(record).cluster);
    }
    const tagged = await kafka.read('twice-tagged');
    expect(numbersIn(tagged)).toEqual(values.map((_, n) => n));
    const matches = tagged.filter((line) => JSON.parse(line).tripline.verdict === 'match');
    expect(numbersIn(matches)).toEqual([7]);
    expect(matches[0]!.match(/"tripline":/g)).toHaveLength(1);
  }, 120_000);

  it('log what is wrong, and continue when it is fixed', async () => {
    await kafka.create('late-in', 1);
    const brokers = [kafka.address];
    const worker = await start({
      kafka: { brokers, topics: ['late-in'], group: 'late' },
      sinks: [{ type: 'kafka', brokers, topic: 'late-out', exactlyOnce: true }],
    });
    await produce(kafka.address, 'late-in', [podCreated(1), podCreated(2)]);
    await expect.poll(() => logOf(worker), { timeout: 60_000 }).toContain('has no topic late-out: create it');
    expect(await kafka.committed('late', 'late-in')).toBe(0);
    await kafka.create('late-out', 1);
    await untilCommitted('late', 'late-in', 2);
    expect(numbersIn(await kafka.read('late-out'))).toEqual([1, 2]);
  }, 120_000);
});

/** Whether a Fluent Bit was built with its output for Kafka. */
function hasKafka(program: string | undefined): boolean {
  return program !== undefined && /^ {2}kafka /m.test(execFileSync(program, ['--help'], { encoding: 'utf8' }));
}
