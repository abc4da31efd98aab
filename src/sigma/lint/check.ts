/** The contract of a check: what it looks at, and how it reports what is legal but wrong. */
import type { Position } from '../ast.ts';
import type { Edit } from '../rule-problem.ts';
import type { SourceMap } from './source-map.ts';

/** Reports something wrong.
 * @param at an offset into the file's text, or a position in it
 * @param fix repairs it without changing what the rule matches */
export type Report = (at: number | Position, message: string, hint: string, fix?: Edit) => void;

export interface Check {
  /** One line: what is reported, and why it is wrong. */
  doc: string;
  /** If `lint --fix` can fix it: in a few words, what the fix does. */
  fixes?: string;
  /** Set if it needs a whole detection, including the condition: it is not run if a part cannot be read. */
  isOfWhole?: true;
  /** Looks at one document that parses. */
  run(document: SourceMap, report: Report): void;
}
