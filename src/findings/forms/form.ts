/** The contract of a form: how a finding or report is written as a row of its own, away from its record. */
import type { FindingContext } from '../context.ts';
import type { Emitted } from '../emitted.ts';

export interface Form {
  /** The row, as a value of JSON: its members in order, those that are undefined left out. It has the id of the finding, so
   * that a store knows one that comes again. Texts of the event are as long as the tag has them.
   * @see row.ts for what forms have in common */
  of(emitted: Emitted, context: FindingContext): object;
}
