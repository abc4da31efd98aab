/** What is known about field names, and the one place where a name in a rule is checked. */
import { didYouMean, quote } from '../rule-problem.ts';
import type { RuleFile } from './rule-file.ts';

/** Finds a name that leads nowhere although it begins with a known name, or that leads to something without a value to
 * compare.
 * @param isCompared whether values are compared with what is found there */
export type FindFlaw = (name: string, isCompared: boolean) => { message: string; hint: string } | undefined;

export interface FieldNames {
  /** Names that fields may have, or begin with before a dot. */
  known: ReadonlySet<string>;
  findFlaw?: FindFlaw | undefined;
}

/** Whether the field is one that an event can have; reports if not, and warns of what can never match.
 * @param names if undefined, any name is accepted */
export function checkField(
  file: RuleFile,
  offset: number,
  name: string,
  names: FieldNames | undefined,
  isCompared = false,
): boolean {
  if (names === undefined) return true;
  if (!beginsWithKnown(name, names.known)) {
    const hint = /\[.*\]/.test(name)
      ? 'brackets select members of a list only with sigma-version: 3'
      : (names.findFlaw?.(name, isCompared)?.hint ??
        didYouMean(name, names.known, 'see docs/reference/fields.md for the fields that an event has'));
    file.report(offset, `no event has a field ${quote(name)}`, hint);
    return false;
  }
  const flaw = names.findFlaw?.(name, isCompared);
  if (flaw !== undefined) file.warn(offset, flaw.message, flaw.hint);
  return true;
}

/** Whether the name, or the part before one of its dots, is known. */
export function beginsWithKnown(name: string, known: ReadonlySet<string>): boolean {
  for (let dot = name.length; dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    if (known.has(name.slice(0, dot))) return true;
  }
  return false;
}
