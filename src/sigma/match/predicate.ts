/** Functions of a field look-up that are true, false or unknown (Kleene), and how they are joined. */
import type { FieldItem } from '../ast.ts';
import type { FieldLookup, Found } from '../field.ts';

/** Why something could not be decided: the field that was missing, and why. */
export interface Gap {
  field: string;
  reason: string;
}

/** True, false, or unknown for want of a field. */
export type Decision = boolean | Gap;

/** @param observer is shown each part of the predicate with its decision */
export type Predicate = (lookup: FieldLookup, observer?: Observer) => Decision;

/** A part of a rule that has operands. */
export type Branch =
  | { kind: 'and' | 'or' | 'not' }
  | { kind: 'atLeast'; count: number }
  | { kind: 'selection'; name: string }
  /** Its operands are members of lists; the field is named with the blocks around it. */
  | { kind: 'block'; field: string };

/** A part of a rule that looks at the values of a field. */
export interface Leaf {
  readonly item: FieldItem;
  /** The field with the blocks around it; empty for the whole event. */
  readonly field: string;
  /** The same, for display. */
  readonly name: string;
  /** Whether it is about what surrounds a list, and so is the same for all members of the list. */
  readonly isSameForAll: boolean;
  /** The values that pass a test, each once, in the order of the tests and then of the values.
   * @param most how many are enough */
  passing(found: Found, lookup: FieldLookup, most?: number): unknown[];
  /** Where there may be more values for the item, if anywhere. */
  gapOf(found: Found, lookup: FieldLookup): Gap | undefined;
}

/** Follows an evaluation, part by part. */
export interface Observer {
  /** An operand of this truth that settles its branch ends it, as without an observer; if undefined, every operand of every
   * branch is evaluated. */
  readonly stopsAt: boolean | undefined;
  /** Called with a branch before its operands. Returns the observer of the operands; undefined if nobody observes them. */
  enter(branch: Branch): Observer | undefined;
  /** Called with the branch that was entered last and its decision.
   * @param gap why a block may have more members */
  leave(branch: Branch, decision: Decision, gap?: string): void;
  look(leaf: Leaf, found: Found, lookup: FieldLookup, decision: Decision): void;
}

export function not(predicate: Predicate): Predicate {
  const branch: Branch = { kind: 'not' };
  return (lookup, observer) => {
    const decision = opposite(predicate(lookup, observer?.enter(branch)));
    observer?.leave(branch, decision);
    return decision;
  };
}

export function opposite(decision: Decision): Decision {
  return typeof decision === 'boolean' ? !decision : decision;
}

export function every(predicates: readonly Predicate[]): Predicate {
  return joined({ kind: 'and' }, predicates, false);
}

/** @param branch what it is in the rule */
export function some(predicates: readonly Predicate[], branch: Branch = { kind: 'or' }): Predicate {
  return joined(branch, predicates, true);
}

/** The deciding truth if any operand has it; otherwise unknown if any is, for the first reason; otherwise the opposite. */
function joined(branch: Branch, predicates: readonly Predicate[], deciding: boolean): Predicate {
  return (lookup, observer) => {
    const inner = observer?.enter(branch);
    let decision: Decision = !deciding;
    for (const predicate of predicates) {
      decision = withOperand(decision, predicate(lookup, inner), deciding);
      if (decision === deciding && endsAt(deciding, inner)) break;
    }
    observer?.leave(branch, decision);
    return decision;
  };
}

/** The joint decision of operands after one more is added. */
export function withOperand(decision: Decision, operand: Decision, deciding: boolean): Decision {
  return operand === !deciding || decision === deciding || (typeof decision !== 'boolean' && operand !== deciding)
    ? decision
    : operand;
}

/** Whether the operands after one that settles their branch are skipped. */
export function endsAt(deciding: boolean, observer: Observer | undefined): boolean {
  return observer === undefined || observer.stopsAt === deciding;
}

/** Unknown as long as the unknown operands could make up the number. */
export function atLeast(count: number, predicates: readonly Predicate[]): Predicate {
  const branch: Branch = { kind: 'atLeast', count };
  return (lookup, observer) => {
    const inner = observer?.enter(branch);
    let missing = count;
    let gap: Gap | undefined;
    let open = 0;
    for (const predicate of predicates) {
      const decision = predicate(lookup, inner);
      if (decision === true && --missing <= 0 && endsAt(true, inner)) break;
      if (typeof decision === 'boolean') continue;
      gap ??= decision;
      open++;
    }
    const decision = missing <= 0 || (gap !== undefined && open >= missing ? gap : false);
    observer?.leave(branch, decision);
    return decision;
  };
}
