/** Explanations as the API returns them: no longer than a page can show, whatever an event holds. */
import type { Explanation } from '../sigma/index.ts';
import { truncate, truncateText } from '../truncate.ts';

/** The remaining capacity of a response. */
export interface Room {
  nodes: number;
}

const LONGEST = 2000;

/** The explanation with long values cut, and without operands that exceed the capacity: their branch counts them as
 * `omitted`. */
export function shownExplanation(explanation: Explanation, room: Room): Explanation {
  room.nodes--;
  if (explanation.kind === 'predicate') {
    const { expected, values, passing } = explanation;
    return {
      ...explanation,
      expected: truncateText(expected, LONGEST),
      values: shown(values),
      passing: shown(passing),
    };
  }
  const operands: Explanation[] = [];
  for (const operand of explanation.operands) {
    if (room.nodes <= 0) break;
    operands.push(shownExplanation(operand, room));
  }
  const omitted = explanation.operands.length - operands.length;
  return { ...explanation, operands, ...(omitted > 0 && { omitted }) };
}

function shown(values: readonly unknown[]): readonly unknown[] {
  return truncate(values);
}

/** An answer as JSON; integers too large for a JSON number become strings. */
export function jsonOf(answer: unknown): string {
  return JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}
