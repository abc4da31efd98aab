/** A Kafka broker for tests: one node that is its own controller, from the jars of a distribution.
 *
 * `KAFKA` names the folder of the jars (`libs`): kafka_2.13, kafka-tools and their dependencies; `java` is on the PATH. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from '../e2e/processes.ts';

const run = promisify(execFile);

export interface KafkaBroker {
  /** `host:port` of the listener without TLS and credentials. */
  address: string;
  /** The same for the listener with TLS (`kafkaAuthority` signs its certificate) and SASL (user `audit`, password `secret`), by
   * PLAIN and SCRAM-SHA-512, as with Event Hubs and MSK. */
  saslAddress: string;
  pid(): number;
  /** Makes a topic. */
  create(topic: string, partitions: number): Promise<void>;
  /** The values of a topic, as seen by a reader that skips aborted transactions. */
  read(topic: string, options?: { keys?: boolean }): Promise<string[]>;
  /** The number of messages of a topic that a group has committed, in all partitions. */
  committed(group: string, topic: string): Promise<number>;
  /** Ends it as in a crash. */
  kill(): Promise<void>;
  /** Starts it again on the same data and ports. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const pem = (name: string) => join(import.meta.dirname, `../fixtures/tls/listener/${name}.pem`);
/** PEM file with the CA of the broker's certificate. */
export const kafkaAuthority = pem('authority.cert');

const READY_MS = 60_000;

/** @param jars folder of the jars */
export async function startKafka(jars: string): Promise<KafkaBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'kafka-'));
  const [port, saslPort, controllerPort] = await freePorts(3);
  const address = `127.0.0.1:${port}`;
  const properties = join(folder, 'server.properties');
  const keystore = join(folder, 'keystore.pem');
  const key = createPrivateKey(readFileSync(pem('listener.key'))).export({ type: 'pkcs8', format: 'pem' });
  await writeFile(keystore, `${key}${readFileSync(pem('listener.cert'), 'utf8')}`);
  const login = 'org.apache.kafka.common.security';
  await writeFile(
    properties,
    [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
      `listeners=PLAINTEXT://${address},SASL_SSL://127.0.0.1:${saslPort},CONTROLLER://127.0.0.1:${controllerPort}`,
      'controller.listener.names=CONTROLLER',
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name=PLAINTEXT',
      'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512',
      `listener.name.sasl_ssl.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required user_audit="secret";`,
      `listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${keystore}`,
      `log.dirs=${join(folder, 'data')}`,
      'auto.create.topics.enable=false',
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=4',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.num.partitions=4',
      'transaction.state.log.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      'group.min.session.timeout.ms=1000',
      'transaction.abort.timed.out.transaction.cleanup.interval.ms=1000',
    ].join('\n'),
  );
  const java = (...more: string[]) => [
    '-cp',
    join(jars, '*'),
    '-Xmx512m',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    ...more,
  ];
  const tool = (...more: string[]) => run('java', java(...more), { maxBuffer: 1024 ** 3 });
  const user = 'SCRAM-SHA-512=[name=audit,password=secret]';
  await tool(
    'kafka.tools.StorageTool',
    'format',
    '-t',
    'AAAAAAAAAAAAAAAAAAAAAQ',
    '-c',
    properties,
    '--add-scram',
    user,
  );

  let child: ChildProcess | undefined;
  async function start(): Promise<void> {
    child = spawn('java', java('kafka.Kafka', properties), { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(folder, 'kafka.log'), { flags: 'a' });
    child.stdout!.pipe(log, { end: false });
    child.stderr!.pipe(log, { end: false });
    const deadline = Date.now() + READY_MS;
    while (!(await answers(port))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Kafka did not start: ${folder}/kafka.log`);
      await sleep(200);
    }
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
  await start();
  const tools = 'org.apache.kafka.tools';
  return {
    address,
    saslAddress: `127.0.0.1:${saslPort}`,
    pid: () => child!.pid!,
    start,
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
    async create(topic, partitions) {
      const options = ['--create', '--topic', topic, '--partitions', String(partitions)];
      await tool(`${tools}.TopicCommand`, '--bootstrap-server', address, ...options);
    },
    async read(topic, { keys = false } = {}) {
      const options = ['--topic', topic, '--from-beginning', '--timeout-ms', '4000'];

      const committed = ['--isolation-level', 'read_committed', '--property', `print.key=${keys}`];
      const main = `${tools}.consumer.ConsoleConsumer`;
      const { stdout } = await tool(main, '--bootstrap-server', address, ...options, ...committed);
      return stdout.split('\n').filter((line) => line !== '');
    },
    async committed(group, topic) {
      const main = `${tools}.consumer.group.ConsumerGroupCommand`;
      const { stdout } = await tool(main, '--bootstrap-server', address, '--describe', '--group', group);
      const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
      // A partition without committed offsets has a dash.
      return rows.reduce((sum, [, of, , offset]) => sum + (of === topic ? Number.parseInt(offset!, 10) || 0 : 0), 0);
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
