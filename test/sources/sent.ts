/** A server with a sink that keeps what it receives, for the tests of sources. */
import { gzipSync } from 'node:zlib';
import { taggedBodyAndRecords } from '../../src/batch/splice.ts';
import type { DeadLetters } from '../../src/dead-letters/index.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { type TestServer, testServer } from '../server/app.ts';

export interface Delivered {
  fluentTag: string | undefined;
  record: Record<string, unknown> & { tripline?: Record<string, unknown> };
}

export function keepingServer(
  settings: Parameters<typeof testServer>[0] = {},
  parts: { deadLetters?: DeadLetters; fails?: Error } = {},
): TestServer & { delivered: Delivered[] } {
  const delivered: Delivered[] = [];
  const sink: Sink = {
    name: 'kept',
    async deliver(batch) {
      if (parts.fails !== undefined) throw parts.fails;
      const { body, records } = taggedBodyAndRecords(batch);
      records.forEach(({ start, end }) => {
        const text = Buffer.from(body.subarray(start, end)).toString();
        delivered.push({ fluentTag: batch.fluentTag, record: JSON.parse(text) });
      });
      return { kind: 'acknowledged', records: batch.records.length };
    },
    async close() {},
  };
  return { ...testServer(settings, { sinks: [sink], deadLetters: parts.deadLetters }), delivered };
}

export const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');

/** What CloudWatch Logs sends to a subscription. */
export const dataMessage = (events: readonly object[]) =>
  gzipSync(
    JSON.stringify({
      messageType: 'DATA_MESSAGE',
      owner: '111122223333',
      logGroup: '/aws/eks/prod/cluster',
      logStream: 'kube-apiserver-audit-1',
      subscriptionFilters: ['audit'],
      logEvents: events.map((event, id) => ({
        id: String(id),
        timestamp: 1767323045010,
        message: JSON.stringify(event),
      })),
    }),
  );
