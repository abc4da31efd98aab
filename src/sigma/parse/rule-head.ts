/** Reads what rules, correlations and filters say about themselves: title, level, tags, and how a finding is described. */
import type { YAMLMap } from 'yaml';
import {
  type CoveredPack,
  coveredPacks,
  type RuleHead,
  type RuleMode,
  ruleLevels,
  ruleModes,
  ruleStatuses,
  type Template,
} from '../ast.ts';
import { didYouMean, nearest, quote } from '../rule-problem.ts';
import { checkField, type FieldNames } from './field-names.ts';
import { readChoice, readMap, readText, readTexts } from './read-entry.ts';
import { dataOf, type Entry, entriesOf, isNull, offsetOf, offsetWithin, type RuleFile, startOf } from './rule-file.ts';
import { parseTemplate } from './template.ts';

/** What one kind of document has besides its head. */
export interface DocumentKind {
  noun: string;
  /** Keys without which it means nothing, apart from `title`. */
  owes: readonly string[];
  /** Keys that it may have below `tripline`. */
  tripline: readonly string[];
}

/** The members of a document by their keys. */
export type Members = ReadonlyMap<string, Entry>;

export function membersOf(root: YAMLMap): Members {
  return new Map(entriesOf(root).map((entry) => [entry.key, entry]));
}

const headKeys: readonly string[] = [
  ...['title', 'id', 'name', 'related', 'taxonomy', 'status', 'description', 'license', 'author', 'references'],
  ...['date', 'modified', 'fields', 'falsepositives', 'level', 'tags', 'scope', 'sigma-version', 'tripline'],
];

/** The head of a document. If something wrong with it has been reported, it stands for one that cannot be used.
 * @param defaultName of a document that does not name itself
 * @param fieldNames if undefined, any field name is accepted */
export function readHead(
  file: RuleFile,
  root: YAMLMap,
  kind: DocumentKind,
  { defaultName, fieldNames }: { defaultName: string; fieldNames: FieldNames | undefined },
): RuleHead {
  const members = membersOf(root);
  const known = [...headKeys, ...kind.owes];
  checkKeys(file, root, members, kind, known);
  const title = readText(file, members.get('title'), { maxLength: 256 }) ?? defaultName;
  const name = readText(file, members.get('name'), { maxLength: 100 }) ?? defaultName;
  const id = readText(file, members.get('id'), { pattern: uuid, example: 'a UUID' });
  const description = readText(file, members.get('description'), {}) ?? '';
  const level = readChoice(file, members.get('level'), ruleLevels) ?? 'medium';
  const status = readChoice(file, members.get('status'), ruleStatuses);
  // A template's keys may be present without a value.
  const filled = (key: string) => [members.get(key)].find((entry) => entry !== undefined && !isNull(entry.value));
  const ruleTags = readTexts(file, filled('tags'), { pattern: ruleTag, example: 'a tag such as attack.t1611' });
  const references = readTexts(file, filled('references'), {});
  const falsepositives = readTexts(file, filled('falsepositives'), {});
  const extras = readTripline(file, members.get('tripline'), kind, fieldNames);
  const custom = [...members.values()].filter(({ key }) => !known.includes(key));
  return {
    path: file.path,
    ...(id !== undefined && { id }),
    name,
    title,
    description,
    level,
    ...(status !== undefined && { status }),
    ruleTags,
    references,
    falsepositives,
    ...extras,
    summary: extras.summary ?? [title],
    // fromEntries defines own members, whatever their names.
    custom: Object.fromEntries(custom.map((entry) => [entry.key, dataOf(entry)])),
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ruleTag = /^[a-z0-9_-]+\.[a-z0-9._-]+$/i;

/** Reports required keys that are missing, and keys that look like typing errors; other keys are the author's own. */
function checkKeys(
  file: RuleFile,
  root: YAMLMap,
  members: Members,
  { noun, owes }: DocumentKind,
  known: readonly string[],
): void {
  for (const key of ['title', ...owes]) {
    if (members.has(key)) continue;
    if (file.isTemplateLost) file.spoil();
    else file.report(offsetOf(root), `the ${noun} has no ${quote(key)}`, `add ${key}:`);
  }
  for (const { key, keyNode } of members.values()) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    if (meant === undefined || members.has(meant)) continue;
    file.report(offsetOf(keyNode), `unknown key ${quote(key)}`, `did you mean ${quote(meant)}?`);
  }
}

interface Extras {
  summary?: Template;
  context: string[];
  mode: RuleMode;
  covers: RuleHead['covers'];
}

/** What Sigma has no key for. Other tools ignore this one. */
function readTripline(
  file: RuleFile,
  entry: Entry | undefined,
  { tripline: allowed }: DocumentKind,
  fieldNames: FieldNames | undefined,
): Extras {
  const extras: Extras = { context: [], mode: 'live', covers: {} };
  for (const member of readMap(file, entry) ?? []) {
    if (!allowed.includes(member.key)) {
      const otherwise = allowed.length === 0 ? 'drop it' : `use ${allowed.join(', ')}`;
      const hint = didYouMean(member.key, allowed, otherwise);
      file.report(offsetOf(member.keyNode), `unknown key ${quote(member.key)} below tripline`, hint);
      continue;
    }
    switch (member.key) {
      case 'summary': {
        const summary = readSummary(file, member, fieldNames);
        if (summary !== undefined) extras.summary = summary;
        break;
      }
      case 'context':
        extras.context = readTexts(file, member, { maxLength: 256, example: 'the names of fields' });
        for (const field of extras.context) checkField(file, startOf(member), field, fieldNames);
        break;
      case 'mode':
        extras.mode = readChoice(file, member, ruleModes) ?? 'live';
        break;
      case 'covers':
        extras.covers = readCovers(file, member);
        break;
    }
  }
  return extras;
}

function readCovers(file: RuleFile, entry: Entry): RuleHead['covers'] {
  const covers: Partial<Record<CoveredPack, string[]>> = {};
  for (const member of readMap(file, entry) ?? []) {
    const pack = coveredPacks.find((candidate) => candidate === member.key);
    if (pack === undefined) {
      const hint = didYouMean(member.key, coveredPacks, `use ${coveredPacks.join(', ')}`);
      file.report(offsetOf(member.keyNode), `there is no pack ${quote(member.key)}`, hint);
    } else {
      covers[pack] = readTexts(file, member, { maxLength: 256, example: 'names of detections' });
    }
  }
  return covers;
}

function readSummary(file: RuleFile, entry: Entry, fieldNames: FieldNames | undefined): Template | undefined {
  const text = readText(file, entry, { maxLength: 1000 });
  if (text === undefined) return undefined;
  const template = parseTemplate(text);
  if ('message' in template) {
    const at = offsetWithin(file, entry.value!, text, template.at);
    file.report(at, template.message, 'name a field in braces: {username}');
    return undefined;
  }
  for (const part of template) {
    if (typeof part === 'string') continue;
    const index = Math.max(0, text.indexOf(`{${part.field}}`) + 1);
    checkField(file, offsetWithin(file, entry.value!, text, index), part.field, fieldNames);
  }
  return template;
}
