/** The HTTP server: its limits, its routes, and who may use them. */
import type { IncomingHttpHeaders, ServerOptions } from 'node:http';
import { finished } from 'node:stream';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/index.ts';
import { pageFolder } from '../console/page-folder.ts';
import type { Console } from '../console/start.ts';
import type { DeadLetters } from '../dead-letters/index.ts';
import { Problem } from '../problem.ts';
import { sources } from '../sources/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { type Doorkeeper, openDoor } from './auth.ts';
import { type ByteBudget, byteBudget } from './byte-budget.ts';
import { consoleRoutes } from './console/index.ts';
import { type HealthParts, healthRoutes, type RulesStatus } from './health.ts';
import { countInFlight, type InFlight } from './in-flight.ts';
import { ingestRoutes, sourceRequestOf } from './ingest.ts';
import { openIntake, type TakeBatch } from './intake.ts';
import type { Process } from './processor.ts';
import {
  maxHeaderBytes,
  type NoteRefusal,
  problemOf,
  type Refuse,
  refusalNoter,
  refuser,
  unreadableRefuser,
} from './refusal.ts';
import { type Remind, reminders } from './reminders.ts';
import { listenerOptions, renewCertificates, reportHandshakes } from './tls.ts';
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
  /** Undefined where it is off. */
  console?: Console | undefined;
}

export interface Server {
  app: FastifyInstance;
  /** For the listener that is the console's alone; undefined where it has none. */
  consoleApp: FastifyInstance | undefined;
  /** Refuses new requests and those that have not been begun, waits for the others, and closes. */
  drain(): Promise<void>;
  /** Takes over credentials, and the files of `tls` as they are now.
   * @throws Error where these cannot be used; the ones before stay then */
  renew(config: Pick<Config, 'auth' | 'tls'>): void;
  /** How many requests have no answer yet. */
  unanswered(): number;
  /** What other listeners share with it: all that comes is bounded together. */
  shared: Shared;
}

export interface Shared {
  take: TakeBatch;
  budget: ByteBudget;
  inFlight: InFlight;
  note: NoteRefusal;
  remind: Remind;
}

/** How long the headers of a request may take, from its first byte or from the opening of its connection. */
const HEADERS_MILLISECONDS = 10_000;
/** Each may hold headers, which the parser keeps. */
const MAX_CONNECTIONS = 1000;

/** Of HTTP itself, over TLS or not. */
const protocol: ServerOptions = {
  maxHeaderSize: maxHeaderBytes,
  // Takes control characters in a header, which a Fluent tag may have where it is made of what records hold. (Node
  // 26.10 would loop without end on a NUL with httpValidation: 'relaxed', which takes no more than that.)
  insecureHTTPParser: true,
  requireHostHeader: false,
  headersTimeout: HEADERS_MILLISECONDS,
  connectionsCheckingInterval: HEADERS_MILLISECONDS / 4,
};

/** No route has a schema. Fastify's own compilers, which it would load, take longer than the rest of it. */
function noCompiler(): never {
  throw new Error('a route has a schema, and nothing compiles it');
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
  console,
}: ServerParts): Server {
  const inFlight = countInFlight();
  const turns = openTurns(config.limits.maxWaitSeconds);
  const { maxPendingBytes, maxBodyBytes, maxDecompressedBytes } = config.limits;
  const reserve = Math.min(maxBodyBytes + maxDecompressedBytes, maxPendingBytes);
  const budget = byteBudget(maxPendingBytes, undefined, reserve);
  const remind = reminders();
  const note = refusalNoter({ deadLetters, remind });
  const door = openDoor(config.auth);
  const parts: AppParts = { tls: config.tls, logger, remind, refuse: refuser(note), door, inFlight };
  const app = openApp(parts);

  healthRoutes(app, { isDraining: inFlight.isClosing, rules, spools, telemetry });
  const take = openIntake({ process, turns });
  ingestRoutes(app, { config, sources, take, hasSinks, turns, budget, remind });
  const consoleApp = console && config.console.listen !== undefined ? openApp(parts) : undefined;
  const endStreams = console && consoleRoutes(consoleApp ?? app, { config, console, door, folder: pageFolder });
  const apps = consoleApp === undefined ? [app] : [app, consoleApp];

  return {
    app,
    consoleApp,
    unanswered: inFlight.count,
    shared: { take, budget, inFlight, note, remind },
    renew({ auth, tls }) {
      if (tls !== undefined) for (const one of apps) renewCertificates(one, tls);
      door.renew(auth);
    },
    async drain() {
      const idle = inFlight.close();
      turns.close();
      budget.close();
      await Promise.all([idle, endStreams?.()]);
      // What is open yet is idle, or has sent half of its headers.
      for (const one of apps) one.server.closeAllConnections();
      await Promise.all(apps.map((one) => one.close()));
    },
  };
}

interface AppParts {
  tls: Config['tls'];
  logger: Logger;
  remind: Remind;
  refuse: Refuse;
  door: Doorkeeper;
  inFlight: InFlight;
}

/** A listener without routes: its limits, who may use it, and how it refuses. */
function openApp({ tls, logger, remind, refuse, door, inFlight }: AppParts): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // Longer than the 30 s that Fluent Bit keeps an idle connection, so that it is never the one surprised.
    keepAliveTimeout: 75_000,
    requestTimeout: 120_000,
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    ...(tls === undefined ? { http: protocol } : { https: { ...protocol, ...listenerOptions(tls) } }),
    // A path that cannot be decoded has no route, and so none of the hooks below.
    frameworkErrors: (error, request, reply) => void refuse(problemOf(error), request, reply),
    clientErrorHandler: unreadableRefuser(logger, remind),
  } as FastifyServerOptions);
  app.server.maxConnections = MAX_CONNECTIONS;
  app.server.on('drop', () => app.server.closeIdleConnections());
  // An expectation that is not known is none: Node would answer 417.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));

  app.decorateRequest('credential', undefined);
  app.addHook('onRequest', async (request, reply) => {
    if (isAmbiguous(request.headers)) {
      reply.header('connection', 'close');
      throw new Problem('request.malformed', 'Transfer-Encoding may be chunked, and then there is no Content-Length');
    }
    const { open, endpoint = 'records', source } = request.routeOptions.config;
    if (open) return;
    if (endpoint === 'records') {
      if (inFlight.isClosing()) throw new Problem('server.draining', 'stopping');
      finished(reply.raw, inFlight.begin());
    }
    const access = await door.accessOf(request.raw, endpoint, source?.tokenOf?.(sourceRequestOf(request)));
    if (access.kind === 'unauthorized') {
      throw new Problem(
        'request.unauthorized',
        `from ${request.ip}${access.why === undefined ? '' : `: ${access.why}`}`,
      );
    }
    if (access.kind === 'unknown') throw new Problem('server.keys', `from ${request.ip}: ${access.why}`);
    if (access.kind === 'forbidden') throw new Problem('request.forbidden', `${access.name}, from ${request.ip}`);
    request.credential = access.name;
    if (access.name !== undefined) request.log = request.log.child({ credential: access.name });
  });
  if (tls !== undefined) reportHandshakes(app, { logger, remind });
  app.setNotFoundHandler(async (request) => {
    // A query may hold a token.
    throw new Problem('request.not_found', `${request.method} ${request.url.split('?', 1)[0]}`);
  });
  app.setErrorHandler(async (error, request, reply) => {
    return refuse(problemOf(error), request, reply);
  });
  return app;
}

/** Whether a proxy may see another end of the body than the parser does, which lets all pass: what is behind that end would
 * be a request that the proxy has not seen. */
function isAmbiguous({ 'transfer-encoding': encoding, 'content-length': length }: IncomingHttpHeaders): boolean {
  return encoding !== undefined && (length !== undefined || encoding.trim().toLowerCase() !== 'chunked');
}
