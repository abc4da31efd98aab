/**
 * A real Fluent Bit, on the very files of `fluent-bit/`, loops a generated log through Tripline while something is
 * stopped, killed or reloaded; every byte and time that comes back is held against what Fluent Bit sent.
 *
 *   FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e
 *   E2E_RECORDS=5000 ...   for a quicker look
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { auditLines, matchingKeys } from './audit-log.ts';
import { type Comparison, compare, exactTime, jsonTime } from './compare.ts';
import { type ForwardReceiver, startForwardReceiver } from './forward-receiver.ts';
import { fluentBit, freePorts, type Running, startFluentBit, startTripline, stopAll } from './processes.ts';

const records = Number(process.env.E2E_RECORDS ?? 100_000);
/** A run that makes no progress for so long has lost something. */
const patienceMilliseconds = 60_000;
const testTimeoutMilliseconds = 600_000;

/** What is started, by the parts that it plays. In the form `one` the collector is the receiver, too. */
interface Forms {
  collector: string;
  receiver?: string;
  tripline: string;
}
const forms = {
  'two processes': {
    collector: 'two-process/collector.yaml',
    receiver: 'two-process/receiver.yaml',
    tripline: 'two-process/tripline.yaml',
  },
  'two processes, classic': {
    collector: 'two-process/collector.conf',
    receiver: 'two-process/receiver.conf',
    tripline: 'two-process/tripline.yaml',
  },
  'one process': { collector: 'one-process/fluent-bit.yaml', tripline: 'one-process/tripline.yaml' },
  'one process, classic': { collector: 'one-process/fluent-bit.conf', tripline: 'one-process/tripline.yaml' },
} satisfies Record<string, Forms>;

type Part = 'collector' | 'receiver' | 'tripline';
type Format = 'msgpack' | 'json' | 'json_lines' | 'json_stream';

interface Scenario {
  name: string;
  form: keyof typeof forms;
  format?: Format;
  /** What happens when a fifth of the first half of the log has come back; the second half is written meanwhile. */
  disturb?: (stage: Stage) => Promise<void>;
}

const scenarios: Scenario[] = [
  { name: 'undisturbed', form: 'two processes' },
  { name: 'undisturbed', form: 'two processes', format: 'json' },
  { name: 'undisturbed', form: 'two processes', format: 'json_lines' },
  { name: 'undisturbed', form: 'two processes', format: 'json_stream' },
  { name: 'undisturbed', form: 'two processes, classic' },
  { name: 'undisturbed', form: 'one process' },
  { name: 'undisturbed', form: 'one process, classic' },
  ...(['two processes', 'one process'] as const).flatMap((form): Scenario[] => [
    { name: 'Tripline killed, back after 4 s', form, disturb: (stage) => stage.restart('tripline', 'SIGKILL', 4000) },
    {
      name: 'collector stopped, back after 2 s',
      form,
      disturb: (stage) => stage.restart('collector', 'SIGTERM', 2000),
    },
    { name: 'collector killed, back after 2 s', form, disturb: (stage) => stage.restart('collector', 'SIGKILL', 2000) },
    { name: 'collector reloaded', form, disturb: (stage) => stage.reload('collector') },
  ]),
  {
    name: 'forward target down for 8 s',
    form: 'two processes',
    disturb: (stage) => stage.restart('receiver', 'SIGTERM', 8000),
  },
  { name: 'forward target reloaded', form: 'two processes', disturb: (stage) => stage.reload('receiver') },
];

/** All that runs in one scenario. */
interface Stage {
  /** Holds the logs of all parts. */
  folder: string;
  restart(part: Part, signal: 'SIGTERM' | 'SIGKILL', pauseMilliseconds: number): Promise<void>;
  /** Resolves when Fluent Bit says that it is done. */
  reload(part: 'collector' | 'receiver'): Promise<void>;
  appendLines(from: number, to: number): void;
  /** What Fluent Bit sent, by a second output beside the one to Tripline; and what came back. */
  sent: ForwardReceiver;
  returned: ForwardReceiver;
  /** Lines of the file that an output of the shipped configuration wrote. */
  linesOf(output: 'matches' | 'rest' | 'all'): number;
  close(): Promise<void>;
}

const results: string[] = [];

if (fluentBit === undefined) {
  test.skip('there is no Fluent Bit: set FLUENT_BIT to one of 5.0.6 or later, or put it on PATH as fluent-bit');
} else {
  describe(`${records} records`, () => {
    afterEach(stopAll);

    test.for(scenarios.map(({ format = 'msgpack', ...scenario }) => ({ format, ...scenario })))(
      '$form, $format: $name',
      { timeout: testTimeoutMilliseconds },
      async ({ form, format, name, disturb }) => {
        const stage = await openStage(forms[form], format);
        const half = Math.ceil(records / 2);
        const started = performance.now();
        stage.appendLines(0, half);
        await progress(stage, () => stage.returned.arrivals.size >= half / 5);
        const disturbance = disturb?.(stage);
        stage.appendLines(half, records);
        await disturbance;
        await progress(stage, () => stage.returned.arrivals.size === records && stage.sent.arrivals.size === records);
        const seconds = (performance.now() - started) / 1000;
        await quiet(stage);

        const comparison = compare(
          stage.sent.arrivals,
          stage.returned.arrivals,
          format === 'msgpack' ? exactTime : jsonTime,
        );
        results.push(row(`${form} | ${format} | ${name}`, comparison, seconds));
        expect(comparison, `the logs are in ${stage.folder}`).toMatchObject({ sent: records, lost: 0, faults: [] });
        expect(keysOf(stage.returned, 'match')).toEqual(matchingKeys(records));
        if (disturb === undefined) {
          const matches = matchingKeys(records).size;
          expect(stage.linesOf('matches')).toBe(matches);
          if (form.endsWith('classic')) expect(stage.linesOf('all')).toBe(records);
          else expect(stage.linesOf('rest')).toBe(records - matches);
        }
        await stage.close();
      },
    );
  });
}

afterAll(() => {
  if (results.length === 0) return;
  const head = ['form | format | what happened | sent | lost | duplicates | seconds | verdicts', `${'---|'.repeat(8)}`];
  console.log([...head, ...results].map((line) => `| ${line}`).join('\n'));
});

const row = (what: string, { sent, lost, duplicates, verdicts }: Comparison, seconds: number) =>
  `${what} | ${sent} | ${lost} | ${duplicates} | ${seconds.toFixed(0)} | ${JSON.stringify(verdicts)} |`;

const keysOf = (receiver: ForwardReceiver, verdict: string) =>
  new Set([...receiver.arrivals].filter(([, [first]]) => first.verdict === verdict).map(([key]) => key));

/** Waits for `done`, or until nothing has arrived anywhere for too long: what is missing then is told as lost. */
async function progress({ sent, returned }: Stage, done: () => boolean): Promise<void> {
  let count = -1;
  let since = performance.now();
  while (!done() && performance.now() - since < patienceMilliseconds) {
    if (sent.count() + returned.count() !== count) {
      count = sent.count() + returned.count();
      since = performance.now();
    }
    await sleep(50);
  }
}

/** Waits until duplicates have stopped coming. */
async function quiet({ returned }: Stage): Promise<void> {
  for (let count = -1; count !== returned.count(); await sleep(3000)) count = returned.count();
}

async function openStage(form: Forms, format: Format): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-e2e-'));
  const [triplinePort, forwardPort] = await freePorts(2);
  const [sent, returned] = [await startForwardReceiver(), await startForwardReceiver()];
  const auditLog = join(folder, 'audit.log');
  const out = join(folder, 'out');
  const environment = {
    AUDIT_LOG: auditLog,
    TRIPLINE_PORT: String(triplinePort),
    TRIPLINE_FORMAT: format,
    FORWARD_PORT: String(forwardPort),
    FLUENT_BIT_OUT: out,
  };

  const start: Record<Part, () => Running | Promise<Running>> = {
    tripline: () => startTripline({ config: form.tripline, port: triplinePort, forwardPort, folder }),
    collector: () =>
      startFluentBit({
        config: form.collector,
        environment: { ...environment, FLUENT_BIT_DATA: join(folder, 'collector') },
        copies: [
          { match: 'kube.*', port: sent.port },
          ...(form.receiver === undefined ? [{ match: 'tripline.*', port: returned.port }] : []),
        ],
        folder,
      }),
    receiver: () =>
      startFluentBit({
        config: form.receiver!,
        environment: { ...environment, FLUENT_BIT_DATA: join(folder, 'receiver') },
        copies: [{ match: 'tripline.*', port: returned.port }],
        folder,
      }),
  };
  const parts: Part[] = form.receiver === undefined ? ['tripline', 'collector'] : ['receiver', 'tripline', 'collector'];
  appendFileSync(auditLog, '');
  const running = new Map<Part, Running>();
  for (const part of parts) running.set(part, await start[part]());

  return {
    folder,
    sent,
    returned,
    appendLines: (from, to) => appendFileSync(auditLog, auditLines(from, to)),
    async restart(part, signal, pauseMilliseconds) {
      await running.get(part)!.stop(signal);
      await sleep(pauseMilliseconds);
      running.set(part, await start[part]());
    },
    async reload(part) {
      running.get(part)!.signal('SIGHUP');
      const log = join(folder, `${basename(form[part]!)}.log`);
      for (
        const since = performance.now();
        !readFileSync(log, 'utf8').includes('successful reload');
        await sleep(200)
      ) {
        if (performance.now() - since > patienceMilliseconds) throw new Error(`no end of the reload, see ${log}`);
      }
    },
    linesOf: (output) => readFileSync(join(out, output), 'latin1').split('\n').length - 1,
    async close() {
      await stopAll();
      await Promise.all([sent.close(), returned.close()]);
      rmSync(folder, { recursive: true });
    },
  };
}
