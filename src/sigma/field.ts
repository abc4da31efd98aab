/** How the engine sees an event: as a look-up from field names to the values found there. */

/** What an event holds under a field. */
export interface Found {
  /** Every value met, arrays crossed member by member; empty if the field is absent. A member that is null counts as
   * present. */
  readonly values: readonly unknown[];
  /** What is at each place that the name leads to, lists whole. Left out if that is the same as `values`. */
  readonly places?: readonly unknown[];
  /** All values in one text. Left out unless words are searched for among many values. */
  readonly text?: JoinedText;
  /** Set if the event could not be read completely, so there may be more values. Says why. */
  readonly gap?: string;
}

/** Values one after the other, separated by U+0000. */
export interface JoinedText {
  readonly written: string;
  readonly folded: string;
}

/** Finds what an event holds under a name. The empty name is the whole event: its values are every text, number and key
 * that occurs anywhere in it. */
export interface FieldLookup {
  (field: string): Found;
  /** Identifies the event if answers are the same each time and asking changes nothing, so that what was decided once need
   * not be decided again. */
  readonly event?: object;
}

/** The answers for names that depend only on what some events have in common; the same object for all of these. */
export interface SharedAnswers {
  /** Undefined under a name that depends on more. */
  found(field: string): Found | undefined;
  /** What others derive from the answers, for as long as these are remembered. */
  notes: object | undefined;
}

/** Truth of a predicate on an event that may lack parts (Kleene): `unknown` if the missing part decides. */
export type Truth = boolean | 'unknown';
