/** Amounts and times in short form, each with its unit. */

/** Such as 1,284, or from 10,000 on 12.4k. */
export function amount(number: number): string {
  const [, scale, unit] = scales.find(([from]) => number >= from) ?? [0, 1, ''];
  if (unit === '') return number.toLocaleString('en-US', { maximumFractionDigits: 0 });
  return `${oneDecimal(number / scale)}${unit}`;
}

const scales: readonly [from: number, scale: number, unit: string][] = [
  [1e9, 1e9, 'G'],
  [1e6, 1e6, 'M'],
  [1e4, 1e3, 'k'],
];

/** With one decimal below 10, except for 0. */
export function rate(number: number): string {
  return number > 0 && number < 10 ? number.toFixed(1) : amount(number);
}

export function bytes(number: number): string {
  const [scale, unit] = (
    [
      [2 ** 30, 'GiB'],
      [2 ** 20, 'MiB'],
      [2 ** 10, 'KiB'],
    ] as const
  ).find(([from]) => number >= from) ?? [1, 'B'];
  return `${scale === 1 ? number : oneDecimal(number / scale)} ${unit}`;
}

/** @param seconds 0 at least */
export function duration(seconds: number): string {
  if (!(seconds >= 0)) return '–';
  if (seconds < 60) return `${seconds < 10 ? oneDecimal(seconds) : Math.round(seconds)} s`;
  const units = [
    [86_400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ] as const;
  const [large, largeName, small, smallName] = units.find(([from]) => seconds >= from)!;
  return `${Math.floor(seconds / large)} ${largeName} ${Math.floor((seconds % large) / small)} ${smallName}`;
}

/** The time of day in UTC, with the date if it is not today's; all in RFC 3339. */
export function clock(time: string, now: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const [day, second] = [date.toISOString().slice(0, 10), date.toISOString().slice(11, 19)];
  return now.startsWith(day) ? second : `${day} ${second}`;
}

function oneDecimal(number: number): string {
  return number.toFixed(1).replace(/\.0$/, '');
}
