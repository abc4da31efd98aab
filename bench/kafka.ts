/** What a worker on Kafka does: `npm run bench:kafka`, with KAFKA naming the folder of a broker's jars; RECORDS=50000 for
 * fewer. The same messages are read and written by the client alone, by one worker and by two, one after another in the same
 * run, each with one transaction per batch. The broker is on the same machine, and uses its share of the processors. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { type KafkaBroker, startKafka } from '../test/servers/kafka.ts';
import { produce } from '../test/servers/produce.ts';
import { corpora } from './corpora/index.ts';
import { builtProgram, cpuOf } from './server.ts';

const jars = process.env.KAFKA;
if (!jars) throw new Error('KAFKA is not set; set it to the folder of the jars of Kafka');

const RECORDS = Number(process.env.RECORDS ?? 200_000);
const CLUSTERS = 48;
const PARTITIONS = 12;
/** Until this fraction is done, a program starts and warms up; measuring begins then. */
const WARM = 0.2;
const SEED = 9;

interface Figures {
  perSecond: number;
  /** Microseconds of CPU per record, of all processes but the broker, and of the broker. */
  cpu: number;
  brokerCpu: number;
}

const folder = mkdtempSync(join(tmpdir(), 'bench-kafka-'));
const kafka = await startKafka(jars);
await kafka.create('audit', PARTITIONS);
for (let first = 0; first < RECORDS; first += 10_000) {
  const values = corpora.ordinary(Math.min(10_000, RECORDS - first), SEED, first);
  await produce(kafka.address, 'audit', values, { keyOf: (n) => `cluster-${(first + n) % CLUSTERS}` });
}
const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [kafka.address] });

async function committed(groupId: string): Promise<number> {
  const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] }).catch(() => []);
  const partitions = group?.topics.flatMap(({ partitions }) => partitions) ?? [];
  return partitions.reduce((sum, { committedOffset }) => sum + Math.max(0, Number(committedOffset)), 0);
}

/** Runs programs until they have read everything.
 * @param commands each with its arguments */
async function measure(group: string, commands: readonly string[][], broker: KafkaBroker): Promise<Figures> {
  const children = commands.map((args) => spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
  const cpu = () => children.reduce((sum, { pid }) => sum + cpuOf(pid!), 0);
  const at = async (part: number) => {
    let done = 0;
    do {
      await sleep(20);
      done = await committed(group);
    } while (done < RECORDS * part);
    return { done, time: performance.now(), cpu: cpu(), broker: cpuOf(broker.pid()) };
  };
  const [begin, end] = [await at(WARM), await at(1)];
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve) && child.kill())));
  const records = end.done - begin.done;
  return {
    perSecond: (records / (end.time - begin.time)) * 1000,
    cpu: ((end.cpu - begin.cpu) / records) * 1000,
    brokerCpu: ((end.broker - begin.broker) / records) * 1000,
  };
}

async function workers(count: number): Promise<Figures> {
  const name = `workers-${count}`;
  await kafka.create(name, PARTITIONS);
  const program = builtProgram();
  const config = join(folder, `${name}.yaml`);
  const settings = {
    ...{ listen: '127.0.0.1:0', logLevel: 'error', console: { enabled: false } },
    kafka: { brokers: [kafka.address], topics: ['audit'], group: name },
    sinks: [{ type: 'kafka', brokers: [kafka.address], topic: name, exactlyOnce: true }],
  };
  writeFileSync(config, JSON.stringify(settings));
  return measure(
    name,
    Array.from({ length: count }, () => [program, 'serve', '--config', config]),
    kafka,
  );
}

async function clientAlone(): Promise<Figures> {
  await kafka.create('client', PARTITIONS);
  return measure('client', [[join(import.meta.dirname, 'kafka-client.ts'), kafka.address]], kafka);
}

const show = (name: string, { perSecond, cpu, brokerCpu }: Figures, beside: Figures) => {
  const ratio = `${(perSecond / beside.perSecond).toFixed(2)} x`;
  const cells = [name, perSecond.toFixed(0), cpu.toFixed(1), brokerCpu.toFixed(1), ratio];
  console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(22) : cell.padStart(15))).join(''));
};

console.log(`${RECORDS} records, ${availableParallelism()} cores, Node ${process.version}, ${versionOf(jars)}`);
const heads = ['records/s', 'CPU µs', 'broker CPU µs', 'beside one'];
console.log(['', ...heads].map((head, at) => (at === 0 ? head.padEnd(22) : head.padStart(15))).join(''));
const alone = await clientAlone();
const one = await workers(1);
const two = await workers(2);
show('the client alone', alone, one);
show('one worker', one, one);
show('two workers', two, one);
await admin.close();
await kafka.stop();
rmSync(folder, { recursive: true, force: true });

function versionOf(jars: string): string {
  return execFileSync('ls', [jars], { encoding: 'utf8' }).match(/kafka-clients-[\d.]+\d/)?.[0] ?? 'Kafka';
}
