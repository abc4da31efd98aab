/** What an exception can be about: fields of the event, how a filter tests them, and which of them an attacker can choose. */
import type { FieldLookup } from '../../sigma/index.ts';

export interface TunableField {
  /** The name by which people choose it, the same as in the taxonomy. */
  field: string;
  /** The key in the filter. For a list, every member must be one of the values: a list with a further member, which the sender
   * of the request could add, is not excepted. */
  key: string;
  /** Whether `key` stands for members of a list, which requires Sigma 3. */
  isList?: true;
  /** Why it says little about who sent the request; absent if the cluster alone decides it. */
  weak?: string;
}

const ofWriter = 'whoever writes the object chooses it';

/** In the order of a proposal: who, where, what. */
export const tunableFields: readonly TunableField[] = [
  { field: 'username', key: 'username|cased' },
  { field: 'impersonatedUser', key: 'impersonatedUser|cased' },
  { field: 'cluster', key: 'cluster|cased' },
  { field: 'namespace', key: 'namespace|cased' },
  { field: 'verb', key: 'verb|cased' },
  { field: 'resource', key: 'resource|cased' },
  { field: 'subresource', key: 'subresource|cased' },
  {
    field: 'sourceIPs',
    key: 'sourceIPs[all]|cased',
    isList: true,
    weak: 'the client can forge all addresses but the last, and others may share that one',
  },
  { field: 'name', key: 'name|cased', weak: ofWriter },
  { field: 'workload', key: 'workload|cased', weak: `${ofWriter}: owners and labels can be forged` },
  { field: 'serviceAccountName', key: 'serviceAccountName|cased', weak: ofWriter },
  { field: 'images', key: 'containers[all].image|cased', isList: true, weak: ofWriter },
  { field: 'userAgent', key: 'userAgent|cased', weak: 'the client chooses it' },
];

/** Maximum number of values that an exception lists for a field. */
export const MAX_VALUES = 50;
/** Maximum characters of a value. */
export const MAX_LENGTH = 2_000;

/** The texts that an event has in a field; undefined if it has none, has more than an exception should list, or may have
 * others that are not known. */
export function valuesIn(field: string, lookup: FieldLookup): string[] | undefined {
  const { values, gap } = lookup(field);
  const texts = values.filter((value) => typeof value === 'string');
  const isUsable =
    gap === undefined && texts.length === values.length && texts.every((text) => text.length <= MAX_LENGTH);
  const unique = [...new Set(texts)];
  return isUsable && unique.length > 0 && unique.length <= MAX_VALUES ? unique : undefined;
}

/** The fields that a proposal begins with: who, where, and what it is done to.
 * @param known fields that have values in the event */
export function narrowByDefault(known: ReadonlySet<string>, isAnybody: boolean): string[] {
  const wanted = ['username', 'impersonatedUser', 'namespace', 'resource', ...(isAnybody ? ['sourceIPs'] : [])];
  return wanted.filter((field) => known.has(field));
}
