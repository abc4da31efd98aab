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
  /** Whether any sink accepts the records. */
  hasSinks: boolean;
  rules: () => RulesStatus;
  spools?: HealthParts['spools'];
  logger: Logger;
  telemetry: Pick<Telemetry, 'prometheus'>;
  deadLetters: DeadLetters | undefined;
  /** Undefined if it is off. */
  console?: Console | undefined;
}

export interface Server {
  app: FastifyInstance;
  /** The console's own listener; undefined if it has none. */
  consoleApp: FastifyInstance | undefined;
  /** Refuses new requests and those not yet begun, waits for the others, and closes. */
  drain(): Promise<void>;
  /** Applies new credentials, and reloads the files of `tls`.
   * @throws Error if the files cannot be used; the previous ones then stay in effect */
  renew(config: Pick<Config, 'auth' | 'tls'>): void;
  /** How many requests have no answer yet. */
  unanswered(): number;
  /** Shared with other listeners, so that all input counts against the same limits. */
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
/** Each connection may hold headers, which the parser keeps. */
const MAX_CONNECTIONS = 1000;

/** Options of HTTP itself, with or without TLS. */
const protocol: ServerOptions = {
  maxHeaderSize: maxHeaderBytes,
  // Accepts control characters in a header: a Fluent tag made from record content may contain them. (Node 26.10 would
  // loop endlessly on a NUL with httpValidation: 'relaxed', which accepts no more than that.)
  insecureHTTPParser: true,
  requireHostHeader: false,
  headersTimeout: HEADERS_MILLISECONDS,
  connectionsCheckingInterval: HEADERS_MILLISECONDS / 4,
};

/** No route has a schema, and loading Fastify's own compilers would take longer than loading the rest of it. */
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
      // Connections still open are idle, or have sent only part of their headers.
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
    // Longer than the 30 s for which Fluent Bit keeps an idle connection, so that Fluent Bit closes it first.
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
  // Unknown expectations are ignored: Node would answer 417.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));

  app.decorateRequest('credential', undefined);
  app.addHook('onRequest', async (request, reply) => {
    if (isAmbiguous(request.headers)) {
      reply.header('connection', 'close');
      throw new Problem('request.malformed', 'Transfer-Encoding must be chunked, without a Content-Length');
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

/** Whether a proxy may see a different end of the body than the parser does, which accepts everything: what follows that end
 * would be a request that the proxy has not seen. */
function isAmbiguous({ 'transfer-encoding': encoding, 'content-length': length }: IncomingHttpHeaders): boolean {
  return encoding !== undefined && (length !== undefined || encoding.trim().toLowerCase() !== 'chunked');
}
