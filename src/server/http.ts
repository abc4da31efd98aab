/** The HTTP server: its limits, its routes, and who may use them. */
import { finished } from 'node:stream';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/index.ts';
import { Problem } from '../problem.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { authorizer } from './auth.ts';
import type { DeadLetters } from './dead-letter.ts';
import { type HealthParts, healthRoutes, type RulesStatus } from './health.ts';
import { countInFlight } from './in-flight.ts';
import type { Process } from './processor.ts';
import { recordsRoute } from './records.ts';
import { problemOf, refuser } from './refusal.ts';
import { reminders } from './reminders.ts';
import { openTurns } from './turns.ts';

export interface ServerParts {
  config: Config;
  process: Process;
  /** Whether there is a sink that takes the records. */
  hasSinks: boolean;
  rules: () => RulesStatus;
  spools?: HealthParts['spools'];
  logger: Logger;
  telemetry: Pick<Telemetry, 'prometheus'>;
  deadLetters: DeadLetters | undefined;
}

export interface Server {
  app: FastifyInstance;
  /** Refuses new requests and those that have not been begun, waits for the others, and closes. */
  drain(): Promise<void>;
}

/** Builds the server without listening, so that tests can inject requests. */
export function buildServer({
  config,
  process,
  hasSinks,
  rules,
  spools,
  logger,
  telemetry,
  deadLetters,
}: ServerParts): Server {
  const inFlight = countInFlight();
  const turns = openTurns(config.limits.maxWaitSeconds);
  const remind = reminders();
  const refuse = refuser({ deadLetters, remind });
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
    if (inFlight.isClosing()) throw new Problem('server.draining', 'stopping');
    finished(reply.raw, inFlight.begin());
    if (!maySend(request.headers.authorization)) {
      throw new Problem('request.unauthorized', `from ${request.ip}`);
    }
  });
  app.setNotFoundHandler(async (request) => {
    throw new Problem('request.not_found', `${request.method} ${request.url}`);
  });
  app.setErrorHandler(async (error, request, reply) => {
    return refuse(problemOf(error, config.limits), request, reply);
  });

  healthRoutes(app, { isDraining: inFlight.isClosing, rules, spools, telemetry });
  recordsRoute(app, { config, process, hasSinks, turns, remind });

  return {
    app,
    async drain() {
      turns.close();
      await inFlight.close();
      await app.close();
    },
  };
}
