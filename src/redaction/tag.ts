/** Masks in a tag what was masked in its record, and what is a credential by itself. */
import type { FieldValues, Finding, Report } from '../record.ts';
import type { Tag } from '../tag.ts';
import type { Masked } from './masked.ts';
import { letters, UNIFIED } from './paths.ts';
import type { Policy } from './policy.ts';
import { MARKER } from './tree.ts';

/** Members whose texts are Tripline's own. */
const OWN = new Set([
  ...[
    'v',
    'verdict',
    'level',
    'routeLevel',
    'rules',
    'attack',
    'rule',
    'ruleId',
    'id',
    'title',
    'platform',
    'evidence',
  ],
  ...['outcome', 'ruleset', 'trace', 'field', 'exception', 'type', 'code', 'redacted', 'state'],
]);

/** Members whose texts cannot come from a body. */
const UNQUOTED = new Set([
  ...[
    'auditID',
    'time',
    'stage',
    'verb',
    'resource',
    'subresource',
    'namespace',
    'name',
    'username',
    'impersonatedUser',
  ],
  ...['sourceIPs', 'cluster', 'from', 'to', 'events', 'reason'],
]);

/** The tag with what was masked as `redacted`; the tag itself if nothing in it is to be masked.
 * @param clean masks what can be recognized from a text alone */
export function redactedTag(tag: Tag, policy: Policy, masked: Masked, clean: (text: string) => string): Tag {
  const shown = withoutFields(tag, policy, masked);
  let isChanged = shown !== tag || masked.isAny;
  const texts = (value: unknown, isQuoted: boolean): unknown => {
    if (typeof value === 'string') {
      const text = masked.without(clean(value), isQuoted);
      if (text !== value) isChanged = true;
      return text;
    }
    if (Array.isArray(value)) return value.map((one) => texts(one, isQuoted));
    if (typeof value !== 'object' || value === null) return value;
    if (isFieldValues(value)) return { ...value, values: texts(value.values, !KNOWN.has(fieldOf(value.field))) };
    const members = Object.entries(value).map(([key, one]) => [
      key,
      OWN.has(key) ? one : texts(one, !UNQUOTED.has(key)),
    ]);
    return Object.fromEntries(members);
  };
  const redacted = texts(shown, true) as Tag;
  if (!isChanged) return tag;
  return masked.isAny ? { ...redacted, redacted: masked.paths } : redacted;
}

function isFieldValues(value: object): value is FieldValues {
  return 'field' in value && 'values' in value;
}

function fieldOf(name: string): string {
  return letters(UNIFIED[name] ?? name);
}

/** A tag of which only Tripline's own texts are left. */
export function maskedTag(tag: Tag): Tag {
  const texts = (value: unknown): unknown => {
    if (typeof value === 'string') return MARKER;
    if (Array.isArray(value)) return value.map(texts);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, OWN.has(key) ? one : texts(one)]));
  };
  return { ...(texts(tag) as Tag), redacted: [''] };
}

/** Named paths apply to the names of fields too. What a correlation shows comes from other records, whose texts are not known
 * here. */
function withoutFields(tag: Tag, policy: Policy, masked: Masked): Tag {
  const event = withoutMembers(tag.event, policy, masked);
  const { findings, reports, shadow, shadowReports } = tag;
  const isCorrelated = [findings, reports, shadow, shadowReports].some((list) =>
    list?.some(({ correlation }) => correlation !== undefined),
  );
  if (event === tag.event && !isCorrelated) return tag;
  const found = <T extends Finding | Report>(one: T): T => withoutCorrelated(one, policy, masked);
  return {
    ...tag,
    ...(event && { event }),
    ...(findings && { findings: findings.map(found) }),
    ...(reports && { reports: reports.map(found) }),
    ...(shadow && { shadow: shadow.map(found) }),
    ...(shadowReports && { shadowReports: shadowReports.map(found) }),
  };
}

function withoutMembers(event: Tag['event'], { paths }: Policy, masked: Masked): Tag['event'] {
  if (event === undefined || paths.length === 0) return event;
  const named = Object.entries(event).filter(([name, value]) => value !== null && isNamed(fieldOf(name), paths));
  if (named.length === 0) return event;
  const without = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(without);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, without(one)]));
    }
    if (typeof value !== 'string' || value === '') return value;
    masked.addText(value);
    return MARKER;
  };
  return { ...event, ...Object.fromEntries(named.map(([name, value]) => [name, without(value)])) };
}

function withoutCorrelated<T extends Finding | Report>(one: T, policy: Policy, masked: Masked): T {
  const { correlation, context, workload } = one;
  if (correlation === undefined) return one;
  const values = (fields: FieldValues[]) => fields.map((field) => withoutValues(field, policy, masked));
  return {
    ...one,
    // Both can show any field.
    ...(policy.paths.length > 0 && { summary: MARKER, ...(workload !== undefined && { workload: MARKER }) }),
    ...('matched' in one && { matched: values(one.matched) }),
    context: values(context),
    correlation: { ...correlation, group: values(correlation.group) },
  };
}

function withoutValues(one: FieldValues, { secrets, paths }: Policy, masked: Masked): FieldValues {
  const { field, values } = one;
  const name = fieldOf(field);
  const isOfNamedBody = !KNOWN.has(name) && paths.some((path) => BODY.test(path));
  if (!(isNamed(name, paths) || isOfNamedBody || (secrets && BODY.test(name)))) return one;
  for (const value of values) masked.addText(value);
  return { field, values: values.map(() => MARKER) };
}

const BODY = /^(?:request|response)object/;

/** Whether a path leads to a field, into it, or to something that holds it. */
function isNamed(field: string, paths: readonly string[]): boolean {
  return paths.some((path) => field.startsWith(path) || path.startsWith(field));
}

/** Fields whose values cannot come from a body. */
const KNOWN = new Set(
  [
    ...Object.values(UNIFIED),
    ...[
      'verb',
      'action',
      'outcome',
      'user.extra',
      'sourceIPs',
      'userAgent',
      'requestURI',
      'impersonatedUser',
      'platform',
    ],
    ...['cluster', 'stage', 'auditID'],
  ].map(letters),
);
