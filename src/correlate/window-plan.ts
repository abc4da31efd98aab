/** What the windows of a correlation ask for, computed once for all events. Times are in microseconds. */
import { type CompiledCorrelation, type Correlation, mostEventsOf } from '../sigma/index.ts';
import { type Repeats, repeatsOf } from './repeated-events.ts';

export interface WindowPlan {
  readonly test: Correlation['test'];
  readonly dnf: CompiledCorrelation['dnf'];
  readonly timespan: number;
  /** Whether more events could undo what holds, so that it is judged only at the end of a window. */
  readonly emitsAtWindowClose: boolean;
  /** Whether what holds in some events holds with more of them as well. */
  readonly growsWithEvents: boolean;
  /** By rule, whether a window can begin with its events: not if the rule is only forbidden. */
  readonly opens: readonly boolean[];
  /** The most events that are kept of a group. */
  readonly mostEvents: number;
  /** Which events say nothing new; undefined if each counts by itself. */
  readonly repeats: Repeats | undefined;
}

const SECOND = 1_000_000;

export function windowPlanOf({ correlation, rules, dnf }: CompiledCorrelation): WindowPlan {
  const { test, timespan } = correlation;
  const emitsAtWindowClose =
    'bounds' in test
      ? test.bounds.some(({ operator }) => operator !== 'gt' && operator !== 'gte')
      : dnf.some(({ forbidden }) => forbidden.length > 0);
  return {
    test,
    dnf,
    timespan: timespan * SECOND,
    emitsAtWindowClose,
    growsWithEvents: !emitsAtWindowClose && isCount(test.type),
    opens: rules.map((_, rule) => dnf.length === 0 || dnf.some(({ required }) => required.includes(rule))),
    mostEvents: mostEventsOf(test),
    repeats: repeatsOf(test, timespan * SECOND),
  };
}

function isCount(type: Correlation['test']['type']): boolean {
  switch (type) {
    case 'event_count':
    case 'value_count':
    case 'temporal':
    case 'temporal_ordered':
      return true;
    default:
      return false;
  }
}
