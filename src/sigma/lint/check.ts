/** The contract of a check: what it looks at, and how it tells of what is legal and wrong. */
import type { Position } from '../ast.ts';
import type { Edit } from '../rule-problem.ts';
import type { SourceMap } from './source-map.ts';

/** Tells of something wrong.
 * @param at an offset of the file's text, or a place in it
 * @param fix puts it right, and leaves what the rule matches as it is */
export type Report = (at: number | Position, message: string, hint: string, fix?: Edit) => void;

export interface Check {
  /** One line: what is told of, and why it is wrong. */
  doc: string;
  /** Where `lint --fix` puts it right: in a few words, what it does. */
  fixes?: string;
  /** Whether it needs all of a detection, its condition too: where a part cannot be read it is not run. */
  isOfWhole?: true;
  /** Looks at one document that parses. */
  run(document: SourceMap, report: Report): void;
}
