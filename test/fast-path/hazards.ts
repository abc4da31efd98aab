/** Texts of records for which both paths of a pipeline have to give the same result. */
import type { Tag } from '../../src/tag.ts';
import { join, mediaTypes } from './bodies.ts';
import { checkSame, fast, plain } from './paths.ts';
import { plainEvents } from './records.ts';
import { rulesets } from './rulesets.ts';

/** Runs texts of records through both paths of one pipeline in every JSON layout, twice, each with a neighbour that differs
 * slightly; returns the tags of the first run. */
export async function tagsOf(texts: readonly string[], ruleset = rulesets.bundled!): Promise<Tag[]> {
  let tags: Tag[] | undefined;
  for (const layout of ['lines', 'array', 'stream'] as const) {
    const [one, other] = [plain(() => ruleset), fast(() => ruleset)];
    for (const order of [texts, [...texts].reverse(), texts]) {
      const bytes = join(
        layout,
        order.map((text) => Buffer.from(text)),
      );
      const expected = await one(bytes, mediaTypes[layout]);
      checkSame(expected, await other(bytes, mediaTypes[layout]), layout);
      if ('refused' in expected) throw new Error(`refused: ${expected.refused}`);
      tags ??= expected.body
        .toString()
        .split('\n')
        .map((line) => JSON.parse(/"tripline":(\{.*\})\}$/.exec(line)?.[1] ?? 'null'));
    }
  }
  return tags!;
}

export const text = (name: keyof typeof plainEvents, replace: Record<string, string> = {}) =>
  Object.entries(replace).reduce((sum, [from, to]) => {
    if (!sum.includes(from)) throw new Error(`no ${from} in ${name}`);
    return sum.replace(from, () => to);
  }, JSON.stringify(plainEvents[name]));

/** One pipeline for all such texts: creating one takes longer than using it. */
const anything = [plain(() => rulesets.bundled!), fast(() => rulesets.bundled!)] as const;

/** A text that need not be a record: both paths give the same, alone and next to others. */
export async function tagsOfAnything(each: string): Promise<void> {
  for (const [layout, body] of [
    ['lines', each],
    ['array', `[${text('lease')},${each}]`],
    ['stream', each + text('lease')],
  ] as const) {
    const [one, other] = anything;
    const bytes = Buffer.from(body);
    checkSame(await one(bytes, mediaTypes[layout]), await other(bytes, mediaTypes[layout]), body);
  }
}
