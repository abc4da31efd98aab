/** The engine compared with the naive interpreter, on rules and events chosen by the input. */
import { parseRules } from '../../src/sigma/parse/index.ts';
import { eventFrom, placeholders, ruleFileFrom } from '../reference/generate.ts';
import { disagreement, printed } from '../reference/same.ts';
import type { FuzzTarget, Random } from './fuzz.ts';

/** Events per rule: reading the rule is what takes time. */
const EVENTS = 3;

export const referenceTargets: readonly FuzzTarget[] = [
  {
    name: 'reference',
    runs: 500,
    corpus: Array.from({ length: 40 }, (_, index) => noise(index, 600)),
    run(bytes) {
      const random = choicesIn(bytes);
      const text = ruleFileFrom(random);
      const { rules, filters } = parseRules(text, 'rule.yml', { placeholders });
      const [rule] = rules;
      if (rule === undefined) return;
      for (let left = EVENTS; left > 0; left--) {
        const event = eventFrom(random);
        const found = disagreement(rule, filters, event);
        if (found !== undefined) throw new Error(`${found}\nrule: ${text}\nevent: ${printed(event)}`);
      }
    },
  },
];

/** Choices determined by the bytes, cyclically. */
function choicesIn(bytes: Uint8Array): Random {
  let at = 0;
  return (bound) => {
    if (bytes.length === 0 || bound <= 0) return 0;
    const round = Math.floor(at / bytes.length);
    return (bytes[at++ % bytes.length]! + round * 131) % bound;
  };
}

function noise(seed: number, length: number): Uint8Array {
  let state = seed * 2654435761 + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}
