/** The parts of a point in time that a rule can ask for. */
import type { DatePart } from '../ast.ts';

const dateTime =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:[.,]\d+)?|:60(?:[.,]\d+)?)?(Z|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?$/i;

/** The part, in UTC, of the time that a text spells; undefined for any other text. Accepts RFC 3339, also with a space in
 * place of the T; a date alone is its midnight, a time without a zone is in UTC. Weeks are those of ISO 8601.
 * @see RFC 3339, section 5.6 */
export function datePart(text: string, part: DatePart): number | undefined {
  const found = text.length > 64 ? null : dateTime.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', , sign, zoneHours = '0', zoneMinutes = '0'] = found;
  const date = utc(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCDate() !== Number(day)) return undefined; // The 30th of February.
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1);
  return parts[part](new Date(date.getTime() + (Number(hour) * 60 + Number(minute) - zone) * 60_000));
}

const parts: Record<DatePart, (time: Date) => number> = {
  minute: (time) => time.getUTCMinutes(),
  hour: (time) => time.getUTCHours(),
  day: (time) => time.getUTCDate(),
  week: isoWeek,
  month: (time) => time.getUTCMonth() + 1,
  year: (time) => time.getUTCFullYear(),
};

const DAY = 86_400_000;

/** A week belongs to the year of its Thursday. */
function isoWeek(time: Date): number {
  const day = utc(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()).getTime();
  const thursday = new Date(day + (4 - (time.getUTCDay() || 7)) * DAY);
  return Math.floor((thursday.getTime() - utc(thursday.getUTCFullYear(), 0, 1).getTime()) / (7 * DAY)) + 1;
}

/** Midnight in UTC; Date.UTC would read the year 26 as 1926. */
function utc(year: number, month: number, day: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date;
}
