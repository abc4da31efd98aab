/** One connection to a Fluent Forward receiver: opened, authenticated by shared key if there is one, frames out and
 * acknowledgements in. */
import { connect as connectTcp, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type Credentials, proveSharedKey } from '../../fluent-forward/handshake.ts';
import { endOfValue, headerAt, pairs } from '../../msgpack/scan.ts';
import { describeError } from '../tls/errors.ts';
import type { Frame } from './frames.ts';

export interface Target {
  address: { host: string; port: number } | { path: string };
  /** Undefined without TLS. Called for each connection, so that renewed certificates are used. */
  tls: (() => ConnectionOptions) | undefined;
  /** Undefined if the receiver asks for none. */
  credentials: Credentials | undefined;
}

/** The outcome of a frame. A reason is a predicate whose subject is the receiver. */
export type Outcome =
  /** The receiver has it: it said so or, if it was not asked, the operating system accepted the bytes for it. */
  | { kind: 'delivered' }
  /** The connection ended first; the receiver may or may not have the frame. */
  | { kind: 'lost'; reason: string }
  /** The receiver did not answer in time or violated the protocol: an immediate retry would not help. */
  | { kind: 'failed'; reason: string };

export interface Connection {
  readonly isOpen: boolean;
  /** Writes a frame after those written before, and resolves to its outcome. Frames that are sent together follow one
   * another on the wire.
   * @param deadline when to give up the frame, and with it the connection; as performance.now() counts */
  send(frame: Frame, deadline: number): Promise<Outcome>;
  /** Ends the connection after what was written; resolves when it is closed. */
  end(): Promise<void>;
}

export type Opening = { kind: 'open'; connection: Connection } | { kind: 'failed'; reason: string };

/** The longest message that a receiver has to send is its greeting, of some 100 bytes. */
const MAX_MESSAGE_BYTES = 16 * 1024;
const MAX_MESSAGE_ITEMS = 16;
const MAX_HEADER_BYTES = 5;
const ARRAY_16 = 0xdc;
const MAP_32 = 0xdf;
/** How long the receiver has to close its side after ours. */
const LINGER_MILLISECONDS = 1000;
const KEEP_ALIVE_MILLISECONDS = 15_000;

/** Connects and, if there is a shared key, has both sides prove that they know it. Never rejects.
 * @param deadline when to give up, as performance.now() counts */
export async function openConnection(target: Target, deadline: number): Promise<Opening> {
  let socket: Socket;
  try {
    socket = connect(target);
  } catch (error) {
    return { kind: 'failed', reason: `cannot be connected to: ${(error as Error).message}` };
  }
  const underWay = new Map<string | Frame, (outcome: Outcome) => void>();
  const closed = Promise.withResolvers<void>();
  let ending: Exclude<Outcome, { kind: 'delivered' }> | undefined;

  const fail = (reason: string) => {
    ending ??= { kind: 'failed', reason };
    socket.destroy();
  };
  const acknowledge = (message: Buffer) => {
    const chunk = acknowledgedChunk(message);
    const settle = chunk === undefined ? undefined : underWay.get(chunk);
    if (settle) settle({ kind: 'delivered' });
    else fail(describeUnexpected(message));
  };
  let receive: (message: Buffer) => void = acknowledge;

  socket.on('error', (error) => {
    ending ??= { kind: 'lost', reason: describeError(error, errors) };
  });
  socket.on('close', () => {
    ending ??= { kind: 'lost', reason: 'closed the connection' };
    for (const settle of underWay.values()) settle(ending);
    closed.resolve();
  });
  onMessage(socket, (message) => receive(message), fail);

  const ready = new Promise<'ready'>((resolve) => {
    socket.once(target.tls ? 'secureConnect' : 'connect', () => {
      if (target.credentials === undefined) {
        resolve('ready');
        return;
      }
      receive = proveSharedKey(target.credentials, hostname(), {
        send: (message) => socket.write(message),
        done() {
          receive = acknowledge;
          resolve('ready');
        },
        fail,
      });
    });
  });
  const timer = setTimeout(fail, Math.max(0, deadline - performance.now()), 'did not accept the connection in time');
  await Promise.race([ready, closed.promise]);
  clearTimeout(timer);
  if (ending !== undefined) {
    await closed.promise;
    const closedOnKey = ending.kind === 'lost' && receive !== acknowledge;
    const step = closedOnKey ? ' in the shared-key handshake: is the key the same on both sides?' : '';
    return { kind: 'failed', reason: ending.reason + step };
  }

  const connection: Connection = {
    get isOpen() {
      return ending === undefined && socket.writable;
    },
    send(frame, deadline) {
      if (ending !== undefined) return Promise.resolve(ending);
      return new Promise((resolve) => {
        const key = frame.chunk ?? frame;
        const verb = frame.chunk === undefined ? 'read' : 'acknowledge';
        const timer = setTimeout(
          fail,
          Math.max(0, deadline - performance.now()),
          `did not ${verb} the records in time`,
        );
        underWay.set(key, (outcome) => {
          clearTimeout(timer);
          underWay.delete(key);
          resolve(outcome);
        });
        socket.write(frame.bytes, (error) => {
          if (!error && frame.chunk === undefined) underWay.get(key)?.({ kind: 'delivered' });
        });
      });
    },
    async end() {
      ending ??= { kind: 'lost', reason: 'was closed' };
      socket.end();
      const timer = setTimeout(() => socket.destroy(), LINGER_MILLISECONDS);
      await closed.promise;
      clearTimeout(timer);
    },
  };
  return { kind: 'open', connection };
}

function connect({ address, tls }: Target): Socket {
  const socket = tls ? connectTls({ ...address, ...tls() }) : connectTcp(address);
  return socket.setNoDelay().setKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
}

/** Calls back with each message that a receiver sends, and buffers no more than a message of the protocol can have. */
function onMessage(socket: Socket, receive: (message: Buffer) => void, fail: (reason: string) => void): void {
  let unread: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    unread = unread.length === 0 ? data : Buffer.concat([unread, data]);
    while (unread.length > 0 && !socket.destroyed) {
      const end = endOfValue(unread, 0, unread.length);
      const isWhole = typeof end === 'number';
      if (!beginsMessage(unread) || (!isWhole && unread.length > MAX_MESSAGE_BYTES)) {
        fail('sent bytes that are not of the Fluent Forward protocol');
        return;
      }
      if (!isWhole) return;
      receive(unread.subarray(0, end));
      unread = unread.subarray(end);
    }
  });
}

/** Whether bytes can begin an acknowledgement, which is a map, or a step of the handshake, which is an array. */
function beginsMessage(bytes: Uint8Array): boolean {
  const header = headerAt(bytes, 0, bytes.length);
  if (header === undefined) return bytes[0] >= ARRAY_16 && bytes[0] <= MAP_32 && bytes.length < MAX_HEADER_BYTES;
  return (header.kind === 'map' || header.kind === 'array') && header.length <= MAX_MESSAGE_ITEMS;
}

/** The chunk that `{ack: chunk}` names. */
function acknowledgedChunk(message: Buffer): string | undefined {
  if (headerAt(message, 0, message.length)?.kind !== 'map') return undefined;
  const ack = pairs(message, 0, message.length, 'ack').at(0);
  const header = ack && headerAt(message, ack.valueStart, ack.end);
  return header?.kind === 'str' ? message.toString('utf8', header.end, header.end + header.length) : undefined;
}

function describeUnexpected(message: Buffer): string {
  const chunk = acknowledgedChunk(message);
  if (chunk !== undefined) return `acknowledged ${JSON.stringify(chunk.slice(0, 100))}, which was not sent`;
  if (headerAt(message, 0, message.length)?.kind === 'array') return 'asks for a shared key: set sharedKey';
  return 'sent a message that acknowledges nothing';
}

const errors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections: is Fluent Bit running, with a forward input there?',
  ENOENT: 'does not exist: is unixPath the unix_path of the forward input, in a folder that both sides see?',
  EACCES: "cannot be opened: set unix_perm of the forward input, or run as the socket's owner or group",
  EPROTO: 'does not speak TLS as asked: is tls on in the forward input?',
};
