/** A query for findings: which match, in which order, and starting where. */
import { Problem } from '../problem.ts';
import { levels } from '../record.ts';
import type { FindingRow, FindingsQuery } from './api.ts';
import { searchOf, type Test } from './search.ts';

/** A row with its position. */
export interface Placed {
  row: FindingRow;
  /** Time of the event, or else of its receipt, in Unix milliseconds. */
  at: number;
  /** Number of the record in the ring; `index` is that of the finding in the record. */
  seq: number;
  index: number;
}

export const facets = ['level', 'platform', 'mode', 'rule', 'seen'] as const;
export type Facet = (typeof facets)[number];

export interface Query {
  /** The chosen values by facet; undefined if all are. */
  chosen: Readonly<Partial<Record<Facet, ReadonlySet<string>>>>;
  search: Test;
  from: number;
  to: number;
  order: Order;
  after: readonly number[] | undefined;
  limit: number;
}

interface Order {
  name: string;
  /** The sort key, least first; no two rows have the same. */
  keyOf(placed: Placed): number[];
}

const newestFirst = ({ at, seq, index }: Placed) => [-at, -seq, index];

const orders: readonly Order[] = [
  { name: 'time', keyOf: newestFirst },
  { name: '-time', keyOf: ({ at, seq, index }) => [at, seq, index] },
  { name: 'level', keyOf: (one) => [-levels.indexOf(one.row.level), ...newestFirst(one)] },
  { name: 'novelty', keyOf: (one) => [one.row.novelty?.times ?? Number.MAX_SAFE_INTEGER, ...newestFirst(one)] },
];

const MOST_VALUES = 500;
const MOST_ROWS = 1000;

/** The value of a facet for a finding. */
export function facetOf(row: FindingRow, facet: Facet): string {
  switch (facet) {
    case 'seen':
      return row.novelty === null ? 'unknown' : row.novelty.times === 0 ? 'new' : 'before';
    case 'platform':
      return row.platform ?? 'unknown';
    default:
      return row[facet];
  }
}

/** @param given as parsed from the URL, so of any type
 * @throws Problem `console.query` */
export function queryOf(given: Readonly<Record<keyof FindingsQuery | string, unknown>>): Query {
  const text = (name: keyof FindingsQuery): string | undefined => {
    const value = given[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw new Problem('console.query', `${name} is given more than once`);
    return value;
  };
  const timeOf = (name: 'from' | 'to', otherwise: number): number => {
    const value = text(name);
    if (value === undefined) return otherwise;
    const time = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(time)) throw new Problem('console.query', `${name} is not a time such as 2026-01-02T03:04:05Z`);
    return time;
  };
  const chosen: Partial<Record<Facet, ReadonlySet<string>>> = {};
  for (const facet of facets) {
    const values = text(facet)?.split(',');
    if (values === undefined) continue;
    if (values.length > MOST_VALUES) {
      throw new Problem('console.query', `${facet} has ${values.length} values, and may have ${MOST_VALUES} at most`);
    }
    chosen[facet] = new Set(values);
  }
  const name = text('sort') ?? 'time';
  const order = orders.find((one) => one.name === name);
  if (order === undefined) {
    throw new Problem('console.query', `sort has to be one of ${orders.map((one) => one.name).join(', ')}`);
  }
  const limit = text('limit') ?? '200';
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MOST_ROWS) {
    throw new Problem('console.query', `limit has to be a number from 1 to ${MOST_ROWS}`);
  }
  return {
    chosen,
    search: searchOf(text('q') ?? ''),
    from: timeOf('from', Number.NEGATIVE_INFINITY),
    to: timeOf('to', Number.POSITIVE_INFINITY),
    order,
    after: cursorIn(text('before'), order),
    limit: Number(limit),
  };
}

/** A cursor holds the position of its row in the order, so that it stays valid when rows arrive, or when the row itself is
 * evicted. */
export function cursorOf(placed: Placed, { name, keyOf }: Order): string {
  return Buffer.from(JSON.stringify([name, ...keyOf(placed)])).toString('base64url');
}

function cursorIn(text: string | undefined, { name, keyOf }: Order): number[] | undefined {
  if (text === undefined) return undefined;
  const { length } = keyOf({ row: { level: 'low', novelty: null } as FindingRow, at: 0, seq: 0, index: 0 });
  let parsed: unknown;
  try {
    parsed = text.length > 200 ? undefined : JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {}
  if (Array.isArray(parsed)) {
    const [of, ...key] = parsed;
    if (of === name && key.length === length && key.every((part) => typeof part === 'number')) return key;
  }
  throw new Problem('console.query', 'before is not a cursor from this sort: leave it out to start over');
}

/** Whether one key comes after another. */
export function isAfter(key: readonly number[], other: readonly number[]): boolean {
  for (const [index, part] of key.entries()) {
    const difference = part - other[index]!;
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** Whether a row is in the time range of the query, from `from` up to but not including `to`. */
export function isInTime({ at }: Placed, { from, to }: Query): boolean {
  return at >= from && at < to;
}

/** The facets that a row does not match. */
export function misfits(row: FindingRow, { chosen }: Query): Facet[] {
  return facets.filter((facet) => chosen[facet]?.has(facetOf(row, facet)) === false);
}

export function fits(placed: Placed, query: Query): boolean {
  return isInTime(placed, query) && misfits(placed.row, query).length === 0 && query.search(placed.row);
}
