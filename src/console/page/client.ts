/** Client for the API of the sidecar that served the page. */
import { effect, signal } from '@preact/signals';

const base = '/console/v1/';
const storedAt = 'tripline.authorization';

/** The value of the Authorization header; it lasts as long as the tab does. */
const authorization = signal<string | null>(sessionStorage.getItem(storedAt));
effect(() => {
  if (authorization.value === null) sessionStorage.removeItem(storedAt);
  else sessionStorage.setItem(storedAt, authorization.value);
});

/** Whether the API has refused the credential, or the lack of one. */
export const isSignInNeeded = signal(false);
/** Whether the tab has a credential. */
export const isSignedIn = signal(authorization.value !== null);
/** Incremented with each sign-in, so that refused requests are retried. */
export const signIns = signal(0);

export type Credential = { user: string; password: string } | { token: string };

export function signIn(credential: Credential): void {
  authorization.value =
    'token' in credential
      ? `Bearer ${credential.token}`
      : `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${credential.user}:${credential.password}`)))}`;
  isSignedIn.value = true;
  isSignInNeeded.value = false;
  signIns.value++;
}

export function signOut(): void {
  authorization.value = null;
  // Nothing that was shown with the credential must stay in memory.
  location.reload();
}

/** A failed request, in the words of the sidecar if it answered. */
export class ApiProblem extends Error {
  readonly status: number | undefined;
  readonly code: string;
  readonly remedy: string;

  /** @param status undefined if there was no response */
  constructor(status: number | undefined, code: string, message: string, remedy: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

interface Asked {
  /** Sent as JSON by POST. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** @param path below the API, with its query
 * @throws {ApiProblem} if the response is not 2xx, or there is none */
export async function ask(path: string, { body, headers = {}, signal }: Asked = {}): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(base + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(authorization.value === null ? {} : { authorization: authorization.value }),
        ...headers,
      },
      // Otherwise the browser shows its own password prompt, which no page can style or clear.
      credentials: 'omit',
      cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem(undefined, 'no answer', 'The sidecar does not answer.', 'See whether it runs, and its log.');
  }
  if (reply.ok) return reply;

  const details = (await reply.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (name: string, fallback: string) => (typeof details[name] === 'string' ? details[name] : fallback);
  if (reply.status === 401 || text('code', '') === 'request.forbidden') isSignInNeeded.value = true;
  const message = text('detail', text('title', reply.statusText));
  throw new ApiProblem(reply.status, text('code', String(reply.status)), message, text('remedy', ''));
}

/** @throws {ApiProblem} */
export async function askJson<Answer>(path: string, asked: Asked = {}): Promise<Answer> {
  return (await ask(path, asked)).json();
}
