/** Sends chunks as Fluent Bit's HTTP output does: several at once, each retried, byte for byte, until it is answered 2xx, and
 * dropped on a response that it considers final. Its waits are shorter, so that many faults fit into a minute. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Random } from '../fuzz/fuzz.ts';
import type { Oracle } from './oracle.ts';
import { bodyOf, CHUNK, type Format, formats, mediaTypes } from './records.ts';

export interface Sender {
  /** Lets the records below a number be sent. */
  allow(upTo: number): void;
  /** Records known to be safe. */
  done(): number;
  /** Ends at once, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** Starts again, with everything on disk that was not acknowledged. */
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Aborts what is in progress, and continues. */
  interrupt(): Promise<void>;
  close(): Promise<void>;
  /** Its statistics, by name. */
  counts(): Record<string, number>;
}

/** Like out_http when it is fast: several of its coroutines at once. */
const AT_ONCE = 8;
/** A reply has to fit into this, including its header. */
const MAX_REPLY_BYTES = 4095;
/** How long a reply may take: http.response_timeout, which is 60 s by default. */
export const PATIENCE_MS = 5000;
const RETRY_MS = { least: 50, most: 500 };

interface Chunk {
  from: number;
  to: number;
  /** Undefined until it is first sent. */
  body?: Buffer;
  attempts: number;
}

export interface ReplayerParts {
  port: number;
  records: number;
  oracle: Oracle;
  fluentTag: string;
  random: Random;
}

export function openReplayer({ port, records, oracle, fluentTag, random }: ReplayerParts): Sender {
  const counts: Record<string, number> = { requests: 0 };
  let agent = new Agent({ keepAlive: true });
  /** Chunks that were begun and not acknowledged: what is on the disk of Fluent Bit. */
  const pending = new Set<Chunk>();
  const underWay = new Set<ClientRequest>();
  let begun = 0;
  let allowed = 0;
  let acknowledged = 0;
  /** Of the process: requests of an earlier one end without a result. */
  let life = 0;
  let isRunning = true;
  let isFrozen = false;

  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };

  function pump(): void {
    if (!isRunning || isFrozen) return;
    while (pending.size < AT_ONCE && begun < Math.min(allowed, records)) {
      const chunk = { from: begun, to: Math.min(begun + CHUNK, records), attempts: 0 };
      begun = chunk.to;
      pending.add(chunk);
      void deliver(chunk);
    }
  }

  async function deliver(chunk: Chunk): Promise<void> {
    const own = life;
    for (;;) {
      while (isFrozen && own === life) await sleep(20);
      if (own !== life) return;
      const outcome = await attempt(chunk);
      if (own !== life) return;
      if (outcome === 'delivered') {
        oracle.acknowledge(chunk.from, chunk.to);
        acknowledged += chunk.to - chunk.from;
      }
      if (outcome === 'dropped') oracle.fault('dropped', `records ${chunk.from} to ${chunk.to} were refused for good`);
      if (outcome !== 'retry') {
        pending.delete(chunk);
        return pump();
      }
      await sleep(RETRY_MS.least + random(RETRY_MS.most - RETRY_MS.least));
    }
  }

  async function attempt(chunk: Chunk): Promise<'delivered' | 'dropped' | 'retry'> {
    const format = formatOf(chunk);
    chunk.body ??= compressed(chunk, bodyOf(chunk.from, chunk.to, format));
    const isFirst = chunk.attempts++ === 0;
    if (isFirst) oracle.begin(chunk.from);
    const answer = await send(chunk, format, isFirst);
    count(typeof answer === 'number' ? `answered ${answer}` : answer);
    if (typeof answer === 'string') return 'retry';
    if (answer >= 200 && answer <= 205) return 'delivered';
    return answer >= 400 && answer < 500 && answer !== 429 && answer !== 408 ? 'dropped' : 'retry';
  }

  /** The status, or why there is none. A retry has a connection of its own. */
  function send(chunk: Chunk, format: Format, isFirst: boolean): Promise<number | string> {
    counts.requests!++;
    if (!isFirst) count('retries');
    return new Promise((resolve) => {
      const encoding = encodingOf(chunk);
      const sent = request({
        ...{ port, host: '127.0.0.1', method: 'POST', path: '/v1/records' },
        agent: isFirst ? agent : false,
        headers: {
          'content-length': chunk.body!.length,
          'content-type': mediaTypes[format],
          'x-fluent-tag': fluentTag,
          ...(encoding !== undefined && { 'content-encoding': encoding }),
          'user-agent': 'Fluent-Bit',
        },
      });
      underWay.add(sent);
      const settle = (answer: number | string) => {
        clearTimeout(patience);
        underWay.delete(sent);
        resolve(answer);
      };
      const patience = setTimeout(() => sent.destroy(new Error('gave up')), PATIENCE_MS);
      sent.on('error', (error) => settle(error.message === 'gave up' ? 'gave up' : 'connection failed'));
      sent.on('information', () => sent.destroy(new Error('answered 1xx')));
      sent.on('response', (response) => {
        let bytes = headBytes(response);
        response.on('data', (data: Buffer) => {
          bytes += data.length;
        });
        response.on('error', () => settle('connection failed'));
        response.on('end', () => settle(bytes > MAX_REPLY_BYTES ? 'reply too long' : response.statusCode!));
      });
      sent.end(chunk.body);
    });
  }

  function breakOff(): void {
    for (const one of underWay) one.destroy(new Error('broken off'));
  }

  return {
    allow(upTo) {
      allowed = upTo;
      pump();
    },
    done: () => acknowledged,
    async kill() {
      life++;
      isRunning = false;
      agent.destroy();
      breakOff();
    },
    async start() {
      isRunning = true;
      agent = new Agent({ keepAlive: true });
      for (const chunk of pending) void deliver(chunk);
      pump();
    },
    freeze() {
      isFrozen = true;
      for (const { socket } of underWay) socket?.pause();
    },
    thaw() {
      isFrozen = false;
      for (const { socket } of underWay) socket?.resume();
      pump();
    },
    interrupt: async () => breakOff(),
    close() {
      return this.kill();
    },
    counts: () => counts,
  };
}

/** Both halves of a period are sent in each format. */
function formatOf({ from }: Chunk): Format {
  const index = from / CHUNK;
  return formats[(index + (index >> 1)) % formats.length]!;
}

/** The value of out_http's `compress`, for some chunks. */
function encodingOf({ from }: Chunk): 'gzip' | 'zstd' | undefined {
  switch ((from / CHUNK) % 16) {
    case 6:
      return 'gzip';
    case 11:
      return 'zstd';
  }
  return undefined;
}

function compressed(chunk: Chunk, body: Buffer): Buffer {
  switch (encodingOf(chunk)) {
    case 'gzip':
      return gzipSync(body, { level: 1 });
    case 'zstd':
      return zstdCompressSync(body);
    case undefined:
      return body;
  }
}

function headBytes({ rawHeaders, statusMessage = '' }: IncomingMessage): number {
  const line = `HTTP/1.1 200 ${statusMessage}\r\n\r\n`.length;
  return rawHeaders.reduce((sum, text) => sum + text.length + 2, line);
}
