/**
 * A real OpenTelemetry Collector and a real Fluent Bit take what the OTLP sink sends: the records of all cases of all rules.
 *
 *   FLUENT_BIT=/path/to/fluent-bit OTELCOL=/path/to/otelcol npx vitest run test/e2e/otlp-sink.test.ts
 *
 * The Collector needs the receiver otlp and the exporter file.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { Problem } from '../../src/problem.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { openConfigured } from '../sinks/request/posting.ts';
import { root } from '../stores/snippets.ts';
import { batchesOf, type Tagged, tagged } from '../stores/tagged-records.ts';
import { fluentBit, freePorts, startProcess } from './processes.ts';

const collector = process.env.OTELCOL;
const shown = join(root, 'examples/otel-collector');
const severities: Record<string, number> = { informational: 9, low: 11, medium: 13, high: 17, critical: 21 };

let all: Tagged[];
beforeAll(async () => {
  if (collector || fluentBit) all = await tagged();
}, 60_000);

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-otlp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Delivers all, as a sender does that tries again. */
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

describe.skipIf(!fluentBit)("Fluent Bit's input for OTLP (FLUENT_BIT)", () => {
  test('has every record', async () => {
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
    expect(lines).toHaveLength(all.length);
  }, 60_000);
});
