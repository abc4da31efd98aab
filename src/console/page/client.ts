/** Asks the API of the sidecar that served the page. */
import { effect, signal } from '@preact/signals';

const base = '/console/v1/';
const storedAt = 'tripline.authorization';

/** The value of the Authorization header; it lasts as long as the tab does. */
const authorization = signal<string | null>(sessionStorage.getItem(storedAt));
effect(() => {
  if (authorization.value === null) sessionStorage.removeItem(storedAt);
  else sessionStorage.setItem(storedAt, authorization.value);
});

/** Whether the API has refused what is sent as a credential, or that there is none. */
export const isSignInNeeded = signal(false);
/** Whether the tab has a credential. */
export const isSignedIn = signal(authorization.value !== null);
/** Counts up with each sign-in: what was refused before can be asked for again. */
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
  // Nothing stays in memory of what the credential has shown.
  location.reload();
}

/** What is wrong, in the words of the sidecar where it answered. */
export class ApiProblem extends Error {
  readonly status: number | undefined;
  readonly code: string;
  readonly remedy: string;

  /** @param status undefined where there was no answer */
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
 * @throws {ApiProblem} where the answer is not 2xx, or there is none */
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
      // Else the browser asks for a password of its own, which no page can style or forget.
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
