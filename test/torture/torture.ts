/** Sends numbered records through a real Tripline to a receiver while everything around it fails, and reports the result. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { freePorts } from '../e2e/processes.ts';
import { randomFrom } from '../fuzz/fuzz.ts';
import { openDisk } from './disk.ts';
import { type Fault, happen, printed, type Stage, scheduleOf } from './faults.ts';
import { openFluentBit } from './fluent-bit.ts';
import { type Expected, Oracle, type Report } from './oracle.ts';
import { openReceiver } from './receiver.ts';
import { CHUNK, PERIOD } from './records.ts';
import { openReplayer, type Sender } from './replayer.ts';
import { startTripline } from './tripline.ts';
import { openUnreadable } from './unreadable.ts';

export interface Torture {
  seed: number;
  faults: number;
  records: number;
  /** From the start of one fault to that of the next, on average. */
  gapMilliseconds: number;
  /** The path of the Tripline program. */
  program: string;
  /** Whether file systems may be mounted for disks that are full. */
  mayMount: boolean;
  /** The sender: a Fluent Bit as configured for the tests, or a replayer of its requests. */
  sender: 'replayer' | 'Fluent Bit';
  /** Whether the sink has a spool. */
  hasSpool: boolean;
  say(line: string): void;
}

export interface Outcome extends Report {
  records: number;
  seconds: number;
  /** By kind. */
  happened: Record<string, number>;
  sender: Record<string, number>;
  starts: number;
  refusedStarts: number;
  unreadable: number;
  /** With the logs. */
  folder: string;
}

const fluentTag = 'kube.audit';
/** All shapes of records in all formats. */
const LEARNED = 4 * PERIOD;
const MiB = 1024 * 1024;
/** Twice the size of the state, because it is written beside the old one. */
const DISK_BYTES = 128 * MiB;
/** Some seconds of records. */
const SPOOL_BYTES = 64 * MiB;
/** The schedule may be ahead of the records by this many faults, and by this part of all: Fluent Bit lets a chunk that failed
 * often wait for up to half a minute. */
const LEAD = 5;
const LEAD_PART = 0.03;
/** Time without any progress after which the run ends. */
const STUCK_MS = 60_000;

/** Like the shipped ones, except for waits, which are shorter by a factor of 12, like those of the sender. */
function settingsOf(port: number, folder: string, hasSpool: boolean): object {
  const spool = { path: join(folder, 'spool', 'forward'), maxBytes: SPOOL_BYTES };
  return {
    deadLetterPath: join(folder, 'dead letters'),
    sinks: [{ type: 'forward', host: '127.0.0.1', port, ackTimeoutSeconds: 2, ...(hasSpool && { spool }) }],
    state: { path: join(folder, 'state', 'state') },
    drainSeconds: 3,
    limits: { maxWaitSeconds: 4 },
  };
}

/** @throws Error if an undisturbed run shows faults: nothing can be learned from it */
export async function torture(given: Torture): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-torture-'));
  const undisturbed = await run(
    { ...given, sender: 'replayer', faults: 0, records: LEARNED, say() {} },
    folder,
    'first',
  );
  const [fault] = undisturbed.outcome.examples;
  if (fault !== undefined) throw new Error(`an undisturbed run has faults, see ${folder}: ${fault}`);
  const { outcome } = await run(given, folder, 'second', undisturbed.expected);
  if (outcome.examples.length === 0) rmSync(folder, { recursive: true, maxRetries: 5 });
  return outcome;
}

async function run(given: Torture, parent: string, name: string, expected?: Expected) {
  const { seed, faults, records, gapMilliseconds, mayMount, program, hasSpool, say } = given;
  const folder = join(parent, name);
  mkdirSync(folder);
  const started = performance.now();
  const isReplayed = given.sender === 'replayer';
  const oracle = new Oracle(records, { expected, isExact: isReplayed });
  const [port, sink] = await freePorts(2);
  const disks = {
    state: openDisk(join(folder, 'state'), DISK_BYTES, mayMount),
    'dead letters': openDisk(join(folder, 'dead letters'), DISK_BYTES, mayMount),
    ...(hasSpool && { spool: openDisk(join(folder, 'spool'), 1.25 * SPOOL_BYTES, mayMount) }),
  };
  const config = join(folder, 'tripline.yaml');
  writeFileSync(config, stringify(settingsOf(sink!, folder, hasSpool)));
  const receiver = await openReceiver({ port: sink!, oracle, fluentTag: `tripline.${fluentTag}` });
  const tripline = startTripline({
    command: [process.execPath, program, '--config', config, '--listen', `127.0.0.1:${port}`],
    log: join(folder, 'tripline.log'),
    oracle,
    mayRefuse: (since) => Object.values(disks).some((disk) => disk.wasBad(since)),
  });
  await tripline.ready();
  const sender = isReplayed
    ? openReplayer({ port: port!, records, oracle, fluentTag, random: randomFrom(seed + 1) })
    : openFluentBit({ port: port!, records, oracle, folder });
  const unreadable = openUnreadable(port!, oracle);
  const stage: Stage = { tripline, receiver, sender, disks };
  const schedule = scheduleOf({ seed, count: faults, gapMilliseconds, hasSpool });

  await disturb(schedule, stage, records, {
    before(fault, index) {
      say(`${seconds().toFixed(1)} s, ${sender.done()} records: #${index} ${printed(fault)}`);
      unreadable.send();
    },
  });
  sender.allow(records);
  await settled(sender, records, oracle);
  const kept = await unreadable.check(disks['dead letters'].path);
  const code = await tripline.close();
  if (code !== 0) oracle.fault('process', `Tripline ended with ${code} when it had nothing to do`);
  lookThroughLog(readFileSync(join(folder, 'tripline.log'), 'utf8'), oracle);
  await sender.close();
  await receiver.kill();
  for (const disk of Object.values(disks)) disk.close();

  const happened: Record<string, number> = {};
  for (const fault of schedule)
    happened[`${fault.part}: ${fault.name}`] = (happened[`${fault.part}: ${fault.name}`] ?? 0) + 1;
  const outcome: Outcome = {
    ...oracle.report(),
    records,
    seconds: seconds(),
    happened,
    sender: sender.counts(),
    ...tripline.counts,
    unreadable: kept,
    folder,
  };
  return { outcome, expected: oracle.learned() };

  function seconds(): number {
    return (performance.now() - started) / 1000;
  }
}

/** Releases records as faults happen, so that they are spread over all faults, and faults as records arrive. */
async function disturb(
  schedule: readonly Fault[],
  stage: Stage,
  records: number,
  { before }: { before(fault: Fault, index: number): void },
): Promise<void> {
  const busy = new Map<Fault['part'], Promise<void>>();
  const share = records / (schedule.length + 1);
  for (const [index, fault] of schedule.entries()) {
    stage.sender.allow(Math.ceil(share * (index + 1)));
    await sleep(fault.gap);
    const due = share * (index - LEAD - LEAD_PART * schedule.length) - 8 * CHUNK;
    for (let waited = 0; stage.sender.done() < due && waited < STUCK_MS; waited += 20) await sleep(20);
    await busy.get(fault.part);
    before(fault, index);
    busy.set(fault.part, happen(stage, fault));
  }
  await Promise.all(busy.values());
}

/** Resolves when all records are acknowledged, and have arrived: a spool may still hold some. */
async function settled(sender: Sender, records: number, oracle: Oracle): Promise<void> {
  const progress = () => sender.done() + oracle.distinct;
  let before = progress();
  for (let waited = 0; before < 2 * records; waited += 50) {
    await sleep(50);
    if (progress() > before) waited = 0;
    before = progress();
    if (waited < STUCK_MS) continue;
    const state = `${sender.done()} of ${records} records acknowledged, ${oracle.distinct} there`;
    oracle.fault('process', `nothing went on for ${STUCK_MS / 1000} s: ${state}`);
    return;
  }
}

/** Lines that no fault excuses. */
const inexcusable = ['server.internal', 'was set aside', 'uncaught', 'Unhandled'];

function lookThroughLog(log: string, oracle: Oracle): void {
  for (const line of log.split('\n')) {
    if (inexcusable.some((text) => line.includes(text))) oracle.fault('process', `the log says ${line.slice(0, 500)}`);
  }
}
