/** When an event was, in Unix microseconds. Times of events follow one another, so all but the seconds of most is the same
 * as of the one before, and is not read again. */
import { timeShown } from '../finding.ts';
import type { AuditEvent } from '../record.ts';
import { unixNanoFromRfc3339 } from '../time.ts';

const SECOND = 1_000_000;
/** `2026-01-02T03:00`, `:`, two digits of seconds, perhaps a fraction, and `Z`. */
const MINUTE_LENGTH = 16;
const ZERO = 48;

export class EventTimes {
  /** Whether the time of the last event is that of its answer in place of another, which is none. */
  isStandIn = false;
  #minute = '';
  #minuteMicros = 0;

  /** The time of an event as it was logged; undefined where it is not known. */
  of(event: AuditEvent): number | undefined {
    const text = event.requestReceivedTimestamp;
    this.isStandIn = false;
    if (this.#minute !== '' && text.startsWith(this.#minute)) {
      const micros = microsWithin(text);
      if (micros !== -1) return this.#minuteMicros + micros;
    }
    const shown = timeShown(event).time;
    if (shown === undefined) return undefined;
    this.isStandIn = text !== '' && shown !== text;
    const micros = Number(unixNanoFromRfc3339(shown)! / 1000n);
    if (shown === text && microsWithin(text) !== -1) {
      this.#minute = text.slice(0, MINUTE_LENGTH);
      this.#minuteMicros = micros - microsWithin(text);
    }
    return micros;
  }
}

/** The seconds and the fraction of a time of UTC, which is one if its minute is; -1 where it is written in another
 * manner. Digits beyond microseconds are cut. */
function microsWithin(text: string): number {
  const { length } = text;
  if (length < 20 || length > 30 || text.charCodeAt(16) !== 58 || text.charCodeAt(length - 1) !== 90) return -1;
  const tens = text.charCodeAt(17) - ZERO;
  const ones = text.charCodeAt(18) - ZERO;
  if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return -1;
  let micros = (tens * 10 + ones) * SECOND;
  if (length === 20) return micros;
  if (length === 21 || text.charCodeAt(19) !== 46) return -1;
  let unit = SECOND / 10;
  for (let i = 20; i < length - 1; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    if (unit >= 1) micros += digit * unit;
    unit /= 10;
  }
  return micros;
}
