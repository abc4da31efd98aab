/** Reads a correlation: a rule about how other rules match. */
import type { YAMLMap } from 'yaml';
import type { Correlation, RuleHead } from './ast.ts';
import { offsetOf, type RuleFile } from './rule-file.ts';
import { membersOf } from './rule-head.ts';

/** A correlation, ready to be run. */
export interface CompiledCorrelation {
  readonly correlation: Correlation;
}

/** The correlation of a document, or undefined where the file has been told why there is none. */
export function readCorrelation(file: RuleFile, root: YAMLMap, _head: RuleHead): Correlation | undefined {
  const { keyNode } = membersOf(root).get('correlation')!;
  file.report(offsetOf(keyNode), "'correlation' documents are not supported yet", 'write a rule with a detection');
  return undefined;
}
