/**
 * The shared-key handshake of Fluent Forward, from both sides: HELO, PING, PONG.
 * @see https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { encode } from '../msgpack/encode.ts';
import { headerAt, pairs } from '../msgpack/scan.ts';
import { createWriter } from '../msgpack/write.ts';
import type { Span } from '../record.ts';
import { itemsOf, textOf } from './items.ts';

export interface HandshakeSteps {
  send(message: Uint8Array): void;
  /** Both sides have proven that they know the key. */
  done(): void;
  /** @param reason a predicate whose subject is the receiver */
  fail(reason: string): void;
}

export interface Credentials {
  /** May be empty, if the receiver's is. */
  sharedKey: string;
  /** Both empty if the receiver asks for no user. */
  username: string;
  password: string;
}

/** The function that handles the receiver's messages until the handshake is done or has failed.
 * @param hostname of this machine, which is a part of the proof */
export function proveSharedKey(
  { sharedKey, username, password }: Credentials,
  hostname: string,
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
      send(encode(['PING', hostname, salt, sha512(salt, hostname, nonce, sharedKey), username, userProof]));
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

/** What a sender has to know. */
export interface Asked {
  sharedKey: string;
  /** Any one of them; if there are none, the key is enough. A user may have several passwords, as while one is replaced. */
  users: readonly { username: string; password: string }[];
}

/** The receiver's side of one handshake. */
export interface Challenge {
  helo: Uint8Array;
  /** @returns the PONG and, if it refuses, why */
  answer(ping: Uint8Array): { pong: Uint8Array; refusal: string | undefined };
}

/** Fluentd refuses a receiver with the same name as the sender, and both may be on one machine. */
const RECEIVER_NAME = 'tripline';
const NONCE_BYTES = 16;

/** Asks a sender for a proof that it knows the key and, if there are users, the password of one. */
export function challenge({ sharedKey, users }: Asked): Challenge {
  const nonce = randomBytes(NONCE_BYTES);
  const userSalt = users.length > 0 ? randomBytes(NONCE_BYTES) : new Uint8Array();
  const helo = createWriter();
  helo.array(2);
  helo.string('HELO');
  helo.map(3);
  helo.string('nonce');
  helo.bin(nonce);
  helo.string('auth');
  helo.bin(userSalt);
  helo.string('keepalive');
  helo.boolean(true);

  const refuse = (reason: string) => ({ pong: encode(['PONG', false, reason, '', '']), refusal: reason });

  return {
    helo: helo.finish(),
    answer(ping) {
      const [kind, ...rest] = itemsOf(ping).map((item) => textOf(ping, item));
      const [host, salt, proof, username, userProof] = rest;
      if (kind?.toString() !== 'PING' || host === undefined || salt === undefined || userProof === undefined) {
        return refuse('no PING came after HELO: is a shared_key set at the sender?');
      }
      if (!isSame(proof, sha512(salt, host, nonce, sharedKey))) return refuse('shared_key mismatch');
      // Every password is compared, so that timing does not reveal which one is close.
      const known = users.map(
        (user) =>
          isSame(userProof, sha512(userSalt, user.username, user.password)) && username?.toString() === user.username,
      );
      if (users.length > 0 && !known.includes(true)) return refuse('username/password mismatch');
      const answered = sha512(salt, RECEIVER_NAME, nonce, sharedKey);
      return { pong: encode(['PONG', true, '', RECEIVER_NAME, answered]), refusal: undefined };
    },
  };
}

const TRUE = 0xc3;

/** The hash of the parts put together. */
function sha512(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function isSame(given: Uint8Array | undefined, wanted: string): boolean {
  const expected = Buffer.from(wanted);
  return given?.length === expected.length && timingSafeEqual(given, expected);
}

/** A member of the options of HELO. */
function helloOf(message: Uint8Array, options: Span | undefined, key: 'nonce' | 'auth'): Uint8Array | undefined {
  if (options === undefined || headerAt(message, options.start, options.end)?.kind !== 'map') return undefined;
  const member = pairs(message, options.start, options.end, key).at(0);
  return member && textOf(message, { start: member.valueStart, end: member.end });
}
