/** A Forward receiver that can be made to fail, and passes what it acknowledges to the oracle. It forgets what it has not
 * acknowledged, like a receiver that dies before it writes. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { decode, encode } from '@msgpack/msgpack';
import { endOfValue } from '../e2e/msgpack-spans.ts';
import type { Oracle } from './oracle.ts';
import { isSpread, membersOf, numberIn } from './records.ts';

/** How a receiver behaves: as it should but for one thing. */
export type Behaviour =
  | { kind: 'well' }
  /** Accepts and closes. */
  | { kind: 'closing' }
  /** Resets the connection within a frame, after this many bytes of it. */
  | { kind: 'cutting'; bytes: number }
  /** Reads frames and does not respond. */
  | { kind: 'silent' }
  /** Reads frames and closes without an acknowledgement. */
  | { kind: 'forgetful' }
  /** Acknowledges after this many milliseconds. */
  | { kind: 'late'; milliseconds: number }
  /** Reads a little at a time. */
  | { kind: 'slow'; milliseconds: number }
  /** Reads a frame and acknowledges another. */
  | { kind: 'mistaken' }
  /** Reads a frame and answers with something that is not an acknowledgement. */
  | { kind: 'babbling' }
  /** Acknowledges, and closes within the acknowledgement. */
  | { kind: 'halting' };

/** Violations that the oracle has to detect. Each once, on the first suitable frame. */
export type Sabotage = 'drop' | 'byte' | 'id' | 'verdict';

export interface Receiver {
  port: number;
  behave(behaviour: Behaviour): void;
  /** Closes the port and resets all connections. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops reading from connections and the port, as under SIGSTOP. */
  freeze(): void;
  thaw(): void;
}

export interface ReceiverParts {
  port: number;
  oracle: Oracle;
  fluentTag: string;
  sabotage?: Sabotage;
}

export async function openReceiver({ port, oracle, fluentTag, sabotage }: ReceiverParts): Promise<Receiver> {
  const sockets = new Set<Socket>();
  let behaviour: Behaviour = { kind: 'well' };
  let isFrozen = false;
  let unspoilt = sabotage;
  let server: Server | undefined;

  function accept(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    if (behaviour.kind === 'closing') return void socket.resetAndDestroy();
    if (isFrozen) socket.pause();
    const frames = new FrameReader(oracle, fluentTag);
    /** Whether incoming data is no longer read, because the sender will close. */
    let isOver = false;
    socket.on('data', (data: Buffer) => {
      if (isOver) return;
      if (behaviour.kind === 'closing') return void socket.resetAndDestroy();
      if (behaviour.kind === 'cutting' && frames.bytesOfFrame + data.length >= behaviour.bytes) {
        return void socket.resetAndDestroy();
      }
      if (unspoilt === 'byte' && changeOne(data)) unspoilt = undefined;
      for (const frame of frames.read(data)) {
        if (behaviour.kind === 'silent') continue;
        isOver = answersAmiss(frame, socket, behaviour);
        if (isOver) return;
        void settle(frame, socket, behaviour);
      }
      if (behaviour.kind === 'slow') {
        socket.pause();
        setTimeout(() => !isFrozen && socket.resume(), behaviour.milliseconds);
      }
    });
  }

  /** Whether it answers a frame as no receiver should, and forgets it. */
  function answersAmiss({ chunk }: Frame, socket: Socket, { kind }: Behaviour): boolean {
    if (kind === 'forgetful') socket.end();
    else if (kind === 'mistaken') socket.write(encode({ ack: `${chunk.slice(0, -4)}AAAA` }));
    else if (kind === 'babbling') socket.write(encode(['HELO', {}, 'what?']));
    else return false;
    return true;
  }

  async function settle(frame: Frame, socket: Socket, now: Behaviour): Promise<void> {
    if (unspoilt !== undefined && unspoilt !== 'byte' && spoil(frame, unspoilt)) unspoilt = undefined;
    // It has the records from here on, whether or not its sender receives the acknowledgement.
    for (const { n, tag } of frame.records) oracle.arrive(n, tag);
    const acknowledgement = encode({ ack: frame.chunk });
    if (now.kind === 'late') await sleep(now.milliseconds);
    if (now.kind === 'halting') return void socket.end(acknowledgement.subarray(0, 7));
    if (!socket.destroyed) socket.write(acknowledgement);
  }

  const receiver: Receiver = {
    port,
    behave(next) {
      behaviour = next;
    },
    async start() {
      if (server !== undefined) return;
      server = createServer(accept);
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      receiver.port = (server.address() as { port: number }).port;
      port = receiver.port;
    },
    async kill() {
      const closing = server;
      if (closing === undefined) return;
      server = undefined;
      closing.close();
      for (const socket of sockets) socket.resetAndDestroy();
      await once(closing, 'close');
    },
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
  };
  await receiver.start();
  return receiver;
}

/** Changes a letter within a record; false if there is no known record. */
function changeOne(data: Buffer): boolean {
  const at = data.indexOf('ResponseComplete');
  if (at !== -1) data[at] = 0x72;
  return at !== -1;
}

interface Frame {
  chunk: string;
  records: { n: number; tag: Buffer }[];
}

const ENTRY = Buffer.from('9292d700', 'hex');
const TAG_KEY = Buffer.from(encode('tripline'));
/** An entry's time, and the widest headers of its metadata and its map. */
const ENTRY_HEAD_BYTES = 12 + 5 + 5;

/** Reads frames as their bytes arrive, in one pass: the end of a record is known from its number. */
class FrameReader {
  readonly #oracle: Oracle;
  readonly #fluentTag: Buffer;
  #unread: Buffer = Buffer.alloc(0);
  /** Of the frame whose entries are being read. */
  #entriesLeft: number | undefined;
  #records: Frame['records'] = [];
  bytesOfFrame = 0;

  constructor(oracle: Oracle, fluentTag: string) {
    this.#oracle = oracle;
    this.#fluentTag = Buffer.from(encode(fluentTag));
  }

  *read(data: Buffer): Generator<Frame> {
    const bytes = this.#unread.length === 0 ? data : Buffer.concat([this.#unread, data]);
    let at = 0;
    for (let end = this.#step(bytes, at); end !== undefined; end = this.#step(bytes, at)) {
      this.bytesOfFrame += end - at;
      const isEnd = this.#entriesLeft === -1;
      if (isEnd) {
        const { chunk } = decode(bytes.subarray(at, end)) as { chunk: string };
        const frame = { chunk, records: this.#records };
        this.#records = [];
        this.#entriesLeft = undefined;
        this.bytesOfFrame = 0;
        at = end;
        yield frame;
      } else {
        at = end;
      }
    }
    this.#unread = bytes.subarray(at);
  }

  /** Reads the next piece: the header of a frame, an entry or the options; undefined if its end has not arrived yet. */
  #step(bytes: Buffer, at: number): number | undefined {
    if (this.#entriesLeft === undefined) return this.#head(bytes, at);
    if (this.#entriesLeft > 0) {
      const end = this.#entry(bytes, at);
      if (end !== undefined) this.#entriesLeft--;
      return end;
    }
    const end = endOfValue(bytes, at);
    if (end !== undefined) this.#entriesLeft = -1;
    return end;
  }

  #head(bytes: Buffer, at: number): number | undefined {
    const length = this.#fluentTag.length;
    const entries = at + 1 + length;
    if (bytes.length < entries + 5) return undefined;
    if (bytes[at] !== 0x93 || bytes[entries] !== 0xdd) {
      throw new Error(`no frame of ${this.#fluentTag}: ${bytes.toString('hex', at, entries + 5)}`);
    }
    if (this.#fluentTag.compare(bytes, at + 1, entries) !== 0) {
      this.#oracle.fault('bytes', `a frame came under the tag ${decode(bytes.subarray(at + 1, entries))}`);
    }
    this.#entriesLeft = bytes.readUInt32BE(entries + 1);
    return entries + 5;
  }

  #entry(bytes: Buffer, at: number): number | undefined {
    if (bytes.length < at + ENTRY_HEAD_BYTES) return undefined;
    const metadata = mapHead(bytes, at + 12);
    if (ENTRY.compare(bytes, at, at + ENTRY.length) !== 0 || metadata?.count !== 0) return this.#odd(bytes, at);
    const n = numberIn(bytes, at, bytes.length);
    if (n === undefined) return this.#odd(bytes, at);
    const map = mapHead(bytes, metadata.end);
    if (map === undefined) return this.#odd(bytes, at);
    const { count, end: members } = map;
    const key = members + membersOf(n).bytes.length;
    const tag = key + TAG_KEY.length;
    if (bytes.length <= tag) return undefined;
    if (TAG_KEY.compare(bytes, key, tag) !== 0) return this.#odd(bytes, at);
    const shared = this.#oracle.sharedTag(bytes, tag);
    const end = shared === undefined ? endOfValue(bytes, tag) : tag + shared.length;
    if (end === undefined) return undefined;
    const time = { seconds: bytes.readUInt32BE(at + 4), nanoseconds: bytes.readUInt32BE(at + 8) };
    this.#oracle.check(n, time, count, bytes.subarray(members, key));
    this.#records.push({ n, tag: shared ?? Buffer.from(bytes.subarray(tag, end)) });
    return end;
  }

  /** An entry that is not as it should be. */
  #odd(bytes: Buffer, at: number): number | undefined {
    const end = endOfValue(bytes, at);
    if (end !== undefined) {
      this.#oracle.fault('bytes', `a record arrived as ${JSON.stringify(decode(bytes.subarray(at, end)))}`);
    }
    return end;
  }
}

/** Fluent Bit writes the headers of maps wider than necessary. */
function mapHead(bytes: Buffer, at: number): { count: number; end: number } | undefined {
  const first = bytes[at]!;
  if (first >= 0x80 && first < 0x90) return { count: first & 0x0f, end: at + 1 };
  if (first === 0xde) return { count: bytes.readUInt16BE(at + 1), end: at + 3 };
  if (first === 0xdf) return { count: bytes.readUInt32BE(at + 1), end: at + 5 };
  return undefined;
}

/** Applies a violation to a frame; false if the frame has nothing to apply it to. */
function spoil(frame: Frame, sabotage: Exclude<Sabotage, 'byte'>): boolean {
  const { records } = frame;
  const found = records.find(({ n, tag }) => !isSpread(n) && tag.includes('findings'));
  switch (sabotage) {
    case 'drop':
      records.length = 0;
      return true;
    case 'id': {
      if (found === undefined) return false;
      const other = decode(found.tag) as { findings: { id: string }[] };
      other.findings[0]!.id = 'f'.repeat(32);
      records.push({ n: found.n, tag: Buffer.from(encode(other)) });
      return true;
    }
    case 'verdict': {
      if (found === undefined) return false;
      found.tag = Buffer.from(encode({ v: 2, verdict: 'clear' }));
      return true;
    }
  }
}
