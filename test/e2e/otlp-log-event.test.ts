/** The log event that Tripline makes from an OTLP record is the same as that of Fluent Bit's own input.
 *
 *   FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e/otlp-log-event.test.ts */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMulti } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import { codecNamed } from '../../src/codecs/index.ts';
import { asLogEvents } from '../../src/sinks/encode/log-event/otlp.ts';
import { batchOf } from '../batch/batch-of.ts';
import { anyValue, encodeOtlp, keyValues } from '../otlp/proto.ts';
import { fluentBit, freePorts, startProcess } from './processes.ts';

/** With 32-bit integers: Fluent Bit truncates longer ones in Protobuf. */
const logRecord = (body: unknown) => ({
  timeUnixNano: '1700000000123456789',
  observedTimeUnixNano: '1700000001000000000',
  severityNumber: 9,
  severityText: 'Info',
  body: anyValue(body),
  attributes: keyValues({ a: 'b', deep: { list: [1, -2] } }),
  droppedAttributesCount: 3,
  flags: 1,
  traceId: Buffer.alloc(16, 0xab),
  spanId: Buffer.alloc(8, 0xcd),
  eventName: 'e',
});
const scopeLogs = (name: string, ...bodies: unknown[]) => ({
  scope: { name, version: '1', attributes: keyValues({ b: 1 }), droppedAttributesCount: 2 },
  schemaUrl: 'u',
  logRecords: bodies.map(logRecord),
});
const request = encodeOtlp('ExportLogsServiceRequest', {
  resourceLogs: [
    {
      resource: { attributes: keyValues({ 'k8s.cluster.name': 'prod' }), droppedAttributesCount: 1 },
      schemaUrl: 'r',
      scopeLogs: [
        scopeLogs('s', { list: [1, 'x', null, 0.5], bytes: Buffer.from([1, 255]), deep: { a: true } }, 'a text'),
        scopeLogs('t', [1], 5, Buffer.from([0])),
      ],
    },
    { resource: { attributes: keyValues({ c: 1 }) }, schemaUrl: 'r', scopeLogs: [scopeLogs('v', {})] },
  ],
});

test.skipIf(fluentBit === undefined)('a request gives equal log events (FLUENT_BIT)', { timeout: 60_000 }, async () => {
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(await buffer(request));
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'tripline-otlp-'));
  const config = join(folder, 'fluent-bit.yaml');
  const to = (server.address() as AddressInfo).port;
  writeFileSync(
    config,
    `service: { flush: 0.2 }
pipeline:
  inputs: [{ name: opentelemetry, listen: 127.0.0.1, port: ${port} }]
  outputs: [{ name: http, match: '*', host: 127.0.0.1, port: ${to}, format: msgpack }]
`,
  );
  const running = startProcess(fluentBit!, ['-c', config], join(folder, 'log'));
  const headers = { 'content-type': 'application/x-protobuf' };
  const post = () =>
    fetch(`http://127.0.0.1:${port}/v1/logs`, { method: 'POST', headers, body: request }).catch(() => undefined);
  while ((await post()) === undefined && !running.hasEnded()) await sleep(100);
  while (bodies.length === 0 && !running.hasEnded()) await sleep(100);
  await running.stop('SIGKILL');
  server.close();
  rmSync(folder, { recursive: true });
  const events = (bytes: Uint8Array) => [...decodeMulti(bytes, { useBigInt64: true })];
  expect(events(asLogEvents(batchOf(codecNamed('otlp')!, request, () => undefined)).bytes)).toEqual(
    events(Buffer.concat(bodies)),
  );
});
