/** A sender of Fluent Forward on the loopback with controllable behaviour, and a server for it. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { decodeMulti, encode } from '@msgpack/msgpack';
import { taggedBody } from '../../../src/batch/splice.ts';
import type { TaggedBatch } from '../../../src/batch/tagged-batch.ts';
import type { Config } from '../../../src/config/index.ts';
import type { DeadLetters } from '../../../src/dead-letters/index.ts';
import { Problem } from '../../../src/problem.ts';
import { type ForwardServer, openForwardServer } from '../../../src/server/forward/index.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { limits, type TestServer, testServer } from '../app.ts';

export interface Delivered {
  fluentTag: string | undefined;
  /** The log events with their tags. */
  bytes: Buffer;
}

/** Accepts batches, in order of delivery. */
export interface Place extends Sink {
  delivered: Delivered[];
  /** Runs before a batch counts as delivered; it may throw. */
  before: (batch: TaggedBatch) => void | Promise<void>;
}

export function openPlace(): Place {
  const place: Place = {
    name: 'place',
    delivered: [],
    before() {},
    async deliver(batch) {
      await place.before(batch);
      place.delivered.push({ fluentTag: batch.fluentTag, bytes: Buffer.from(taggedBody(batch)) });
      return { kind: 'acknowledged', records: batch.records.length };
    },
    async close() {},
  };
  return place;
}

export const unavailable = () => new Problem('sink.unavailable', 'down for the test');

export interface Stage extends TestServer {
  place: Place;
  forward: ForwardServer;
  port: number;
  close(): Promise<void>;
}

export async function openStage(
  settings: Partial<NonNullable<Config['forward']>> = {},
  { deadLetters, bounds = {} }: { deadLetters?: DeadLetters; bounds?: Partial<Config['limits']> } = {},
): Promise<Stage> {
  const place = openPlace();
  const server = testServer({ limits: { ...limits, ...bounds } }, { sinks: [place], deadLetters });
  const listen = settings.unixPath === undefined ? '127.0.0.1:0' : undefined;
  const forward = await openForwardServer({
    ...server.shared,
    forward: { listen, unixMode: '0600', ...settings },
    limits: { ...limits, ...bounds },
    logger: server.logger,
  });
  const port = Number(forward.addresses[0]!.split(':').at(-1));
  return {
    ...server,
    place,
    forward,
    port,
    async close() {
      await Promise.all([forward.drain(), server.drain()]);
    },
  };
}

export interface Sender {
  socket: Socket;
  write(...parts: Uint8Array[]): void;
  /** Everything received so far. */
  received: Buffer[];
  /** The chunks that were acknowledged. */
  acks(): unknown[];
  closed: Promise<unknown>;
}

export async function openSender(to: NetConnectOpts, tls?: ConnectionOptions): Promise<Sender> {
  const socket = tls === undefined ? connect(to) : connectTls({ ...to, ...tls } as ConnectionOptions);
  const received: Buffer[] = [];
  socket.on('data', (data: Buffer) => void received.push(data)).on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, tls === undefined ? 'connect' : 'secureConnect');
  return {
    socket,
    write: (...parts) => void socket.write(Buffer.concat(parts)),
    received,
    acks: () => [...decodeMulti(Buffer.concat(received))].map((message) => (message as { ack: unknown }).ack),
    closed,
  };
}

/** The proof of a sender that has these credentials, for a HELO. */
export function pingFor(
  helo: { nonce: Uint8Array; auth: Uint8Array },
  { sharedKey, username = '', password = '' }: { sharedKey: string; username?: string; password?: string },
): Uint8Array {
  const sha = (...parts: (string | Uint8Array)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha512')).digest('hex');
  const proof = sha('salt', 'sender.test', helo.nonce, sharedKey);
  return encode(['PING', 'sender.test', 'salt', proof, username, username && sha(helo.auth, username, password)]);
}
