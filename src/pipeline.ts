/** The path of a record: decode, normalize, evaluate, correlate, tag, deliver. Read this file first. */
import { countRecords } from './batch/count.ts';
import type { TaggedBatch } from './batch/tagged-batch.ts';
import { batchMemory, withoutEvents } from './batch-memory.ts';
import type { DecodeLimits } from './codecs/codec.ts';
import type { Correlate } from './correlate/index.ts';
import type { Outlined } from './decisions/decision.ts';
import type { Decisions } from './decisions/decisions.ts';
import {
  type Correlated,
  conclude,
  type Detection,
  type Evaluated,
  evaluateRecord,
  evaluateSteps,
  isFound,
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
import type { NoveltyMemory } from './novelty/index.ts';
import { type OutlineOptions, Outlines } from './outline/outlines.ts';
import { Problem, recordProblem } from './problem.ts';
import type { AuditEvent, LogRecord } from './record.ts';
import { deliver } from './sinks/index.ts';
import type { Sink } from './sinks/sink.ts';
import type { Tag } from './tag.ts';
import type { Tagger } from './tagger.ts';
import type * as telemetry from './telemetry/index.ts';

/** A batch as received: one request body, decompressed. */
export type Batch = Pick<TaggedBatch, 'fluentTag' | 'codec' | 'bytes' | 'receivedUnixNano' | 'origin'>;

/** What the pipeline is made of, apart from the records. */
export interface Parts {
  /** The live rules; called once for each batch, so that a batch is decided by one set. */
  ruleset: () => Ruleset;
  correlate: Correlate;
  /** Set if correlations share a store with other processes: runs the correlation of a slice as one step, and repeats it from
   * the start if others have written meanwhile.
   * @throws Problem if the store cannot be used: the batch must be sent again */
  correlateIn?: <T>(step: () => Promise<T>) => Promise<T>;
  sinks: readonly Sink[];
  memberName: string;
  /** Key of the timestamp in Fluent Bit's JSON. */
  dateKey: string;
  limits: DecodeLimits;
  normalize: NormalizeOptions;
  /** Set if records are outlined; otherwise each is parsed and every rule evaluated on it, with the same result. */
  outlining?: { options: OutlineOptions; decisions: (ruleset: Ruleset) => Decisions };
  /** Set if nothing reads the events of clear records once they are tagged: their detections need not be kept until the batch
   * is delivered. */
  areClearShared?: boolean;
  /** Makes the tags of records that were decided by the rules with this hash. */
  tagger: (ruleset: string) => Tagger;
  /** Counts how new findings are; left out if nothing asks for it. */
  novelty?: Pick<NoveltyMemory, 'count'>;
  /** Notes where records came from, once they are tagged. */
  heard?: (batch: Pick<TaggedBatch, 'fluentTag' | 'tags'>) => void;
  /** Where spans and counts go; left out if nothing is measured, which saves loading OpenTelemetry. */
  observer?: Observer;
}

/** The spans and counts of a batch. */
export type Observer = Pick<
  typeof telemetry,
  'traced' | 'findingSpans' | 'countDetections' | 'countReceipts' | 'countSinkRecords'
>;

const unobserved: Observer = {
  traced: async (_, run) => run(),
  findingSpans: () => undefined,
  countDetections: () => {},
  countReceipts: () => {},
  countSinkRecords: () => {},
};

/** A batch that has been processed. */
export interface ProcessedBatch extends TaggedBatch {
  /** One for each record; undefined for a group marker. */
  detections: readonly (Detection | undefined)[];
  /** Events of a record: those of its detection or, if a large batch has not kept them, read again.
   * @param bytes of the batch */
  eventsOf(index: number, bytes: Uint8Array): readonly AuditEvent[];
  /** The same for a batch that is equal byte for byte. The result does not refer to the bytes of this batch, which are released
   * when its own request is answered. */
  repeated(batch: Batch): ProcessedBatch;
  /** Estimated memory that records, tags and detections take. */
  heapBytes: number;
}

/** Called between two steps, and now and then within one, to yield the event loop. Rejects when the batch is no longer
 * wanted. */
export type Pause = () => Promise<void>;

/** Takes a batch through all steps, and resolves when every sink has it safely.
 * @throws Problem when no record can be found in it, or when a sink may not have accepted it */
export async function processBatch(batch: Batch, parts: Parts): Promise<ProcessedBatch> {
  const processed = await tagBatch(batch, parts, async () => {});
  await deliverBatch(processed, parts);
  return processed;
}

/** The steps that this process does itself: all but the delivery.
 * @throws Problem when no record can be found in the batch; whatever `pause` throws */
export async function tagBatch(batch: Batch, parts: Parts, pause: Pause): Promise<ProcessedBatch> {
  const { codec, bytes, fluentTag } = batch;
  const { traced, countReceipts } = parts.observer ?? unobserved;
  const outlines = parts.outlining && new Outlines(bytes, parts.outlining.options);
  const records = await traced(
    'decode',
    () => codec.decode(bytes, parts.limits, outlines),
    ({ length }) => ({ 'tripline.codec': codec.name, 'tripline.bytes': bytes.length, 'tripline.records': length }),
  );
  const count = countRecords(records);
  countReceipts('received', fluentTag, count);
  try {
    const found = await detectRecords({ ...batch, records }, outlines, parts, pause);
    await pause();
    countReceipts('tagged', fluentTag, count);
    parts.heard?.({ fluentTag, tags: found.tags });
    const { memberName, dateKey } = parts;
    const readEvents: ProcessedBatch['eventsOf'] = (index, bytes) =>
      readEventsOf(records[index]!, { codec, bytes }, parts);
    const processed: ProcessedBatch = {
      ...{ ...batch, records, ...found, memberName, dateKey },
      eventsOf(index, bytes) {
        const detection = found.detections[index];
        if (detection === undefined || !('events' in detection)) return [];
        return detection.events.length > 0 ? detection.events : readEvents(index, bytes);
      },
      repeated(again) {
        const detections = found.detections.map((detection) => detection && withoutEvents(detection));
        return { ...processed, ...again, detections, eventsOf: readEvents };
      },
    };
    return processed;
  } catch (error) {
    countReceipts('unfinished', fluentTag, count);
    throw error;
  }
}

/** What is found in the records of a batch, and their tags. */
async function detectRecords(
  batch: Batch & Pick<ProcessedBatch, 'records'>,
  outlines: Outlines | undefined,
  parts: Parts,
  pause: Pause,
): Promise<Pick<ProcessedBatch, 'tags' | 'detections' | 'heapBytes'>> {
  const { traced, findingSpans } = parts.observer ?? unobserved;
  const ruleset = parts.ruleset();
  const tagOf = parts.tagger(ruleset.hash);
  const normalizeOne = normalizer(batch, parts, ruleset, outlines);
  const tags = new Array<Tag | undefined>(batch.records.length);
  const detections = new Array<Detection | undefined>(batch.records.length);
  let done = 0;
  const sums = { events: 0, hits: 0, raised: 0, findings: 0, reports: 0 };
  const memory = batchMemory(parts.areClearShared);
  const within = ruleset.correlations.length > 0 ? parts.correlateIn : undefined;

  /** Takes some records from their bytes to their tags. All that is made in between is garbage before the next slice, however
   * many records a batch has. */
  async function detectIn(slice: readonly LogRecord[]): Promise<void> {
    const normalized = await forEach(slice, (_, record) => normalizeOne(record), pause);
    const evaluated = await forEach(slice, (index) => evaluateOne(normalized[index], ruleset), pause);
    const correlate = () => forEach(slice, (index) => correlateOne(evaluated[index], batch, parts, ruleset), pause);
    const correlated = await (within === undefined ? correlate() : within(correlate));
    const concludeAndTag = (index: number) => {
      const concluded = concludeOne(evaluated[index], correlated[index]);
      if (concluded !== undefined) parts.novelty?.count(concluded, batch.receivedUnixNano);
      const detection = concluded && memory.listed(concluded);
      const { start, end } = slice[index]!;
      detections[done] = detection && memory.counted(detection, end - start);
      tags[done++] = detection && tagOne(detection, tagOf, findingSpans);
      sum(sums, evaluated[index], correlated[index], detection);
    };
    await forEach(slice, concludeAndTag, pause);
  }

  await traced(
    'detect',
    async () => {
      for (const slice of slicesOf(batch.records)) await detectIn(slice);
    },
    () => ({
      'tripline.ruleset': ruleset.hash,
      'tripline.rules': ruleset.rules.length,
      'tripline.correlations': ruleset.correlations.length,
      'tripline.events': sums.events,
      'tripline.hits': sums.hits,
      'tripline.raised': sums.raised,
      'tripline.findings': sums.findings,
      'tripline.reports': sums.reports,
    }),
  );
  return { tags, detections, heapBytes: memory.bytes() };
}

/** Bytes of records that go through each step together. With fewer, the code and tables of one step are evicted by those of the
 * next so often that a batch takes longer: by a seventh with 128 KiB. */
const SLICE_BYTES = 1024 * 1024;
/** The most records in a slice, for records of a few bytes each. */
const SLICE_RECORDS = 4096;

function* slicesOf(records: readonly LogRecord[]): Generator<readonly LogRecord[]> {
  for (let start = 0, end = 0; start < records.length; start = end) {
    for (let bytes = 0; end < records.length && bytes < SLICE_BYTES && end - start < SLICE_RECORDS; end++) {
      bytes += records[end]!.end - records[end]!.start;
    }
    yield records.slice(start, end);
  }
}

/** Bytes of records after which a step pauses: some milliseconds of work. */
const PAUSE_BYTES = 128 * 1024;

/** Runs a step on each record, and pauses before the first and then now and then, so that a batch does not hold the
 * event loop from its first record to its last. */
async function forEach<T>(
  records: readonly LogRecord[],
  step: (index: number, record: LogRecord) => T | Promise<T>,
  pause: Pause,
): Promise<T[]> {
  const results = new Array<T>(records.length);
  let bytes = PAUSE_BYTES;
  for (let index = 0; index < records.length; index++) {
    if (bytes >= PAUSE_BYTES) {
      await pause();
      bytes = 0;
    }
    const record = records[index]!;
    const result = step(index, record);
    results[index] = result instanceof Promise ? await result : result;
    bytes += record.end - record.start;
  }
  return results;
}

/** Adds the counts of a record to the sums that the span shows. */
function sum(
  sums: Record<'events' | 'hits' | 'raised' | 'findings' | 'reports', number>,
  evaluated: Evaluated | undefined,
  correlated: Correlated | Problem | undefined,
  detection: Detection | undefined,
): void {
  if (evaluated?.kind === 'audit') {
    sums.events += evaluated.events.length;
    sums.hits += evaluated.hits.length;
  }
  if (correlated !== undefined && 'raised' in correlated)
    sums.raised += correlated.raised.length + correlated.reported.length;
  if (detection !== undefined && 'findings' in detection) {
    sums.findings += detection.findings.length;
    sums.reports += detection.reports.length;
  }
}

/** Resolves when every sink has the batch safely.
 * @throws Problem when one may not have accepted it */
export async function deliverBatch(processed: ProcessedBatch, { sinks, observer = unobserved }: Parts): Promise<void> {
  const { traced, countSinkRecords, countDetections } = observer;
  const { fluentTag } = processed;
  await traced(
    'deliver',
    () => deliver(processed, sinks, (sink, result, records) => countSinkRecords(sink, result, fluentTag, records)),
    () => ({ 'tripline.sinks': sinks.map(({ name }) => name) }),
  );
  countDetections(processed.detections);
}

function tagOne(detection: Detection, tagOf: Tagger, findingSpans: Observer['findingSpans']): Tag {
  const tag = tagOf(detection);
  const trace = isFound(detection) ? findingSpans(detection) : undefined;
  return trace ? { ...tag, trace } : tag;
}

/** The audit events in a record, read from its bytes; empty if it holds none. */
export function readEventsOf(
  record: LogRecord,
  batch: Pick<Batch, 'codec' | 'bytes'>,
  parts: Pick<Parts, 'limits' | 'normalize'>,
): readonly AuditEvent[] {
  if (record.kind === 'group') return [];
  const normalized = normalizeWhole(record, batch, parts, inflateBudget());
  return normalized.kind === 'audit' ? normalized.events : [];
}

/** Decodes a batch only for its contents: its records, and the audit events of each, if any.
 * @throws Problem when no record can be found in it */
export function eventsIn(
  batch: Batch,
  parts: Parts,
): { records: readonly LogRecord[]; eventsOf(record: LogRecord): readonly AuditEvent[] } {
  const outlines = parts.outlining && new Outlines(batch.bytes, parts.outlining.options);
  const records = batch.codec.decode(batch.bytes, parts.limits, outlines);
  const normalizeOne = normalizer(batch, parts, parts.ruleset(), outlines);
  return {
    records,
    eventsOf(record) {
      const found = normalizeOne(record);
      if (found?.kind === 'outlined') return [found.event];
      return found?.kind === 'audit' ? found.events : [];
    },
  };
}

/** Reads a record: its event by the outline if that is enough, else the record normalized as a whole; nothing for a group
 * marker. */
function normalizer(
  batch: Batch,
  parts: Parts,
  ruleset: Ruleset,
  outlines: Outlines | undefined,
): (record: LogRecord) => Normalized | Outlined | undefined {
  const inflate = inflateBudget();
  const decisions = parts.outlining?.decisions(ruleset);
  return (record) => {
    if (record.kind === 'group') return undefined;
    const normalizeRecord = () => normalizeWhole(record, batch, parts, inflate);
    if (record.kind !== 'map' || record.outline === undefined) return normalizeRecord();
    try {
      return decisions!.of(outlines!, record.outline, normalizeRecord) ?? normalizeRecord();
    } catch {
      // A defect of ours appears again when the rules are evaluated, and is noted on the record there.
      return normalizeRecord();
    }
  };
}

/** Normalizes a record that is read as a whole. One that cannot be read is data, not an exception. */
function normalizeWhole(
  record: Exclude<LogRecord, { kind: 'group' }>,
  { codec, bytes }: Pick<Batch, 'codec' | 'bytes'>,
  parts: Pick<Parts, 'limits' | 'normalize'>,
  inflate: InflateBudget,
): Normalized {
  switch (record.kind) {
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

function evaluateOne(found: Normalized | Outlined | undefined, ruleset: Ruleset): Evaluated | undefined {
  try {
    if (found?.kind === 'outlined') return evaluateSteps(found.event, found.steps, ruleset);
    return found && evaluateRecord(found, ruleset);
  } catch (error) {
    return { kind: 'malformed', problem: recordProblem(error) };
  }
}

/** Records are correlated one after another, since one can complete what the one before it began. It changes nothing but the
 * store, as it may be run again. If the store reports that it cannot be reached, the batch fails so that it is retried: what
 * correlates would otherwise be lost permanently.
 * @returns a problem if the correlations failed on the record */
function correlateOne(
  evaluated: Evaluated | undefined,
  { receivedUnixNano }: Batch,
  { correlate }: Parts,
  ruleset: Ruleset,
): Correlated | Problem | undefined {
  if (ruleset.correlations.length === 0) return uncorrelated;
  try {
    return evaluated && correlate(evaluated, ruleset, receivedUnixNano);
  } catch (error) {
    if (error instanceof Problem) throw error;
    return recordProblem(error);
  }
}

function concludeOne(
  evaluated: Evaluated | undefined,
  correlated: Correlated | Problem = uncorrelated,
): Detection | undefined {
  try {
    if (correlated instanceof Problem) {
      // What the record itself says stays.
      if (evaluated?.kind === 'audit') evaluated.problem ??= correlated;
      return evaluated && conclude(evaluated, uncorrelated);
    }
    return evaluated && conclude(evaluated, correlated);
  } catch (error) {
    return { verdict: 'error', problem: recordProblem(error) };
  }
}
