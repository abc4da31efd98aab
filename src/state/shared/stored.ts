/** How values are stored on the server: `<version><touched> <JSON>`, or with `!` for the space if the JSON has integers
 * beyond 2^53, which take several times as long to read.
 *
 * The version is 16 characters that no other commit has, not a counter: after a failover that lost writes, or if a value
 * was evicted and made anew, the same number could stand for another value. */
import { randomBytes } from 'node:crypto';
import { parseExactly, stringifyExactly } from '../../json/exact.ts';
import type { Space } from '../store.ts';

/** Characters of a version. */
export const VERSION_LENGTH = 16;
/** The version of a key without a value. */
export const ABSENT = '';
/** Stands for the version of what Tripline has not written. */
export const FOREIGN = '!';

/** Version of the layout of values, in the names of their keys: those of another layout are not seen. */
const LAYOUT = 1;
const IS_VERSION = /^[\w-]{16}$/;
/** Microseconds; a log may have fractions of one. */
const TOUCHED = /^(-?\d{1,17}(?:\.\d{1,6})?)([ !])/;
const MOST_DIGITS = 32;

/** A value as it was read or written. */
export interface Stored {
  version: string;
  /** The time of its place when it was committed last: Unix microseconds of event time. */
  touched: number;
  /** JSON; undefined if Tripline has not written it. */
  json: string | undefined;
  hasBigints: boolean;
}

/** The names of keys. One hash tag in all of them, so that one script reaches all. */
export function keyNames(prefix: string) {
  return {
    secret: `{${prefix}}:secret`,
    of: ({ name }: Space, key: string) => `{${prefix}}:${LAYOUT}:${name}:${key}`,
  };
}
export type KeyNames = ReturnType<typeof keyNames>;

/** @returns a function that gives a version that no other commit of any process has */
export function versions(): () => string {
  const own = randomBytes(6).toString('base64url');
  let count = 0;
  return () => own + (count++).toString(36).padStart(VERSION_LENGTH - own.length, '0');
}

export function write(version: string, touched: number, value: unknown): string {
  try {
    return `${version}${touched} ${JSON.stringify(value)}`;
  } catch {
    return `${version}${touched}!${stringifyExactly(value)}`;
  }
}

/** What is under a key, which anybody may have written. */
export function read(text: string): Stored {
  const nothing = { touched: 0, json: undefined, hasBigints: false };
  const version = text.slice(0, VERSION_LENGTH);
  if (!IS_VERSION.test(version)) return { version: FOREIGN, ...nothing };
  const [, digits, mark] = TOUCHED.exec(text.slice(VERSION_LENGTH, VERSION_LENGTH + MOST_DIGITS)) ?? [];
  if (digits === undefined) return { version, ...nothing };
  const json = text.slice(VERSION_LENGTH + digits.length + 1);
  return { version, touched: Number(digits), json, hasBigints: mark === '!' };
}

/** The value of a text that was read; undefined if it is none. */
export function storedValue({ json, hasBigints }: Pick<Stored, 'json' | 'hasBigints'>): unknown {
  if (json === undefined) return undefined;
  try {
    return (hasBigints ? parseExactly(json) : JSON.parse(json)) ?? undefined;
  } catch {
    return undefined;
  }
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** For values that never expire in event time: clocks of clusters, and since when terms are learnt. They are few, and
 * each slice that reads them renews it. Longer than the timespan of any rule is likely to be: a cluster that is silent
 * for that long begins anew. */
const LONGEST = 400 * DAY;

/** Milliseconds after its last commit when the server may drop a value. The lifetime is in event time, which stands still
 * while nothing is processed: after a stop shorter than what is added here, everything is as before. */
export function ttlOf({ lifetime }: Space): number {
  if (lifetime === null) return LONGEST;
  const milliseconds = Math.ceil(lifetime / 1000);
  return Math.min(LONGEST, milliseconds + Math.min(DAY, Math.max(HOUR, milliseconds)));
}
