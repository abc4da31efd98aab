/** Everything that runs in one scenario: Tripline, one or two Fluent Bits on shipped files, and the receivers at the ends. */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostPidRules } from '../server/app.ts';
import { auditLines, keyPattern } from './audit-log.ts';
import { type ForwardReceiver, startForwardReceiver } from './forward-receiver.ts';
import { freePorts, type Running, startFluentBit, startTripline, stopAll, type TriplineSettings } from './processes.ts';
import { writePodFiles, writeReadmeFiles } from './shown-files.ts';

const generatedKey = (body: Buffer) => keyPattern.exec(body.toString('latin1'))?.[0];

/** The files of a form, below `fluent-bit/`. Without a receiver, the collector is the receiver as well. */
interface Files {
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
  forward: {
    collector: 'forward/collector.yaml',
    receiver: 'two-process/receiver.yaml',
    tripline: 'forward/tripline.yaml',
  },
  'one process': { collector: 'one-process/fluent-bit.yaml', tripline: 'one-process/tripline.yaml' },
  'one process, classic': { collector: 'one-process/fluent-bit.conf', tripline: 'one-process/tripline.yaml' },
} satisfies Record<string, Files>;
/** Those that are shown in examples/pod and README.md. */
const shown = { pod: writePodFiles, readme: writeReadmeFiles };
export type Form = keyof typeof forms | keyof typeof shown;

type Part = 'collector' | 'receiver' | 'tripline';
export type Format = 'msgpack' | 'json' | 'json_lines' | 'json_stream';

export interface Stage {
  /** Holds the logs of all parts. */
  folder: string;
  /** @param meanwhile is called while the part is down */
  restart(part: Part, signal: 'SIGTERM' | 'SIGKILL', pauseMilliseconds: number, meanwhile?: () => void): Promise<void>;
  /** Resolves when Fluent Bit reports that it is done. */
  reload(part: 'collector' | 'receiver'): Promise<void>;
  appendLines(from: number, to: number): void;
  /** Renames the audit log and begins a new one, as kube-apiserver does. */
  rotate(): void;
  /** What Fluent Bit sent, through a second output in addition to the one to Tripline; and what came back. */
  sent: ForwardReceiver;
  returned: ForwardReceiver;
  /** How often the collector failed to deliver a chunk and was to try again. */
  retries(): number;
  /** The log of a part so far. */
  logOf(part: Part): string;
  /** Lines of the file that an output of the shipped configuration wrote. */
  linesOf(output: 'matches' | 'rest' | 'all'): number;
  close(): Promise<void>;
}

/** These two find what the generated lines contain; a restart would change the results of rules that remember state. */
const usual: Pick<TriplineSettings, 'rules' | 'share'> = { rules: hostPidRules, share: 1 };

/** Starts all parts of a form, with an empty audit log. */
export async function openStage(formName: Form, format: Format, { rules, share } = usual): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-e2e-'));
  const [triplinePort, forwardPort, inputPort, ...ports] = await freePorts(5);
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const places = { logs, triplinePort, forwardPort };
  const form: Files = isShown(formName) ? shown[formName](folder, places) : shipped(forms[formName]);
  const [sent, returned] = await Promise.all(ports.map((port) => startForwardReceiver(port, generatedKey)));
  const auditLog = join(logs, 'audit.log');
  const out = join(folder, 'out');
  const environment = {
    AUDIT_LOG: join(logs, '*.log'),
    TRIPLINE_PORT: String(triplinePort),
    TRIPLINE_FORMAT: format,
    TRIPLINE_FORWARD_PORT: String(inputPort),
    FORWARD_PORT: String(forwardPort),
    FLUENT_BIT_OUT: out,
  };

  const start: Record<Part, () => Running | Promise<Running>> = {
    tripline: () =>
      startTripline({ config: form.tripline, port: triplinePort, forwardPort, inputPort, folder, rules, share }),
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
  let rotations = 0;
  const running = new Map<Part, Running>();
  for (const part of parts) running.set(part, await start[part]());

  const logNames: Record<Part, string> = {
    tripline: 'tripline',
    collector: basename(form.collector),
    receiver: basename(form.receiver ?? form.collector),
  };
  const logOf = (part: Part) => readFileSync(join(folder, `${logNames[part]}.log`), 'utf8');

  return {
    folder,
    sent,
    returned,
    appendLines: (from, to) => appendFileSync(auditLog, auditLines(from, to)),
    rotate() {
      renameSync(auditLog, join(logs, `audit-${++rotations}.log`));
      appendFileSync(auditLog, '');
    },
    async restart(part, signal, pauseMilliseconds, meanwhile) {
      await running.get(part)!.stop(signal);
      meanwhile?.();
      await sleep(pauseMilliseconds);
      running.set(part, await start[part]());
    },
    async reload(part) {
      const reloads = () => logOf(part).split('successful reload').length;
      const before = reloads();
      running.get(part)!.signal('SIGHUP');
      for (let attempt = 0; reloads() === before; attempt++) {
        if (attempt === 600) throw new Error(`the reload of the ${part} has not ended after 60 s, see ${folder}`);
        await sleep(100);
      }
    },
    logOf,
    retries: () => logOf('collector').split('failed to flush chunk').length - 1,
    linesOf: (output) => readFileSync(join(out, output), 'latin1').split('\n').length - 1,
    async close() {
      await stopAll();
      await Promise.all([sent.close(), returned.close()]);
      rmSync(folder, { recursive: true });
    },
  };
}

function isShown(form: Form): form is keyof typeof shown {
  return form in shown;
}

function shipped({ collector, receiver, tripline }: Files): Files {
  const pathOf = (file: string) => join(import.meta.dirname, '../../fluent-bit', file);
  return {
    collector: pathOf(collector),
    ...(receiver !== undefined && { receiver: pathOf(receiver) }),
    tripline: pathOf(tripline),
  };
}

/** A run without progress for this long has lost something. */
const patienceMilliseconds = 60_000;

/** Waits for `done`, or until nothing has arrived anywhere for too long: whatever is missing then is reported as lost. */
export async function progress({ sent, returned }: Stage, done: () => boolean): Promise<void> {
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

/** Waits until no more duplicates arrive. */
export async function quiet({ returned }: Stage): Promise<void> {
  for (let count = -1; count !== returned.count(); await sleep(3000)) count = returned.count();
}
