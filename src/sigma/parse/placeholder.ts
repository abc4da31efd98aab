/** Values that a rule leaves to whoever runs it: `%name%` under the modifier expand. */
import { didYouMean, quote } from '../rule-problem.ts';

/** What each placeholder stands for: values as a rule would spell them, including wildcards. One that stands for none makes
 * a value that nothing matches: a list that its operator has not filled yet is not a mistake. */
export type Placeholders = Pick<ReadonlyMap<string, readonly string[]>, 'get' | 'keys'>;

const MAX_EXPANSIONS = 10_000;

/** The texts that one text stands for: one for each way of replacing its placeholders with values. `\%` is the
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
    if (values === undefined) {
      const hint = didYouMean(part, placeholders.keys(), `write a list ${part.slice(0, 60)}.yml, or remove the rule`);
      return { message: `there is no list ${quote(part)}`, hint };
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
