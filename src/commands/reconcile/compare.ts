/** Compares what was sent with what arrived: reads the destination into counts, then subtracts the source from them. */
import type { Output } from '../../command-line/process-io.ts';
import { progressOf } from '../../command-line/progress.ts';
import type { Input } from '../../inputs/open.ts';
import { Problem } from '../../problem.ts';
import { printable } from '../../sigma/rule-problem.ts';
import { KeyCounts } from './key-counts.ts';
import type { KeyReader, RecordKey } from './record-keys.ts';

/** In order of severity. */
export const kinds = ['missing', 'not_comparable', 'repeated', 'only_in_destination'] as const;
export type Kind = (typeof kinds)[number];

/** An event, or a record without one, that the two sides do not have equally often. */
export interface Difference {
  kind: Kind;
  file: string;
  /** Of the file, from 1. */
  record: number;
  line?: number;
  /** Left out if a record is identified only by its content. */
  auditID?: string;
  stage?: string;
}

export interface Comparison {
  /** Events, and records without one. */
  source: number;
  destination: number;
  differences: Record<Kind, number>;
  /** Whether both could be read completely. */
  isComplete: boolean;
}

export interface Sides {
  /** Reopens a file each time. */
  open(file: string): Promise<Input>;
  source: readonly string[];
  destination: readonly string[];
  keys: KeyReader;
  stderr: Output;
}

/** @param tell receives each difference, those of one kind in the order of the files; resolves with whether more of its kind
 * are wanted */
export async function compare(sides: Sides, tell: (difference: Difference) => Promise<boolean>): Promise<Comparison> {
  const counts = new KeyCounts();
  const comparison: Comparison = {
    source: 0,
    destination: 0,
    differences: { missing: 0, not_comparable: 0, repeated: 0, only_in_destination: 0 },
    isComplete: true,
  };
  const differ = (kind: Kind, place: Place, { event }: RecordKey) => tell({ kind, ...place, ...event });

  for (const file of sides.destination) {
    const isWhole = await readKeys(file, sides, async (_, { high, low }) => {
      comparison.destination++;
      counts.add(high, low);
      return true;
    });
    comparison.isComplete &&= isWhole;
  }
  for (const file of sides.source) {
    const isWhole = await readKeys(file, sides, async (place, key) => {
      comparison.source++;
      if (counts.take(key.high, key.low)) return true;
      // Something in the pipeline may have changed a content, while an event keeps its key.
      const kind = key.event === undefined ? 'not_comparable' : 'missing';
      comparison.differences[kind]++;
      await differ(kind, place, key);
      return true;
    });
    comparison.isComplete &&= isWhole;
  }

  const left = counts.left();
  comparison.differences.repeated = left.repeated;
  comparison.differences.only_in_destination = left.strange;
  // Only a second pass over the destination shows where they are.
  const wanted = { repeated: left.repeated > 0, strange: left.strange > 0 };
  for (const file of sides.destination) {
    if (!wanted.repeated && !wanted.strange) break;
    await readKeys(file, sides, async (place, key) => {
      const kind = counts.takeLeft(key.high, key.low);
      if (kind !== undefined && wanted[kind]) {
        const isMoreWanted = await differ(kind === 'strange' ? 'only_in_destination' : kind, place, key);
        wanted[kind] = isMoreWanted && --left[kind] > 0;
      }
      return wanted.repeated || wanted.strange;
    });
  }
  return comparison;
}

type Place = Pick<Difference, 'file' | 'record' | 'line'>;

/** Reads a file until `take` wants no more; resolves with whether all of it could be read. */
async function readKeys(
  file: string,
  { open, keys, stderr }: Sides,
  take: (place: Place, key: RecordKey) => Promise<boolean>,
): Promise<boolean> {
  const complain = (message: string) => stderr.write(`tripline: ${printable(file)}: ${printable(message)}\n`);
  let isWhole = true;
  let record = 0;
  const input = await open(file);
  const progress = progressOf({ ...input, name: printable(input.name) }, stderr);
  try {
    for await (const batch of input.batches) {
      await progress.show(record);
      try {
        for (const { line, keys: found } of keys.keysOf(batch)) {
          record++;
          const place = { file: input.name, record, ...(line !== undefined && { line: line.number }) };
          for (const key of found) if (!(await take(place, key))) return isWhole;
        }
      } catch (error) {
        // If the file consists of lines, the next may be readable. Blank ones do not count as unreadable.
        if (!(error instanceof Problem)) throw error;
        if (error.code === 'body.empty') continue;
        isWhole = false;
        await progress.hide();
        await complain(`after record ${record}: ${error.message}`);
      }
    }
  } catch (error) {
    if (!(error instanceof Problem) && (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    isWhole = false;
    await progress.hide();
    await complain((error as Error).message);
  } finally {
    await progress.hide();
  }
  return isWhole;
}
