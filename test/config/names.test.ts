/** Names that settings may choose: none under which a tag would replace what was logged. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bearerTokenFault, dateKeyFault, headerFault, memberNameFault } from '../../src/config/names.ts';

const root = join(import.meta.dirname, '../..');

/** The keys of the records in the fixtures of platforms and wrappers, and those that normalizers read from a record. */
function keysOfRecords(): Set<string> {
  const folder = join(root, 'test/fixtures/normalizers');
  const keys = new Set<string>();
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('input'),
  )) {
    const record = JSON.parse(readFileSync(join(folder, path), 'utf8'));
    for (const map of [record].flat()) for (const key of Object.keys(map)) keys.add(key);
  }
  for (const name of readdirSync(join(root, 'src/normalizers')).filter((name) => name.endsWith('.ts'))) {
    const source = readFileSync(join(root, 'src/normalizers', name), 'utf8');
    for (const [, key] of source.matchAll(/\b(?:member|textAt|at)\((?:map|entry|record|resourceLogs), '([^']+)'/g)) {
      keys.add(key!);
    }
  }
  return keys;
}

/** Keys that a record may lose without losing its event: what shippers add about the line that they read. */
const ofShippers = [
  ...['_SYSTEMD_UNIT', '_gdch_cluster', '_gdch_fluentbit_pod', '_p', '_time', 'ccpNamespace_s', 'cluster', 'error'],
  ...[
    'host',
    'hostname',
    'k8s_annotations',
    'log_source',
    'log_type',
    'note',
    'offset',
    'partition',
    'pod_s',
    'PodName',
  ],
  ...['pri', 'problem', 'reason', 'involvedObject', 'regarding', 'serviceBuild', 'sourcetype', 'stream_s', 'topic'],
  ...['tripline'],
];

test('each key that an event is read from is refused as the name of the tag', () => {
  const keys = keysOfRecords();
  expect(keys.size).toBeGreaterThan(100);
  const free = [...keys].filter((key) => memberNameFault(key, 'date') === undefined);
  expect(free.filter((key) => !ofShippers.includes(key) && !key.startsWith('k8s_'))).toEqual([]);
});

test.each(['tripline', 'audit_tag', 'x', 'detections', 'tag', '_tripline', 'Tripline'])(
  '%s can be the name of the tag',
  (name) => {
    expect(memberNameFault(name, 'date')).toBeUndefined();
  },
);

test.each(['date', 'time', 'timestamp', '@timestamp', 'ts'])('%s can be the key of the time', (name) => {
  expect(dateKeyFault(name)).toBeUndefined();
});

test.each(['X-Fluent-Tag', 'x-tag', 'Tag', 'X_Tag', 'fluent.tag'])('%s can be the header of the tag', (name) => {
  expect(headerFault(name)).toBeUndefined();
});

test.each([
  ...['Authorization', 'content-type', 'Content-Length', 'Content-Encoding', 'Host', 'ACCEPT', 'User-Agent', 'Cookie'],
  ...['Transfer-Encoding', 'Connection', 'traceparent', 'X-Forwarded-For', 'Expect', 'If-Match', 'Upgrade'],
  ...['a b', 'a:b', 'tag\n', 'täg', ' tag', '"tag"', 'tag\u202e'],
])('%j cannot be the header of the tag', (name) => {
  expect(headerFault(name)).toContain('X-Fluent-Tag');
});

test.each(['a b', ' a', 'a\n', 'a\tb', 'tökén', 'a\0'])('%j cannot be a token', (text) => {
  expect(bearerTokenFault(text)).toContain('write one word');
});

test('a token is one word of any characters', () => {
  for (const text of ['abc', 'a.b-c_d~e+f/g==', 'p@ss!"#$%&']) expect(bearerTokenFault(text)).toBeUndefined();
});
