/** Whether the sidecar answers an orchestrator while it works: the longest response time of /healthz, /readyz or /metrics while
 * a body of 32 MiB is processed and 20 more wait, and how soon SIGTERM is noticed in the meantime. */

import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type CorpusName, corpora } from './corpora/index.ts';
import { type FormatName, formats } from './formats.ts';
import { quantile } from './measure.ts';
import { openProbe } from './probe.ts';
import type { Reached, Row } from './row.ts';
import { startSidecar } from './server.ts';

const MAX_BODY = 32 * 1024 * 1024;
const WAITING = 20;
const SEED = 9;

interface Load {
  name: string;
  body: () => Buffer;
  mediaType: string;
  encoding?: string;
}

/** As many records of a corpus as a body may hold. */
function recordsOf(corpus: CorpusName, format: FormatName = 'json'): Buffer {
  const { bodyOf } = formats[format];
  const size = bodyOf(corpora[corpus](100, SEED)).length / 100;
  return bodyOf(corpora[corpus](Math.floor((0.97 * MAX_BODY) / size), SEED));
}

function eventList(): Buffer {
  const items = Array.from({ length: 100_000 }, (_, index) => ({
    kind: 'Event',
    auditID: `list-${index}`,
    stage: 'ResponseComplete',
    verb: 'get',
    requestURI: `/api/v1/namespaces/shop/secrets/s${index % 50}`,
    user: { username: `user-${index % 100}` },
    userAgent: `agent/${index % 40}`,
    objectRef: { resource: 'secrets', namespace: 'shop', name: `s${index % 50}` },
  }));
  return Buffer.from(JSON.stringify([{ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items }]));
}

function longAnnotation(): Buffer {
  const [text] = corpora.large(1, SEED);
  const record = JSON.parse(text!);
  record.requestObject.metadata.annotations = { note: 'x\n'.repeat(10 * 1024 * 1024) };
  return Buffer.from(JSON.stringify([record]));
}

const { mediaType } = formats.json;
const loads: readonly Load[] = [
  { name: 'ordinary', body: () => recordsOf('ordinary'), mediaType },
  { name: 'attack', body: () => recordsOf('attack'), mediaType },
  { name: 'hostile', body: () => recordsOf('hostile'), mediaType },
  { name: 'one list of 100,000 events', body: eventList, mediaType },
  { name: 'one pod with an annotation of 30 MiB', body: longAnnotation, mediaType },
  { name: 'gzip', body: () => gzipSync(recordsOf('ordinary')), mediaType, encoding: 'gzip' },
  { name: 'MessagePack', body: () => recordsOf('ordinary', 'msgpack'), mediaType: formats.msgpack.mediaType },
];

async function longest({ body, mediaType, encoding }: Load): Promise<Reached> {
  const server = await startSidecar();
  const large = body();
  const small = formats.json.bodyOf(corpora.ordinary(900, SEED + 1));
  const url = `http://127.0.0.1:${server.port}`;
  try {
    // The speed has to be known, so that no more is refused than must be; and the probe's thread has to be running.
    for (let count = 0; count < 5; count++) await server.post(small, formats.json.mediaType);
    const probe = openProbe(url);
    await sleep(200);
    const refused: unknown[] = [];
    const note = (error: unknown) => refused.push(error);
    const sent = [server.post(large, mediaType, encoding).catch(note)];
    await sleep(50);
    for (let count = 0; count < WAITING; count++) sent.push(server.post(small, formats.json.mediaType).catch(note));
    await Promise.all(sent);
    const times = await probe.close();
    const again = server.post(large, mediaType, encoding).catch(() => {});
    await sleep(400);
    const noticed = await server.signalled();
    await again;
    const figures = `p99 ${quantile(times, 0.99).toFixed(0)} ms of ${times.length}, ${refused.length} refused, SIGTERM after ${noticed.toFixed(0)} ms`;
    return { value: Math.max(...times, noticed), note: figures };
  } finally {
    await server.stop();
  }
}

export const responsiveRows: readonly Row[] = loads.map((load) => ({
  name: `answers while 32 MiB are processed, ${load.name}`,
  beside: '',
  unit: 'ms',
  least: 100,
  run: () => longest(load),
}));
