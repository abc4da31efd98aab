/** A server that bodies are posted to, over connections that are kept. */
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import type { SinkDependencies } from '../sink.ts';
import { describeError } from '../tls/errors.ts';
import { tlsTo } from '../tls/settings.ts';
import { addressOf, type Compression, headersOf, type RequestSettings, secretsOf } from './settings.ts';

export interface Endpoint {
  /** For messages: the URL without its query, which may contain secrets. */
  readonly address: string;
  /** Posts a body. Never rejects, and ends at the deadline at the latest. A request that was lost on a connection that had
   * been idle is sent once more, since a receiver may close such a connection at any time. It may then have arrived twice. */
  post(request: Request): Promise<Answer>;
  /** Lets go of idle connections. */
  close(): void;
}

export interface Request {
  body: Uint8Array;
  contentType: string;
  /** As performance.now() counts. */
  deadline: number;
  /** In addition to those of the settings. */
  headers?: Readonly<Record<string, string>>;
  /** In addition to that of the URL. */
  query?: Readonly<Record<string, string>>;
  /** How many bytes of the answer's body are read; the rest is ignored. */
  maxAnswerBytes?: number;
}

export type Answer =
  /** `isWhole` is false if the body was longer than what was read. */
  | { kind: 'answered'; status: number; headers: IncomingHttpHeaders; body: Buffer; isWhole: boolean }
  /** `reason` is a predicate whose subject is the receiver; what was sent may have arrived. */
  | { kind: 'failed'; reason: string };

const ANSWER_BYTES = 64 * 1024;
const CONNECT_MILLISECONDS = 10_000;
/** Concurrent requests; others wait for them. */
const MAX_CONNECTIONS = 16;
const MAX_IDLE_CONNECTIONS = 4;
/** Idle connections are closed after this time: network devices forget them after some minutes. */
const IDLE_MILLISECONDS = 50_000;

const compressors: Record<Compression, (body: Uint8Array) => Promise<Buffer>> = {
  gzip: promisify(gzip),
  zstd: promisify(zstdCompress),
};

const errors = {
  ECONNREFUSED: 'refuses connections: is it running, and is url right?',
  EPROTO: 'does not speak TLS as requested: is https right?',
  HPE_INVALID_CONSTANT: 'does not speak HTTP: is url right?',
};

/** @param receiver as the log names it */
export async function openEndpoint(
  settings: RequestSettings,
  receiver: string,
  logger: SinkDependencies['logger'],
): Promise<Endpoint> {
  const { url, compression, tls } = settings;
  const target = new URL(url);
  const { protocol, hostname, pathname, origin, searchParams } = target;
  const isSecure = protocol === 'https:';
  // Loaded on demand: few have such a sink.
  const { request, Agent } = isSecure ? await import('node:https') : await import('node:http');
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_CONNECTIONS,
    maxFreeSockets: MAX_IDLE_CONNECTIONS,
    timeout: IDLE_MILLISECONDS,
    // A resumed session would continue with a certificate that is no longer trusted.
    ...(isSecure && { maxCachedSessions: 0 }),
  });
  if (isSecure) {
    const readTls = tlsTo(hostname.replace(/^\[|\]$/g, ''), tls ?? { verify: true }, receiver, logger);
    const { createConnection } = agent;
    agent.createConnection = (options, callback) =>
      createConnection.call(agent, { ...options, ...readTls() } as RequestOptions, callback);
  }
  const fixed = headersOf(settings);
  const secretTexts = secretsOf(settings);
  const secrets = secretTexts.map((text) => Buffer.from(text));

  /** Some receivers repeat the request in an error. Masking keeps the length, since Protobuf encodes lengths in its bytes. */
  function withoutSecrets(answer: Answer): Answer {
    if (answer.kind === 'failed') return answer;
    const { location } = answer.headers;
    if (location !== undefined && secretTexts.some((text) => location.includes(text))) {
      answer.headers.location = `${URL.parse(location, origin)?.origin}/…`;
    }
    for (const secret of secrets) {
      const { length } = secret;
      for (let at = answer.body.indexOf(secret); at !== -1; at = answer.body.indexOf(secret, at + length)) {
        answer.body.fill('*', at, at + length);
      }
    }
    return answer;
  }

  function attempt(body: Uint8Array, one: Request): Promise<Answer & { isStale?: boolean }> {
    const query = new URLSearchParams([...searchParams, ...Object.entries(one.query ?? {})]).toString();
    return new Promise((resolve) => {
      const headers = {
        ...fixed,
        ...one.headers,
        'content-type': one.contentType,
        'content-length': body.length,
        ...(compression !== 'none' && { 'content-encoding': compression }),
      };
      const path = query === '' ? pathname : `${pathname}?${query}`;
      const posting = request(origin, { method: 'POST', path, headers, agent });
      let stage = 'did not accept the connection in time';
      const late = () => fail({ kind: 'failed', reason: stage });
      const timer = setTimeout(late, Math.max(0, one.deadline - performance.now()));
      let connecting: NodeJS.Timeout | undefined;
      const settle = (answer: Answer & { isStale?: boolean }) => {
        clearTimeout(timer);
        clearTimeout(connecting);
        resolve(answer);
      };
      const fail = (answer: Answer) => {
        settle(answer);
        posting.destroy();
      };
      posting.on('socket', (socket) => {
        const connected = () => {
          clearTimeout(connecting);
          stage = 'did not answer in time';
        };
        if (!socket.connecting) return connected();
        connecting = setTimeout(late, CONNECT_MILLISECONDS);
        socket.once(isSecure ? 'secureConnect' : 'connect', connected);
      });
      posting.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = posting.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '');
        settle({ kind: 'failed', reason: describeError(error, errors), isStale });
      });
      posting.on('response', (response) => {
        void readAnswer(response, one.maxAnswerBytes ?? ANSWER_BYTES).then((answer) => settle(withoutSecrets(answer)));
      });
      posting.end(body);
    });
  }

  return {
    address: settings.isUrlSecret ? origin : addressOf(target),
    async post(one) {
      const body = compression === 'none' ? one.body : await compressors[compression](one.body);
      const first = await attempt(body, one);
      return first.kind === 'failed' && first.isStale ? attempt(body, one) : first;
    },
    close: () => agent.destroy(),
  };
}

/** The answer with as much of its body as is wanted. */
async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of response) {
      parts.push(part);
      length += part.length;
      // Leaving the loop ends the connection.
      if (length > maxBytes) break;
    }
  } catch {
    return { kind: 'failed', reason: 'closed the connection in the middle of its answer' };
  }
  const isWhole = length <= maxBytes;
  return { kind: 'answered', status, headers, body: Buffer.concat(parts).subarray(0, maxBytes), isWhole };
}
