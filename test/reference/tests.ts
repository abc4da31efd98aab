/** Whether a value passes the test of a rule, in the plainest way. */
import ipaddr from 'ipaddr.js';
import { RE2JS } from 're2js';
import type { DatePart, Pattern, Test, Wildcard } from '../../src/sigma/ast.ts';

/** @param valuesOf the values of the event under another name */
export function passes(test: Test, value: unknown, valuesOf: (name: string) => readonly unknown[]): boolean {
  const text = textOf(value);
  switch (test.kind) {
    case 'null':
      return value === null;
    case 'exists':
      return true;
    case 'present':
      return value !== null;
    case 'number':
      return numberOf(value) === test.value;
    case 'boolean':
      return (typeof value === 'boolean' || typeof value === 'string') && text!.toLowerCase() === String(test.value);
    case 'text':
      return text !== undefined && matches(test.pattern, text, test.cased);
    case 'regex':
      return text !== undefined && regexOf(test.source, test.flags).test(text);
    case 'cidr':
      return text !== undefined && isWithin(text, test.network);
    case 'compare': {
      const number = numberOf(value);
      if (number === undefined) return false;
      if (test.operator === 'lt') return number < test.value;
      if (test.operator === 'lte') return number <= test.value;
      return test.operator === 'gt' ? number > test.value : number >= test.value;
    }
    case 'date':
      return text !== undefined && partOf(text, test.part) === test.value;
    case 'fieldref': {
      const others = valuesOf(test.field).flatMap((other) => textOf(other) ?? []);
      if (text === undefined) return false;
      const own = fold(text);
      if (test.anchor === 'whole') return others.some((other) => fold(other) === own);
      // The number of values that are compared.
      return others.slice(0, 100).some((other) => {
        if (test.anchor === 'contains') return own.includes(fold(other));
        return test.anchor === 'startswith' ? own.startsWith(fold(other)) : own.endsWith(fold(other));
      });
    }
    case 'either':
      return test.tests.some((each) => passes(each, value, valuesOf));
  }
}

/** The text of a value that is not a map, list or null. */
export function textOf(value: unknown): string | undefined {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && (value.length > 64 || !/^[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$/.test(value)))
    return undefined;
  if (!['string', 'number', 'bigint'].includes(typeof value)) return undefined;
  const number = Number(value);
  return Math.abs(number) < Number.POSITIVE_INFINITY ? number : undefined;
}

/** Case-insensitive, character by character; Greek has two lower-case sigmas. */
export function fold(text: string): string {
  return [...text].map((character) => (character === 'ς' ? 'σ' : character.toLowerCase())).join('');
}

/** Character by character: the prefixes of the text that the pattern so far can match. */
export function matches(pattern: Pattern, text: string, cased: boolean): boolean {
  const characters = [...(cased ? text : fold(text))];
  const steps = pattern.flatMap((part): (string | Wildcard)[] =>
    typeof part === 'string' ? [...(cased ? part : fold(part))] : [part],
  );
  let lengths = new Set([0]);
  for (const step of steps) {
    const next = new Set<number>();
    for (const length of lengths) {
      const character = characters[length];
      if (typeof step === 'string') {
        if (character === step) next.add(length + 1);
      } else if (step.wildcard === '*') {
        for (let end = length; end <= characters.length; end++) next.add(end);
      } else if (character !== undefined && (step.wildcard === '?' || '-/–—―'.includes(character))) {
        next.add(length + 1);
      }
    }
    if (next.size === 0) return false;
    lengths = next;
  }
  return lengths.has(characters.length);
}

function regexOf(source: string, flags: readonly ('i' | 'm' | 's')[]): RE2JS {
  const numbers = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL };
  return RE2JS.compile(
    source,
    flags.reduce((sum, flag) => sum | numbers[flag], 0),
  );
}

/** Compares as many bits as the network prefix has. */
function isWithin(text: string, network: string): boolean {
  const [base, length] = network.split('/') as [string, string];
  const [address, start] = [bitsOf(text), bitsOf(base)];
  if (address === undefined || start === undefined) return false;
  // The prefix of an IPv4 network written as IPv6 is shortened accordingly.
  const isMapped = base.includes(':') && start.length === 32;
  const prefix = Number(length) - (isMapped ? 96 : 0);
  if (prefix < 0) {
    // It contains more than IPv4, so no IPv4 address belongs to it.
    return address.length === 128 && address.startsWith(ipv6Bits(base).slice(0, Number(length)));
  }
  return address.length === start.length && address.startsWith(start.slice(0, prefix));
}

/** An address as zeros and ones, undefined for any other text. IPv4 in IPv6 is IPv4. */
function bitsOf(text: string): string | undefined {
  if (text.length > 64) return undefined;
  if (/^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    return parts.some((part) => part > 255) ? undefined : parts.map((part) => bits(part, 8)).join('');
  }
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined;
  const all = ipv6Bits(text);
  return all.startsWith('0'.repeat(80) + '1'.repeat(16)) ? all.slice(96) : all;
}

const bits = (number: number, length: number): string => number.toString(2).padStart(length, '0');
const ipv6Bits = (text: string): string =>
  ipaddr.IPv6.parse(text)
    .parts.map((part) => bits(part, 16))
    .join('');

/** A part of the time that a text represents, in UTC. */
function partOf(text: string, part: DatePart): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?([Zz]|[+-]\d\d:?\d\d)?)?$/.exec(
    text,
  );
  if (found === null || text.length > 64) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((digits) => Number(digits ?? 0)) as number[];
  const zone = /^([+-])(\d\d):?(\d\d)$/.exec(found[7] ?? '') ?? ['', '+', '0', '0'];
  const [zoneHours, zoneMinutes] = [Number(zone[2]), Number(zone[3])];
  if (month! < 1 || month! > 12 || day! < 1 || hour! > 23 || minute! > 59 || second! > 60) return undefined;
  if (zoneHours > 23 || zoneMinutes > 59) return undefined;
  const date = new Date('2000-01-01T00:00:00Z');
  date.setUTCFullYear(year!, month! - 1, day!);
  if (date.getUTCMonth() !== month! - 1) return undefined;
  const offset = (zoneHours * 60 + zoneMinutes) * (zone[1] === '-' ? -1 : 1);
  date.setUTCHours(hour!, minute! - offset);
  switch (part) {
    case 'minute':
      return date.getUTCMinutes();
    case 'hour':
      return date.getUTCHours();
    case 'day':
      return date.getUTCDate();
    case 'week':
      return weekOf(date);
    case 'month':
      return date.getUTCMonth() + 1;
    case 'year':
      return date.getUTCFullYear();
  }
}

/** ISO 8601: the first week of a year is the one with its first Thursday. */
function weekOf(date: Date): number {
  const thursday = new Date(date);
  thursday.setUTCHours(0, 0, 0, 0);
  while (thursday.getUTCDay() !== 4) {
    const isBefore = thursday.getUTCDay() >= 1 && thursday.getUTCDay() < 4;
    thursday.setUTCDate(thursday.getUTCDate() + (isBefore ? 1 : -1));
  }
  let week = 1;
  for (const before = new Date(thursday); ; week++) {
    before.setUTCDate(before.getUTCDate() - 7);
    if (before.getUTCFullYear() !== thursday.getUTCFullYear()) return week;
  }
}
