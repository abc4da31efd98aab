/** The time of a record. */
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { logEventAt, unixNanoOf } from '../../codecs/fluent/log-event.ts';
import { membersNamed, textOf } from '../../json/scan.ts';
import { unixNanoFromFluentDate } from '../../time.ts';

/** Unix nanoseconds: of its log event, or of the member `dateKey` in JSON; if it has none, when its batch was received. */
export function unixNanoOfRecord(
  { codec, bytes, records, dateKey, receivedUnixNano }: TaggedBatch,
  index: number,
): bigint {
  const record = records[index]!;
  if (record.kind !== 'map') return receivedUnixNano;
  if (codec.notation === 'msgpack') {
    const event = logEventAt(bytes, record);
    return (event && unixNanoOf(bytes, event)) ?? receivedUnixNano;
  }
  const date = membersNamed(bytes, record.map.start, record.map.end, dateKey).at(-1);
  return (date && unixNanoFromFluentDate(textOf(bytes, date.valueStart, date.end))) ?? receivedUnixNano;
}
