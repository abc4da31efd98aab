/** Where what is found in an event counts: in which group of which correlation, and with which values. For events that
 * have something in common, what depends on nothing else is looked up once for all. */
import type { Hit } from '../detect.ts';
import type { CompiledRule, SharedAnswers } from '../sigma/index.ts';
import { type Current, groupBy, lookupIn } from './current-event.ts';
import type { GroupOf, Known } from './known-keys.ts';
import type { Link, Plan } from './plan.ts';
import { type Tuple, tuplesOf } from './values.ts';

export interface Target {
  readonly link: Link;
  /** Null if a value is missing, as such an event is in no group. Undefined, like the next three, if it has to be found
   * for each event. */
  readonly group: GroupOf | null | undefined;
  /** The values. */
  readonly tuples: readonly Tuple[] | undefined;
  /** Keys of the values, if these are counted. */
  readonly keys: readonly string[] | undefined;
  /** The values as terms of the group. */
  readonly terms: readonly Known[] | undefined;
}

/** The targets of the hits of some rules. */
interface OfRules {
  /** Not the hits, which retain what was read of their event. */
  readonly rules: readonly CompiledRule[];
  readonly targets: readonly Target[];
}

/** Lists of hits that are remembered for events that share their answers: bodies can be made to match rules in any
 * combination. */
export const MOST_LISTS = 8;

/** For events that share their answers: the targets of the last one, and of others that have other hits. */
class CommonTargets {
  readonly owner: Targets;
  #last: OfRules;
  #all: OfRules[];

  constructor(owner: Targets, first: OfRules) {
    this.owner = owner;
    this.#last = first;
    this.#all = [first];
  }

  add(one: OfRules): void {
    this.#last = one;
    if (this.#all.length === MOST_LISTS) this.#all = [];
    this.#all.push(one);
  }

  of(hits: readonly Hit[]): readonly Target[] | undefined {
    if (areOf(this.#last.rules, hits)) return this.#last.targets;
    for (const one of this.#all) if (areOf(one.rules, hits)) return (this.#last = one).targets;
    return undefined;
  }
}

/** The targets of one plan, with the keys that go with it. */
export class Targets {
  readonly #links: Plan['links'];
  /** By links, if events have nothing in common. */
  readonly #open = new Map<readonly Link[], readonly Target[]>();

  constructor({ links }: Plan) {
    this.#links = links;
  }

  /** The targets of the only event of a record, if they are known.
   * @param shared what it has in common with others */
  known(shared: SharedAnswers, hits: readonly Hit[]): readonly Target[] | undefined {
    const { notes } = shared;
    return notes instanceof CommonTargets && notes.owner === this ? notes.of(hits) : undefined;
  }

  /** The targets of some hits of the current event, from the one at `begin` to before the one at `end`. */
  of(hits: readonly Hit[], begin: number, end: number, current: Current): readonly Target[] {
    const { shared } = current;
    const found: Target[] = [];
    for (let hit = begin; hit < end; hit++) {
      const links = this.#links.get(hits[hit]!.rule.rule.name) ?? [];
      found.push(...(shared === undefined ? this.#ofLinks(links) : links.map((link) => commonTarget(link, current))));
    }
    if (shared !== undefined) this.#note(shared, { rules: hits.map(({ rule }) => rule), targets: found });
    return found;
  }

  /** The targets of what a correlation has found. */
  ofCorrelation(name: string): readonly Target[] {
    return this.#ofLinks(this.#links.get(name) ?? []);
  }

  #ofLinks(links: readonly Link[]): readonly Target[] {
    let targets = this.#open.get(links);
    if (targets === undefined) this.#open.set(links, (targets = links.map(openTarget)));
    return targets;
  }

  #note(shared: SharedAnswers, one: OfRules): void {
    const { notes } = shared;
    if (notes instanceof CommonTargets && notes.owner === this) notes.add(one);
    else shared.notes = new CommonTargets(this, one);
  }
}

function areOf(rules: readonly CompiledRule[], hits: readonly Hit[]): boolean {
  if (rules.length !== hits.length) return false;
  for (let hit = 0; hit < hits.length; hit++) if (rules[hit] !== hits[hit]!.rule) return false;
  return true;
}

function openTarget(link: Link): Target {
  return { link, group: undefined, tuples: undefined, keys: undefined, terms: undefined };
}

function commonTarget(link: Link, current: Current): Target {
  const { groupFields, valueFields } = link;
  const { type } = link.planned.window.test;
  const lookup = lookupIn(current);
  const shared = current.shared!;
  const group = areCommon(groupFields, shared) ? groupBy(current, groupFields, lookup) : undefined;
  const tuples = areCommon(valueFields, shared) ? tuplesOf(lookup, valueFields) : undefined;
  const keys = type === 'value_count' && tuples?.length ? current.keys.of(tuples) : undefined;
  const terms =
    type === 'new_terms' && group && tuples ? tuples.map((tuple) => current.keys.termIn(group, tuple)) : undefined;
  return { link, group, tuples, keys, terms };
}

function areCommon(fields: readonly string[], shared: SharedAnswers): boolean {
  for (const field of fields) if (shared.found(field) === undefined) return false;
  return true;
}
