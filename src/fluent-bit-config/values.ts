/** Values as Fluent Bit reads them.
 * @see flb_utils.c of Fluent Bit 5.1.1 */

/** Undefined for anything else. */
export function boolOf(text: string): boolean | undefined {
  if (/^(true|on|yes)$/i.test(text)) return true;
  return /^(false|off|no)$/i.test(text) ? false : undefined;
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** Bytes from a number with K, M or G, which are powers of 1,000; undefined for anything that is not a size. */
export function bytesOf(text: string): number | undefined {
  if (/^false$/i.test(text)) return 0;
  const [, number, unit] = /^\s*([+-]?[\d.]+)\s*([kmg]?)b?$/i.exec(text) ?? [];
  return number === undefined ? undefined : Math.trunc(Number.parseFloat(number) * units[unit!.toLowerCase()]!);
}

const seconds: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60 };

/** Seconds from a number with s, m, h or d; undefined for anything that is not a duration. */
export function secondsOf(text: string): number | undefined {
  const [, number, unit] = /^\s*([+-]?\d+).*?([a-z]?)$/is.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (seconds[unit!.toLowerCase()] ?? 1);
}
