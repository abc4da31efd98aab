/** Values that a rule leaves to whoever runs it: `%name%` under the modifier expand. */
import { didYouMean, quote } from './rule-problem.ts';

/** What each placeholder stands for: values as a rule would spell them, wildcards among them. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

const MAX_EXPANSIONS = 10_000;

/** The texts that one text stands for: one for each way of putting values in the place of its placeholders. `\%` is the
 * character. */
export function expandPlaceholders(
  text: string,
  placeholders: Placeholders,
): string[] | { message: string; hint: string } {
  // Every second part is the name of a placeholder.
  const parts = text.split(/(?<!\\)%(\w+)%/);
  let texts = [''];
  for (const [index, part] of parts.entries()) {
    const values = index % 2 === 0 ? [part.replaceAll('\\%', '%')] : placeholders.get(part);
    if (values === undefined || values.length === 0) {
      const hint = didYouMean(part, placeholders.keys(), 'give it values, or take the rule out');
      return { message: `the placeholder ${quote(part)} has no values`, hint };
    }
    if (texts.length * values.length > MAX_EXPANSIONS) {
      return {
        message: `the value stands for more than ${MAX_EXPANSIONS} others`,
        hint: 'use fewer placeholders in one',
      };
    }
    texts = texts.flatMap((before) => values.map((value) => before + value));
  }
  return texts;
}
