/** The first exchange with a server: whether it accepts writes, and which secret its keys have. */
import { randomBytes } from 'node:crypto';
import type { Secret } from '../store.ts';
import type { Send } from './script.ts';
import type { KeyNames } from './stored.ts';

/** The secret of the keys on a server: that of the first process to connect. Writing it also shows whether the server
 * accepts writes: a replica, one that is full and one that cannot write to its disk refuse.
 * @throws Error with the server's answer */
export async function agreeOnSecret(send: Send, { secret: name }: Pick<KeyNames, 'secret'>): Promise<Secret> {
  const bytes = randomBytes(8);
  const own: Secret = [bytes.readInt32LE(0), bytes.readInt32LE(4)];
  await send(['SET', name, secretText(own), 'NX']);
  const text = await send(['GET', name]);
  const secret = secretIn(text);
  if (secret === undefined) {
    throw new Error(`${name} holds no secret of Tripline; delete it, or set another state.prefix`);
  }
  return secret;
}

/** As it is kept on the server. */
export function secretText(secret: Secret): string {
  return secret.join(',');
}

/** @returns undefined if it is none */
function secretIn(text: unknown): Secret | undefined {
  const [, first, second] = /^(-?\d{1,10}),(-?\d{1,10})$/.exec(String(text)) ?? [];
  return second === undefined ? undefined : [Number(first), Number(second)];
}

/** The warning about a server that evicts nothing in time, or the wrong things; undefined if it is set up well, or does
 * not report its memory. */
export async function memoryAdvice(send: Send): Promise<string | undefined> {
  const info = await send(['INFO', 'memory']).catch(() => undefined);
  const settingIn = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(String(info))?.[1];
  const [bytes, policy] = [settingIn('maxmemory'), settingIn('maxmemory_policy')];
  if (bytes === undefined || policy === undefined) return undefined;
  if (bytes === '0') {
    return 'The server of the state has no memory limit: set maxmemory, and maxmemory-policy volatile-lru';
  }
  if (policy === 'noeviction') {
    return 'The server of the state refuses writes when it is full: set maxmemory-policy volatile-lru';
  }
  if (policy.startsWith('allkeys-')) {
    return 'The server of the state may evict the secret of the keys, and all counts with it: set maxmemory-policy volatile-lru';
  }
  return undefined;
}
