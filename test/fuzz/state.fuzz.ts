/** The reader of the state, given any file: all of it or nothing, and restored state can be used and written. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { correlator } from '../../src/correlate/index.ts';
import { processBatch } from '../../src/pipeline.ts';
import { memoryStore } from '../../src/state/memory.ts';
import { loadState, saveState } from '../../src/state/snapshot.ts';
import { open } from '../fast-path/paths.ts';
import { bundled } from './bundled.ts';
import type { FuzzTarget } from './fuzz.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-fuzz-state-'));
const path = join(folder, 'state');

/** Some refusals of one user and of others, a minute apart. */
const refusals = Array.from({ length: 14 }, (_, index) => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Metadata',
  auditID: `a${index}`,
  stage: 'ResponseComplete',
  requestURI: '/api/v1/namespaces/shop/secrets',
  verb: 'list',
  user: { username: index % 3 === 0 ? `u${index}` : 'ann', groups: ['system:authenticated'] },
  sourceIPs: ['198.51.100.9'],
  userAgent: 'curl/8',
  objectRef: { resource: 'secrets', namespace: 'shop', apiVersion: 'v1' },
  responseStatus: { code: 403, status: 'Failure' },
  requestReceivedTimestamp: `2026-01-02T03:04:${String(index).padStart(2, '0')}.000000Z`,
  stageTimestamp: `2026-01-02T03:04:${String(index).padStart(2, '0')}.000000Z`,
  annotations: { 'authorization.k8s.io/decision': 'forbid' },
}));
const event = (record: object) => Buffer.concat([Buffer.from('9292d7006553f100075bcd1580', 'hex'), encode(record)]);
const bodyOf = (records: object[]) => Buffer.concat(records.map(event));

const goOn = (store: ReturnType<typeof memoryStore>, records: object[]) => {
  const parts = { ...open(() => bundled), correlate: correlator(store) };
  const batch = {
    fluentTag: 'k',
    codec: msgpack,
    bytes: bodyOf(records),
    receivedUnixNano: 1_767_323_100_000_000_000n,
  };
  return processBatch(batch, parts);
};

const written = memoryStore();
await goOn(written, refusals.slice(0, 12));
await saveState(path, written);
const state = readFileSync(path);

/** With a valid hash of everything before the last line, so that more than that is checked. */
function signed(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes).toString();
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const before = text.slice(0, end);
  return Buffer.from(`${before}${JSON.stringify({ sha256: createHash('sha256').update(before).digest('hex') })}\n`);
}

export const stateTargets: readonly FuzzTarget[] = [
  {
    name: 'state',
    runs: 50,
    corpus: [state, Buffer.concat([state.subarray(0, state.indexOf('\n', 400) + 1), Buffer.from('{}\n')])],
    async run(bytes) {
      const isSigned = bytes.length % 4 > 0;
      writeFileSync(path, isSigned ? signed(bytes) : bytes);
      const store = memoryStore();
      const loaded = await loadState(path, store);
      if (loaded.kind === 'set aside') {
        rmSync(loaded.path);
        if ([...store.rows()].length > 0) throw new Error('restored, and set aside');
      } else {
        const { detections } = await goOn(store, refusals.slice(12));
        if (detections.length !== 2) throw new Error('records are lost');
        await saveState(path, store);
      }
    },
  },
];
