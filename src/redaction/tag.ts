/** Masks in a tag what was masked in its record, and what is a credential by itself. */
import type { FieldValues } from '../record.ts';
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
  ...['outcome', 'ruleset', 'trace', 'field', 'exception', 'type', 'code', 'redacted'],
]);

/** The tag with what was masked as `redacted`; the tag itself where nothing is to be masked in it.
 * @param clean masks in a text what is to be masked by the text alone */
export function redactedTag(tag: Tag, policy: Policy, masked: Masked, clean: (text: string) => string): Tag {
  const shown = withoutFields(tag, policy, masked);
  let isChanged = shown !== tag || masked.isAny;
  const texts = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const text = masked.without(clean(value));
      if (text !== value) isChanged = true;
      return text;
    }
    if (Array.isArray(value)) return value.map(texts);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, OWN.has(key) ? one : texts(one)]));
  };
  const redacted = texts(shown) as Tag;
  if (!isChanged) return tag;
  return masked.isAny ? { ...redacted, redacted: masked.paths } : redacted;
}

/** A tag of which no text is left but its own. */
export function maskedTag(tag: Tag): Tag {
  const texts = (value: unknown): unknown => {
    if (typeof value === 'string') return MARKER;
    if (Array.isArray(value)) return value.map(texts);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, OWN.has(key) ? one : texts(one)]));
  };
  return { ...(texts(tag) as Tag), redacted: [''] };
}

/** What a correlation shows is of other records, whose texts are not known here: it goes by the names of fields. */
function withoutFields(tag: Tag, policy: Policy, masked: Masked): Tag {
  const { findings, reports, shadow, shadowReports } = tag;
  const lists = { findings, reports, shadow, shadowReports };
  if (!Object.values(lists).some((list) => list?.some(({ correlation }) => correlation !== undefined))) return tag;
  const values = (fields: FieldValues[]) => fields.map((one) => withoutValues(one, policy, masked));
  const found = <T extends NonNullable<typeof findings>[number] | NonNullable<typeof reports>[number]>(one: T): T => {
    const { correlation, context } = one;
    if (correlation === undefined) return one;
    return {
      ...one,
      // It can name any field.
      ...(policy.paths.length > 0 && { summary: MARKER }),
      ...('matched' in one && { matched: values(one.matched) }),
      context: values(context),
      correlation: { ...correlation, group: values(correlation.group) },
    };
  };
  return {
    ...tag,
    ...(findings && { findings: findings.map(found) }),
    ...(reports && { reports: reports.map(found) }),
    ...(shadow && { shadow: shadow.map(found) }),
    ...(shadowReports && { shadowReports: shadowReports.map(found) }),
  };
}

function withoutValues(one: FieldValues, { secrets, paths }: Policy, masked: Masked): FieldValues {
  const { field, values } = one;
  if (values.length === 0) return one;
  const name = letters(UNIFIED[field] ?? field);
  const isOfBody = /^(?:request|response)object/.test(name);
  const isNamed = paths.some((path) => name.startsWith(path) || path.startsWith(name));
  const isOfNamedBody = !KNOWN.has(name) && paths.some((path) => /^(?:request|response)object/.test(path));
  if (!(isNamed || isOfNamedBody || (secrets && isOfBody))) return one;
  for (const value of values) masked.addText(value);
  return { field, values: values.map(() => MARKER) };
}

/** Fields that no body has a say in. */
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
