/** What to do with the correlations of a rule set: which hits count for which, what each remembers under which name, and
 * what is not emitted. */
import type { Correlated } from '../detect.ts';
import { isMap } from '../json/map.ts';
import type { CompiledCorrelation } from '../sigma/index.ts';
import type { Space } from '../state/store.ts';
import { fieldsIn } from './emitted.ts';
import { LATENESS } from './lateness.ts';
import { stableHash } from './values.ts';
import { type WindowPlan, windowPlanOf } from './window-plan.ts';

/** Microseconds, the unit of event times. */
export const SECOND = 1_000_000;
const MONTH = 30 * 86_400 * SECOND;

/** A correlation, and where it keeps its state in the store. */
export interface Planned {
  compiled: CompiledCorrelation;
  /** Its index among all. */
  number: number;
  space: Space;
  /** For a correlation that is judged at the end: `Due`, under a key for each cluster. */
  due: Space;
  /** For new_terms: since when terms are learnt, under a key for each cluster. */
  since: Space;
  window: WindowPlan;
  /** The fields that are shown of an event. */
  shown: readonly string[];
  /** Whether its windows produce findings; if not, they only count for other correlations. */
  isRaised: boolean;
}

/** A correlation that counts what a rule or another correlation finds. */
export interface Link {
  planned: Planned;
  /** The index of what is counted among the correlation's rules. */
  rule: number;
  groupFields: readonly string[];
  valueFields: readonly string[];
  /** Identifies the fields it groups by: correlations that group by the same have the same number. */
  grouping: number;
  /** Its index among those that group by the same number of fields: if their values are equal, so are the groups,
   * whatever the fields. */
  slot: number;
}

/** All correlations of a rule set. */
export interface Plan {
  /** By the name of a rule or a correlation, the correlations that it counts for, and as which of their rules. */
  links: ReadonlyMap<string, readonly Link[]>;
  bySpace: ReadonlyMap<string, Planned>;
  /** How many groupings there are. */
  groupings: number;
  /** Equal for plans that judge the same at the end of a window. */
  id: string;
  emittedAtClose: readonly Planned[];
  withheld: Correlated['withheld'];
  /** The result for a record in which nothing is found. */
  nothing: Correlated;
}

/** The name of the correlation that a space of the store belongs to. */
export function correlationOf(space: string): string {
  return space.replace(/@[^@]*$/, '');
}

/** The plan for the correlations of a rule set.
 * @param correlations ordered so that each follows those it refers to */
export function planOf(correlations: readonly CompiledCorrelation[]): Plan {
  const withheld = suppressedIn(correlations);
  const links = new Map<string, Link[]>();
  const groupings = new Map<string, number>();
  const slotted = new Map<number, Planned[]>();
  const bySpace = new Map<string, Planned>();
  for (const compiled of correlations) {
    const window = windowPlanOf(compiled);
    const spaces = spacesOf(compiled, window);
    const isRaised = !withheld.has(compiled.correlation.name);
    const shown = fieldsIn(compiled.correlation);
    const planned: Planned = { compiled, number: bySpace.size, window, shown, ...spaces, isRaised };
    bySpace.set(spaces.space.name, planned);
    for (const [rule, name] of compiled.rules.entries()) {
      const linked = links.get(name) ?? [];
      const groupFields = compiled.groupFields[rule]!;
      const fields = JSON.stringify(groupFields);
      const grouping = groupings.get(fields) ?? groupings.size;
      groupings.set(fields, grouping);
      const alike = slotted.get(groupFields.length) ?? [];
      slotted.set(groupFields.length, alike);
      if (!alike.includes(planned)) alike.push(planned);
      const slot = alike.indexOf(planned);
      linked.push({
        planned,
        rule,
        groupFields,
        valueFields: compiled.valueFields[rule]!,
        grouping,
        slot,
      });
      links.set(name, linked);
    }
  }
  const emittedAtClose = [...bySpace.values()].filter(({ window }) => window.emitsAtWindowClose);
  const id = stableHash(emittedAtClose.map(({ due }) => due.name));
  return {
    links,
    bySpace,
    groupings: groupings.size,
    id,
    emittedAtClose,
    withheld,
    nothing: { raised: [], reported: [], withheld },
  };
}

/** The rules and correlations that raise nothing themselves, each with the live correlations that emit it.
 * @param correlations ordered so that each follows those it refers to */
function suppressedIn(correlations: readonly CompiledCorrelation[]): Plan['withheld'] {
  // A correlation in shadow changes no verdict, so it withholds only what exists for it alone.
  const names = new Set(
    correlations.flatMap(({ correlation: { generate, mode }, rules, beside }) =>
      generate ? [] : rules.filter((name) => mode === 'live' || beside.has(name)),
    ),
  );
  const withheld = new Map<string, Set<string>>();
  for (const { correlation, rules } of correlations.toReversed()) {
    const own = correlation.mode === 'live' ? [correlation.name] : [];
    const tellers = withheld.get(correlation.name) ?? own;
    for (const name of rules.filter((name) => names.has(name))) {
      const known = withheld.get(name) ?? new Set();
      for (const teller of tellers) known.add(teller);
      withheld.set(name, known);
    }
  }
  return new Map([...withheld].map(([name, tellers]) => [name, [...tellers]]));
}

function isGroupState(value: unknown): boolean {
  if (!isMap(value) || !isMap(value.group)) return false;
  const { events, closedWindows, newest } = value.group;
  return Array.isArray(events) && Array.isArray(closedWindows) && Number.isFinite(newest);
}

/** A correlation that is changed begins anew, in a space of another name; if only its head is changed, it continues. */
function spacesOf(
  compiled: CompiledCorrelation,
  { emitsAtWindowClose }: WindowPlan,
): Pick<Planned, 'space' | 'due' | 'since'> {
  const { correlation, rules, groupFields, valueFields, dnf } = compiled;
  const { name, timespan, test } = correlation;
  const body = stableHash([timespan, test, rules, groupFields, valueFields, dnf].map((part) => JSON.stringify(part)));
  const span = timespan * SECOND;

  // Windows that are judged at the end are forgotten then; those of a rule that is gone, after some time.
  const lifetime = emitsAtWindowClose ? 2 * span + MONTH : span + LATENESS;
  const own = `${name}@${body}`;
  return {
    space: { name: own, lifetime, isOwn: test.type === 'new_terms' ? Number.isFinite : isGroupState },
    due: { name: `${own}/due`, lifetime, isOwn: Array.isArray },
    since: { name: `${own}/since`, lifetime: null, isOwn: Number.isFinite },
  };
}
