/** Runs files of records through the same pipeline as records that are sent, and writes the results. */
import { taggedBody } from '../batch/splice.ts';
import type { Codec } from '../codecs/codec.ts';
import type { RowWriter } from '../command-line/output-format.ts';
import type { Output } from '../command-line/process-io.ts';
import { progressOf } from '../command-line/progress.ts';
import { startUnderstanding, suspicionOf } from '../command-line/understanding.ts';
import type { Detection } from '../detect.ts';
import type { InputBatch } from '../inputs/batches.ts';
import type { LineOf } from '../inputs/lines.ts';
import type { Input } from '../inputs/open.ts';
import { type Parts, processBatch } from '../pipeline.ts';
import { Problem } from '../problem.ts';
import type { Finding, Report } from '../record.ts';
import { printable } from '../sigma/rule-problem.ts';
import type { Counter } from './tally.ts';

/** How many unreadable records of one file are reported individually. */
const MAX_TOLD = 5;
const LINE_FEED = 0x0a;

export type Wanted = 'records' | 'findings' | 'summary';

export interface Place {
  file: string;
  /** Of the file, from 1. */
  record: number;
  line: number | undefined;
}

/** What was found in a record, or came with it. */
export type Found = Place & { mode: 'live' | 'shadow' } & (
    | ({ kind: 'finding' } & Finding)
    | ({ kind: 'report' } & Report)
  );

/** What the files of one scan share. */
export interface Scan {
  parts: Parts;
  wanted: Wanted;
  /** Receives findings, if they are wanted. */
  list: RowWriter<Found>;
  counter: Counter;
  stdout: Output;
  stderr: Output;
  /** Called with each record, in order. */
  onRecord?(detection: Detection, place: Place): void;
  /** Called before each batch of records. */
  onBatch?(): Promise<void>;
  /** Whether the records written so far end within a line of text, which the next output must not continue. */
  isLineOpen: boolean;
}

/** Runs an input through the pipeline and writes what is wanted of it; resolves with whether all of it could be read.
 * @throws Problem, or the system's error, if the rest of it cannot be read */
export async function scanInput(input: Input, scan: Scan): Promise<boolean> {
  const name = printable(input.name);
  const progress = progressOf({ ...input, name }, scan.stderr);
  let records = 0;
  let unreadable = 0;
  const understanding = startUnderstanding();
  const tell = async (place: string, message: string) => {
    unreadable++;
    if (unreadable > MAX_TOLD) return;
    await progress.hide();
    await scan.stderr.write(`tripline: ${name}: ${place}: ${printable(message)}\n`);
  };

  try {
    for await (const batch of input.batches) {
      await progress.show(records);
      await scan.onBatch?.();
      const processed = await process(batch, batch.isWhole ? scan.parts : ofLines(scan.parts));
      if (processed instanceof Problem) {
        // Blank lines do not count as unreadable.
        if (processed.code !== 'body.empty') await tell(`after record ${records}`, processed.message);
        if (scan.wanted === 'records') await writeRecords(batch.codec, batch.bytes, scan);
        continue;
      }
      if (scan.wanted === 'records') await writeRecords(batch.codec, taggedBody(processed), scan);
      const found: Found[] = [];
      for (const [index, detection] of processed.detections.entries()) {
        const record = processed.records[index];
        const line = batch.lineOf(index, record.start);
        if (detection === undefined) continue;
        records++;
        scan.counter.count(detection);
        understanding.count(detection, line);
        const problem =
          detection.verdict === 'not_audit'
            ? suspicionOf(batch.bytes.subarray(record.start, record.end), line)
            : detection.problem?.message;
        if (problem !== undefined) await tell(placeOf(line, records), problem);
        const place = { file: input.name, record: records, line: line?.number };
        scan.onRecord?.(detection, place);
        if (scan.wanted === 'findings') found.push(...foundIn(detection, place));
      }
      if (found.length > 0) {
        if (scan.stdout.columns !== undefined) await progress.hide();
        await scan.list.write(found);
      }
    }
  } finally {
    await progress.hide();
  }
  if (unreadable > MAX_TOLD) {
    await scan.stderr.write(`tripline: ${name}: ${unreadable - MAX_TOLD} more could not be read\n`);
  }
  const doubt = understanding.conclude();
  if (doubt !== undefined) await scan.stderr.write(`tripline: ${name}: ${doubt.note}\n`);
  return unreadable === 0 && doubt?.isDoubtful !== true;
}

function placeOf(line: LineOf | undefined, record: number): string {
  return line === undefined ? `record ${record}` : `line ${line.number}`;
}

/** The processed batch, or why nothing in it can be read: if it consists of lines, the next may be readable. */
async function process(batch: InputBatch, parts: Parts) {
  try {
    const receivedUnixNano = BigInt(Date.now()) * 1_000_000n;
    return await processBatch({ ...batch, fluentTag: batch.fluentTag, receivedUnixNano }, parts);
  } catch (error) {
    if (error instanceof Problem && error.code === 'body.too_many_records') {
      return new Problem(error.code, `${error.message}; raise limits.maxRecords, or convert it to lines (jq -c '.[]')`);
    }
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** Lines are read some at a time, and a file may have any number of them. */
function ofLines(parts: Parts): Parts {
  return { ...parts, limits: { ...parts.limits, maxRecords: Number.POSITIVE_INFINITY } };
}

async function writeRecords(codec: Codec, bytes: Uint8Array, scan: Scan): Promise<void> {
  if (scan.isLineOpen) await scan.stdout.write('\n');
  await scan.stdout.write(bytes);
  scan.isLineOpen = codec.notation === 'json' && bytes.at(-1) !== LINE_FEED;
}

type FoundKind = 'findings' | 'shadow' | 'reports' | 'shadowReports';

function foundIn(detection: Detection, place: Place): Found[] {
  return 'findings' in detection ? foundAt(detection, place) : [];
}

/** What was found in a record, or came with it, with its place. */
export function foundAt(
  { findings, shadow, reports, shadowReports }: Pick<Extract<Detection, { findings: unknown }>, FoundKind>,
  place: Place,
): Found[] {
  return [
    ...findings.map((finding) => ({ ...place, kind: 'finding', mode: 'live', ...finding }) as const),
    ...reports.map((report) => ({ ...place, kind: 'report', mode: 'live', ...report }) as const),
    ...shadow.map((finding) => ({ ...place, kind: 'finding', mode: 'shadow', ...finding }) as const),
    ...shadowReports.map((report) => ({ ...place, kind: 'report', mode: 'shadow', ...report }) as const),
  ];
}
