/** The address bar: a path for the page, and a query for everything chosen on it. */
import type { FindingsQuery } from '../api.ts';

export type PageName = 'now' | 'findings' | 'finding' | 'why-not' | 'rules' | 'rule' | 'tune' | 'unknown';

export interface Address {
  page: PageName;
  /** The id of a finding, or the name of a rule. */
  id?: string;
  query: Readonly<Record<string, string>>;
}

/** The parameters for search and filters, in the order in which they appear in an address. */
export const findingsQuery = [
  ...['level', 'platform', 'mode', 'rule', 'seen', 'q', 'from', 'to', 'sort'],
] as readonly (keyof FindingsQuery)[];

/** @param path of a URL, still encoded
 * @param search from the question mark on */
export function parseAddress(path: string, search: string): Address {
  const query = Object.fromEntries(new URLSearchParams(search));
  const [page = '', id, ...rest] = path.split('/').filter(Boolean).map(decode);
  if (rest.length === 0) {
    if (page === '' && id === undefined) return { page: 'now', query };
    if (page === 'findings') return id === undefined ? { page, query } : { page: 'finding', id, query };
    if (page === 'rules') return id === undefined ? { page, query } : { page: 'rule', id, query };
    if ((page === 'why-not' || page === 'tune') && id === undefined) return { page, query };
  }
  return { page: 'unknown', query };
}

export function printAddress({ page, id, query = {} }: { page: PageName; id?: string; query?: Query }): string {
  const folder = { finding: 'findings', rule: 'rules', now: '', unknown: '' }[page as 'finding'] ?? page;
  const path = id === undefined ? `/${folder}` : `/${folder}/${encodeURIComponent(id)}`;
  const search = printQuery(query);
  return search === '' ? path : `${path}?${search}`;
}

export type Query = Readonly<Record<string, string | undefined>>;

/** Leaves out empty values. */
export function printQuery(query: Query): string {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value!).replaceAll('%2C', ',')}`)
    .join('&');
}

/** The part of an address's query that selects findings. */
export function findingsPart(query: Query): FindingsQuery & Query {
  return Object.fromEntries(findingsQuery.filter((name) => query[name]).map((name) => [name, query[name]]));
}

/** Values of a comma-separated list. */
export function listOf(query: Query, name: string): string[] {
  return (query[name] ?? '').split(',').filter(Boolean);
}

/** A search word for a literal value: `who:"a b"`. What the grammar cannot express, a quote or a wildcard, becomes `*`. */
export function searchWord(key: string, value: string): string {
  const text = value.replaceAll('"', '*').slice(0, 200);
  return /[\s"]|^-/.test(text) ? `${key}:"${text}"` : `${key}:${text}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
