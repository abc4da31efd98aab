/** normalize returns a result for any record, and a fault in one member does not affect the others. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fields, fieldsOf } from '../../src/fields/index.ts';
import { isMap } from '../../src/json/map.ts';
import { inflateBudget, normalize } from '../../src/normalizers/index.ts';
import fc, { runs } from '../properties.ts';
import { plain } from './plain.ts';

const root = `${import.meta.dirname}/../fixtures/normalizers`;
const fixture = (name: string) => JSON.parse(readFileSync(`${root}/${name}.input.json`, 'utf8'));
/** One of each shape. */
const records = [
  'kubernetes/pod-create',
  'kubernetes/event-list',
  'kubernetes/json-patch',
  'openshift/viaq',
  'eks/subscription',
  'eks/insights-result',
  'eks/firehose-gzip',
  'aks/diagnostic-record',
  'aks/aks-audit-table',
  'gke/pod-create',
  'gke/split',
  'gke/delegated-identity',
  'ocsf/pod-create',
  'ecs/azure',
  'ecs/gcp',
  'envelopes/ovhcloud',
].map(fixture);

function readAll(record: unknown): void {
  const normalized = normalize(record);
  if (normalized.kind !== 'audit') return;
  for (const event of normalized.events) {
    const lookup = fieldsOf(event);
    for (const name of [
      ...fields.keys(),
      'requestObject.spec.a',
      'user.groups',
      'impersonatedUser.groups',
      '__proto__.a',
    ]) {
      const { values, gap } = lookup(name);
      // An expectation costs more than the look-up that it checks.
      if (!Array.isArray(values) || !(typeof gap === 'string' || gap === undefined)) {
        throw new Error(`${name}: ${typeof values}, ${typeof gap}`);
      }
    }
  }
}

/** Paths of every member of a value. */
function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  const entries = Array.isArray(value) ? [...value.entries()] : isMap(value) ? Object.entries(value) : [];
  return entries.flatMap(([key, each]) => [[...path, key], ...pathsOf(each, [...path, key])]);
}

function withMember(record: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(record);
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  at[path.at(-1)!] = value;
  return copy;
}

/** A map that no operator can turn into a number or a text. */
const unprintable = { toString: 1, valueOf: 1, toJSON: 1, length: 1e9 };
const wrong = [
  ...[undefined, null, true, 17, -0.5, '', 'text', '{"a":', '[', [], [[]], {}, { a: 1 }, '\ud800', 1e308, 2n ** 70n],
  ...[unprintable, [unprintable], Object.assign(Object.create(null), { a: 1 })],
];

test('any member of any shape may have a value of another type', () => {
  for (const record of records) {
    for (const path of pathsOf(record)) for (const value of wrong) readAll(withMember(record, path, value));
  }
});

test.each(['class_uid', 'split', 'status', 'operation', 'time', 'cluster', 'properties', 'records', 'message'])(
  'a %s may be a value that no operator can turn into a number or a text',
  (name) => {
    for (const value of [unprintable, { index: unprintable, code: unprintable }, [unprintable]]) {
      readAll({ [name]: value });
      readAll({ ...fixture('gke/pod-create'), [name]: value });
    }
  },
);

test('any JSON is normalized without an error', () => {
  fc.assert(fc.property(fc.jsonValue(), readAll), { numRuns: runs(40) });
});

test('a fixture may be cut anywhere inside its text', () => {
  for (const name of ['envelopes/tail-without-parser', 'gke/cut', 'envelopes/escaped-twice', 'envelopes/base64-gzip']) {
    const record = fixture(name);
    const [key] = Object.keys(record);
    const text: string = record[key];
    for (let length = 0; length < text.length; length += 7) readAll({ [key]: text.slice(0, length) });
  }
});

test('a cut event never has a value that the whole event lacks', () => {
  const { log } = fixture('envelopes/tail-without-parser');
  const whole = normalize({ log });
  if (whole.kind !== 'audit') throw new Error(whole.kind);
  const truth = fieldsOf(whole.events[0]);
  const names = [
    'verb',
    'resource',
    'subresource',
    'namespace',
    'name',
    'username',
    'groups',
    'outcome',
    'dryRun',
    'hostPID',
    'hostIPC',
    'impersonatedUser',
    'sourceIPs',
    'responseStatus.code',
    'action',
  ];
  for (let length = 1; length < log.trimEnd().length; length++) {
    const cut = normalize({ log: log.slice(0, length) });
    if (cut.kind !== 'audit') continue;
    const lookup = fieldsOf(cut.events[0]);
    for (const name of names) {
      const { values, gap } = lookup(name);
      if (gap === undefined) expect({ length, name, values }).toEqual({ length, name, values: truth(name).values });
      else expect(truth(name).values).toEqual(expect.arrayContaining([...values]));
    }
  }
});

describe('a wrong type in one member of an event does not change the others', () => {
  const record = fixture('kubernetes/pod-create');
  const event = (value: unknown): Record<string, unknown> => {
    const normalized = normalize(value);
    if (normalized.kind !== 'audit') throw new Error(normalized.kind);
    return plain(normalized.events[0]) as Record<string, unknown>;
  };
  const whole = event(record);
  /** What is derived from a member, or shows that it is missing. */
  const derived: Record<string, string[]> = {
    verb: ['action', 'evidence'],
    stage: [],
    requestURI: ['dryRun'],
    objectRef: ['evidence'],
    responseStatus: ['outcome', 'evidence'],
    annotations: ['outcome'],
    sourceIPs: ['clientIPs'],
    requestObject: ['evidence', 'dryRun'],
    responseObject: ['evidence'],
  };

  test.each(Object.keys(record).filter((name) => !['kind', 'apiVersion'].includes(name)))('%s', (name) => {
    for (const value of [null, true, 17, 'text', [], [17]]) {
      const changed = event({ ...record, [name]: value });
      const touched = new Set(['gaps', name, ...(derived[name] ?? [])]);
      for (const key of Object.keys(whole))
        if (!touched.has(key)) expect([key, changed[key]]).toEqual([key, whole[key]]);
    }
  });
});

describe('deep and large', () => {
  const nested = (levels: number, open: string, close: string) => `${open.repeat(levels)}1${close.repeat(levels)}`;

  test.each([
    ['lists', nested(100_000, '[', ']')],
    ['maps', nested(100_000, '{"data":', '}')],
    ['lists, cut', '['.repeat(100_000)],
    ['maps, cut', '{"data":'.repeat(100_000)],
  ])('%s of 100,000 levels inside a text are malformed', (_name, log) => {
    expect(normalize({ log }).kind).toBe('malformed');
  });

  test('lists of 100,000 levels outside a text are malformed', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(normalize({ data: deep }).kind).toBe('malformed');
    readAll({ ...fixture('kubernetes/pod-create'), requestObject: deep, objectRef: deep, annotations: { a: deep } });
  });

  test('a deep body does not hide the event', () => {
    const log = JSON.stringify({ ...fixture('kubernetes/pod-create'), requestObject: nested(100_000, '[', ']') });
    const normalized = normalize({ log });
    if (normalized.kind !== 'audit') throw new Error(normalized.kind);
    expect(fieldsOf(normalized.events[0])('hostPID')).toEqual({ values: [true] });
    expect(fieldsOf(normalized.events[0])('requestObject').gap).toBe('too_deep');
  });

  test('a long annotation key is not repeated for each key below it', () => {
    const below = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, 'v']));
    const annotations = { ['a'.repeat(318)]: below, 'x.io/b': 'kept', pod: { 'y.io/c': 'joined' } };
    const normalized = normalize({ ...fixture('kubernetes/pod-create'), annotations });
    if (normalized.kind !== 'audit') throw new Error(normalized.kind);
    expect(normalized.events[0].annotations).toEqual({ 'x.io/b': 'kept', 'pod.y.io/c': 'joined' });
  });

  test('gzip data that inflates beyond the limit is malformed', () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x20)).toString('base64');
    expect(normalize({ data: bomb })).toMatchObject({ kind: 'malformed', problem: { code: 'record.malformed' } });
  });

  test('gzip data of many records is malformed beyond the limit of their batch', () => {
    const bomb = { data: gzipSync(Buffer.alloc(30 * 1024 * 1024, 0x20)).toString('base64') };
    const inflate = inflateBudget();
    const kinds = Array.from({ length: 10 }, () => normalize(bomb, {}, inflate).kind);
    expect(kinds).toEqual([...Array(8).fill('not_audit'), 'malformed', 'malformed']);
  });
});

test('keys of the prototype are data', () => {
  const record = JSON.parse(
    '{"__proto__":{"auditID":"x","verb":"get","stage":"Panic"},"auditID":"7","verb":"get","stage":"Panic","constructor":{},' +
      '"annotations":{"__proto__":"a"},"user":{"extra":{"__proto__":["b"]}}}',
  );
  const normalized = normalize(record);
  if (normalized.kind !== 'audit') throw new Error(normalized.kind);
  const [event] = normalized.events;
  expect(event.auditID).toBe('7');
  expect(Object.entries(event.annotations)).toEqual([['__proto__', 'a']]);
  expect(Object.entries(event.user.extra ?? {})).toEqual([['__proto__', ['b']]]);
  expect(Object.getPrototypeOf(event.annotations)).toBe(Object.prototype);
});
