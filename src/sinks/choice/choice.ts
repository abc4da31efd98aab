/** A sink that gets some of the records alone. */
import { countRecords } from '../../batch/count.ts';
import { selected } from '../../batch/selected.ts';
import { tagOf } from '../../batch/tag-of.ts';
import { Problem } from '../../problem.ts';
import { type Finding, type Level, levels } from '../../record.ts';
import type { Tag } from '../../tag.ts';
import type { Sink, SinkDependencies } from '../sink.ts';
import { matcherOf } from './pattern.ts';
import type { ChoiceSettings } from './settings.ts';

/** Gives a sink those records of each batch that are chosen. The others count as `not_chosen` once these are delivered, and a
 * batch without any is acknowledged at once, whatever state the sink is in. It cannot say before a batch is evaluated that it would
 * be refused: until then nothing is chosen, and a sink for a few must not hold up all. */
export function choice(sink: Sink, settings: ChoiceSettings, { onSettled }: Pick<SinkDependencies, 'onSettled'>): Sink {
  const { name } = sink;
  const isChosen = chooser(settings);
  return {
    name,
    copies: (sink.copies ?? 1) + 1,
    async deliver(batch) {
      const chosen = selected(batch, (index) => isChosen(tagOf(batch, index), batch.fluentTag));
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

/** Tells whether a record is chosen, by its tag and the Fluent tag of its batch. */
function chooser({ verdicts, level, rules, fluentTags }: ChoiceSettings) {
  const isFluentTag = anyOf(fluentTags);
  const isRule = rules && anyOf(rules);
  return (tag: Tag | undefined, fluentTag: string | undefined): boolean => {
    if (tag === undefined || !isFluentTag(fluentTag ?? '')) return false;
    if (verdicts !== undefined && !verdicts.includes(tag.verdict)) return false;
    if (level !== undefined && !isAtLeast(level, tag.routeLevel)) return false;
    return isRule === undefined || namesRule(tag, isRule);
  };
}

function isAtLeast(level: Level, found: Level | undefined): boolean {
  return found !== undefined && levels.indexOf(found) >= levels.indexOf(level);
}

/** Tells whether a finding or report is one that a sink asks for, on a record that it gets. */
export function findingChooser({ level, rules }: ChoiceSettings): (found: Pick<Finding, 'level' | 'rule'>) => boolean {
  const isRule = anyOf(rules);
  return (found) => (level === undefined || isAtLeast(level, found.level)) && isRule(found.rule);
}

/** Without patterns it is any name. */
function anyOf(patterns: readonly string[] = ['*']): (name: string) => boolean {
  const matchers = patterns.map(matcherOf);
  return (name) => matchers.some((isMatch) => isMatch(name));
}

/** A tag with reports that are left out may be of any rule, and is not kept from whoever asks for one. */
function namesRule({ rules = [], reports = [], routeLevel, omitted }: Tag, isRule: (name: string) => boolean): boolean {
  if (rules.some(isRule) || reports.some(({ rule }) => isRule(rule))) return true;
  return omitted !== undefined && routeLevel !== undefined;
}
