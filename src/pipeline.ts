/** The way of a record: decode, normalize, evaluate, correlate, tag, deliver. Read this file first. */
import type { Codec, DecodeLimits } from './codecs/codec.ts';
import type { Correlate } from './correlate.ts';
import {
  type Correlated,
  conclude,
  type Detection,
  type Evaluated,
  evaluateRecord,
  type Ruleset,
  uncorrelated,
} from './detect.ts';
import {
  type InflateBudget,
  inflateBudget,
  type Normalized,
  type NormalizeOptions,
  normalize,
} from './normalizers/index.ts';
import { Problem, recordProblem } from './problem.ts';
import type { LogRecord, Tag } from './record.ts';
import { deliver } from './sinks/index.ts';
import type { Sink, TaggedBatch } from './sinks/sink.ts';
import { type TagOptions, tagger } from './tagger.ts';
import { countDetections, findingSpans, traced } from './telemetry.ts';

/** A batch as received: one request body, decompressed. */
export interface Batch {
  fluentTag: string | undefined;
  codec: Codec;
  bytes: Uint8Array;
  receivedUnixNano: bigint;
}

/** What the pipeline is made of, apart from the records. */
export interface Parts {
  /** The live rules; asked once for each batch, so that a batch is decided by one set. */
  ruleset: () => Ruleset;
  correlate: Correlate;
  sinks: readonly Sink[];
  memberName: string;
  /** Key of the time in Fluent Bit's JSON. */
  dateKey: string;
  limits: DecodeLimits;
  normalize: NormalizeOptions;
  tag: Omit<TagOptions, 'ruleset'>;
}

/** A batch at the end of its way. */
export interface ProcessedBatch extends TaggedBatch {
  /** One for each record; undefined for a group marker. */
  detections: readonly (Detection | undefined)[];
}

/** Called between two steps: lets others have the event loop. Rejects when the batch is no longer wanted. */
export type Pause = () => Promise<void>;

/** Takes a batch the whole way, and resolves when every sink has it safely.
 * @throws Problem when no record can be found in it, or when a sink may not have taken it */
export async function processBatch(batch: Batch, parts: Parts): Promise<ProcessedBatch> {
  const processed = await tagBatch(batch, parts, async () => {});
  await deliverBatch(processed, parts);
  return processed;
}

/** The steps that are work of this process: all but the delivery.
 * @throws Problem when no record can be found in the batch; whatever `pause` throws */
export async function tagBatch(batch: Batch, parts: Parts, pause: Pause): Promise<ProcessedBatch> {
  const { codec, bytes } = batch;
  const ruleset = parts.ruleset();
  const inflate = inflateBudget();

  const records = await traced(
    'decode',
    () => codec.decode(bytes, parts.limits),
    ({ length }) => ({ 'tripline.codec': codec.name, 'tripline.bytes': bytes.length, 'tripline.records': length }),
  );
  await pause();
  const normalized = await traced(
    'normalize',
    () => records.map((record) => normalizeRecord(record, batch, parts, inflate)),
    (found) => ({ 'tripline.events': count(found, (one) => (one?.kind === 'audit' ? one.events.length : 0)) }),
  );
  await pause();
  const evaluated = await traced(
    'evaluate',
    () => normalized.map((found) => found && evaluateOne(found, ruleset)),
    (found) => ({
      'tripline.ruleset': ruleset.hash,
      'tripline.rules': ruleset.rules.length,
      'tripline.hits': count(found, (one) => (one?.kind === 'audit' ? one.hits.length : 0)),
    }),
  );
  await pause();
  const correlated = await traced(
    'correlate',
    () => correlateAll(evaluated, batch, parts, ruleset),
    (found) => ({
      'tripline.correlations': ruleset.correlations.length,
      'tripline.raised': count(found, (one) => (one?.raised.length ?? 0) + (one?.reported.length ?? 0)),
    }),
  );
  await pause();
  const tagOf = tagger({ ...parts.tag, ruleset: ruleset.hash });
  const [detections, tags] = await traced(
    'tag',
    () => {
      const detections = evaluated.map((one, index) => one && concludeOne(one, correlated[index]!));
      return [detections, detections.map((detection) => detection && tagWithTrace(detection, tagOf))] as const;
    },
    ([detections]) => ({
      'tripline.findings': count(detections, (one) => (one && 'findings' in one ? one.findings.length : 0)),
      'tripline.reports': count(detections, (one) => (one && 'reports' in one ? one.reports.length : 0)),
    }),
  );
  await pause();
  const { memberName, dateKey } = parts;
  return { ...batch, records, tags, detections, memberName, dateKey };
}

/** Resolves when every sink has the batch safely.
 * @throws Problem when one may not have taken it */
export async function deliverBatch(processed: ProcessedBatch, parts: Parts): Promise<void> {
  await traced(
    'deliver',
    () => deliver(processed, parts.sinks),
    () => ({ 'tripline.sinks': parts.sinks.map(({ name }) => name) }),
  );
  countDetections(processed.detections);
}

function tagWithTrace(detection: Detection, tagOf: (detection: Detection) => Tag): Tag {
  const trace = findingSpans(detection);
  return trace === undefined ? tagOf(detection) : { ...tagOf(detection), trace };
}

function count<T>(items: readonly T[], size: (item: T) => number): number {
  return items.reduce((sum, item) => sum + size(item), 0);
}

/** What is in a record, undefined for a group marker. One record that cannot be read is data, not an exception. */
function normalizeRecord(
  record: LogRecord,
  { codec, bytes }: Batch,
  parts: Parts,
  inflate: InflateBudget,
): Normalized | undefined {
  switch (record.kind) {
    case 'group':
      return undefined;
    case 'other':
      return { kind: 'malformed', problem: record.problem };
    case 'map':
      try {
        return normalize(codec.read(bytes, record, parts.limits), parts.normalize, inflate);
      } catch (error) {
        return { kind: 'malformed', problem: recordProblem(error) };
      }
  }
}

function evaluateOne(found: Normalized, ruleset: Ruleset): Evaluated {
  try {
    return evaluateRecord(found, ruleset);
  } catch (error) {
    return { kind: 'malformed', problem: recordProblem(error) };
  }
}

/** One after another, since a record can complete what the one before it began. Where the store says that it cannot be
 * reached, the batch fails, for it to be retried: what correlates would be lost for good. */
async function correlateAll(
  evaluated: readonly (Evaluated | undefined)[],
  { receivedUnixNano }: Batch,
  { correlate }: Parts,
  { correlations }: Ruleset,
): Promise<(Correlated | undefined)[]> {
  if (correlations.length === 0) return evaluated.map((one) => one && uncorrelated);
  const correlated: (Correlated | undefined)[] = [];
  for (const one of evaluated) {
    try {
      correlated.push(one && (await correlate(one, correlations, receivedUnixNano)));
    } catch (error) {
      if (error instanceof Problem) throw error;
      // What the record itself says stays.
      if (one?.kind === 'audit') one.problem ??= recordProblem(error);
      correlated.push(uncorrelated);
    }
  }
  return correlated;
}

function concludeOne(evaluated: Evaluated, correlated: Correlated): Detection {
  try {
    return conclude(evaluated, correlated);
  } catch (error) {
    return { verdict: 'error', problem: recordProblem(error) };
  }
}
