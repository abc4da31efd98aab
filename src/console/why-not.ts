/** Why each rule matches or does not match a record. */
import { isAnswered } from '../audit/request.ts';
import { aboutOf } from '../authoring/explain-record.ts';
import { codecNamed } from '../codecs/index.ts';
import { type Detection, lookupOf, type Ruleset } from '../detect.ts';
import { type Parts, processBatch } from '../pipeline.ts';
import { Problem } from '../problem.ts';
import type { AuditEvent } from '../record.ts';
import { evaluate, explain, levelOf } from '../sigma/index.ts';
import { summarize } from '../tagger.ts';
import type { WhyNot, WhyNotRule } from './api.ts';
import { type Room, shownExplanation } from './explanations.ts';

/** Of a record with many events. */
const MOST_EVENTS = 10;
const MOST_NODES = 20_000;
/** Far in the future, so that no event is ahead of its receipt: records carry their own time. Unix nanoseconds. */
const LAST = 2n ** 62n;

/** For a record as text: JSON on one line or on several.
 * @throws Problem `console.query` if the text has no record in it */
export async function whyNotText(
  text: string,
  partsOf: (ruleset: Ruleset) => Parts,
  ruleset: Ruleset,
): Promise<WhyNot> {
  const batch = { fluentTag: undefined, codec: codecNamed('json')!, bytes: Buffer.from(text), receivedUnixNano: LAST };
  const { detections } = await processBatch(batch, partsOf(ruleset)).catch((error) => {
    if (!(error instanceof Problem)) throw error;
    throw new Problem('console.query', `there is no record in it: ${error.message}`);
  });
  const [detection] = detections.filter((one) => one !== undefined);
  const more =
    detections.length > 1 ? `the text holds ${detections.length} records, of which this is the first` : undefined;
  return whyNot(detection!, ruleset, more);
}

export function whyNot(detection: Detection, ruleset: Ruleset, problem?: string): WhyNot {
  const { verdict } = detection;
  if (!('events' in detection)) {
    const why = detection.verdict === 'error' ? detection.problem.message : problem;
    return { verdict, ...(why !== undefined && { problem: why }), events: [], rules: [] };
  }
  const { events } = detection;
  const asked = events.slice(0, MOST_EVENTS);
  const more = events.length > asked.length ? `it holds ${events.length} events; these are the first` : undefined;
  const why = detection.problem?.message ?? problem ?? more;
  const room = { nodes: MOST_NODES };
  return {
    verdict,
    ...(why !== undefined && { problem: why }),
    events: asked.map((event) => ({
      about: aboutOf(event),
      event: summarize(event),
      isAnswered: isAnswered(event.stage),
    })),
    rules: asked.flatMap((event, index) => answersTo(event, index, ruleset, room)),
  };
}

function answersTo(event: AuditEvent, index: number, ruleset: Ruleset, room: Room): WhyNotRule[] {
  // The response to the request is logged as an event of its own.
  if (!isAnswered(event.stage)) return [];
  const lookup = lookupOf(event, ruleset);
  return ruleset.rules.map((compiled): WhyNotRule => {
    const { name, title, level, mode } = compiled.rule;
    const explanation = explain(compiled, lookup);
    const { silencedBy } = evaluate(compiled, lookup);
    const answer = { true: 'matches', false: 'ignores', unknown: 'undecided' } as const;
    return {
      event: index,
      ...{ rule: name, title, mode: mode === 'shadow' ? 'shadow' : 'live' },
      level: explanation.truth === true ? levelOf(compiled, lookup) : level,
      answer: silencedBy === undefined ? answer[`${explanation.truth}`] : 'silenced',
      explanation: shownExplanation(explanation, room),
      ...(silencedBy !== undefined && { silencedBy }),
    };
  });
}
