/** Reads the messages of one connection off its stream, one after another, into memory that is counted. While there is no
 * space, nothing is read, so that the sender waits. */
import type { Readable } from 'node:stream';
import { freeAlone } from '../../free.ts';
import { followValue } from '../../msgpack/follow.ts';
import { Problem } from '../../problem.ts';
import type { Span } from '../../record.ts';
import type { ByteBudget, ByteShare } from '../byte-budget.ts';
import { type GrowingBytes, growingBytes } from '../growing-bytes.ts';

/** A message that has arrived whole. */
export interface Arrived {
  /** In memory of its own. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Its items, as far as a message has any. */
  items: Span[];
  /** Holds its bytes; the caller's to release. */
  share: ByteShare;
}

export interface Reader {
  /** The next message; undefined if the stream ends after one.
   * @param setting the limit, as a problem names it
   * @throws Problem `forward.malformed`, `body.too_large`, `request.abandoned` (the stream ends within one),
   * `request.too_slow`, `server.overloaded`, `server.draining`; after that the stream cannot be read further */
  next(maxBytes: number, setting: string): Promise<Arrived | undefined>;
  /** Whether a part of a message has arrived. */
  isWithin(): boolean;
}

/** Sent in place of a message to keep a connection open. */
const NIL = 0xc0;
/** Arrays of at most fifteen items, and those with an explicit length, as some senders write every array. */
const SMALL_ARRAY = 0x90;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;
/** Messages of the handshake have up to six. */
const MOST_ITEMS = 6;
/** Bytes that a message costs besides its own until it is answered, however small it is. */
const MESSAGE_BYTES = 4096;

/** @param stream has no other reader: its pieces are freed once they are copied
 * @param gone aborts with a Problem when the connection has ended */
export function openReader(stream: Readable, budget: ByteBudget, gone: AbortSignal): Reader {
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer | undefined;
  let isWithin = false;

  /** What comes next; undefined at the end. */
  async function piece(): Promise<Buffer | undefined> {
    if (rest !== undefined && rest.length > 0) {
      const next = rest;
      rest = undefined;
      return next;
    }
    // A connection that broke counts as ended.
    const { value, done } = await pieces.next().catch(() => ({ value: undefined, done: true }));
    return done ? undefined : value;
  }

  /** The first bytes of a message. */
  async function begin(): Promise<Buffer | undefined> {
    for (let next = await piece(); next !== undefined; next = await piece()) {
      const start = next.findIndex((byte) => byte !== NIL);
      if (start === -1) continue;
      const first = next[start]!;
      if ((first & 0xf0) === SMALL_ARRAY || first === ARRAY_16 || first === ARRAY_32) return next.subarray(start);
      const found = JSON.stringify(next.toString('latin1', start, start + 16));
      throw new Problem('forward.malformed', `expected an array, [tag, records], but found ${found}`);
    }
    return undefined;
  }

  return {
    async next(maxBytes, setting) {
      const first = await begin();
      if (first === undefined) return undefined;
      const share = budget.open();
      // Space is claimed before bytes are appended.
      isWithin = true;
      const bytes = growingBytes({ take() {}, give: share.give }, maxBytes);
      try {
        const { items, after } = await arrive(first, { share, bytes, maxBytes, setting });
        rest = after;
        return { bytes: bytes.finish(), items, share };
      } catch (error) {
        bytes.drop();
        share.release();
        throw error;
      } finally {
        isWithin = false;
      }
    },
    isWithin: () => isWithin,
  };

  /** Appends a message to `bytes` as it arrives. */
  async function arrive(
    first: Buffer,
    { share, bytes, maxBytes, setting }: { share: ByteShare; bytes: GrowingBytes; maxBytes: number; setting: string },
  ): Promise<{ items: Span[]; after: Buffer }> {
    const peer = watchPeer(share, gone);
    const follower = followValue(MOST_ITEMS);
    const type = first[0]!;
    try {
      await peer.whileWaiting((signal) => share.claim(MESSAGE_BYTES, signal));
      for (let next: Buffer | undefined = first; next !== undefined; next = await peer.orGivenUp(piece())) {
        const part: Buffer = next;
        const end = follower.follow(part, 0);
        if (typeof end === 'object') {
          throw new Problem('forward.malformed', `byte ${end.at} of a message: found ${end.found}`);
        }
        if (follower.least() > maxBytes) {
          throw new Problem('body.too_large', `more than ${setting}, ${maxBytes} bytes, in one message`);
        }
        const own = part.subarray(0, end);
        const more = bytes.more(own.length);
        if (more > 0) await peer.whileWaiting((signal) => share.claim(more, signal));
        bytes.append(own);
        peer.progress(own.length);
        if (end !== undefined) return { items: spansOf(type, follower.ends()), after: part.subarray(end) };
        freeAlone(part);
      }
      throw new Problem('request.abandoned', 'the connection was closed within a message');
    } finally {
      peer.end();
    }
  }
}

interface WatchedPeer {
  /** Waits for space: however long that takes, the peer is not at fault. */
  whileWaiting(claim: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** @throws Problem if the peer is given up first */
  orGivenUp<T>(coming: Promise<T>): Promise<T>;
  progress(bytes: number): void;
  end(): void;
}

/** Gives up a peer that rests within a message, when the budget says so. */
function watchPeer(share: ByteShare, gone: AbortSignal): WatchedPeer {
  const givenUp = new AbortController();
  const ended = AbortSignal.any([gone, givenUp.signal]);
  let isWaiting = false;
  const watch = () =>
    share.waitForPeer('arriving', (problem) => {
      if (!isWaiting || problem.code === 'server.draining') givenUp.abort(problem);
    });
  let wait = watch();
  return {
    async whileWaiting(claim) {
      isWaiting = true;
      await claim(ended);
      isWaiting = false;
      // Its time starts over, a few times for each message: memory grows by doubling.
      wait.end();
      wait = watch();
    },
    orGivenUp: (coming) =>
      new Promise((resolve, reject) => {
        const giveUp = () => reject(givenUp.signal.reason);
        if (givenUp.signal.aborted) return giveUp();
        givenUp.signal.addEventListener('abort', giveUp, { once: true });
        coming.then(resolve, reject).finally(() => givenUp.signal.removeEventListener('abort', giveUp));
      }),
    progress: (bytes) => wait.progress(bytes),
    end: () => wait.end(),
  };
}

/** Where the items of an array are.
 * @param type its first byte */
function spansOf(type: number, ends: readonly number[]): Span[] {
  const headerBytes = { [ARRAY_16]: 3, [ARRAY_32]: 5 }[type] ?? 1;
  return ends.map((end, index) => ({ start: ends[index - 1] ?? headerBytes, end }));
}
