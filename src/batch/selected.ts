/** A batch of some of the records of another. */
import { isGroupStart } from '../codecs/fluent/log-event.ts';
import { digestOf } from './digest.ts';
import type { TaggedBatch } from './tagged-batch.ts';

/** The chosen records, as a batch like any other; the batch itself if all are chosen, undefined if none is. The markers of an
 * OpenTelemetry group are included with its chosen records, and only with them.
 * @param isChosen called for each record that is not a marker, by index
 * @param isReframed whether the result has the form of a part even if all are chosen */
export function selected(
  batch: TaggedBatch,
  isChosen: (index: number) => boolean,
  isReframed = false,
): TaggedBatch | undefined {
  const { fluentTag, codec, bytes, records, tags, memberName, dateKey, receivedUnixNano } = batch;
  const chosen: number[] = [];
  let isAny = false;
  /** A marker that opens a group of which no record is chosen so far. */
  let start: number | undefined;
  /** Whether a record is chosen since the last marker. */
  let isInGroup = false;
  let left = 0;
  for (const [index, record] of records.entries()) {
    if (record.kind !== 'group') {
      if (!isChosen(index)) {
        left++;
        continue;
      }
      if (start !== undefined) chosen.push(start);
      start = undefined;
      chosen.push(index);
      isAny = isInGroup = true;
    } else if (isGroupStart(bytes, record)) {
      start = index;
      isInGroup = false;
    } else {
      if (isInGroup) chosen.push(index);
      start = undefined;
      isInGroup = false;
    }
  }
  if (!isAny) return undefined;
  if (left === 0 && !isReframed) return batch;
  const selection = codec.select(
    bytes,
    chosen.map((index) => records[index]!),
  );
  // Everything else that is known about the batch refers to a record by its index there.
  return {
    ...{ fluentTag, codec, ...selection, memberName, dateKey, receivedUnixNano },
    tags: chosen.map((index) => tags[index]),
    partOf: digestOf(batch),
  };
}
