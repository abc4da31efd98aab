/** A record means the same wherever senders of OTLP put it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codecNamed } from '../../src/codecs/index.ts';
import { normalize } from '../../src/normalizers/index.ts';
import type { LogRecord } from '../../src/record.ts';
import { plain } from '../normalizers/plain.ts';
import { anyValue, encodeOtlp, keyValues } from './proto.ts';

const LIMITS = { maxDepth: 256, maxRecords: 10 };
const folder = join(import.meta.dirname, '../fixtures/normalizers');
const records = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.input.json'))
  .map((path) => [path, JSON.parse(readFileSync(join(folder, path), 'utf8'))] as const)
  .filter(([, record]) => !Array.isArray(record));

/** As Fluent Bit splits a record by `logs_body_key_attributes`. */
function split(record: Record<string, unknown>): object {
  const { log, message, ...rest } = record;
  const [body, others] =
    log === undefined ? [message, rest] : [log, { ...rest, ...(message !== undefined && { message }) }];
  return body === undefined ? { body: anyValue(record) } : { body: anyValue(body), attributes: keyValues(others) };
}

const places: Record<string, (record: Record<string, unknown>) => object> = {
  'as the body': (record) => ({ body: anyValue(record) }),
  'as the text of the body': (record) => ({ body: anyValue(JSON.stringify(record)) }),
  'as attributes': (record) => ({ attributes: keyValues(record) }),
  'in body and attributes': split,
};

describe.each(Object.entries(places))('%s', (_, place) => {
  test.each(records)('%s', (_, record) => {
    const otlp = codecNamed('otlp')!;
    const bytes = encodeOtlp('ExportLogsServiceRequest', {
      resourceLogs: [{ scopeLogs: [{ logRecords: [place(record)] }] }],
    });
    const [found] = otlp.decode(bytes, LIMITS);
    const read = otlp.read(bytes, found as LogRecord & { kind: 'map' }, LIMITS);
    expect(plain(normalize(read))).toEqual(plain(normalize(record)));
  });
});

test('the cluster of the resource counts if the record names none', () => {
  const otlp = codecNamed('otlp')!;
  const event = JSON.parse(readFileSync(join(folder, 'kubernetes/pod-create.input.json'), 'utf8'));
  const logRecords = [{ body: anyValue(event) }, { attributes: keyValues({ ...event, cluster: 'edge' }) }];
  const resource = { attributes: keyValues({ 'k8s.cluster.name': 'prod' }) };
  const bytes = encodeOtlp('ExportLogsServiceRequest', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
  const names = otlp.decode(bytes, LIMITS).map((record) => {
    const normalized = normalize(otlp.read(bytes, record as LogRecord & { kind: 'map' }, LIMITS));
    return normalized.kind === 'audit' && normalized.events[0].cluster?.name;
  });
  expect(names).toEqual(['prod', 'edge']);
});
