/**
 * A real Fluent Bit and a real OpenTelemetry Collector send a generated audit log on /v1/logs, by the files of examples/otlp
 * and in other forms.
 *
 *   FLUENT_BIT=/path/to/fluent-bit OTELCOL=/path/to/otelcol npx vitest run test/e2e/otlp.test.ts
 *
 * The Collector needs the receiver filelog, the processors batch and transform, and the exporter otlp_http.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { taggedBodyAndRecords } from '../../src/batch/splice.ts';
import { Problem } from '../../src/problem.ts';
import { jsonOf } from '../../src/sinks/encode/json.ts';
import { asLogEvents } from '../../src/sinks/encode/log-event/otlp.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { type TestServer, testServer } from '../server/app.ts';
import { auditLines, keyPattern, matchingKeys } from './audit-log.ts';
import { fluentBit, type Running, startProcess } from './processes.ts';

const collector = process.env.OTELCOL || undefined;
const examples = join(import.meta.dirname, '../../examples/otlp');
const RECORDS = 2000;

let server: TestServer | undefined;
let running: Running | undefined;
let folder: string | undefined;
afterEach(async () => {
  await running?.stop('SIGKILL');
  await server?.app.close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  server = running = folder = undefined;
});

interface Sent {
  /** Each record with its tag, as JSON. */
  records: Record<string, any>[];
  fluentTags: (string | undefined)[];
  codecs: string[];
}

/** Starts a program on a file of the example, and waits until the whole log has come. Its first requests are refused. */
async function sentBy(program: string, argument: string, file: string, change: (config: any) => void): Promise<Sent> {
  const sent: Sent = { records: [], fluentTags: [], codecs: [] };
  let refusals = 2;
  const sink: Sink = {
    name: 'memory',
    async deliver(batch) {
      if (refusals-- > 0) throw new Problem('sink.unavailable', 'not yet');
      sent.fluentTags.push(batch.fluentTag);
      sent.codecs.push(batch.codec.name);
      const events = asLogEvents(batch);
      // As in a spool: the tags are in the bytes.
      const { body: bytes, records } = taggedBodyAndRecords(events);
      const stored = { ...events, bytes, records, tags: records.map(() => undefined) };
      for (const [index, { kind }] of records.entries()) {
        if (kind !== 'group') sent.records.push(JSON.parse(Buffer.from(jsonOf(stored, index)).toString()));
      }
      return { kind: 'acknowledged', records: batch.records.length };
    },
    async close() {},
  };
  server = testServer({}, { sinks: [sink] });
  await server.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.app.server.address() as AddressInfo;
  folder = mkdtempSync(join(tmpdir(), 'tripline-otlp-'));
  writeFileSync(join(folder, 'audit.log'), auditLines(0, RECORDS));
  const config = parse(readFileSync(join(examples, file), 'utf8'));
  change(config);
  const path = join(folder, file);
  writeFileSync(path, stringify(config));
  const log = join(folder, 'output');
  running = startProcess(program, [argument, path], log, {
    ...process.env,
    AUDIT_LOG: join(folder, '*.log'),
    FLUENT_BIT_DATA: folder,
    TRIPLINE_PORT: String(port),
  });
  const deadline = performance.now() + 90_000;
  while (sent.records.length < RECORDS && performance.now() < deadline && !running.hasEnded()) await sleep(100);
  expect(refusals, readFileSync(log, 'utf8')).toBeLessThan(0);
  return sent;
}

/** @param codec with which all records came */
function expectWhole({ records, fluentTags, codecs }: Sent, codec: string): void {
  expect([...new Set(fluentTags)]).toEqual(['kube.audit']);
  expect([...new Set(codecs)]).toEqual([codec]);
  const verdicts = new Map(
    records.map((record) => [keyPattern.exec(JSON.stringify(record))?.[0] ?? '', record.tripline.verdict]),
  );
  const expected = new Map(Array.from({ length: RECORDS }, (_, index) => [keyOf(index), verdictOf(index)]));
  expect(verdicts).toEqual(expected);
  expect(records).toHaveLength(RECORDS);
}

/** By the shape of a line in the generated log: text, cut, or an event. */
function verdictOf(index: number): string {
  if (index % 100 === 20) return 'not_audit';
  if (index % 100 === 30) return 'indeterminate';
  return matching.has(keyOf(index)) ? 'match' : 'clear';
}

const matching = matchingKeys(RECORDS);
const keyOf = (index: number) => `e2e-${String(index).padStart(8, '0')}`;

const output = (config: any) => config.pipeline.outputs[0];

describe.skipIf(fluentBit === undefined)('Fluent Bit (FLUENT_BIT)', { timeout: 120_000 }, () => {
  test.each<[string, (config: any) => void]>([
    ['as the example has it', () => {}],
    ['compressed by zstd', (config) => Object.assign(output(config), { compress: 'zstd' })],
    [
      'with lines as they are, and members beside them as attributes',
      (config) => {
        delete config.pipeline.inputs[0].parser;
        config.pipeline.inputs[0].path_key = 'path';
        Object.assign(output(config), { compress: undefined, logs_body_key_attributes: 'on' });
      },
    ],
  ])('%s', async (_, change) => {
    expectWhole(await sentBy(fluentBit!, '-c', 'fluent-bit.yaml', change), 'otlp');
  });
});

describe.skipIf(collector === undefined)('an OpenTelemetry Collector (OTELCOL)', { timeout: 120_000 }, () => {
  const filelog = (config: any) => config.receivers.filelog;
  const parser = (settings: object) => (config: any) => {
    filelog(config).operators = [{ type: 'json_parser', ...settings }];
  };
  test.each<[string, string, (config: any) => void]>([
    ['as the example has it', 'otlp', () => {}],
    ['compressed by zstd', 'otlp', (config) => Object.assign(config.exporters.otlp_http, { compression: 'zstd' })],
    ['in JSON', 'otlp_json', (config) => Object.assign(config.exporters.otlp_http, { encoding: 'json' })],
    ['with lines parsed to the body', 'otlp', parser({ parse_to: 'body' })],
    ['with lines parsed to attributes', 'otlp', parser({ parse_to: 'attributes' })],
    [
      'with lines parsed to attributes alone, in JSON',
      'otlp_json',
      (config) => {
        const ofJson = 'where HasPrefix(body, "{") and HasSuffix(body, "}")';
        config.processors.transform.log_statements.push({
          context: 'log',
          statements: [`merge_maps(attributes, ParseJSON(body), "upsert") ${ofJson}`, `set(body, "") ${ofJson}`],
        });
        Object.assign(config.exporters.otlp_http, { encoding: 'json' });
      },
    ],
  ])('%s', async (_, codec, change) => {
    const sent = await sentBy(collector!, '--config', 'collector.yaml', change);
    expectWhole(sent, codec);
    const events = sent.records.filter(({ tripline }) => tripline.verdict !== 'not_audit');
    expect(new Set(events.map(({ tripline }) => tripline.cluster))).toEqual(new Set(['prod']));
    expect(sent.records[0]!.__internal__.group_attributes.resource.attributes).toMatchObject({
      'k8s.cluster.name': 'prod',
    });
  });
});
