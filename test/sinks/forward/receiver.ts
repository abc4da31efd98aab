/** A Fluent Forward receiver on the loopback that can misbehave, written with @msgpack/msgpack alone. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { decodeMulti, decodeMultiStream, type ExtData, encode } from '@msgpack/msgpack';

const options = { useBigInt64: true, context: undefined };

/** `[[EventTime, metadata], record]`: 64-bit integers are bigint, times ExtData. */
export type Entry = [[ExtData, Record<string, unknown>], Record<string, unknown>];

export interface ReceivedFrame {
  fluentTag: string;
  entries: Entry[];
  /** Whether the entries came as an array or as a bin. */
  mode: 'forward' | 'packed';
  options: Record<string, unknown>;
  /** The connection on which it arrived, counted from 0. */
  connection: number;
}

/** What the receiver does when it has a frame. */
export type Answer =
  | 'ack'
  /** Continues to read and never answers. */
  | 'nothing'
  | 'ack of another chunk'
  | 'close'
  | 'garbage'
  | 'text'
  /** A header that promises four billion members. */
  | 'huge header'
  /** A map whose only text promises four gigabytes. */
  | 'huge text'
  | 'endless bytes'
  | 'array nested 8000 deep'
  | 'hello';

/** What it does with a connection. */
export type Welcome = 'serve' | 'close' | 'read nothing' | 'close in mid-frame';

/** What it does in the handshake. */
export type Handshake = 'prove' | 'wrong proof' | 'refuse' | 'close on PING' | 'stay silent' | 'wrong greeting';

export interface ReceiverOptions {
  answer?: (frame: ReceivedFrame, index: number) => Answer | Promise<Answer>;
  welcome?: (connection: number) => Welcome;
  sharedKey?: string;
  /** Who may send; everyone who knows the key if left out. */
  user?: { name: string; password: string };
  handshake?: Handshake;
  tls?: TlsOptions;
  /** Bytes after which it closes on a single frame, as Fluent Bit does. */
  maxFrameBytes?: number;
  listen?: { port?: number; path?: string };
}

export interface ForwardReceiver {
  port: number;
  frames: ReceivedFrame[];
  /** Every byte received on each connection. */
  bytes: Buffer[][];
  /** The receiver closes all connections from its side. */
  hangUp(): void;
  connections(): number;
  close(): Promise<void>;
}

export async function startReceiver({
  answer = () => 'ack',
  welcome = () => 'serve',
  sharedKey,
  user,
  handshake = 'prove',
  tls,
  maxFrameBytes = Number.POSITIVE_INFINITY,
  listen = {},
}: ReceiverOptions = {}): Promise<ForwardReceiver> {
  const frames: ReceivedFrame[] = [];
  const bytes: Buffer[][] = [];
  const sockets = new Set<Socket>();

  async function serve(socket: Socket): Promise<void> {
    const connection = bytes.push([]) - 1;
    const treatment = welcome(connection);
    if (treatment === 'close') return void socket.destroy();
    if (treatment === 'read nothing') return void socket.pause();
    if (treatment === 'close in mid-frame') return void socket.once('data', () => socket.destroy());

    let sinceFrame = 0;
    async function* read() {
      for await (const data of socket) {
        bytes[connection].push(data);
        sinceFrame += data.length;
        if (sinceFrame > maxFrameBytes) return void socket.destroy();
        yield data as Buffer;
      }
    }
    let nonce: Buffer | undefined;
    let userSalt = Buffer.alloc(0);
    if (sharedKey !== undefined) {
      if (handshake === 'stay silent') return;
      nonce = randomBytes(16);
      userSalt = randomBytes(16);
      socket.write(helo(nonce, userSalt, handshake === 'wrong greeting'));
    }
    for await (const message of decodeMultiStream(read(), options)) {
      sinceFrame = 0;
      if (nonce !== undefined) {
        const secrets = { nonce, userSalt, sharedKey: sharedKey!, user };
        const pong = answerPing(message as string[], secrets, handshake);
        if (pong === undefined) return void socket.destroy();
        socket.write(pong);
        nonce = undefined;
        continue;
      }
      const frame = readFrame(message as unknown[], connection);
      frames.push(frame);
      const reply = await answer(frame, frames.length - 1);
      if (reply === 'close') return void socket.destroy();
      const ack = answers[reply](frame.options.chunk);
      if (ack !== undefined && !socket.destroyed) socket.write(ack);
    }
  }

  const onSocket = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    serve(socket).catch(() => socket.destroy());
  };
  const server: Server = tls ? createTlsServer(tls, onSocket) : createTcpServer(onSocket);
  if (listen.path === undefined) server.listen(listen.port ?? 0, '127.0.0.1');
  else server.listen(listen.path);
  await once(server, 'listening');

  return {
    port: listen.path === undefined ? (server.address() as AddressInfo).port : 0,
    frames,
    bytes,
    hangUp() {
      for (const socket of sockets) socket.destroy();
    },
    connections: () => sockets.size,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function readFrame(message: unknown[], connection: number): ReceivedFrame {
  const [fluentTag, entries, settings = {}] = message as [string, Entry[] | Uint8Array, Record<string, unknown>?];
  const mode = entries instanceof Uint8Array ? 'packed' : 'forward';
  return { fluentTag, entries: unpack(entries), mode, options: settings, connection };
}

function unpack(entries: Entry[] | Uint8Array): Entry[] {
  if (!(entries instanceof Uint8Array)) return entries;
  return [...decodeMulti(entries, options)] as Entry[];
}

const answers: Record<Exclude<Answer, 'close'>, (chunk: unknown) => Uint8Array | undefined> = {
  ack: (chunk) => (chunk === undefined ? undefined : encode({ ack: chunk })),
  nothing: () => undefined,
  'ack of another chunk': () => encode({ ack: 'bm90IHlvdXJz' }),
  garbage: () => Buffer.from('c1c1ff00c1', 'hex'),
  text: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'huge header': () => Buffer.from('dfffffffff', 'hex'),
  'huge text': () => Buffer.from('81a361636bdbffffffff', 'hex'),
  'endless bytes': () => Buffer.concat([Buffer.from('81a361636bdb00ffffff', 'hex'), Buffer.alloc(1_000_000, 0x61)]),
  'array nested 8000 deep': () => Buffer.alloc(8001, 0x91).fill(0xc0, 8000),
  hello: () => encode(['HELO', { nonce: 'n'.repeat(16), auth: '' }]),
};

/** Nonces are random bytes in a str, which is not UTF-8. */
function helo(nonce: Buffer, userSalt: Buffer, isWrong: boolean): Buffer {
  const text = (bytes: Buffer) => Buffer.concat([Buffer.of(0xa0 | bytes.length), bytes]);
  const options = [text(Buffer.from('nonce')), text(nonce), text(Buffer.from('auth')), text(userSalt)];
  return Buffer.concat([Buffer.of(0x92), text(Buffer.from(isWrong ? 'HALO' : 'HELO')), Buffer.of(0x82), ...options]);
}

interface Secrets extends Pick<ReceiverOptions, 'user'> {
  nonce: Buffer;
  userSalt: Buffer;
  sharedKey: string;
}

function answerPing(ping: string[], secrets: Secrets, handshake: Handshake): Uint8Array | undefined {
  const { nonce, userSalt, sharedKey, user } = secrets;
  const [kind, host, salt, proof, name, userProof] = ping;
  const digest = (name: string) =>
    createHash('sha512').update(salt).update(name).update(nonce).update(sharedKey).digest('hex');
  if (handshake === 'close on PING' || kind !== 'PING' || ping.length !== 6 || proof !== digest(host)) return undefined;
  const expected = user && createHash('sha512').update(userSalt).update(user.name).update(user.password).digest('hex');
  if (user !== undefined && (name !== user.name || userProof !== expected)) {
    return encode(['PONG', false, 'username/password mismatch', '', '']);
  }
  if (handshake === 'refuse') return encode(['PONG', false, 'not today', '', '']);
  return encode(['PONG', true, '', 'receiver', handshake === 'wrong proof' ? digest('another') : digest('receiver')]);
}
