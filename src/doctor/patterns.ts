/** What to write for a match, by the tags of the configuration itself. */
import { matchesTag } from '../fluent-bit-config/index.ts';
import { DEFAULT_PREFIX, type Flow } from './flow.ts';

/** A pattern of the tags under which records of the audit log come in, and of none under which they come back. */
export function sourcePattern({ inputs, sources, returns, returnedTags, tagsOf }: Flow): string {
  const before = sources.length > 0 ? sources : inputs.filter((input) => !returns.includes(input));
  const audit = before.find((input) => /audit/i.test(`${tagsOf.get(input)} ${input.text('path', '')}`)) ?? before[0];
  const tag = (audit && tagsOf.get(audit)) || 'kube.audit';
  const pattern = beginning(tag);
  const takesOthers = [...returnedTags, ...before.flatMap((input) => (input === audit ? [] : [tagsOf.get(input)!]))];
  return takesOthers.some((other) => matchesTag(pattern, other)) ? tag : pattern;
}

/** A pattern of the tags under which tagged records come back. */
export function returnPattern({ returnedTags: [tag = DEFAULT_PREFIX] }: Flow): string {
  return beginning(tag);
}

/** Of a tag with parts, those with the same first part. */
function beginning(tag: string): string {
  return tag.includes('.') ? `${tag.slice(0, tag.indexOf('.'))}.*` : tag;
}
