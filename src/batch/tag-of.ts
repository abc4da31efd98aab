/** The tag of a record, wherever it is. */
import { logEventAt } from '../codecs/fluent/log-event.ts';
import { pairIn } from '../codecs/opentelemetry/any-value.ts';
import { LOG_RECORD } from '../codecs/opentelemetry/fields.ts';
import { readValue } from '../codecs/opentelemetry/read-value.ts';
import { isMap } from '../json/map.ts';
import { membersNamed, textOf } from '../json/scan.ts';
import { decode } from '../msgpack/decode.ts';
import { pairs } from '../msgpack/scan.ts';
import { contentOf, eachField, LENGTH_DELIMITED } from '../protobuf/scan.ts';
import type { LogRecord } from '../record.ts';
import type { Tag } from '../tag.ts';
import type { TaggedBatch } from './tagged-batch.ts';

/** Most levels of a tag that are read: it has fewer. */
const TAG_DEPTH = 16;

/** The tag of a record: from the batch or, if that comes from a spool, from the bytes of the record. Undefined for a group
 * marker. */
export function tagOf(batch: TaggedBatch, index: number): Tag | undefined {
  const tag = batch.tags[index];
  const record = batch.records[index]!;
  if (tag !== undefined || record.kind !== 'map') return tag;
  const value = valuesIn[batch.codec.notation](batch, record);
  return isMap(value) ? (value as Tag) : undefined;
}

type MapRecord = Extract<LogRecord, { kind: 'map' }>;
type Notation = TaggedBatch['codec']['notation'];

const valuesIn: Record<Notation, (batch: TaggedBatch, record: MapRecord) => unknown> = {
  json({ bytes, memberName }, { map }) {
    const found = membersNamed(bytes, map.start, map.end, memberName).at(-1);
    try {
      return found && JSON.parse(textOf(bytes, found.valueStart, found.end));
    } catch {
      return undefined;
    }
  },
  msgpack({ bytes, memberName }, record) {
    const { body } = logEventAt(bytes, record)!;
    const found = pairs(bytes, body.start, body.end, memberName).at(-1);
    return found && decode(bytes, found.valueStart, found.end, { maxDepth: TAG_DEPTH });
  },
  otlp({ bytes, codec, memberName }, record) {
    const { logRecord } = codec.otlpRecord!(bytes, record);
    let found: unknown;
    eachField(logRecord, { start: 0, end: logRecord.length }, (field) => {
      if (field.number !== LOG_RECORD.attributes || field.wireType !== LENGTH_DELIMITED) return;
      const { key, value } = pairIn({ bytes: logRecord, ...contentOf(field) });
      if (Buffer.from(key).toString() === memberName && value) found = readValue(value, { maxDepth: TAG_DEPTH });
    });
    return found;
  },
};
