/** How values lie on the server: `<version><touched> <JSON>`.
 *
 * The version is 16 characters that no other commit has, not a number that counts up: after a failover that lost writes, or
 * where a value was evicted and made anew, the same number could stand for another value. */
import { randomBytes } from 'node:crypto';
import { parseExactly, stringifyExactly } from '../../json/exact.ts';
import type { Space } from '../store.ts';

/** Characters of a version. */
export const VERSION_LENGTH = 16;
/** The version of a key under which nothing is. */
export const ABSENT = '';
/** Stands for the version of what no Tripline has written. */
export const FOREIGN = '!';

/** Of the layout of values, in the names of their keys: those of another layout are not seen. */
const LAYOUT = 1;
const IS_VERSION = /^[\w-]{16}$/;

/** A value as it was read or written. */
export interface Stored {
  version: string;
  /** The store's time when it was committed last: Unix microseconds of event time. */
  touched: number;
  /** JSON; undefined where it is nothing that Tripline has written. */
  json: string | undefined;
}

/** The names of keys. One hash tag in all of them, so that one script reaches all. */
export function keyNames(prefix: string) {
  return {
    secret: `{${prefix}}:secret`,
    clock: `{${prefix}}:clock`,
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
  return `${version}${touched} ${stringifyExactly(value)}`;
}

/** What lies under a key, which anybody may have written. */
export function read(text: string): Stored {
  const version = text.slice(0, VERSION_LENGTH);
  if (!IS_VERSION.test(version)) return { version: FOREIGN, touched: 0, json: undefined };
  const end = text.indexOf(' ', VERSION_LENGTH);
  const touched = end === -1 ? Number.NaN : Number(text.slice(VERSION_LENGTH, end));
  return Number.isFinite(touched)
    ? { version, touched, json: text.slice(end + 1) }
    : { version, touched: 0, json: undefined };
}

/** The value of a JSON text; undefined where it is none. */
export function valueIn(json: string): unknown {
  try {
    return parseExactly(json) ?? undefined;
  } catch {
    return undefined;
  }
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Of values that are never forgotten by the time of events: clocks of clusters, and since when terms are learnt. They are few,
 * and go on with each slice that reads them. Longer than the timespan of any rule is likely to be: a cluster that is silent
 * for as long begins anew. */
const LONGEST = 400 * DAY;

/** Milliseconds after its last commit when the server may drop a value. The lifetime is of event time, which stands still while
 * nothing is processed: after a stop that is shorter than what is added here, all is as it was. */
export function ttlOf({ lifetime }: Space): number {
  if (lifetime === null) return LONGEST;
  const milliseconds = Math.ceil(lifetime / 1000);
  return Math.min(LONGEST, milliseconds + Math.min(DAY, Math.max(HOUR, milliseconds)));
}
