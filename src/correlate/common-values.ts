/** Remembers the groups and counted values of events that have something in common, where these depend on nothing else. */
import type { FieldLookup, SharedAnswers } from '../sigma/index.ts';
import { type Current, groupBy } from './current-event.ts';
import type { GroupOf } from './known-keys.ts';
import type { Link } from './plan.ts';
import { type Tuple, tuplesOf } from './values.ts';

/** Stands for what has to be found for each event. */
const OF_EACH = Symbol('of each');

/** Of events that have their answers in common, for one plan and the keys that go with it. */
class CommonValues {
  readonly owner: Commons;
  /** By the numbers of groupings. */
  readonly groups: (GroupOf | null | typeof OF_EACH | undefined)[] = [];
  /** By the numbers of links. */
  readonly tuples: (readonly Tuple[] | typeof OF_EACH | undefined)[] = [];

  constructor(owner: Commons) {
    this.owner = owner;
  }
}

export class Commons {
  /** The group that an event is in; null where a value is missing, as such an event is in none. */
  groupOf({ grouping, groupFields }: Link, current: Current, lookup: FieldLookup): GroupOf | null {
    const { shared } = lookup;
    if (shared === undefined) return groupBy(current, groupFields, lookup);
    const { groups } = this.#of(shared);
    const known = groups[grouping];
    if (known !== undefined && known !== OF_EACH) return known;
    const group = groupBy(current, groupFields, lookup);
    groups[grouping] ??= areCommon(groupFields, shared) ? group : OF_EACH;
    return group;
  }

  /** The tuples of values that an event has. */
  tuplesOf({ number, valueFields }: Link, lookup: FieldLookup): readonly Tuple[] {
    const { shared } = lookup;
    if (shared === undefined) return tuplesOf(lookup, valueFields);
    const { tuples } = this.#of(shared);
    const known = tuples[number];
    if (known !== undefined && known !== OF_EACH) return known;
    const found = tuplesOf(lookup, valueFields);
    tuples[number] ??= areCommon(valueFields, shared) ? found : OF_EACH;
    return found;
  }

  #of(shared: SharedAnswers): CommonValues {
    const { notes } = shared;
    if (notes instanceof CommonValues && notes.owner === this) return notes;
    const values = new CommonValues(this);
    shared.notes = values;
    return values;
  }
}

function areCommon(fields: readonly string[], shared: SharedAnswers): boolean {
  for (const field of fields) if (shared.found(field) === undefined) return false;
  return true;
}
