/** How the engine sees an event: as a look-up from field names to the values found there. */

/** What an event holds under a field. */
export interface Found {
  /** Every value met, arrays crossed member by member; empty where the field is absent. A member that is null counts as
   * present. */
  readonly values: readonly unknown[];
  /** What stands at each place that the name leads to, lists whole. Left out where that is the same as `values`. */
  readonly places?: readonly unknown[];
  /** All values in one text. Left out where nobody looks for a word among many values. */
  readonly text?: JoinedText;
  /** Set where the event was not wholly there to be read: there may be more values. Says why. */
  readonly gap?: string;
}

/** Values one behind the other, with a U+0000 between. */
export interface JoinedText {
  readonly written: string;
  readonly folded: string;
}

/** Finds what an event holds under a name. The empty name is the whole event: its values are every text, number and key
 * that stands anywhere in it. */
export interface FieldLookup {
  (field: string): Found;
  /** Stands for the event where answers are the same each time and asking changes nothing, so that what was decided once
   * need not be decided again. */
  readonly event?: object;
}

/** What is found under names that depend on nothing but what some events have in common; the same object for all of these. */
export interface SharedAnswers {
  /** Undefined under a name that depends on more. */
  found(field: string): Found | undefined;
  /** What others make of the answers, for as long as these are remembered. */
  notes: object | undefined;
}

/** Truth of a predicate on an event of which parts may be missing (Kleene): `unknown` if the missing part decides. */
export type Truth = boolean | 'unknown';
