/** Numbers and times as shown on the page. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,284` */
export function count(value: number): string {
  return grouped.format(value);
}

/** For tight places: exact below 10,000, then `12.4k`. */
export function brief(value: number): string {
  if (value < 10_000) return count(value);
  for (const [unit, size] of [
    ['k', 1e3],
    ['M', 1e6],
  ] as const) {
    const scaled = value / size;
    if (scaled < 999.5) return `${scaled.toFixed(scaled < 99.95 ? 1 : 0)}${unit}`;
  }
  return `${(value / 1e9).toFixed(1)}G`;
}

/** One decimal below 10; a dash means not measured, 0 means none. */
export function measured(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return value !== 0 && Math.abs(value) < 9.95 ? value.toFixed(1) : count(value);
}

/** The whole may be 0. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : measured((part / whole) * 100);
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${unit === 0 ? count(scaled) : measured(scaled)} ${units[unit]}`;
}

/** `1 finding`, `2 findings` */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** `03:04:36` in UTC; with the date if it is not the day of `now`. */
export function clock(time: number, now: number): string {
  const text = new Date(time).toISOString();
  const clockTime = text.slice(11, 19);
  return Math.floor(time / day) === Math.floor(now / day) ? clockTime : `${text.slice(5, 10)} ${clockTime}`;
}

/** `03:04`, for axes. */
export function shortClock(time: number): string {
  return new Date(time).toISOString().slice(11, 16);
}

export function duration(milliseconds: number): string {
  const span = Math.max(0, milliseconds);
  if (span < minute) return `${Math.round(span / 1000)} s`;
  if (span < hour) return `${Math.floor(span / minute)} min`;
  if (span < day) return `${Math.floor(span / hour)} h ${Math.floor((span % hour) / minute)} min`;
  return `${Math.floor(span / day)} d ${Math.floor((span % day) / hour)} h`;
}

/** Seconds in a suitable unit. */
export function seconds(value: number | null): string {
  return value === null ? '–' : value < 120 ? `${measured(value)} s` : duration(value * 1000);
}

export function ago(time: number, now: number): string {
  return time > now + 1000 ? `in ${duration(time - now)}` : `${duration(now - time)} ago`;
}
