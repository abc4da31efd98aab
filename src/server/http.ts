/** The HTTP server: who may ask what, and how a problem is told. */
import { finished } from 'node:stream';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Parts } from '../pipeline.ts';
import { Problem } from '../problem.ts';
import { countRefused, type Telemetry } from '../telemetry.ts';
import { authorizer } from './auth.ts';
import type { DeadLetters } from './dead-letter.ts';
import { healthRoutes } from './health.ts';
import { recordsRoute } from './records.ts';

export interface ServerParts {
  config: Config;
  parts: Parts;
  logger: Logger;
  telemetry: Pick<Telemetry, 'prometheus'>;
  deadLetters: DeadLetters | undefined;
}

export interface Server {
  app: FastifyInstance;
  /** Refuses new requests, waits for those in flight, and closes. */
  drain(): Promise<void>;
}

/** Seconds after which a refused sender is asked to try again. */
const retryAfterSeconds = 5;

/** Builds the server without listening, so that tests can inject requests. */
export function buildServer({ config, parts, logger, telemetry, deadLetters }: ServerParts): Server {
  const work = openWork();
  const maySend = authorizer(config.auth);
  const app = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.limits.maxBodyBytes,
    // Longer than the 30 s that Fluent Bit keeps an idle connection, so that it is never the one surprised.
    keepAliveTimeout: 75_000,
    requestTimeout: 120_000,
    return503OnClosing: false,
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open) return;
    if (work.isClosed()) throw new Problem('server.draining', 'stopping');
    finished(reply.raw, work.begin());
    if (!maySend(request.headers.authorization)) {
      throw new Problem('request.unauthorized', `from ${request.ip}`);
    }
  });
  app.setNotFoundHandler(async (request) => {
    throw new Problem('request.not_found', `${request.method} ${request.url}`);
  });
  app.setErrorHandler(async (error, request, reply) => {
    const problem = asProblem(error, config);
    return refuse(problem, request, reply, deadLetters);
  });

  healthRoutes(app, { isDraining: work.isClosed, ruleset: parts.ruleset, telemetry });
  recordsRoute(app, { config, parts });

  return {
    app,
    async drain() {
      await work.close();
      await app.close();
    },
  };
}

/** Counts the requests in flight, so that a stop can wait for them while the server still answers that it stops. */
function openWork() {
  const idle = Promise.withResolvers<void>();
  let inFlight = 0;
  let closed = false;
  const settle = () => {
    if (closed && inFlight === 0) idle.resolve();
  };
  return {
    isClosed: () => closed,
    begin(): () => void {
      inFlight++;
      return () => {
        inFlight--;
        settle();
      };
    },
    close(): Promise<void> {
      closed = true;
      settle();
      return idle.promise;
    },
  };
}

export function isFluentBit(request: FastifyRequest): boolean {
  return request.headers['user-agent']?.startsWith('Fluent-Bit') ?? false;
}

function asProblem(error: unknown, { limits }: Config): Problem {
  if (error instanceof Problem) return error;
  const { code, message, statusCode } = error as { code?: string; message: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Problem('body.too_large', `more than limits.maxBodyBytes, ${limits.maxBodyBytes} bytes`);
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Problem('request.media_type', message);
  if (statusCode !== undefined && statusCode < 500) return new Problem('request.malformed', message, { cause: error });
  return new Problem('server.internal', message, { cause: error });
}

/** Tells a sender what is wrong, and the log too. A body that no retry can make readable is kept first. */
async function refuse(
  problem: Problem,
  request: FastifyRequest,
  reply: FastifyReply,
  deadLetters: DeadLetters | undefined,
): Promise<unknown> {
  const sender = isFluentBit(request) ? 'fluent-bit' : 'other';
  let status = problem.statusFor(sender);
  const log: Record<string, unknown> = { problem: problem.code, remedy: problem.remedy, from: request.ip };

  const isFinal = status < 500 && status !== 429 && status !== 408;
  const body = request.body;
  if (isFinal && body instanceof Uint8Array && body.length > 0 && problem.code !== 'request.unauthorized') {
    log.bodyBytes = body.length;
    try {
      log.keptAt =
        (await deadLetters?.keep(body, { problem, headers: request.headers })) ?? 'nowhere: set deadLetterPath';
    } catch (error) {
      log.keptAt = `nowhere: ${(error as Error).message}`;
      status = 503;
    }
  }
  log.status = status;
  if (problem.code === 'server.internal') log.err = problem.cause;
  request.log[status >= 500 && sender === 'other' ? 'error' : 'warn'](log, `${problem.title}: ${problem.message}`);
  countRefused(problem.code);

  reply.code(status).type('application/problem+json');
  if (status === 503) reply.header('retry-after', retryAfterSeconds);
  if (status === 401) reply.header('www-authenticate', 'Basic realm="tripline", Bearer');
  // Short: Fluent Bit cannot take a reply of more than 4,095 bytes, and would retry what is refused for good.
  return reply.send(
    JSON.stringify({
      type: 'about:blank',
      title: problem.title,
      status,
      detail: problem.message.slice(0, 500),
      code: problem.code,
      remedy: problem.remedy,
    }),
  );
}
