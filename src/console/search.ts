/** Words that findings are searched by: `who:ann -ns:kube-* "a pod"`. No regular expressions; linear in word and text. */
import { Problem } from '../problem.ts';
import type { FindingRow } from './api.ts';

const LONGEST = 1000;
const MOST_WORDS = 32;

export type Test = (row: FindingRow) => boolean;

/** The texts that a word is looked for in. */
type Texts = (row: FindingRow) => readonly (string | null | undefined)[];

const ofEvent =
  (
    ...members: ('username' | 'impersonatedUser' | 'namespace' | 'name' | 'resource' | 'userAgent' | 'auditID')[]
  ): Texts =>
  ({ event }) =>
    members.map((member) => event?.[member]);

const keys: Readonly<Record<string, Texts>> = {
  who: ofEvent('username', 'impersonatedUser'),
  ns: ofEvent('namespace'),
  ip: ({ event }) => event?.sourceIPs ?? [],
  rule: ({ rule }) => [rule],
  obj: ofEvent('name', 'resource'),
  agent: ofEvent('userAgent'),
  workload: ({ workload }) => [workload],
  id: (row) => [row.id, row.event?.auditID],
};

const all: Texts = (row) => [
  ...[row.rule, row.title, row.summary, row.workload, row.cluster, row.id],
  ...(row.event?.sourceIPs ?? []),
  ...ofEvent('username', 'impersonatedUser', 'namespace', 'name', 'resource', 'userAgent', 'auditID')(row),
];

/** The test that the words express; all of them must hold.
 * @throws Problem `console.query` */
export function searchOf(query: string): Test {
  if (query.length > LONGEST) {
    throw new Problem('console.query', `q has ${query.length} characters, and may have ${LONGEST} at most`);
  }
  const tests = wordsOf(query).map(testOf);
  if (tests.length > MOST_WORDS) throw new Problem('console.query', `q has more than ${MOST_WORDS} words`);
  return (row) => tests.every((test) => test(row));
}

interface Word {
  isNot: boolean;
  key: string | undefined;
  text: string;
}

/** A word ends at a blank outside quotes; an unclosed quote extends to the end of the text. */
export function wordsOf(query: string): Word[] {
  const words: Word[] = [];
  for (const [, not, key, rest = ''] of query.matchAll(/(-?)(?:([a-z]+):)?((?:"[^"]*(?:"|$)|[^\s"])+|(?<=:))/g)) {
    const isKey = key !== undefined && Object.hasOwn(keys, key);
    const text = `${isKey || key === undefined ? '' : `${key}:`}${rest}`.replaceAll('"', '');
    if (text !== '') words.push({ isNot: not === '-', key: isKey ? key : undefined, text });
  }
  return words;
}

function testOf({ isNot, key, text }: Word): Test {
  const texts = key === undefined ? all : keys[key]!;
  const isIn = holds(text);
  return (row) => texts(row).some((one) => typeof one === 'string' && isIn(one)) !== isNot;
}

/** Whether a text contains the parts of the pattern in order, with anything between them, regardless of case. */
export function holds(pattern: string): (text: string) => boolean {
  const parts = pattern.toLowerCase().split('*');
  const isStartFixed = parts.length > 1 && parts[0] !== '';
  const isEndFixed = parts.length > 1 && parts.at(-1) !== '';
  return (text) => {
    const lower = text.toLowerCase();
    let at = 0;
    for (const [index, part] of parts.entries()) {
      if (index === 0 && isStartFixed) {
        if (!lower.startsWith(part)) return false;
        at = part.length;
      } else if (index === parts.length - 1 && isEndFixed) {
        return lower.length - part.length >= at && lower.endsWith(part);
      } else {
        const found = lower.indexOf(part, at);
        if (found === -1) return false;
        at = found + part.length;
      }
    }
    return true;
  };
}
