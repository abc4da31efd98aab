/**
 * Real receivers accept what the OTLP sink sends: an OpenTelemetry Collector, Loki and Fluent Bit get the records of all
 * cases of all rules.
 *
 *   OTELCOL=/path/to/otelcol LOKI=http://… FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e/otlp-sink.test.ts
 *
 * The Collector needs the receiver otlp and the exporters file and otlphttp, Fluent Bit the input opentelemetry.
 */
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { Problem } from '../../src/problem.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { numberedBatch, problemOf } from '../sinks/contract.ts';
import { numbersOf } from '../sinks/otlp/receiver.ts';
import { openPeer, type Responder } from '../sinks/request/peer.ts';
import { openConfigured, openLetters } from '../sinks/request/posting.ts';
import { root } from '../stores/snippets.ts';
import { batchesOf, type Tagged, tagged } from '../stores/tagged-records.ts';
import { fluentBit, freePorts, startProcess } from './processes.ts';

const collector = process.env.OTELCOL;
const shown = join(root, 'examples/otel-collector');
const severities: Record<string, number> = { informational: 9, low: 11, medium: 13, high: 17, critical: 21 };

let all: Tagged[];
beforeAll(async () => {
  if (collector || fluentBit || process.env.LOKI) all = await tagged();
}, 60_000);

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-otlp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Delivers everything, as a sender that retries does. */
async function deliverAll(sink: Sink): Promise<number> {
  let failures = 0;
  for (const batch of batchesOf(all)) {
    for (;;) {
      try {
        await sink.deliver(batch);
        break;
      } catch (error) {
        if (!(error instanceof Problem) || ++failures > 100) throw error;
        await sleep(100);
      }
    }
  }
  return failures;
}

/** A value in the JSON of OTLP. */
function valueIn(any: any): unknown {
  if ('kvlistValue' in any) return mapOf(any.kvlistValue.values);
  if ('arrayValue' in any) return (any.arrayValue.values ?? []).map(valueIn);
  if ('intValue' in any) return Number(any.intValue);
  return any.stringValue ?? any.boolValue ?? any.doubleValue ?? any.bytesValue ?? null;
}

function mapOf(pairs: any[] = []): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, valueIn(value)]));
}

describe.skipIf(!collector)('an OpenTelemetry Collector (OTELCOL)', () => {
  test.each(['none', 'gzip', 'zstd'])(
    'has every value of every record, compression %s',
    async (compression) => {
      const folder = scratch();
      const [port] = await freePorts(1);
      const file = join(folder, 'audit.json');
      const [settings] = parse(readFileSync(join(shown, 'tripline.yaml'), 'utf8')).sinks;
      const url = settings.url.replace('collector:4318', `127.0.0.1:${port}`);
      const { sink } = await openConfigured({ ...settings, url, compression, maxRequestBytes: 100_000 });
      const delivery = deliverAll(sink);
      const running = startProcess(collector!, ['--config', join(shown, 'collector.yaml')], join(folder, 'log'), {
        ...process.env,
        OTLP_ENDPOINT: `127.0.0.1:${port}`,
        OTLP_FILE: file,
      });
      onTestFinished(() => running.stop('SIGKILL'));
      expect(await delivery, 'it was not there at first').toBeGreaterThan(0);
      await running.stop('SIGTERM');

      const requests = readFileSync(file, 'utf8').trimEnd().split('\n');
      const records = requests.flatMap((line) =>
        JSON.parse(line).resourceLogs.flatMap(({ resource, scopeLogs }: any) =>
          scopeLogs.flatMap(({ logRecords }: any) =>
            logRecords.map((record: any) => ({ ...record, resource: mapOf(resource.attributes) })),
          ),
        ),
      );
      const found = records.map(({ body, attributes }) =>
        JSON.stringify({ body: valueIn(body), tag: mapOf(attributes).tripline }),
      );
      const expected = all.map(({ line }) => {
        const { tripline: tag, ...body } = JSON.parse(line);
        return JSON.stringify({ body, tag });
      });
      expect(found.toSorted()).toEqual(expected.toSorted());
      for (const { attributes, resource, severityNumber = 0 } of records) {
        const { tripline, ...others } = mapOf(attributes) as any;
        expect(others).toMatchObject({ 'tripline.verdict': tripline.verdict });
        expect(others['user.name']).toBe(tripline.event?.username || undefined);
        expect(resource['k8s.cluster.name']).toBe(tripline.cluster);
        expect(severityNumber).toBe(severities[tripline.level] ?? 0);
      }
    },
    60_000,
  );
});

test.skipIf(!collector)(
  'an OpenTelemetry Collector has each finding as an event (OTELCOL)',
  async () => {
    const folder = scratch();
    const [port] = await freePorts(1);
    const file = join(folder, 'findings.json');
    const url = `http://127.0.0.1:${port}/v1/logs`;
    const { sink } = await openConfigured({ type: 'otlp', url, rows: 'findings', compression: 'gzip' });
    const running = startProcess(collector!, ['--config', join(shown, 'collector.yaml')], join(folder, 'log'), {
      ...process.env,
      OTLP_ENDPOINT: `127.0.0.1:${port}`,
      OTLP_FILE: file,
    });
    onTestFinished(() => running.stop('SIGKILL'));
    await deliverAll(sink);
    await running.stop('SIGTERM');
    const requests = readFileSync(file, 'utf8').trimEnd().split('\n');
    const records = requests.flatMap((line) =>
      JSON.parse(line).resourceLogs.flatMap(({ scopeLogs }: any) =>
        scopeLogs.flatMap(({ logRecords }: any) => logRecords),
      ),
    );
    const expected = all.flatMap(({ tag: { findings = [], reports = [] } }) => [...findings, ...reports]);
    expect(records.map(({ attributes }: any) => mapOf(attributes)['tripline.finding.id']).toSorted()).toEqual(
      expected.map(({ id }) => id).toSorted(),
    );
    for (const { attributes, eventName, severityNumber, body } of records) {
      const row = mapOf(attributes)['tripline.finding'] as any;
      expect(eventName).toBe(`tripline.${row.kind}`);
      expect(severityNumber).toBe(severities[row.level]);
      expect(body.stringValue).toBe(row.summary);
    }
  },
  60_000,
);

describe.skipIf(!collector)('a Collector that does not queue what it receives (OTELCOL)', () => {
  /** A Collector that answers only after the next receiver has answered. */
  async function between(respond: Responder) {
    const folder = scratch();
    const [port] = await freePorts(1);
    const next = await openPeer(respond);
    const config = join(folder, 'collector.yaml');
    const off = { enabled: false };
    const otlphttp = { logs_endpoint: `${next.url}/v1/logs`, sending_queue: off, retry_on_failure: off };
    writeFileSync(
      config,
      stringify({
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
        exporters: { otlphttp },
        service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['otlphttp'] } } },
      }),
    );
    const running = startProcess(collector!, ['--config', config], join(folder, 'log'));
    onTestFinished(() => running.stop('SIGKILL'));
    await expect
      .poll(() => fetch(`http://127.0.0.1:${port}`).catch(() => undefined), { timeout: 20_000 })
      .toBeDefined();
    const settings = { type: 'otlp', url: `http://127.0.0.1:${port}/v1/logs` };
    return { next, ...(await openConfigured(settings, await openLetters())) };
  }

  test('is retried while the next receiver is busy', async () => {
    const { sink, next } = await between((_, response) => void response.writeHead(503).end());
    const { code, message } = await problemOf(sink.deliver(numberedBatch(5)));
    expect([code, message]).toEqual([
      'sink.unavailable',
      expect.stringMatching(/answered 503: "error exporting items, .* 503/),
    ]);
    next.respond = (_, response) => void response.end();
    await expect.poll(() => sink.deliver(numberedBatch(5)).catch(() => undefined), { timeout: 10_000 }).toBeDefined();
    expect(numbersOf(next.posted.slice(-1))).toEqual([0, 1, 2, 3, 4]);
  }, 60_000);

  test('says which record the next receiver refuses', async () => {
    const { sink, letters } = await between((posted, response) => {
      response.writeHead(numbersOf([posted]).includes(3) ? 400 : 200).end();
    });
    expect(await sink.deliver(numberedBatch(5))).toEqual({ kind: 'acknowledged', records: 4, setAside: 1 });
    expect(letters()[0]!.head.detail).toMatch(/answered (400|500): ".*400/);
  }, 60_000);
});

describe.skipIf(!process.env.LOKI)("Loki's endpoint for OTLP (LOKI)", () => {
  test('has every record, with severity and members of the tag beside it', async () => {
    const service = `tripline-${randomInt(1e9)}`;
    const url = `${process.env.LOKI}/otlp/v1/logs`;
    const { sink } = await openConfigured({ type: 'otlp', url, resource: { 'service.name': service } });
    await deliverAll(sink);
    const countsBy = async (label: string, value: string) => {
      const query = `sum by (${label}) (count_over_time({service_name="${service}"}[1h]))`;
      const response = await fetch(`${process.env.LOKI}/loki/api/v1/query?${new URLSearchParams({ query })}`);
      const { data } = (await response.json()) as any;
      return Number(data.result.find(({ metric }: any) => metric[label] === value)?.value[1]);
    };
    // Of records that are identical, Loki may keep only one.
    for (const level of Object.keys(severities)) {
      const own = all.filter(({ tag }) => tag.level === level);
      for (const label of ['severity_text', 'tripline_level']) {
        const count = await countsBy(label, level);
        expect(count).toBeLessThanOrEqual(own.length);
        expect(count).toBeGreaterThanOrEqual(new Set(own.map(({ line }) => line)).size);
      }
    }
  }, 120_000);
});

/** JSON with its integers as Fluent Bit's input for OTLP reads them. */
function withInt32(value: unknown): string {
  return JSON.stringify(value, (_, found) => (Number.isSafeInteger(found) ? found | 0 : found));
}

describe.skipIf(!fluentBit)("Fluent Bit's input for OTLP (FLUENT_BIT)", () => {
  test('has every record, with 32 bits of each integer', async () => {
    const folder = scratch();
    const [port] = await freePorts(1);
    const { sink } = await openConfigured({ type: 'otlp', url: `http://127.0.0.1:${port}/v1/logs` });
    const args = ['-q', '-f', '0.2', '-i', 'opentelemetry', '-p', 'listen=127.0.0.1', '-p', `port=${port}`];
    args.push('-o', 'file', '-m', '*', '-p', `path=${folder}`, '-p', 'file=out', '-p', 'format=plain');
    const running = startProcess(fluentBit!, args, join(folder, 'log'));
    onTestFinished(() => running.stop('SIGKILL'));
    await deliverAll(sink);
    await running.stop('SIGTERM');
    expect(existsSync(join(folder, 'out')), readdirSync(folder).join()).toBe(true);
    const lines = readFileSync(join(folder, 'out'), 'utf8').trimEnd().split('\n');
    const expected = all.map(({ line }) => withInt32({ ...JSON.parse(line), tripline: undefined }));
    expect(lines.map((line) => JSON.stringify(JSON.parse(line))).toSorted()).toEqual(expected.toSorted());
  }, 60_000);
});
