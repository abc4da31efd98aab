/** The contract of a form: how a finding or report is written as a row of its own, apart from its record. */
import type { FindingContext } from '../context.ts';
import type { Emitted } from '../emitted.ts';

export interface Form {
  /** The row, as a value of JSON: its members in order, without undefined ones. It has the id of the finding, so that a store
   * recognizes a repeated one. Texts of the event are as long as in the tag.
   * @see row.ts for what forms have in common */
  of(emitted: Emitted, context: FindingContext): object;
}
