/** The console over HTTP: its page, and its API below /console/v1/. */
import { finished } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config/index.ts';
import type { Ask, Who } from '../../console/answers.ts';
import type { TuneRequest } from '../../console/api.ts';
import type { Console } from '../../console/start.ts';
import { Problem } from '../../problem.ts';
import type { Doorkeeper } from '../auth.ts';
import { checkHost, checkOrigin } from './guard.ts';
import { securityHeaders } from './headers.ts';
import { pageRoutes } from './pages.ts';
import { openEventStreams } from './streams.ts';

export interface ConsoleRoutesParts {
  config: Config;
  console: Console;
  door: Doorkeeper;
  /** Where the built page is. */
  folder: string;
}

/** Limit for a record that is asked about, in JSON. */
const BODY_BYTES = 4 * 1024 * 1024;
/** Requests that may be answered at a time; each may have such a body. */
const MOST_REQUESTS = 16;
const BASE = '/console/v1';

/** @returns the function that ends the streams, which a stop does not wait for */
export function consoleRoutes(
  app: FastifyInstance,
  { config, console, door, folder }: ConsoleRoutesParts,
): () => Promise<void> {
  const { hosts, mayWriteExceptions } = config.console;
  const streams = openEventStreams(console);
  let requests = 0;

  async function whoAsks(request: FastifyRequest): Promise<Who> {
    const credential = request.credential ?? null;
    const access = await door.accessOf(request.raw, 'console-write');
    const writeDenied = !mayWriteExceptions
      ? 'console.mayWriteExceptions is not set'
      : access.kind !== 'granted'
        ? 'the credential does not open console-write'
        : null;
    return { credential, mayWrite: writeDenied === null, writeDenied };
  }

  // Separate from other routes: bodies are read differently here.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'string', bodyLimit: BODY_BYTES },
      async (_: FastifyRequest, body: string | Buffer) => body,
    );
    scope.addHook('onRequest', async (request, reply) => {
      reply.headers(securityHeaders);
      checkHost(request.raw, hosts);
      if (request.routeOptions.config.open) return;
      checkOrigin(request.raw, request.routeOptions.config.endpoint === 'console-write');
      if (requests >= MOST_REQUESTS) {
        throw new Problem('console.unavailable', `${MOST_REQUESTS} requests are being answered`);
      }
      requests++;
      finished(reply.raw, () => requests--);
    });

    const look = { config: { endpoint: 'console' } } as const;
    const send = (reply: FastifyReply, json: string) => reply.type('application/json; charset=utf-8').send(json);
    const answers = (path: string, askOf: (request: FastifyRequest) => Ask | Promise<Ask>) =>
      scope.get(BASE + path, look, async (request, reply) => send(reply, await console.ask(await askOf(request))));
    const takes = (path: string, askOf: (body: Body, request: FastifyRequest) => Ask | Promise<Ask>, config = look) =>
      scope.post(BASE + path, config, async (request, reply) =>
        send(reply, await console.ask(await askOf(bodyOf(request), request))),
      );

    answers('/session', async (request) => ({ kind: 'session', who: await whoAsks(request) }));
    answers('/now', () => ({ kind: 'now' }));
    answers('/findings', ({ query }) => ({ kind: 'findings', query: { ...(query as object) } }));
    answers('/findings/:id', ({ params }) => ({ kind: 'finding', id: (params as { id: string }).id }));
    answers('/why-not', ({ query }) => ({ kind: 'why-not-id', auditID: textIn(query as Body, 'auditID') }));
    answers('/rules', () => ({ kind: 'rules' }));
    takes('/why-not', (body) => ({ kind: 'why-not', record: textIn(body, 'record') }));
    takes('/rules/cost', () => ({ kind: 'cost' }));
    takes('/tune', async (body, request) => ({ kind: 'tune', request: tuneIn(body), who: await whoAsks(request) }));
    scope.post(`${BASE}/tune/write`, { config: { endpoint: 'console-write' } }, async (request, reply) => {
      const { writeDenied } = await whoAsks(request);
      if (writeDenied !== null) throw new Problem('console.write_off', writeDenied);
      return send(reply, await console.ask({ kind: 'write', request: tuneIn(bodyOf(request)) }));
    });
    scope.get(`${BASE}/stream`, { ...look, exposeHeadRoute: false }, (request, reply) => {
      // Counted separately, as it stays open.
      requests--;
      reply.raw.once('close', () => requests++);
      streams.open(request.raw, reply.raw, { ...(request.query as object) });
      reply.hijack();
    });

    pageRoutes(scope, folder);
  });

  return streams.close;
}

type Body = Readonly<Record<string, unknown>>;

function bodyOf({ body }: FastifyRequest): Body {
  let value: unknown;
  try {
    value = body === undefined || body === '' ? {} : JSON.parse(body as string);
  } catch (error) {
    throw new Problem('console.query', `the body is not JSON: ${(error as Error).message.slice(0, 100)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem('console.query', 'the body is not a JSON object');
  }
  return value as Body;
}

function textIn(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Problem('console.query', `${name} is missing, or not a text`);
}

function tuneIn(body: Body): TuneRequest {
  const { by } = body;
  const isList = Array.isArray(by) && by.length <= 100 && by.every((one) => typeof one === 'string');
  if (by !== undefined && !isList) throw new Problem('console.query', 'by is not a list of names of fields');
  return { finding: textIn(body, 'finding'), ...(isList && { by }) };
}
