/** Reads the condition of a rule: `request and not (system_user and system_namespace)`, `1 of selection_*`. */
import type { Condition } from '../ast.ts';
import { didYouMean, quote } from '../rule-problem.ts';

/** What is wrong with a condition, and at which character of it. */
export interface ConditionProblem {
  at: number;
  message: string;
  hint: string;
  /** A word there, and the one that is certainly meant. */
  meant?: readonly [word: string, other: string];
}

const MAX_DEPTH = 50;
const MAX_OPERANDS = 10_000;

interface Token {
  text: string;
  at: number;
}

const operators: ReadonlySet<string> = new Set(['and', 'or', 'not', 'of']);

/** The tree of a condition over the selections of a rule, or over anything else that has names.
 * @param noun what messages call one of them
 * @see Sigma specification 2.1.0, "Condition" */
export function parseCondition(
  text: string,
  selections: readonly string[],
  noun = 'selection',
): Condition | ConditionProblem {
  try {
    return parse(text, selections, noun);
  } catch (error) {
    if (error instanceof ConditionError) return error.problem;
    throw error;
  }
}

/** Carries a problem out of the recursion. */
class ConditionError extends Error {
  readonly problem: ConditionProblem;
  constructor(problem: ConditionProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

function parse(text: string, selections: readonly string[], noun: string): Condition {
  const tokens = tokenize(text, noun);
  const names = new Set(selections);
  let next = 0;
  let depth = 0;
  let operandCount = 0;

  const peek = (): string | undefined => tokens[next]?.text;
  const here = (): number => tokens[next]?.at ?? text.trimEnd().length;

  function nested(read: () => Condition): Condition {
    if (++depth > MAX_DEPTH) fail(here(), `the condition nests deeper than ${MAX_DEPTH} levels`, 'simplify it');
    const condition = read();
    depth--;
    return condition;
  }

  function chain(kind: 'and' | 'or', readOperand: () => Condition): Condition {
    const operands = [readOperand()];
    while (peek() === kind) {
      next++;
      operands.push(readOperand());
    }
    return joined(kind, operands);
  }

  const or = (): Condition => chain('or', and);
  const and = (): Condition => chain('and', not);

  function not(): Condition {
    if (peek() !== 'not') return primary();
    next++;
    return { kind: 'not', operand: nested(not) };
  }

  function primary(): Condition {
    const token = tokens[next];
    if (token === undefined) fail(here(), `the condition ends where a ${noun} has to follow`, `name a ${noun}`);
    if (token.text === '(') {
      next++;
      const condition = nested(or);
      if (peek() !== ')') fail(here(), "a '(' is not closed", "write ')' here, or drop the '('");
      next++;
      return condition;
    }
    if (token.text === ')' || operators.has(token.text)) {
      fail(token.at, `expected a ${noun} instead of ${quote(token.text)}`, `name a ${noun}`);
    }
    next++;
    if (peek() === 'of') {
      next++;
      return quantified(token);
    }
    if (!names.has(token.text)) {
      failIfCapital(token);
      if (tokens[next] !== undefined) failIfCapital(tokens[next]);
      const isPattern = token.text === 'them' || token.text.includes('*');
      const hint = isPattern ? `write '1 of ${token.text}' or 'all of ${token.text}'` : hintFor(token.text);
      fail(token.at, `there is no ${noun} ${quote(token.text)}`, hint);
    }
    count(token, 1);
    return { kind: 'selection', name: token.text };
  }

  function quantified(quantifier: Token): Condition {
    const isCount = /^[1-9]\d{0,5}$/.test(quantifier.text);
    if (!isCount && quantifier.text !== 'any' && quantifier.text !== 'all') {
      const hint = "write '1 of', 'any of', 'all of' or a number";
      fail(quantifier.at, `${quote(quantifier.text)} is not a quantity`, hint);
    }
    const pattern = tokens[next];
    if (pattern === undefined || operators.has(pattern.text) || pattern.text === '(' || pattern.text === ')') {
      fail(here(), `'of' is not followed by ${noun}s`, "write 'them', or a pattern such as selection_*");
    }
    next++;
    const matching = selections.filter((name) => matchesPattern(pattern.text, name));
    if (matching.length === 0) {
      fail(pattern.at, `no ${noun} has a name like ${quote(pattern.text)}`, hintFor(pattern.text));
    }
    const least = isCount ? Number(quantifier.text) : 1;
    if (least > matching.length) {
      const found = `${quote(pattern.text)} matches ${matching.length}`;
      fail(quantifier.at, `there are no ${least} ${noun}s: ${found}`, 'write a smaller number, or all of');
    }
    count(pattern, matching.length);
    const operands = matching.map((name): Condition => ({ kind: 'selection', name }));
    if (quantifier.text === 'all') return joined('and', operands);
    return least === 1 ? joined('or', operands) : { kind: 'atLeast', count: least, operands };
  }

  function count(token: Token, operands: number): void {
    operandCount += operands;
    if (operandCount <= MAX_OPERANDS) return;
    fail(token.at, `the condition names ${noun}s more than ${MAX_OPERANDS} times`, 'split the rule');
  }

  function hintFor(name: string): string {
    const known = selections.slice(0, 20).map(quote).join(', ');
    return didYouMean(name, selections, known === '' ? `add a ${noun} of that name` : `the ${noun}s are ${known}`);
  }

  const condition = or();
  if (next < tokens.length) {
    failIfCapital(tokens[next]!);
    const hint = peek() === ')' ? "drop it, or write the '(' that it closes" : "write 'and' or 'or' before it";
    fail(here(), `${quote(peek()!)} cannot follow what is before it`, hint);
  }
  return condition;
}

/** @throws ConditionError if the token is an operator but for its case */
function failIfCapital({ text, at }: Token): void {
  const operator = text.toLowerCase();
  if (operator === text || !operators.has(operator)) return;
  const message = `${quote(text)} is not an operator: operators are in lower case`;
  throw new ConditionError({ at, message, hint: `write ${operator}`, meant: [text, operator] });
}

function joined(kind: 'and' | 'or', operands: Condition[]): Condition {
  return operands.length === 1 ? operands[0]! : { kind, operands };
}

/** Names that begin with `_` do not match patterns, unless the pattern begins with it too. */
function matchesPattern(pattern: string, name: string): boolean {
  if (name.startsWith('_') && !pattern.startsWith('_')) return false;
  if (pattern === 'them') return true;
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return name === pattern;
  const last = rest.pop()!;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}

function tokenize(text: string, noun: string): Token[] {
  const tokens: Token[] = [];
  const token = /\s*([()]|[A-Za-z0-9_*-]+)/y;
  while (token.lastIndex < text.trimEnd().length) {
    const from = token.lastIndex;
    const found = token.exec(text);
    if (found === null) {
      const at = from + text.slice(from).search(/\S/);
      if (text[at] === '|') fail(at, "'|' aggregations are not supported", 'write a correlation rule instead');
      const name = text.slice(at).match(/^\S+/)![0];
      fail(at, `${quote(name)} is not part of a condition`, `use names of ${noun}s, and, or, not, of and parentheses`);
    }
    tokens.push({ text: found[1]!, at: token.lastIndex - found[1]!.length });
  }
  return tokens;
}

function fail(at: number, message: string, hint: string): never {
  throw new ConditionError({ at, message, hint });
}
