/** Compares times in bytes, for uses in which only a large difference matters. */
import { InternTable } from './intern.ts';
import { jsonLayout } from './notation.ts';

/** Length and form of a time with a precision of one second. */
const SECOND = 19;
const TO_THE_SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;
/** Times that are further apart are never considered the same, whatever the fractions of their seconds. */
const APART_SECONDS = 10;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const LETTER_Z = 0x5a;

export class Ages {
  readonly #seconds = new InternTable((bytes, start, end) => {
    const text = jsonLayout.text(bytes, start, end);
    return TO_THE_SECOND.test(text) ? Date.parse(`${text}Z`) / 1000 : Number.NaN;
  });

  /** Whether two members are times in UTC and one is much later than the other. */
  areApart(bytes: Uint8Array, view: DataView, spans: Int32Array, one: number, other: number): boolean {
    const seconds = this.#secondsAt(bytes, view, spans, one) - this.#secondsAt(bytes, view, spans, other);
    return Math.abs(seconds) > APART_SECONDS;
  }

  /** NaN if the member is not such a time. */
  #secondsAt(bytes: Uint8Array, view: DataView, spans: Int32Array, offset: number): number {
    const start = spans[offset]!;
    const last = spans[offset + 1]! - 1;
    if (start === -1 || last < start + SECOND || bytes[last] !== LETTER_Z) return Number.NaN;
    if (last > start + SECOND && (bytes[start + SECOND] !== DOT || last === start + SECOND + 1)) return Number.NaN;
    for (let at = start + SECOND + 1; at < last; at++) {
      if (bytes[at]! < DIGIT_0 || bytes[at]! > DIGIT_9) return Number.NaN;
    }
    return this.#seconds.of(bytes, view, start, start + SECOND);
  }
}
