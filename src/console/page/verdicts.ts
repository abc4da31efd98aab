/** The verdicts in the order in which they are shown. */
import type { Verdict } from '../../tag.ts';

export const verdicts: readonly Verdict[] = ['match', 'indeterminate', 'error', 'clear', 'not_audit'];
