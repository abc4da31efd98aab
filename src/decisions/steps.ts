/** What is left to do for a rule, by what is known about an event. */
import type { Step } from '../detect.ts';
import type { AuditEvent } from '../record.ts';
import {
  type CompiledRule,
  evaluate,
  type FieldLookup,
  type Found,
  matchOf,
  type Program,
  type RuleMatch,
} from '../sigma/index.ts';
import type { FieldsOf } from './classes.ts';
import { type Classed, type GuardedLookup, guardedLookup } from './guard.ts';
import { knownItems, type Reductions } from './reductions.ts';

/** What may be read of an event. */
export interface Known {
  covers(member: Classed, field: string): boolean;
  allows(member: Classed): boolean;
  /** Whether a field finds nothing, whatever the event holds. */
  isEmpty(field: string): boolean;
}

const absent: Found = { values: [] };

export class Steps {
  readonly #program: Program;
  readonly #byMembers: GuardedLookup;
  /** Without classed members. */
  readonly #byWords: GuardedLookup;

  readonly #reductions: Reductions;
  readonly #known: ReturnType<typeof knownItems>;

  constructor(
    program: Program,
    reductions: Reductions,
    event: AuditEvent,
    fieldsOf: FieldsOf,
    { covers, allows, isEmpty }: Known,
  ) {
    this.#program = program;
    const read = (view: AuditEvent): FieldLookup => {
      const lookup = fieldsOf(view);
      return (field) => (isEmpty(field) ? absent : lookup(field));
    };
    this.#byMembers = guardedLookup(event, read, covers, allows);
    this.#byWords = guardedLookup(event, fieldsOf, covers, () => false);
    this.#reductions = reductions;
    this.#known = knownItems(program, this.#byMembers, this.#byWords);
  }

  candidates(): readonly CompiledRule[] {
    return this.#program.candidatesIn(this.#byMembers.lookup);
  }

  /** Undefined for a rule that does not match. */
  of(rule: CompiledRule): Step | undefined {
    const guarded = this.#program.isOfItems(rule) ? this.#byMembers : this.#byWords;
    guarded.hasDeferred = false;
    const evaluation = evaluate(rule, guarded.lookup);
    if (!guarded.hasDeferred || (evaluation.truth === false && rule.decide(guarded.lookup) === false)) {
      if (evaluation.truth === false && evaluation.silencedBy === undefined) return undefined;
      const match = evaluation.truth === true ? sharedMatch(rule, guarded) : undefined;
      return { rule, evaluation, ...(match !== undefined && { match }) };
    }
    return { rule };
  }

  /** The step; if it is left open, without what is already known. */
  reduced(step: Step): Step {
    const { rule, evaluation } = step;
    return evaluation === undefined ? { rule, reduced: this.#reductions.of(rule, this.#known) } : step;
  }
}

/** The match of a rule on all events about which the same is known; undefined if it depends on more, or on what is within a
 * list. */
function sharedMatch(rule: CompiledRule, guarded: GuardedLookup): RuleMatch | undefined {
  guarded.hasDeferred = false;
  const match = matchOf(rule, guarded.lookup);
  return guarded.hasDeferred || match.predicates.some(({ member }) => member !== undefined) ? undefined : match;
}
