/** A connection to a Forward receiver that sends anything: it opens or fails, and the outcome of each frame is known. */
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { openConnection } from '../../src/sinks/forward/connection.ts';
import type { FuzzTarget } from './fuzz.ts';

const path = join(tmpdir(), `tripline-fuzz-${process.pid}-${Math.random().toString(36).slice(2)}.sock`);
const chunk = 'Y2h1bmsgY2h1bmsgY2h1bmsg';
const frame = { bytes: Buffer.from('93a16190', 'hex'), chunk, from: 0, to: 1, isOversize: false };
const helo = Buffer.from(encode(['HELO', { nonce: 'nonce', auth: 'salt', keepalive: true }]));
const pong = Buffer.from(encode(['PONG', true, '', 'receiver', 'f'.repeat(128)]));
const refused = Buffer.from(encode(['PONG', false, 'no', '', '']));
const ack = Buffer.from(encode({ ack: chunk }));

/** What the receiver sends to whoever connects. */
let said: Uint8Array = ack;
let server: ReturnType<typeof createServer> | undefined;

function listening(): Promise<unknown> {
  if (server !== undefined) return Promise.resolve();
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(said);
  });
  server.unref();
  return new Promise((resolve) => server!.listen(path, () => resolve(undefined)));
}

async function exchange(bytes: Uint8Array, sharedKey: string | undefined): Promise<void> {
  await listening();
  said = bytes;
  const credentials = sharedKey === undefined ? undefined : { sharedKey, username: 'ann', password: 'p' };
  const deadline = performance.now() + 5000;
  const opening = await openConnection({ address: { path }, tls: undefined, credentials }, deadline);
  if (opening.kind === 'failed') return;
  const outcome = await opening.connection.send(frame, deadline);
  await opening.connection.end();
  if (outcome.kind === 'delivered' && !Buffer.from(bytes).includes(chunk)) throw new Error('nobody acknowledged it');
  if (outcome.kind === 'delivered' && sharedKey !== undefined) throw new Error('the key was not proven');
}

export const forwardTargets: readonly FuzzTarget[] = [
  {
    name: 'acknowledgement',
    runs: 150,
    corpus: [ack, Buffer.concat([ack, ack])],
    run: (bytes) => exchange(bytes, undefined),
  },
  {
    name: 'shared key',
    runs: 150,
    corpus: [Buffer.concat([helo, pong, ack]), Buffer.concat([helo, refused])],
    run: (bytes) => exchange(bytes, 'key'),
  },
];
