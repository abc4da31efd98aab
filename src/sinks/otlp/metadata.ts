/** The metadata of a log event in the terms of OTLP. */
import type protobuf from 'protobufjs/minimal.js';
import { isMapAt } from '../../codecs/fluent/log-event.ts';
import { LOG_RECORD } from '../../codecs/opentelemetry/fields.ts';
import { pairs } from '../../msgpack/scan.ts';
import type { Span } from '../../record.ts';
import { fixed32Key, fixed64Key, keyText, lengthDelimitedKey, varintKey, writePair, writePairs } from './any-value.ts';
import { contentAt, naturalAt } from './members.ts';

/** What a LogRecord already has from its maker. */
export interface Said {
  hasTime: boolean;
  hasObservedTime: boolean;
  hasSeverity: boolean;
  hasTrace: boolean;
  /** Keys of its attributes. */
  keys: Set<string>;
}

export function nothingSaid(): Said {
  return { hasTime: false, hasObservedTime: false, hasSeverity: false, hasTrace: false, keys: new Set() };
}

const ATTRIBUTES = lengthDelimitedKey(LOG_RECORD.attributes);
const ID_BYTES = { trace_id: 16, span_id: 8 } as const;
const ID_FIELDS = { trace_id: LOG_RECORD.traceId, span_id: LOG_RECORD.spanId } as const;
const TEXT_FIELDS = { severity_text: LOG_RECORD.severityText, event_name: LOG_RECORD.eventName } as const;
const MAX_SEVERITY = 24n;

/** Writes metadata as the fields of a LogRecord: members of `otlp`, where Fluent Bit's input for OTLP puts all of a record
 * except its body, become those fields again; anything else is an attribute.
 * @param isOwn whether the attribute with this key is left out */
export function writeMetadata(
  writer: protobuf.Writer,
  bytes: Buffer,
  metadata: Span,
  isOwn: (key: string) => boolean,
): Said {
  const said = nothingSaid();
  const isLeftOut = (start: number, end: number) => {
    const key = keyText(bytes, start, end);
    if (isOwn(key)) return true;
    said.keys.add(key);
    return false;
  };
  for (const { start, valueStart, end } of pairs(bytes, metadata.start, metadata.end)) {
    const value = { start: valueStart, end };
    const key = keyText(bytes, start, valueStart);
    if (key === 'otlp' && isMapAt(bytes, value)) {
      for (const pair of pairs(bytes, valueStart, end))
        writeMember(pair.start, { start: pair.valueStart, end: pair.end });
    } else if (!isLeftOut(start, valueStart)) {
      writePair(writer, ATTRIBUTES, bytes, start, valueStart, end);
    }
  }
  return said;

  function writeMember(keyStart: number, value: Span): void {
    const name = keyText(bytes, keyStart, value.start);
    const content = contentAt(bytes, value);
    const natural = naturalAt(bytes, value);
    switch (name) {
      case 'timestamp':
        if (!isTime(natural)) return;
        writer.uint32(fixed64Key(LOG_RECORD.timeUnixNano)).fixed64(String(natural));
        said.hasTime = true;
        return;
      case 'observed_timestamp':
        if (!isTime(natural)) return;
        writer.uint32(fixed64Key(LOG_RECORD.observedTimeUnixNano)).fixed64(String(natural));
        said.hasObservedTime = true;
        return;
      case 'severity_number':
        if (!natural || natural > MAX_SEVERITY) return;
        writer.uint32(varintKey(LOG_RECORD.severityNumber)).uint32(Number(natural));
        said.hasSeverity = true;
        return;
      case 'severity_text':
      case 'event_name':
        if (!content?.length) return;
        writer.uint32(lengthDelimitedKey(TEXT_FIELDS[name])).string(Buffer.from(content).toString());
        if (name === 'severity_text') said.hasSeverity = true;
        return;
      case 'trace_id':
      case 'span_id': {
        const id = content && idFrom(content, ID_BYTES[name]);
        if (id === undefined) return;
        writer.uint32(lengthDelimitedKey(ID_FIELDS[name])).bytes(id);
        said.hasTrace = true;
        return;
      }
      case 'trace_flags':
        if (natural) writer.uint32(fixed32Key(LOG_RECORD.flags)).fixed32(Number(BigInt.asUintN(32, natural)));
        return;
      case 'dropped_attributes_count':
        if (natural)
          writer.uint32(varintKey(LOG_RECORD.droppedAttributesCount)).uint32(Number(BigInt.asUintN(32, natural)));
        return;
      case 'attributes':
        if (isMapAt(bytes, value)) writePairs(writer, ATTRIBUTES, bytes, value.start, value.end, 0, isLeftOut);
    }
  }
}

const MAX_TIME = 2n ** 63n - 1n;

function isTime(unixNano: bigint | undefined): unixNano is bigint {
  return unixNano !== undefined && unixNano > 0n && unixNano <= MAX_TIME;
}

/** An id from its bytes, or from their hexadecimal digits. */
function idFrom(content: Uint8Array, length: number): Uint8Array | undefined {
  if (content.length === length) return content;
  const text = Buffer.from(content).toString('latin1');
  return content.length === 2 * length && /^[0-9a-f]+$/i.test(text) ? Buffer.from(text, 'hex') : undefined;
}
