/** How a request is refused: what is answered, logged and kept. The status of each problem is in its row in problem.ts. */
import type { Socket } from 'node:net';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { About, DeadLetters } from '../dead-letters/index.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import { countRefused } from '../telemetry/index.ts';
import { send, sourceRequestOf } from './ingest.ts';
import type { Remind } from './reminders.ts';
import { type Sender, senderOf } from './sender.ts';

/** Limit for the headers of a request: Node's default would refuse a long Fluent tag. */
export const maxHeaderBytes = 64 * 1024;
/** Seconds after which a refused sender is asked to try again. */
const retryAfterSeconds = 5;
/** Characters of a detail that are answered and logged. */
const longestDetail = 500;
/** Problems for which many requests are refused at once, through no fault of theirs or because somebody probes: one log line
 * stands for all. */
const underLoad: readonly ProblemCode[] = [
  'request.unauthorized',
  'request.forbidden',
  'forward.unauthorized',
  'forward.malformed',
  'server.keys',
  'console.host',
  'console.origin',
  'console.query',
  'console.gone',
  'console.unavailable',
  'server.overloaded',
  'server.backlog',
  'server.draining',
  'request.abandoned',
  'request.too_slow',
];

/** Nothing is kept of a request that is refused for these. */
const credentials: readonly ProblemCode[] = ['request.unauthorized', 'request.forbidden'];

/** The problem to answer with for whatever a handler threw. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code, message, statusCode } = error as { code?: string; message: string; statusCode?: number };
  // Its message contains the whole URL, with any token in it.
  if (code === 'FST_ERR_BAD_URL') return new Problem('request.malformed', 'its path is not valid');
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Problem('body.too_large', message);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Problem('request.media_type', message);
  if (statusCode !== undefined && statusCode < 500) return new Problem('request.malformed', message, { cause: error });
  return new Problem('server.internal', message, { cause: error });
}

/** What is refused, and to whom. */
export interface Refused {
  problem: Problem;
  sender: Sender;
  /** Address of the sender. */
  from: string | undefined;
  /** Whether the sender is still connected. */
  isHeard: boolean;
  /** The body, if it has arrived whole, and what is needed to read it. */
  body: { bytes: Uint8Array; about: Omit<About, 'problem'> } | undefined;
  logger: Pick<FastifyBaseLogger, 'warn' | 'error'>;
}

/** Keeps a body that no retry can make readable, logs and counts.
 * @returns the status of the problem for this sender, or 503 if such a body cannot be kept */
export type NoteRefusal = (refused: Refused) => Promise<number>;

export function refusalNoter({ deadLetters, remind }: RefusalParts): NoteRefusal {
  return async ({ problem, sender, from, isHeard, body, logger }) => {
    let status = problem.statusFor(sender);
    const log: Record<string, unknown> = { problem: problem.code, remedy: problem.remedy, from };
    if (isHeard && isFinal(status) && body !== undefined && !credentials.includes(problem.code)) {
      log.bodyBytes = body.bytes.length;
      try {
        log.keptAt = (await deadLetters?.keep(body.bytes, { problem, ...body.about })) ?? 'nowhere: set deadLetterPath';
      } catch (error) {
        log.keptAt = `nowhere: ${(error as Error).message}`;
        status = 503;
      }
    }
    log.status = status;
    if (problem.code === 'server.internal') log.err = problem.cause;
    const message = messageOf(problem);
    if (underLoad.includes(problem.code)) {
      remind(problem.code, (suppressed) => logger.warn({ ...log, suppressed }, message));
    } else {
      logger[status >= 500 && sender === 'other' ? 'error' : 'warn'](log, message);
    }
    countRefused(problem.code);
    return status;
  };
}

/** Whether a status says that no retry can help. */
export function isFinal(status: number): boolean {
  return status < 500 && status !== 429 && status !== 408;
}

interface RefusalParts {
  deadLetters: DeadLetters | undefined;
  remind: Remind;
}

export type Refuse = (problem: Problem, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Makes the function that answers a sender with what is wrong. */
export function refuser(note: NoteRefusal): Refuse {
  return async (problem, request, reply) => {
    const isHeard = !reply.raw.destroyed;
    const { body } = request;
    const hasBody = body instanceof Uint8Array && body.length > 0;
    const status = await note({
      problem,
      sender: senderOf(request),
      from: request.ip,
      isHeard,
      body: hasBody ? { bytes: body, about: keptOf(request) } : undefined,
      logger: request.log,
    });
    request.pending?.span.fail(problem.code);

    if (!isHeard) return reply.hijack();
    const refused = request.routeOptions.config?.source?.refused;
    if (refused === undefined) reply.code(status).type('application/problem+json');
    if (status === 503) reply.header('retry-after', retryAfterSeconds);
    // A browser keeps Basic credentials, and would send them with requests from pages of other sites.
    const isConsole = request.routeOptions.config?.endpoint?.startsWith('console') === true;
    if (status === 401) reply.header('www-authenticate', isConsole ? 'Bearer' : 'Basic realm="tripline", Bearer');
    // Short: Fluent Bit cannot read a reply of more than 4,095 bytes, and would retry what is permanently refused.
    return refused === undefined
      ? reply.send(detailsOf(problem, status))
      : send(reply, refused(sourceRequestOf(request), problem, status));
  };
}

/** What a dead letter keeps of its request: how to read it again, and no token. */
function keptOf(request: FastifyRequest): Pick<About, 'headers' | 'path'> {
  const source = request.routeOptions.config?.source;
  const token = source?.tokenOf?.(sourceRequestOf(request));
  const headers = Object.entries(request.headers).filter(([, value]) => token === undefined || value !== token);
  return { path: source?.path, headers: Object.fromEntries(headers) };
}

/** Makes the function that answers and logs a request that the HTTP parser cannot read: only its connection is known. The
 * sender may be Fluent Bit, so it is answered as Fluent Bit is. */
export function unreadableRefuser(
  logger: Logger,
  remind: Remind,
): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    // A sender that disconnects within a request expects no answer.
    if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE' || socket.destroyed) {
      socket.destroy();
      return;
    }
    // A peer that opens a connection and sends nothing asks for nothing.
    if (socket.bytesRead === 0) {
      socket.destroy();
      return;
    }
    const problem = unreadable(error);
    const status = problem.statusFor('keeper');
    countRefused(problem.code);
    remind(`unreadable ${problem.code}`, (suppressed) =>
      logger.warn(
        { problem: problem.code, remedy: problem.remedy, from: socket.remoteAddress, status, suppressed },
        messageOf(problem),
      ),
    );
    const body = detailsOf(problem, status);
    if (socket.writable) {
      socket.write(
        `HTTP/1.1 ${status} ${problem.title}\r\nContent-Type: application/problem+json\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\nRetry-After: ${retryAfterSeconds}\r\nConnection: close\r\n\r\n${body}`,
      );
    }
    socket.destroy();
  };
}

function unreadable({ code, message }: NodeJS.ErrnoException): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('request.headers', `more than ${maxHeaderBytes} bytes`);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request.too_slow', 'its headers or its body were not complete in time');
    default:
      return new Problem('request.malformed', message);
  }
}

function messageOf({ title, message }: Problem): string {
  return `${title}: ${message.slice(0, longestDetail)}`;
}

/** Problem details of RFC 9457. */
function detailsOf({ title, message, code, remedy }: Problem, status: number): string {
  const detail = message.slice(0, longestDetail);
  return `${JSON.stringify({ type: 'about:blank', title, status, detail, code, remedy })}\n`;
}
