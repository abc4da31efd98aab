/** Rules and events generated from random numbers, with few names and values, so that they match often. */
import { CUT } from '../../src/json/map.ts';
import type { Random } from '../fuzz/fuzz.ts';

const pick = <T>(items: readonly T[], random: Random): T => items[random(items.length)]!;
const several = <T>(most: number, make: () => T, random: Random): T[] => Array.from({ length: 1 + random(most) }, make);

const scalars = [
  ...[
    'create',
    'CREATE',
    'get',
    'secrets',
    'a',
    'A',
    'ab',
    'aXb',
    '',
    'kube-system',
    'σ',
    'Σς',
    '😀',
    'a\nb',
    'x*y',
    'x?y',
    'b\\c',
    'ÄB',
  ],
  ...[
    '10.0.0.1',
    '10.9.0.1',
    '::ffff:10.0.0.1',
    '2001:db8::1',
    '192.168.1.300',
    '2026-01-02T03:04:05Z',
    '2025-12-29',
    '2024-02-30',
  ],
  ...['cmd /c x', 'cmd -c x', 'cmd –c x', 'true', 'True', '403', '403.0', '4e2', '1', ' 1', '0x10', 'YWI='],
  ...[0, 1, -0, 403, 400.5, 7, 1e21, 12345678901234567890n, true, false, null],
];
const names = [
  'verb',
  'resource',
  'a',
  'a.b',
  'list',
  'list.x',
  'maps',
  'maps.x',
  'maps.n',
  'ip',
  'code',
  'time',
  'x.y.z',
  'none',
  '__proto__.a',
];
const keys = [
  'verb',
  'resource',
  'a',
  'b',
  'x',
  'n',
  'list',
  'maps',
  'ip',
  'code',
  'time',
  'a.b',
  'x.y',
  'y.z',
  'z',
  '__proto__',
  'list.x',
];
const cuts = ['cut', 'truncated', 'skipped', 'not_logged', 'split', 'too_deep'] as const;

/** Nested data with marks where it was cut. */
export function eventFrom(random: Random): unknown {
  return mapFrom(random, 0);
}

function mapFrom(random: Random, depth: number): unknown {
  const map: Record<string | symbol, unknown> = {};
  for (let left = depth === 0 ? 4 + random(8) : random(4); left > 0; left--) {
    const key = pick(keys, random);
    Object.defineProperty(map, key, {
      value: valueFrom(random, depth + 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  if (random(6) === 1) map[CUT] = pick(cuts, random);
  return map;
}

function valueFrom(random: Random, depth: number): unknown {
  const kind = depth > 4 ? 0 : random(8);
  if (kind < 4) return pick(scalars, random);
  if (kind < 6) return mapFrom(random, depth);
  // Occasionally a long list, because the number of comparisons is bounded.
  const length = random(40) === 1 ? 45 + random(70) : random(4);
  return Array.from({ length }, () => valueFrom(random, length > 4 ? 5 : depth + 1));
}

/** The values of `%name%`. */
export const placeholders: ReadonlyMap<string, readonly string[]> = new Map([
  ['nobody', []],
  ['nets', ['10.0.0.0/8', '::/0']],
  ['some', ['create', 'a*', '10.0.0.0/8']],
]);

/** A file with one rule and some filters, as JSON, which is also YAML. */
export function ruleFileFrom(random: Random): string {
  const filters = Array.from({ length: random(3) }, (_, index) => ({
    title: `f${index}`,
    name: `f${index}`,
    'sigma-version': 3,
    logsource: { product: 'kubernetes' },
    filter: { rules: 'any', ...detectionFrom(random, 0) },
  }));
  const detection = detectionFrom(random, 0);
  const selections = Object.keys(detection).filter((key) => key !== 'condition');
  const level = { condition: conditionFrom(selections, random, 1), level: 'high' };
  const rule = {
    title: 't',
    name: 't',
    'sigma-version': 3,
    logsource: { product: 'kubernetes' },
    detection,
    tripline: { levels: [level] },
  };
  return [rule, ...filters].map((document) => JSON.stringify(document)).join('\n---\n');
}

function detectionFrom(random: Random, depth: number): Record<string, unknown> {
  const selections = ['s1', 's2', 's3', 't1'].slice(0, 1 + random(4));
  const entries = selections.map((name) => [name, selectionFrom(random, depth)] as const);
  return { ...Object.fromEntries(entries), condition: conditionFrom(selections, random, 0) };
}

function selectionFrom(random: Random, depth: number): unknown {
  if (depth === 0 && random(10) === 1) return several(3, () => wordFrom(random), random);
  if (random(4) === 1) return several(3, () => itemsFrom(random, depth), random);
  return itemsFrom(random, depth);
}

const wordFrom = (random: Random) => pick(['create', '*a*', 'A', 'b?', 403, 'list', 'x', 'σσ'], random);

function itemsFrom(random: Random, depth: number): Record<string, unknown> {
  return Object.fromEntries(several(3, () => itemFrom(random, depth), random));
}

const members = ['any', 'all', 'all_or_empty', 'none', '0', '-1', '1', '-2'];

function itemFrom(random: Random, depth: number): [string, unknown] {
  const kind = random(12);
  if (kind === 0) return ['|all', several(2, () => wordFrom(random), random)];
  if (kind === 1 || kind === 2) {
    const path = `${fieldFrom(random, depth)}[${pick(members, random)}]`;
    const rest = pick(['', '.x', '.n', '[any]', '[0].x', '.maps[any].x', '.list[none]'], random);
    if (depth < 3 && rest === '' && random(2) === 0) {
      return [path, random(2) === 0 ? itemsFrom(random, depth + 1) : detectionFrom(random, depth + 1)];
    }
    return [
      path + rest,
      pick(
        scalars.filter((one) => typeof one !== 'bigint'),
        random,
      ),
    ];
  }
  return modified(fieldFrom(random, depth), random, depth);
}

function fieldFrom(random: Random, depth: number): string {
  if (depth === 0) return pick(names, random);
  return pick([...names, '.', '.', 'x', 'n', 'x', ...names.map((name) => `^.${name}`), '^.^.list'], random);
}

function modified(field: string, random: Random, depth: number): [string, unknown] {
  const texts = () => textFrom(random);
  const some = <T>(make: () => T): T | T[] => (random(2) === 0 ? make() : several(3, make, random));
  const plain = () =>
    random(3) === 0
      ? pick(
          scalars.filter((one) => typeof one !== 'bigint'),
          random,
        )
      : texts();
  const all = random(4) === 1 ? '|all' : '';
  const cased = random(4) === 1 ? '|cased' : '';
  const place = pick(['', '|contains', '|startswith', '|endswith'], random);
  switch (random(14)) {
    case 0:
      return [`${field}|exists`, random(2) === 0];
    case 1:
      return [
        `${field}|re${pick(['', '|i', '|m', '|s', '|i|s'], random)}`,
        some(() => pick(['^a', 'a.b', 'b$', '^(create|get)$', '[0-9]+', ''], random)),
      ];
    case 2:
      return [
        `${field}|cidr`,
        some(() => pick(['10.0.0.0/8', '::ffff:10.0.0.0/104', '::/0', '2001:db8::/32', '0.0.0.0/0', '::/80'], random)),
      ];
    case 3:
      return [`${field}|${pick(['lt', 'lte', 'gt', 'gte'], random)}`, pick([0, 1, 403, 400.5, -1, 7], random)];
    case 4:
    case 5:
      return [`${field}|fieldref${place}${all}`, some(() => fieldFrom(random, depth))];
    case 6:
      return [
        `${field}|${pick(['minute', 'hour', 'day', 'week', 'month', 'year'], random)}`,
        pick([1, 2, 3, 4, 12, 53], random),
      ];
    case 7:
      return [`${field}|expand${place}`, some(() => pick(['%nobody%', '%some%', 'a%some%'], random))];
    case 8:
      return [`${field}|windash${place}`, some(() => pick(['cmd -c x', '/c', ' -c'], random))];
    case 9:
      return [`${field}|neq`, some(plain)];
    case 10:
      return [`${field}|base64${place}`, 'ab'];
    case 11:
      return [`${field}|cidr|expand`, pick(['%nets%', '%nobody%'], random)];
    case 12:
      return [`${field}${place}${cased}${all}`, place === '' && cased === '' ? some(plain) : some(texts)];
    default:
      return [`${field}${all}`, some(plain)];
  }
}

function textFrom(random: Random): string {
  const parts = [
    'create',
    'a',
    'A',
    'b',
    '*',
    '*',
    '?',
    '\\*',
    '\\?',
    'x',
    'σ',
    'Σ',
    '😀',
    '\\\\',
    'kube',
    '-',
    '\n',
    '403',
    'Ä',
  ];
  return several(3, () => pick(parts, random), random).join('');
}

function conditionFrom(selections: readonly string[], random: Random, depth: number): string {
  const name = () => pick(selections, random);
  switch (random(depth > 2 ? 3 : 8)) {
    case 0:
    case 1:
    case 2:
      return name();
    case 3:
      return `not ${conditionFrom(selections, random, 3)}`;
    case 4:
      return `(${conditionFrom(selections, random, depth + 1)} and ${conditionFrom(selections, random, depth + 1)})`;
    case 5:
      return `(${conditionFrom(selections, random, depth + 1)} or not ${conditionFrom(selections, random, depth + 1)})`;
    case 6:
      return pick(['all of them', '1 of them', 'any of them', '1 of s*', 'all of s*'], random);
    default:
      return selections.length > 2 ? pick(['2 of them', '2 of s*', 'not 2 of them'], random) : name();
  }
}
