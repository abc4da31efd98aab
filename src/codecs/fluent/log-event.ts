/**
 * Fluent Bit's log event in MessagePack: `[[time, metadata], map]`, or `[time, map]` as older senders have it.
 * @see https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
 */

import { decode } from '../../msgpack/decode.ts';
import { endOfValue, headerAt } from '../../msgpack/scan.ts';
import type { Span } from '../../record.ts';
import { unixNanoFromEpoch, unixNanoFromEventTime } from '../../time.ts';

/** The parts of an event, as spans. */
export interface LogEvent {
  time: Span;
  /** Undefined in the form without metadata. */
  metadata: Span | undefined;
  /** What should be a map, but need not be. */
  body: Span;
}

/** The parts of a value that is a log event, undefined if it is not.
 * @param value a span that endOfValue has delimited */
export function logEventAt(bytes: Uint8Array, value: Span): LogEvent | undefined {
  const outer = spansOfTwo(bytes, value);
  if (outer === undefined) return undefined;
  const [head, body] = outer;
  if (isTime(bytes, head)) return { time: head, metadata: undefined, body };
  const inner = spansOfTwo(bytes, head);
  if (inner === undefined) return undefined;
  const [time, metadata] = inner;
  return isTime(bytes, time) && isMapAt(bytes, metadata) ? { time, metadata, body } : undefined;
}

function spansOfTwo(bytes: Uint8Array, array: Span): readonly [Span, Span] | undefined {
  const header = headerAt(bytes, array.start, array.end);
  if (header?.kind !== 'array' || header.length !== 2) return undefined;
  const middle = endOfValue(bytes, header.end, array.end) as number;
  return [
    { start: header.end, end: middle },
    { start: middle, end: array.end },
  ];
}

/** Whether a value is a map. */
export function isMapAt(bytes: Uint8Array, value: Span): boolean {
  return headerAt(bytes, value.start, value.end)?.kind === 'map';
}

/** An integer, a float, or an EventTime as fixext8 or ext8. */
function isTime(bytes: Uint8Array, { start }: Span): boolean {
  const type = bytes[start];
  if (type >= 0xca && type <= 0xd3) return true;
  return type < 0x80 || type >= 0xe0 || isEventTime(bytes, start) || isExt8EventTime(bytes, start);
}

function isEventTime(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xd7 && bytes[at + 1] === 0;
}

function isExt8EventTime(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xc7 && bytes[at + 1] === 8 && bytes[at + 2] === 0;
}

/** Whether an event opens or closes an OpenTelemetry group: Fluent Bit marks that by the seconds -1 and -2, only in events
 * with metadata. */
export function isGroupMarker(bytes: Uint8Array, event: LogEvent): boolean {
  if (event.metadata === undefined || !isEventTime(bytes, event.time.start)) return false;
  const seconds = event.time.start + 2;
  return (
    bytes[seconds] === 0xff && bytes[seconds + 1] === 0xff && bytes[seconds + 2] === 0xff && bytes[seconds + 3] >= 0xfe
  );
}

/** Whether a marker opens a group rather than closing one.
 * @param marker a span for which isGroupMarker is true */
export function isGroupStart(bytes: Uint8Array, marker: Span): boolean {
  const { time } = logEventAt(bytes, marker)!;
  return bytes[time.start + 5] === 0xff;
}

/** Whether an event has the only form of time that Fluent Bit's forward input accepts beside metadata. */
export function hasEntryForm(bytes: Uint8Array, event: LogEvent): boolean {
  return event.metadata !== undefined && isEventTime(bytes, event.time.start);
}

/** The time of an event in unix nanoseconds; undefined if EventTime cannot represent it. */
export function unixNanoOf(bytes: Uint8Array, event: Pick<LogEvent, 'time'>): bigint | undefined {
  const { start } = event.time;
  if (isEventTime(bytes, start)) return unixNanoFromEventTime(bytes, start + 2);
  if (isExt8EventTime(bytes, start)) return unixNanoFromEventTime(bytes, start + 3);
  return unixNanoFromEpoch(String(decode(bytes, event.time.start, event.time.end, { maxDepth: 0 })));
}
