/** Client for the console of a running sidecar, used by commands: over HTTP, with the API that the page uses. */
import { UsageError } from '../command-line/declaration.ts';
import type { StreamFindings } from '../console/api.ts';
import { eventsIn, type ServerEvent } from './events.ts';

export const consoleOptions = {
  url: {
    kind: 'value',
    placeholder: 'URL',
    doc:
      'where the console of the sidecar is (default http://127.0.0.1:9870; environment: TRIPLINE_URL). What its ' +
      'Authorization header is to have, such as "Bearer TOKEN", comes from the environment: TRIPLINE_AUTHORIZATION',
  },
} as const;

export interface ConsoleClient {
  /** The address as shown to people. */
  url: string;
  /** What `GET /console/v1/<path>` answers.
   * @throws Unavailable, or UsageError if a retry is of no use */
  get<Answer>(path: string, query?: Query): Promise<Answer>;
  /** The findings that `GET /console/v1/stream` sends from now on, or after an event; ends when the connection does. It
   * resolves when the sidecar has started the stream, so that no later finding is missed.
   * @throws as `get` does */
  stream(query: Query, lastEventId: string | undefined): Promise<AsyncIterable<Sent>>;
}

export interface Sent {
  /** Id of the event, to resume after it. */
  id: string | undefined;
  findings: StreamFindings;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** The console cannot be reached, or has no answer at the moment; a retry may succeed. */
export class Unavailable extends UsageError {}

const MAX_WAIT_MILLISECONDS = 10_000;
const EVENTS = 'text/event-stream';

/** @param signal aborts whatever is in progress */
export function openConsoleClient(
  asked: { url: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): ConsoleClient {
  const base = baseOf(asked.url ?? (environment.TRIPLINE_URL || 'http://127.0.0.1:9870'));
  const { TRIPLINE_AUTHORIZATION: authorization } = environment;
  const url = base.href.replace(/\/$/, '');

  async function request(path: string, query: Query, headers: { accept: string }, until: AbortSignal) {
    const target = new URL(`console/v1/${path}`, base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    let response: Response;
    try {
      response = await fetch(target, {
        headers: { ...headers, ...(authorization && { authorization }) },
        redirect: 'error',
        signal: until,
      });
    } catch (error) {
      throw new Unavailable(
        `${url} cannot be reached: ${messageOf(error)}`,
        'see whether Tripline runs there, or give its address with --url',
      );
    }
    if (!response.ok) throw await refusalOf(response);
    if (!response.headers.get('content-type')?.startsWith(headers.accept)) throw noConsole();
    return response;
  }

  async function refusalOf(response: Response): Promise<UsageError> {
    const { status } = response;
    const { detail, remedy } = await detailsIn(response);
    if (status === 401) {
      return authorization === undefined
        ? new UsageError(`${url} asks for credentials`, 'set TRIPLINE_AUTHORIZATION, such as to "Bearer TOKEN"')
        : new UsageError(`${url} does not take these credentials`, 'look at TRIPLINE_AUTHORIZATION');
    }
    if (status === 404 && detail === undefined) return noConsole();
    const hint = remedy ?? (status === 403 ? 'use a credential that opens the console' : 'look at its log');
    const message = `${url} answers ${status}${detail === undefined ? '' : `: ${detail}`}`;
    const mayPass = status >= 500 || status === 408 || status === 429;
    return mayPass ? new Unavailable(message, hint) : new UsageError(message, hint);
  }

  function noConsole(): UsageError {
    return new UsageError(
      `there is no console at ${url}`,
      'give the address that Tripline listens on, or turn its console on',
    );
  }

  return {
    url,
    async get<Answer>(path: string, query: Query = {}) {
      const until = AbortSignal.any([signal, AbortSignal.timeout(MAX_WAIT_MILLISECONDS)]);
      const response = await request(path, query, { accept: 'application/json' }, until);
      try {
        return (await response.json()) as Answer;
      } catch (error) {
        throw new Unavailable(`the answer of ${url} breaks: ${messageOf(error)}`, 'try again');
      }
    },
    async stream(query, lastEventId) {
      const headers = { accept: EVENTS, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
      const { body } = await request('stream', query, headers, signal);
      return sentIn(eventsIn(body!));
    },
  };

  async function* sentIn(events: AsyncIterable<ServerEvent>): AsyncGenerator<Sent> {
    try {
      for await (const { type, data, id } of events) {
        if (type === 'findings') yield { id, findings: JSON.parse(data) as StreamFindings };
      }
    } catch (error) {
      throw new Unavailable(`the connection to ${url} breaks: ${messageOf(error)}`, 'try again');
    }
  }
}

/** The underlying error, which fetch reports as the cause of its failure. */
function messageOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message || message;
}

/** The address, ending in `/`, so that a path prefix is preserved. */
function baseOf(text: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError('--url is not an address', 'give one such as http://127.0.0.1:9870');
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('--url has credentials in it', 'set TRIPLINE_AUTHORIZATION, which no list of processes shows');
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Problem details, as Tripline returns them (RFC 9457). */
async function detailsIn(response: Response): Promise<{ detail?: string; remedy?: string }> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return {};
  const { detail, remedy } = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  return { ...(typeof detail === 'string' && { detail }), ...(typeof remedy === 'string' && { remedy }) };
}
