/** Suggested values for `match`, derived from the tags of the configuration itself. */
import { matchesTag } from '../fluent-bit-config/index.ts';
import { DEFAULT_PREFIX, type Flow, rewritten } from './flow.ts';
import type { Plugin } from './plugin.ts';

/** A pattern that matches the tags under which records of the audit log arrive, and none under which they return. */
export function sourcePattern({ inputs, filters, sources, returns, returnedTags, tagsOf }: Flow): string {
  const before = sources.length > 0 ? sources : inputs.filter((input) => !returns.includes(input));
  const isAudit = (input: Plugin) => /audit/i.test(`${tagsOf.get(input)} ${input.text('path', '')}`);
  const audit = before.filter(isAudit);
  const [tag = 'kube.audit'] = (audit.length > 0 ? audit : before).map((input) => tagsOf.get(input)!);
  const others = audit.length > 0 ? before.filter((input) => !isAudit(input)).map((input) => tagsOf.get(input)!) : [];
  const pattern = beginning(tag);
  return [...rewritten(returnedTags, filters), ...others].some((other) => matchesTag(pattern, other)) ? tag : pattern;
}

/** A pattern that matches the tags under which tagged records return. */
export function returnPattern({ returnedTags: [tag = DEFAULT_PREFIX] }: Flow): string {
  return beginning(tag);
}

/** For a tag with several parts, a pattern for all tags with the same first part. */
function beginning(tag: string): string {
  return tag.includes('.') ? `${tag.slice(0, tag.indexOf('.'))}.*` : tag;
}
