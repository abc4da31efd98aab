/** The contract of a modifier: what it does to the tests of an item. */
import type { FieldItem, Test } from '../ast.ts';

/** A scalar of a rule: its value, and how the file spells it (`007`). */
export interface RuleValue {
  value: string | number | boolean | null;
  text: string;
}

/** Why a key or a value cannot be used. */
export interface Refusal {
  message: string;
  hint: string;
}

/** One line of the documentation and of the tests: values of an event that pass `field|…: rule`, and some that do not. */
export interface Example {
  /** The modifiers, joined by `|`. */
  modifiers: string;
  rule: RuleValue['value'] | RuleValue['value'][];
  passes: unknown[];
  fails: unknown[];
  /** Other fields of the event. */
  beside?: Record<string, unknown>;
  /** What the placeholders of the rule stand for. */
  placeholders?: Record<string, string[]>;
}

export type Effect =
  /** Reads the rule's value in its own way, so it comes first among those that read or change. */
  | { kind: 'reads'; read(value: RuleValue): Test | Refusal }
  /** Changes the test that the modifiers before it have made. */
  | { kind: 'changes'; change: Change }
  /** Says how the tests of the item are joined. */
  | { kind: 'joins'; join: Partial<Pick<FieldItem, 'quantifier' | 'negated'>> }
  /** Replaces placeholders with values before anything else is done, whatever its position. */
  | { kind: 'expands' };

export type Modifier = {
  doc: string;
  examples: readonly Example[];
  /** No two modifiers of one group can be combined. */
  group?: 'place' | 'UTF-16' | 'base64';
} & Effect;

/** What one modifier makes of the test so far.
 * @param before the modifiers that stand before it */
export type Change = (test: Test, value: RuleValue, before: readonly Modifier[]) => Test | Refusal;

export function refuse(message: string, hint: string): Refusal {
  return { message, hint };
}
