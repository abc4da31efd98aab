/** Sums of the processing thread's measurements: the same numbers as on /metrics. Nothing is counted just for this. */
import type { Platform } from '../record.ts';
import type { Verdict } from '../tag.ts';
import type { Measurement } from '../telemetry/index.ts';
import type { Now, RecordRate, SinkNow } from './api.ts';
import type { Status } from './status.ts';

const SECONDS = 60;
/** The number of lags that percentiles are computed from, and how old they may be. */
const LAGS = 1000;
const LAG_MILLISECONDS = 5 * 60_000;

export interface Tally {
  add(measurements: readonly Measurement[]): void;
  /** Ends a second: the last ones are kept individually. */
  sample(): void;
  read(): Pick<Status, 'records' | 'lag' | 'sinks' | 'down'>;
}

/** Represents an unknown platform in metrics. */
const NO_PLATFORM = 'none';

/** @param sinks by name */
export function openTally(sinks: readonly { name: string; type: string }[]): Tally {
  const rates = new Map<string, RecordRate & { sampled: number }>();
  const bySink = new Map<string, SinkNow>(
    sinks.map(({ name, type }) => [name, { name, type, sent: 0, failed: 0, setAside: 0, spool: null, isDown: false }]),
  );
  const down = new Map<string, Date>();
  /** The last lags; a new one overwrites the oldest. */
  const lags: { at: number; seconds: number }[] = [];
  let nextLag = 0;

  function addRecords(value: number, { platform, verdict }: Readonly<Record<string, unknown>>): void {
    const key = `${platform} ${verdict}`;
    let rate = rates.get(key);
    if (rate === undefined) {
      rate = {
        platform: platform === NO_PLATFORM ? null : (platform as Platform),
        ...{ verdict: verdict as Verdict, perSecond: [], total: 0, sampled: 0 },
      };
      rates.set(key, rate);
    }
    rate.total += value;
  }

  const ofSink: Readonly<
    Record<string, (sink: SinkNow, value: number, of: Readonly<Record<string, unknown>>) => void>
  > = {
    sinkRecords(sink, value, { result }) {
      if (result === 'acknowledged') sink.sent += value;
      else if (result === 'failed') sink.failed += value;
      else if (result === 'set_aside') sink.setAside += value;
    },
    sinkDown(sink, value) {
      if (value === 0) down.delete(sink.name);
      else if (!sink.isDown) down.set(sink.name, new Date());
      sink.isDown = value !== 0;
    },
    spoolBytes(sink, value, { state }) {
      if (state === 'queued') spoolOf(sink).bytes = value;
    },
    spoolBatches(sink, value) {
      spoolOf(sink).entries = value;
    },
    spoolAge(sink, value) {
      spoolOf(sink).oldestSeconds = value;
    },
  };

  return {
    add(measurements) {
      for (const [name, value, attributes = {}] of measurements) {
        if (name === 'records') addRecords(value, attributes);
        else if (name === 'lag') {
          lags[nextLag] = { at: Date.now(), seconds: value };
          nextLag = (nextLag + 1) % LAGS;
        } else {
          const sink = name in ofSink ? bySink.get(String(attributes.sink)) : undefined;
          if (sink !== undefined) ofSink[name]!(sink, value, attributes);
        }
      }
    },
    sample() {
      for (const rate of rates.values()) {
        rate.perSecond.push(rate.total - rate.sampled);
        if (rate.perSecond.length > SECONDS) rate.perSecond.shift();
        rate.sampled = rate.total;
      }
    },
    read() {
      return {
        records: [...rates.values()].map(({ platform, verdict, perSecond, total }) => ({
          ...{ platform, verdict, perSecond: [...perSecond], total },
        })),
        lag: lagOf(lags.filter(({ at }) => at > Date.now() - LAG_MILLISECONDS).map(({ seconds }) => seconds)),
        sinks: [...bySink.values()].map((sink) => ({ ...sink, spool: sink.spool && { ...sink.spool } })),
        down: Object.fromEntries(down),
      };
    },
  };
}

function spoolOf(sink: SinkNow): NonNullable<SinkNow['spool']> {
  return (sink.spool ??= { entries: 0, bytes: 0, oldestSeconds: 0 });
}

function lagOf(seconds: number[]): Now['lag'] {
  seconds.sort((a, b) => a - b);
  const at = (share: number) => seconds[Math.min(seconds.length - 1, Math.floor(seconds.length * share))] ?? null;
  return { p50: at(0.5), p99: at(0.99) };
}
