/** The cases beside a rule: the contents of a case file, and the answers of the rule, by the path that a record takes. */
import { ndjson } from '../codecs/ndjson.ts';
import { correlator } from '../correlate/index.ts';
import { type Detection, Ruleset } from '../detect.ts';
import { isMap, member } from '../json/map.ts';
import { nestsDeeper } from '../json/scan.ts';
import { parseNetworkOrAddress } from '../network.ts';
import { processBatch } from '../pipeline.ts';
import { type Level, levels } from '../record.ts';
import { didYouMean, quote } from '../sigma/index.ts';
import { memoryStore } from '../state/memory.ts';
import { openTagger } from '../tagger.ts';
import { isNetworks, knowing, type Networks } from './case-networks.ts';

export interface Case {
  name: string;
  /** Log records as they arrive, in order; most cases have one. */
  records: readonly unknown[];
  /** For a case that matches: the level that its finding must have. */
  level?: Level;
  /** The setting of that name; not set by default. */
  trustedProxies?: readonly string[];
  /** What databases know about networks and addresses; nothing if left out. */
  networks?: Networks;
}

/** Whether a rule finds something or nothing, or cannot be decided. */
export const answers = ['matches', 'ignores', 'undecided'] as const;
export type Answer = (typeof answers)[number];

/** A kind without cases has an empty list. */
export type Cases = Readonly<Record<Answer, readonly Case[]>>;

/** Values of lists for the cases of a file, by name: its author does not know those of an operator. */
export type ListValues = Readonly<Record<string, readonly string[]>>;

/** Nesting levels of a record, and of what surrounds it in the file. */
const MAX_DEPTH = 256 + 4;
/** More than a record received over the network may have. */
const limits = { maxDepth: MAX_DEPTH, maxRecords: Number.POSITIVE_INFINITY };

/** Where the cases of a rule file are. */
export function casesPathOf(rulePath: string): string {
  return rulePath.replace(/\.ya?ml$/, '.cases.json');
}

/** The cases of a file, or, if it has problems, a line for each of them, with path and case. */
export function parseCases(text: string, path: string): { cases?: Cases; lists?: ListValues; problems: string[] } {
  const bytes = Buffer.from(text);
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    return { problems: [`${path}: ${(error as Error).message}`] };
  }
  if (nestsDeeper(bytes, 0, bytes.length, MAX_DEPTH)) {
    return { problems: [`${path}: it nests deeper than ${MAX_DEPTH} levels, more than a record may`] };
  }
  if (!isMap(root)) return { problems: [`${path}: expected a map with ${answers.join(', ')}`] };

  const problems: string[] = [];
  const names = new Set<string>();
  const report = (place: string, message: string) => problems.push(`${path}: ${place}: ${message}`);
  const keys = ['$schema', 'lists', ...answers];
  for (const key of Object.keys(root)) {
    if (!keys.includes(key))
      report(quote(key), `is not one of ${keys.join(', ')}; ${didYouMean(key, keys, 'remove it')}`);
  }
  if (Object.hasOwn(root, '$schema') && typeof member(root, '$schema') !== 'string') {
    report('$schema', 'expected the path of a schema, for editors');
  }
  const lists = Object.hasOwn(root, 'lists') ? member(root, 'lists') : {};
  if (!isListValues(lists)) report('lists', 'expected values by the names of lists, { "allowed_users": ["ann"] }');
  const read = (answer: Answer): Case[] => {
    const list = Object.hasOwn(root, answer) ? member(root, answer) : [];
    if (!Array.isArray(list)) {
      report(answer, 'expected a list of cases, [{ "name": "…", "record": {…} }]');
      return [];
    }
    return list.flatMap((item: unknown, index) => {
      const name = member(item, 'name');
      const place = `${answer}[${index}]${typeof name === 'string' ? ` ${quote(name)}` : ''}`;
      return readCase(item, answer, (message) => report(place, message), names) ?? [];
    });
  };
  const cases = { matches: read('matches'), ignores: read('ignores'), undecided: read('undecided') };
  return problems.length > 0 || !isListValues(lists) ? { problems } : { cases, lists, problems };
}

function isListValues(value: unknown): value is ListValues {
  const isTexts = (list: unknown) => Array.isArray(list) && list.every((text) => typeof text === 'string');
  return isMap(value) && Object.values(value).every(isTexts);
}

function readCase(
  item: unknown,
  answer: Answer,
  report: (message: string) => void,
  names: Set<string>,
): Case | undefined {
  if (!isMap(item)) return void report('expected a case, { "name": "…", "record": {…} }');
  const keys = ['name', 'record', 'records', 'trustedProxies', 'networks', ...(answer === 'matches' ? ['level'] : [])];
  for (const key of Object.keys(item)) {
    if (!keys.includes(key)) report(`unknown key ${quote(key)}; ${didYouMean(key, keys, 'remove it')}`);
  }
  const name = member(item, 'name');
  if (typeof name !== 'string' || name.trim() === '') return void report('it has no name; add "name": "what it shows"');
  if (names.has(name)) report('another case has this name; give each its own name');
  names.add(name);
  const hasOne = Object.hasOwn(item, 'record');
  if (hasOne === Object.hasOwn(item, 'records')) {
    return void report('expected either "record", a log record, or "records", a list of them');
  }
  const records = hasOne ? [member(item, 'record')] : member(item, 'records');
  if (!Array.isArray(records) || records.length === 0) return void report('"records" has to be a list of log records');
  const level = member(item, 'level');
  if (level !== undefined && !isLevel(level)) return void report(`"level" has to be one of ${levels.join(', ')}`);
  const trustedProxies = member(item, 'trustedProxies');
  if (trustedProxies !== undefined && !areProxies(trustedProxies)) {
    return void report('"trustedProxies" has to be a list of addresses and networks, ["192.0.2.7", "10.0.0.0/8"]');
  }
  const networks = member(item, 'networks');
  if (networks !== undefined && !isNetworks(networks)) {
    return void report(
      '"networks" has to be a map, {"203.0.113.0/24": {"asn": 64500, "asOrganization": "…", "country": "DE"}}',
    );
  }
  return {
    name,
    records,
    ...(networks !== undefined && { networks }),
    ...(level !== undefined && { level }),
    ...(trustedProxies !== undefined && { trustedProxies }),
  };
}

function areProxies(value: unknown): value is string[] {
  if (!Array.isArray(value)) return false;
  return value.every((each) => {
    try {
      return typeof each === 'string' && parseNetworkOrAddress(each) !== undefined;
    } catch {
      return false;
    }
  });
}

function isLevel(value: unknown): value is Level {
  return levels.includes(value as Level);
}

/** Whether a case was answered as expected: the kind, and the level if the case gives one. */
export function isRight({ level }: Case, expected: Answer, { answer, levels }: Answered): boolean {
  return answer === expected && (level === undefined || levels.includes(level));
}

export interface Answered {
  /** Undefined if a record cannot be read at all, and nothing was found in the others. */
  answer: Answer | undefined;
  /** Levels of the findings and reports, in order. */
  levels: readonly Level[];
  /** One for each record. */
  detections: readonly Detection[];
}

/** Far in the future, so that no event is ahead of its receipt: cases carry their own time. Unix nanoseconds. */
const LAST = 2n ** 62n;

/** The answer of rules to the records of a case, as if these were the first records ever: `matches` if one of the rules has
 * a finding or a report on any of them.
 * @param names of the rules in question; the others of the set are there for correlations to refer to */
export async function answerTo(
  { records, trustedProxies, networks }: Case,
  names: ReadonlySet<string>,
  ruleset: Ruleset,
): Promise<Answered> {
  const { rules, correlations, hash } = ruleset;
  const asked = networks ? new Ruleset(rules, correlations, hash, knowing(networks)) : ruleset;
  const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const processed = await processBatch(
    { fluentTag: undefined, codec: ndjson, bytes, receivedUnixNano: LAST },
    {
      ruleset: () => asked,
      correlate: correlator(memoryStore()),
      sinks: [],
      memberName: 'tripline',
      dateKey: 'date',
      limits,
      normalize: { trustedProxies },
      tagger: openTagger({ clearEventFields: [] }),
    },
  );
  const detections = processed.detections.filter((detection) => detection !== undefined);
  const evaluated = detections.filter((detection) => 'findings' in detection);
  const isAsked = ({ rule }: { rule: string }) => names.has(rule);
  const found = evaluated.flatMap(({ findings, reports, shadow, shadowReports }) => {
    return [...findings, ...reports, ...shadow, ...shadowReports].filter(isAsked);
  });
  const answer =
    found.length > 0
      ? 'matches'
      : evaluated.some(({ undecided, problem }) => undecided.some(isAsked) || problem !== undefined)
        ? 'undecided'
        : detections.some(({ verdict }) => verdict === 'error')
          ? undefined
          : 'ignores';
  return { answer, levels: found.map(({ level }) => level), detections };
}
