/** Bodies on which mistakes of a fast path have to show, with the results of the separate steps for them. */
import { randomFrom } from '../fuzz/fuzz.ts';
import { layouts, mediaTypes } from './bodies.ts';
import { entryBody, oddEntryBody } from './entries.ts';
import { type Change, productWith } from './mutants.ts';
import { oddBody } from './odd-records.ts';
import { outlinedBody } from './outlined.ts';
import { outlinedRules } from './outlined-rules.ts';
import { type Answer, checkSame, open, plain, type Settings, wayOf } from './paths.ts';

const settings: Settings = {
  clearEventFields: ['username', 'userAgent', 'namespace', 'sourceIPs', 'responseStatus', 'impersonatedUser'],
};
const RECORDS = 60;

interface Sent {
  bytes: Buffer;
  mediaType: string;
  /** Which rules are live at that point. */
  rules: number;
  answer: Answer;
}

/** Records that need no parsing, and some that only just do.
 * @param bodies of events; a quarter as many are of entries of Cloud Audit Logs, and come after the others */
export async function sendBodies(bodies: number): Promise<readonly Sent[]> {
  const random = randomFrom(7);
  const first = layouts.map((layout, index) => ({ layout, bytes: oddBody(layout, index), rules: 0 }));
  const odd = [...first, { layout: 'array', bytes: oddEntryBody('array'), rules: 0 }] as const;
  const others = Array.from({ length: bodies + bodies / 4 }, (_, index) => {
    const layout = index < bodies ? layouts[index % layouts.length]! : 'array';
    const make = index < bodies ? outlinedBody : entryBody;
    const rules = (index >> 2) % outlinedRules.length;
    return { layout, bytes: make(layout, random, RECORDS, index * RECORDS), rules };
  });
  let live = outlinedRules[0]!;
  const way = plain(() => live, settings);
  const sent: Sent[] = [];
  for (const { layout, bytes, rules } of [...odd, ...others]) {
    live = outlinedRules[rules]!;
    const mediaType = mediaTypes[layout];
    sent.push({ bytes, mediaType, rules, answer: await way(bytes, mediaType) });
  }
  return sent;
}

/** How the changed product differs; undefined if it does not. */
export async function differenceOf(changes: readonly Change[], sent: readonly Sent[]): Promise<string | undefined> {
  const { pipeline, decisions, eventKeys, outlines } = await productWith(changes);
  let live = outlinedRules[0]!;
  const parts = open(() => live, settings);
  const { options } = parts.outlining!;
  parts.outlining = {
    options: new outlines.OutlineOptions(eventKeys.eventKeys(parts.dateKey, parts.memberName), options.maxDepth),
    decisions: decisions.openDecisions(parts.normalize),
  };
  const way = wayOf(pipeline.processBatch, parts);
  for (const [index, { bytes, mediaType, rules, answer }] of sent.entries()) {
    live = outlinedRules[rules]!;
    try {
      checkSame(answer, await way(bytes, mediaType), `body ${index}`);
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}
