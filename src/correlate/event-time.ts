/** The time of an event, in Unix microseconds. Times of events follow one another, so for most of them everything but the
 * seconds is the same as for the one before, and is not read again. */
import { LazyEvent } from '../audit/lazy-event.ts';
import { timeShown } from '../finding.ts';
import type { AuditEvent } from '../record.ts';
import { unixNanoFromRfc3339 } from '../time.ts';

const SECOND = 1_000_000;
/** `2026-01-02T03:00`, `:`, two digits of seconds, perhaps a fraction, and `Z`. */
const MINUTE_LENGTH = 16;
const LONGEST = 30;
const ZERO = 48;
const COLON = 58;
const POINT = 46;
const Z = 90;

export class EventTimes {
  /** Whether the time of the last event is that of its answer, because that of its request is not a valid time. */
  isStandIn = false;
  readonly #minute = new Uint8Array(MINUTE_LENGTH);
  #minuteMicros = 0;
  readonly #text = new Uint8Array(LONGEST);

  /** The time of an event as it was logged; undefined if it is not known. */
  of(event: AuditEvent): number | undefined {
    this.isStandIn = false;
    const micros =
      event instanceof LazyEvent ? event.received(this.#read) : this.#readText(event.requestReceivedTimestamp);
    if (micros !== -1) return micros;
    const text = event.requestReceivedTimestamp;
    const shown = timeShown(event).time;
    if (shown === undefined) return undefined;
    this.isStandIn = text !== '' && shown !== text;
    const time = Number(unixNanoFromRfc3339(shown)! / 1000n);
    if (shown === text) this.#learn(text, time);
    return time;
  }

  /** The time in bytes, if it lies within the minute of the one before; else -1. */
  readonly #read = (bytes: Uint8Array, start: number, end: number): number => {
    if (end - start < MINUTE_LENGTH) return -1;
    for (let i = 0; i < MINUTE_LENGTH; i++) if (bytes[start + i] !== this.#minute[i]) return -1;
    const micros = microsWithin(bytes, start, end);
    return micros === -1 ? -1 : this.#minuteMicros + micros;
  };

  #readText(text: string): number {
    const end = this.#put(text);
    return end === -1 ? -1 : this.#read(this.#text, 0, end);
  }

  #learn(text: string, time: number): void {
    const end = this.#put(text);
    const micros = end === -1 ? -1 : microsWithin(this.#text, 0, end);
    if (micros === -1) return;
    this.#minute.set(this.#text.subarray(0, MINUTE_LENGTH));
    this.#minuteMicros = time - micros;
  }

  /** @returns the length of an ASCII text, which is in `#text` then; -1 for any other */
  #put(text: string): number {
    const { length } = text;
    if (length > LONGEST) return -1;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return -1;
      this.#text[i] = code;
    }
    return length;
  }
}

/** The seconds and the fraction of a UTC time, which is one if its minute is; -1 if it is written in another format.
 * Digits beyond microseconds are cut. */
function microsWithin(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 20 || length > LONGEST || bytes[start + 16] !== COLON || bytes[end - 1] !== Z) return -1;
  const tens = bytes[start + 17]! - ZERO;
  const ones = bytes[start + 18]! - ZERO;
  if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return -1;
  let micros = (tens * 10 + ones) * SECOND;
  if (length === 20) return micros;
  if (length === 21 || bytes[start + 19] !== POINT) return -1;
  let unit = SECOND / 10;
  for (let i = start + 20; i < end - 1; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    if (unit >= 1) micros += digit * unit;
    unit /= 10;
  }
  return micros;
}
