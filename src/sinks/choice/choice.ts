/** A sink that gets only some of the records. */
import { countRecords } from '../../batch/count.ts';
import { selected } from '../../batch/selected.ts';
import { tagOf } from '../../batch/tag-of.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import type { ContextOf, FindingContext } from '../../findings/context.ts';
import { type Emitted, emittedOf } from '../../findings/emitted.ts';
import { Problem } from '../../problem.ts';
import { type Level, levels } from '../../record.ts';
import type { Tag } from '../../tag.ts';
import type { Sink, SinkDependencies } from '../sink.ts';
import { matcherOf } from './pattern.ts';
import type { ChoiceSettings } from './settings.ts';

/** Gives a sink those records of each batch that are chosen. The others count as `not_chosen` once these are delivered, and a
 * batch without any is acknowledged at once, whatever state the sink is in. It has no `refusal`: before a batch is evaluated
 * nothing is chosen, and a sink for a few records must not hold up all of them. */
export function choice(
  sink: Sink,
  settings: ChoiceSettings,
  { onSettled, contextOf }: Pick<SinkDependencies, 'onSettled' | 'contextOf'>,
): Sink {
  const { name } = sink;
  const isChosen = chooser(settings, contextOf);
  return {
    name,
    copies: (sink.copies ?? 1) + 1,
    async deliver(batch) {
      const chosen = selected(batch, (index) => isChosen(batch, index));
      const left = countRecords(batch.records) - (chosen === undefined ? 0 : countRecords(chosen.records));
      const settle = () => {
        if (left > 0) onSettled(name, 'not_chosen', batch.fluentTag, left);
      };
      if (chosen === undefined) {
        settle();
        return { kind: 'acknowledged', records: 0 };
      }
      const refusal = sink.refusal?.(chosen.bytes.length);
      if (refusal !== undefined) throw new Problem('sink.unavailable', refusal);
      const result = await sink.deliver(chosen);
      settle();
      return result;
    },
    close: () => sink.close(),
  };
}

/** Decides whether a record is chosen, by its tag and the Fluent tag of its batch. */
function chooser({ verdicts, level, rules, new: isNewWanted, fluentTags }: ChoiceSettings, contextOf: ContextOf) {
  const isFluentTag = anyOf(fluentTags);
  const isRule = rules && anyOf(rules);
  return (batch: TaggedBatch, index: number): boolean => {
    const tag = tagOf(batch, index);
    if (tag === undefined || !isFluentTag(batch.fluentTag ?? '')) return false;
    if (verdicts !== undefined && !verdicts.includes(tag.verdict)) return false;
    if (level !== undefined && !isAtLeast(level, tag.routeLevel)) return false;
    if (isRule !== undefined && !namesRule(tag, isRule)) return false;
    return !isNewWanted || hasNew(batch, index, tag, contextOf);
  };
}

function isAtLeast(level: Level, found: Level | undefined): boolean {
  return found !== undefined && levels.indexOf(found) >= levels.indexOf(level);
}

/** Decides whether a sink asks for a finding or report, on a record that it gets. */
export function findingChooser({ level, rules, new: isNewWanted }: ChoiceSettings) {
  const isRule = anyOf(rules);
  return ({ finding }: Emitted, context: FindingContext): boolean => {
    if (level !== undefined && !isAtLeast(level, finding.level)) return false;
    return isRule(finding.rule) && (!isNewWanted || isNew(context));
  };
}

/** Findings that are omitted from the tag may be new. */
function hasNew(batch: TaggedBatch, index: number, tag: Tag, contextOf: ContextOf): boolean {
  const live = emittedOf(batch, index, () => []).filter(({ mode }) => mode === 'live');
  return live.some((emitted) => isNew(contextOf(emitted))) || areOmitted(tag);
}

/** What is no longer known counts as new: otherwise a sink that asks for new findings would miss it. */
function isNew({ novelty }: FindingContext): boolean {
  return novelty === undefined || novelty.times === 0;
}

/** Without patterns, any name matches. */
function anyOf(patterns: readonly string[] = ['*']): (name: string) => boolean {
  const matchers = patterns.map(matcherOf);
  return (name) => matchers.some((isMatch) => isMatch(name));
}

/** Findings omitted from a tag may be of any rule, so the tag is not kept from sinks that ask for one. */
function namesRule(tag: Tag, isRule: (name: string) => boolean): boolean {
  const { rules = [], reports = [] } = tag;
  return rules.some(isRule) || reports.some(({ rule }) => isRule(rule)) || areOmitted(tag);
}

function areOmitted({ routeLevel, omitted }: Tag): boolean {
  return omitted !== undefined && routeLevel !== undefined;
}
