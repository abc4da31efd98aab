/** Reads the name of a field with brackets in it, which choose members of a list: `containers[any].ports[0].hostPort`. */
import type { Members } from '../ast.ts';
import { didYouMean, quote } from '../rule-problem.ts';

/** A list, and which of its members are meant. */
export interface ArrayStep {
  field: string;
  members: Members;
}

interface PathProblem {
  /** At which character of the name. */
  at: number;
  message: string;
  hint: string;
}

/** Blocks are compiled within one another. */
const MAX_STEPS = 20;

const quantifiers = ['any', 'all', 'all_or_empty', 'none'] as const;

/** The lists in the path to a field, each named from a member of the previous one, and the field in a member of the last:
 * `.` for the member itself.
 * @param inBlock whether the name is already relative to a member
 * @see the array matching proposed for Sigma 3: https://github.com/SigmaHQ/sigma-specification/discussions/106 */
export function parseFieldPath(name: string, inBlock: boolean): { steps: ArrayStep[]; field: string } | PathProblem {
  const steps: ArrayStep[] = [];
  let at = 0;
  // An escaped bracket is part of the name.
  const bracket = /(?<!\\)[[\]]/g;
  for (let open = bracket.exec(name); open !== null; open = bracket.exec(name)) {
    const close = bracket.exec(name);
    if (open[0] !== '[' || close?.[0] !== ']') {
      return { at: open.index, message: 'a bracket has no partner', hint: 'write field[any]; a literal one is \\[' };
    }
    const token = name.slice(open.index + 1, close.index);
    const members = membersOf(token);
    if (members === undefined) {
      const hint = didYouMean(token, quantifiers, `write ${quantifiers.join(', ')} or a position such as 0 or -1`);
      return { at: open.index + 1, message: `${quote(token)} does not select members of a list`, hint };
    }
    const field = open.index === at && (at > 0 || inBlock) ? '.' : unescapeField(name.slice(at, open.index));
    const problem = checkName(field, inBlock || steps.length > 0, at);
    if (problem !== undefined) return problem;
    steps.push({ field, members });
    if (steps.length > MAX_STEPS) {
      return { at, message: `the field has more than ${MAX_STEPS} brackets`, hint: 'no event is nested so deeply' };
    }
    at = close.index + 1;
    if (at < name.length && name[at] !== '.' && name[at] !== '[') {
      return { at, message: "']' is not followed by a dot", hint: 'write field[any].field' };
    }
    if (name[at] === '.') bracket.lastIndex = at += 1;
  }
  if (steps.length > 0 && at === name.length && !name.endsWith('.')) return { steps, field: '.' };
  const field = unescapeField(name.slice(at));
  return checkName(field, inBlock || steps.length > 0, at) ?? { steps, field };
}

function checkName(field: string, inBlock: boolean, at: number): PathProblem | undefined {
  if (field === '') return { at, message: 'the name of a field is missing', hint: 'write field[any].field' };
  if (!inBlock || field === '.' || !field.startsWith('.')) return undefined;
  return { at, message: "'.' is the member itself, and nothing can follow it", hint: 'drop the dot' };
}

function membersOf(token: string): Members | undefined {
  const quantifier = quantifiers.find((candidate) => candidate === token);
  if (quantifier !== undefined) return { quantifier };
  return /^-?\d{1,9}$/.test(token) ? { index: Number(token) } : undefined;
}

/** The name as an event has it. */
export function unescapeField(name: string): string {
  return name.replace(/\\([[\]])/g, '$1');
}
