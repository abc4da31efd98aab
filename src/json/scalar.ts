/** What appears in JSON without quotes: numbers, literals, and the non-finite numbers that Fluent Bit prints bare. */

const number = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** A C library prints NaN with its sign; other writers spell non-finite numbers as JavaScript or Python do. */
const words: ReadonlyMap<string, boolean | null | number> = new Map<string, boolean | null | number>([
  ['true', true],
  ['false', false],
  ['null', null],
  ...['nan', '-nan', 'NaN'].map((word) => [word, Number.NaN] as const),
  ...['inf', 'Infinity'].flatMap(
    (word) =>
      [
        [word, Number.POSITIVE_INFINITY],
        [`-${word}`, Number.NEGATIVE_INFINITY],
      ] as const,
  ),
]);

export type Scalar = { kind: 'word'; value: boolean | null | number } | { kind: 'integer' } | { kind: 'float' };

const INTEGER: Scalar = { kind: 'integer' };
const FLOAT: Scalar = { kind: 'float' };

/** Says what a bare token is: a word (non-finite numbers among them) with its value, or a number by its spelling;
 * undefined if neither JSON nor Fluent Bit writes such a token. */
export function scalarOf(token: string): Scalar | undefined {
  const match = number.exec(token);
  if (match) return match[1] === undefined && match[2] === undefined ? INTEGER : FLOAT;
  const value = words.get(token);
  return value === undefined ? undefined : { kind: 'word', value };
}
