/** One connection of a sender: the handshake if one is required, messages in, acknowledgements out. */
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { type Asked, challenge } from '../../fluent-forward/handshake.ts';
import { Problem } from '../../problem.ts';
import type { Shared } from '../http.ts';
import { problemOf } from '../refusal.ts';
import type { Inflate } from './inflate.ts';
import { type Fate, handleMessage } from './message.ts';
import { openReader } from './reader.ts';

export interface ConnectionParts extends Shared {
  transport: 'tcp' | 'unix';
  /** What the sender has to prove; undefined if nothing is required. */
  asked: Asked | undefined;
  inflate: Inflate;
  maxMessageBytes: number;
  logger: Logger;
}

export interface Connection {
  /** Whether nothing is under way on it. */
  isIdle(): boolean;
  /** Begins no more messages, and closes once those under way are answered. */
  end(): void;
}

/** How long the handshake may take. */
const HANDSHAKE_MILLISECONDS = 10_000;
const MAX_HANDSHAKE_BYTES = 4096;
/** Messages of one connection that may be under way at a time. Fluent Bit sends one, and waits. */
const MOST_UNDER_WAY = 32;
/** Bytes of acknowledgements that a sender may leave unread. */
const MOST_UNREAD_BYTES = 64 * 1024;
/** How long a sender may take to close its side after ours. */
const LINGER_MILLISECONDS = 1000;

/** A message that fails ends the connection, so that its sender notices and sends it again; others under way are answered
 * first, since a message that loses its acknowledgement is repeated. */
export function serveConnection(socket: Socket, parts: ConnectionParts): Connection {
  const { asked, maxMessageBytes, note } = parts;
  const from = socket.remoteAddress ?? 'its Unix socket';
  const leaving = new AbortController();
  const gone = leaving.signal;
  const reader = openReader(socket, parts.budget, gone);
  let underWay = 0;
  let isEnding = false;
  let oneLess = Promise.withResolvers<void>();

  socket.on('error', () => {});
  for (const event of ['end', 'close']) socket.on(event, () => leaving.abort(abandoned));
  serve().catch(async (error) => {
    await note({
      problem: problemOf(error),
      sender: 'keeper',
      from,
      isHeard: true,
      body: undefined,
      logger: parts.logger,
    });
    end();
  });

  function end(): void {
    isEnding = true;
    if (underWay > 0 || socket.destroyed) return;
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MILLISECONDS).unref();
  }

  async function serve(): Promise<void> {
    if (asked !== undefined && !(await shakeHands(asked))) return end();
    while (!isEnding) {
      const arrived = await reader.next(maxMessageBytes, 'limits.maxBodyBytes');
      if (arrived === undefined) break;
      if (isEnding) {
        arrived.share.release();
        break;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      underWay++;
      void handleMessage(arrived, { ...parts, from, gone, begun: resolve }).then(settle);
      await promise;
      while (underWay >= MOST_UNDER_WAY) await oneLess.promise;
    }
    end();
  }

  function settle(fate: Fate): void {
    underWay--;
    oneLess.resolve();
    oneLess = Promise.withResolvers();
    if (fate.kind === 'unanswered') isEnding = true;
    else if (fate.ack !== undefined && socket.writable) socket.write(fate.ack);
    if (socket.writableLength > MOST_UNREAD_BYTES) socket.destroy();
    if (isEnding) end();
  }

  /** @returns whether messages may come; false if the sender has gone, having seen that the port is open */
  async function shakeHands(secrets: Asked): Promise<boolean> {
    const { helo, answer } = challenge(secrets);
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MILLISECONDS);
    socket.write(helo);
    try {
      const ping = await reader.next(MAX_HANDSHAKE_BYTES, 'what a handshake takes');
      if (ping === undefined) return false;
      ping.share.release();
      const { pong, refusal } = answer(ping.bytes);
      socket.write(pong);
      if (refusal !== undefined) throw new Problem('forward.unauthorized', refusal);
      return true;
    } finally {
      clearTimeout(timer);
    }
  }

  return { isIdle: () => underWay === 0 && !reader.isWithin(), end };
}

const abandoned = new Problem('request.abandoned', 'the connection was closed before its message was acknowledged');
