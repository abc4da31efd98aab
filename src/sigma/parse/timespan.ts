/** Reads a length of time as Sigma spells it: `90s`, `15m`, `7d`. */

/** Seconds; a month and a year are those of the Gregorian calendar on average, as in pySigma. */
const seconds: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_629_746,
  y: 31_556_952,
};

/** How to write one, for messages. */
export const timespanHint = 'write a number and s, m, h, d, w, M (months) or y, such as 15m';

/** The seconds of a timespan; undefined for any other text. */
export function secondsOf(text: string): number | undefined {
  const match = /^(\d{1,7})([smhdwMy])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * seconds[match[2]!]!;
}
