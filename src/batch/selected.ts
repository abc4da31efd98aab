/** A batch of some of the records of another. */
import { isGroupStart } from '../codecs/fluent/log-event.ts';
import { digestOf } from './digest.ts';
import type { TaggedBatch } from './tagged-batch.ts';

/** The records that are chosen, as a batch like any other; the batch itself where all are, undefined where none is. The
 * markers of an OpenTelemetry group go with those of its records that are chosen, and only with them.
 * @param isChosen asked for each record that is no marker, by index
 * @param isReframed whether it has the form of a part where all are chosen, too */
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
  // Whatever else is known of the batch goes by the index of a record there.
  return {
    ...{ fluentTag, codec, ...selection, memberName, dateKey, receivedUnixNano },
    tags: chosen.map((index) => tags[index]),
    partOf: digestOf(batch),
  };
}
