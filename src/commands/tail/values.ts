/** Values of the options of tail. */
import { UsageError } from '../../command-line/declaration.ts';
import { didYouMean, quote } from '../../sigma/rule-problem.ts';

/** A comma-separated list of allowed values.
 * @throws UsageError */
export function listIn(option: string, text: string | undefined, allowed: readonly string[]): string | undefined {
  const wrong = text?.split(',').find((value) => !allowed.includes(value));
  if (wrong === undefined) return text;
  const hint = didYouMean(wrong, allowed, `give some of ${allowed.join(',')}`);
  throw new UsageError(`--${option} has ${quote(wrong)}`, hint);
}

/** A number from 1.
 * @throws UsageError */
export function numberIn(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${option} is ${quote(text)}`, 'give a number from 1');
  return Number(text);
}

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time, or a duration before now, as RFC 3339.
 * @throws UsageError */
export function sinceIn(text: string | undefined, now: Date): string | undefined {
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const time = unit === undefined ? timeIn(text) : now.getTime() - Number(number) * MILLISECONDS[unit]!;
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) {
    throw new UsageError(`--since is ${quote(text)}`, 'give a time such as 2026-01-02T03:04:05Z, or 30s, 10m, 2h, 1d');
  }
  return date.toISOString();
}

function timeIn(text: string): number {
  return /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
}
