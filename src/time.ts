/** Points in time as unix nanoseconds: RFC 3339, Fluent Bit's JSON dates and Fluent's EventTime. */

const NANOS = 1_000_000_000n;

/** The first second that an entry's EventTime cannot express: Fluent Bit reads 0xfffffffe and 0xffffffff as group markers,
 * so a record that carries such a time must never become an entry with it. */
const FIRST_MARKER_SECOND = 0xfffffffen;

const calendarTime =
  /^(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d):([0-5]\d|60)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))?$/;

/** The text that was read last: processing an event asks for its time again and again. */
let latest: { text: string; unixNano: bigint | undefined } = { text: '', unixNano: undefined };

/** The unix nanoseconds of an RFC 3339 time with up to nine digits of fraction, undefined for any other text. */
export function unixNanoFromRfc3339(text: string): bigint | undefined {
  if (text === latest.text) return latest.unixNano;
  const unixNano = /[Zz]$|[+-]\d\d:\d\d$/.test(text) ? unixNanoFromCalendar(text) : undefined;
  // A text that is no time can be of any length.
  if (unixNano !== undefined) latest = { text, unixNano };
  return unixNano;
}

/** As RFC 3339, but a time without an offset is UTC: Fluent Bit's java_sql_timestamp has none. */
function unixNanoFromCalendar(text: string): bigint | undefined {
  const match = calendarTime.exec(text);
  if (!match) return undefined;
  const [, day, hourAndMinute, second, fraction = '', sign, offsetHours, offsetMinutes] = match;
  const minuteMillis = Date.parse(`${day}T${hourAndMinute}:00Z`);
  // Date.parse rolls 30 February over into March.
  if (Number.isNaN(minuteMillis) || new Date(minuteMillis).getUTCDate() !== Number(day?.slice(8))) return undefined;
  const offset = sign ? Number(`${sign}1`) * (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60 : 0;
  const seconds = BigInt(minuteMillis / 1000 + Number(second) - offset);
  return seconds * NANOS + BigInt(fraction.padEnd(9, '0'));
}

/** The unix nanoseconds of a count since 1970, exactly as its digits say: seconds with up to nine digits of fraction, or
 * whole milliseconds (integers from 10^11 on: as seconds that would be the year 5138). Undefined for any other text and
 * for a time that EventTime cannot express. */
export function unixNanoFromEpoch(text: string): bigint | undefined {
  const match = /^(\d{1,18})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (!match) return undefined;
  const [, whole = '', fraction] = match;
  const unixNano =
    fraction === undefined && whole.length >= 12
      ? BigInt(whole) * 1_000_000n
      : BigInt(whole) * NANOS + BigInt((fraction ?? '').padEnd(9, '0'));
  return fitsEventTime(unixNano) ? unixNano : undefined;
}

/** The unix nanoseconds of a date as Fluent Bit's JSON carries it, undefined if it is not a time.
 * @param json the text of the JSON value: a number (double, epoch, epoch_ms) or a string (iso8601,
 * java_sql_timestamp) */
export function unixNanoFromFluentDate(json: string): bigint | undefined {
  if (!json.startsWith('"')) return unixNanoFromEpoch(json);
  const unixNano = unixNanoFromCalendar(json.slice(1, -1));
  return unixNano !== undefined && fitsEventTime(unixNano) ? unixNano : undefined;
}

/** Whether an EventTime can express it without being a group marker. */
export function fitsEventTime(unixNano: bigint): boolean {
  return unixNano >= 0n && unixNano / NANOS < FIRST_MARKER_SECOND;
}

/** Fluent's EventTime as MessagePack, ten bytes: fixext8 of type 0, seconds and nanoseconds as big-endian u32.
 * @param unixNano between 1970 and 2106
 * @see https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1#eventtime-ext-format */
export function eventTime(unixNano: bigint): Uint8Array {
  const bytes = Buffer.alloc(10);
  bytes[0] = 0xd7;
  bytes.writeUInt32BE(Number(unixNano / NANOS), 2);
  bytes.writeUInt32BE(Number(unixNano % NANOS), 6);
  return bytes;
}

/** The unix nanoseconds of the eight bytes of an EventTime, undefined for one that marks a group. */
export function unixNanoFromEventTime(bytes: Uint8Array, at: number): bigint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  const unixNano = BigInt(view.getUint32(0)) * NANOS + BigInt(view.getUint32(4));
  return fitsEventTime(unixNano) ? unixNano : undefined;
}
