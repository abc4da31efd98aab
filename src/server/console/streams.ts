/** Streams of server-sent events: limited in number, closed if not read, and never holding up a stop. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Console } from '../../console/start.ts';
import { Problem } from '../../problem.ts';
import { securityHeaders } from './headers.ts';

const MOST_STREAMS = 16;
/** Bytes that may wait for a reader before its stream is closed. */
const MOST_WAITING = 1024 * 1024;
const NOW_MILLISECONDS = 2000;
const END_MILLISECONDS = 500;
const HEARTBEAT_MILLISECONDS = 15_000;

export interface EventStreams {
  /** Answers with a stream.
   * @throws Problem `console.unavailable` if there are too many */
  open(request: IncomingMessage, response: ServerResponse, query: Readonly<Record<string, unknown>>): void;
  /** Ends all; resolves when they have ended, or after END_MILLISECONDS. */
  close(): Promise<void>;
}

export function openEventStreams(console: Console): EventStreams {
  const open = new Set<{ write: (text: string) => void; end: () => Promise<void> }>();
  let now: NodeJS.Timeout | undefined;
  let heart: NodeJS.Timeout | undefined;

  function tellNow(): void {
    console.ask({ kind: 'now' }).then(
      (json) => {
        for (const { write } of open) write(`event: now\ndata: ${json}\n\n`);
      },
      // Streams continue without this update.
      () => {},
    );
  }

  function rest(): void {
    if (open.size > 0) return;
    clearInterval(now);
    clearInterval(heart);
    now = heart = undefined;
  }

  return {
    open({ headers }, response, query) {
      if (open.size >= MOST_STREAMS) {
        throw new Problem('console.unavailable', `${MOST_STREAMS} streams are open, which is the limit`);
      }
      const after = headers['last-event-id'];
      response.writeHead(200, { ...securityHeaders, 'content-type': 'text/event-stream' });
      response.write(': \n\n');
      const stream = {
        write(text: string) {
          if (response.writableLength > MOST_WAITING) response.destroy();
          else response.write(text);
        },
        end: () => new Promise<void>((resolve) => response.once('close', resolve).end()),
      };
      open.add(stream);
      const leave = console.follow(
        query,
        typeof after === 'string' ? after : undefined,
        (last, json) => stream.write(`id: ${last}\nevent: findings\ndata: ${json}\n\n`),
        ({ code, message, remedy }) => {
          stream.write(`event: problem\ndata: ${JSON.stringify({ code, detail: message, remedy })}\n\n`);
          void stream.end();
        },
      );
      response.once('close', () => {
        open.delete(stream);
        leave();
        rest();
      });
      tellNow();
      now ??= setInterval(tellNow, NOW_MILLISECONDS).unref();
      heart ??= setInterval(() => {
        for (const { write } of open) write(': \n\n');
      }, HEARTBEAT_MILLISECONDS).unref();
    },
    async close() {
      const ended = [...open].map(({ end }) => end());
      await Promise.race([Promise.all(ended), sleep(END_MILLISECONDS, undefined, { ref: false })]);
    },
  };
}
