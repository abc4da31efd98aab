import { describe, expect, it } from 'vitest';
import type { Condition } from '../../../src/sigma/ast.ts';
import { parseCondition } from '../../../src/sigma/parse/condition.ts';

const names = ['a', 'b', 'sel_1', 'sel_2', 'other-1', '_hidden', '_hidden2', 'all', 'odd.name'];

/** The tree as text, every operation in parentheses. */
function print(condition: Condition): string {
  switch (condition.kind) {
    case 'selection':
      return condition.name;
    case 'not':
      return `!${print(condition.operand)}`;
    case 'and':
    case 'or':
      return `(${condition.operands.map(print).join(condition.kind === 'and' ? ' & ' : ' | ')})`;
    case 'atLeast':
      return `${condition.count}(${condition.operands.map(print).join(', ')})`;
  }
}

describe('understood', () => {
  it.each([
    ['a', 'a'],
    ['  a\n and\tb ', '(a & b)'],
    ['a or b and not sel_1', '(a | (b & !sel_1))'],
    ['a and b and sel_1', '(a & b & sel_1)'],
    ['not not a', '!!a'],
    ['not (a or b) and sel_1', '(!(a | b) & sel_1)'],
    ['(((a)))', 'a'],
    ['not(a)and(b)', '(!a & b)'],
    ['1 of sel_*', '(sel_1 | sel_2)'],
    ['any of sel_*', '(sel_1 | sel_2)'],
    ['all of sel_*', '(sel_1 & sel_2)'],
    ['1 of *_1', 'sel_1'],
    ['2 of sel_*', '2(sel_1, sel_2)'],
    ['not 3 of them', '!3(a, b, sel_1, sel_2, other-1, all, odd.name)'],
    ['1 of s*l*1', 'sel_1'],
    ['all of them', '(a & b & sel_1 & sel_2 & other-1 & all & odd.name)'],
    ['1 of odd*', 'odd.name'],
    ['1 of _hid*', '(_hidden | _hidden2)'],
    ['_hidden', '_hidden'],
    ['1 of a', 'a'],
    ['all and a', '(all & a)'],
    ['not 1 of sel_*', '!(sel_1 | sel_2)'],
  ])('%s', (text, tree) => {
    const condition = parseCondition(text, names);
    expect('kind' in condition ? print(condition) : condition).toBe(tree);
  });
});

describe('refused', () => {
  it.each([
    ['', 0, 'ends where a selection has to follow'],
    ['a and', 5, 'ends where a selection has to follow'],
    ['a and or b', 6, "expected a selection instead of 'or'"],
    ['a b', 2, "'b' cannot follow"],
    ['(a or b', 7, "a '(' is not closed"],
    ['a)', 1, "')' cannot follow"],
    ['()', 1, "expected a selection instead of ')'"],
    ['a AND b', 2, "'AND' is not an operator: operators are in lower case"],
    ['NOT a', 0, "'NOT' is not an operator"],
    ['1 OF a', 2, "'OF' is not an operator"],
    ['slo_1', 0, "there is no selection 'slo_1'"],
    ['constructor', 0, "there is no selection 'constructor'"],
    ['them', 0, "there is no selection 'them'"],
    ['sel_*', 0, "there is no selection 'sel_*'"],
    ['3 of sel_*', 0, "there are no 3 selections: 'sel_*' matches 2"],
    ['0 of sel_*', 0, "'0' is not a quantity"],
    ['some of sel_*', 0, "'some' is not a quantity"],
    ['1 of', 4, "'of' is not followed by selections"],
    ['1 of nothing*', 5, "no selection has a name like 'nothing*'"],
    ['a | count() > 5', 2, "'|' aggregations are not supported"],
    ['a and odd.name', 9, "'.name' is not part of a condition"],
    ['a and $b', 6, "'$b' is not part of a condition"],
    [`${'('.repeat(100_000)}a`, 51, 'nests deeper than 50 levels'],
    [`${'not '.repeat(100_000)}a`, 204, 'nests deeper than 50 levels'],
    [`a${' or 1 of them'.repeat(10_000)}`, 18574, 'names selections more than 10000 times'],
  ])('%.40s', (text, at, message) => {
    const problem = parseCondition(text, names);
    expect(problem).toMatchObject({ at, message: expect.stringContaining(message) });
  });

  it.each([
    ['sle_1', "did you mean 'sel_1'?"],
    ['them', "write '1 of them' or 'all of them'"],
    ['xyzxyz', "the selections are 'a', 'b'"],
  ])('%s says what to write: %s', (text, hint) => {
    expect(parseCondition(text, names)).toMatchObject({ hint: expect.stringContaining(hint) });
  });

  it('a long chain does not count as nesting', () => {
    expect(parseCondition(`a${' or not b'.repeat(5_000)}`, names)).toMatchObject({ kind: 'or' });
  });
});
