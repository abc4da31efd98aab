/**
 * The shared-key handshake of Fluent Forward, from the client's side: HELO, PING, PONG.
 * @see https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hostname } from 'node:os';
import { encode } from '../../msgpack/encode.ts';
import { endOfValue, headerAt, pairs } from '../../msgpack/scan.ts';
import type { Span } from '../../record.ts';

export interface HandshakeSteps {
  send(message: Uint8Array): void;
  /** Both sides have proven that they know the key. */
  done(): void;
  /** @param reason a predicate whose subject is the receiver */
  fail(reason: string): void;
}

export interface Credentials {
  /** May be empty, where that of the receiver is. */
  sharedKey: string;
  /** Both empty where the receiver asks for no user. */
  username: string;
  password: string;
}

/** The function that takes the receiver's messages until the handshake is done or has failed. */
export function proveSharedKey(
  { sharedKey, username, password }: Credentials,
  { send, done, fail }: HandshakeSteps,
): (message: Uint8Array) => void {
  const salt = randomBytes(16).toString('hex');
  let nonce: Uint8Array | undefined;

  return (message) => {
    const [kind, ...items] = itemsOf(message);
    if (nonce === undefined) {
      nonce = textOf(message, kind)?.toString() === 'HELO' ? helloOf(message, items[0], 'nonce') : undefined;
      if (nonce === undefined) {
        return fail('did not begin the shared-key handshake (HELO): is a shared_key set there?');
      }
      const userSalt = helloOf(message, items[0], 'auth') ?? '';
      const userProof = username === '' ? '' : sha512(userSalt, username, password);
      send(encode(['PING', hostname(), salt, sha512(salt, hostname(), nonce, sharedKey), username, userProof]));
      return;
    }
    const [accepted, reason, host, proof] = items;
    if (textOf(message, kind)?.toString() !== 'PONG' || proof === undefined) {
      fail('did not answer in the shared-key handshake (PONG)');
    } else if (message[accepted.start] !== TRUE) {
      const words = textOf(message, reason)?.toString().slice(0, 200);
      fail(`refused the shared-key handshake: ${JSON.stringify(words ?? '')}`);
    } else if (!isSame(textOf(message, proof), sha512(salt, textOf(message, host) ?? '', nonce, sharedKey))) {
      fail('does not know the shared key: the proof in its PONG is wrong');
    } else {
      done();
    }
  };
}

const TRUE = 0xc3;

/** Of the parts put together. */
function sha512(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function isSame(given: Uint8Array | undefined, wanted: string): boolean {
  const expected = Buffer.from(wanted);
  return given?.length === expected.length && timingSafeEqual(given, expected);
}

/** The items of a message that is an array. */
function itemsOf(message: Uint8Array): Span[] {
  const header = headerAt(message, 0, message.length);
  const items: Span[] = [];
  if (header?.kind !== 'array') return items;
  let start = header.end;
  for (let i = 0; i < header.length; i++) {
    const end = endOfValue(message, start, message.length) as number;
    items.push({ start, end });
    start = end;
  }
  return items;
}

/** The bytes of a text. Nonces and salts are random bytes that Fluent Bit sends as str: never UTF-8. */
function textOf(message: Uint8Array, item: Span | undefined): Buffer | undefined {
  const header = item && headerAt(message, item.start, item.end);
  if (header?.kind !== 'str' && header?.kind !== 'bin') return undefined;
  return Buffer.from(message.subarray(header.end, header.end + header.length));
}

/** A member of the options of HELO. */
function helloOf(message: Uint8Array, options: Span | undefined, key: 'nonce' | 'auth'): Uint8Array | undefined {
  if (options === undefined || headerAt(message, options.start, options.end)?.kind !== 'map') return undefined;
  const member = pairs(message, options.start, options.end, key).at(0);
  return member && textOf(message, { start: member.valueStart, end: member.end });
}
