/** Signed tokens, with keys from a local server in place of Google's. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Auth } from '../../src/config/auth.ts';
import { openDoor } from '../../src/server/auth.ts';
import { podEvent, type TestServer, testServer } from './app.ts';

let server: TestServer | undefined;
let keyServer: Server | undefined;
afterEach(async () => {
  await server?.app.close();
  server = undefined;
  keyServer?.close();
});

const issuer = 'https://accounts.example.com';
const audience = 'https://tripline.example.com/v1/pubsub';
const email = 'pusher@project.iam.example.com';
const claims = { email, email_verified: true };

async function keyPair(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
}
let first: Awaited<ReturnType<typeof keyPair>>;
let second: typeof first;
beforeAll(async () => {
  first = await keyPair('first');
  second = await keyPair('second');
});

const setOf = (...keys: { jwk: object }[]) => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
const authWith = (keys: string, more: object = {}) => ({
  jwt: [{ name: 'pubsub', issuer, audience, claims, keys, endpoints: ['records'], ...more }],
});
/** @param seconds until it expires */
const tokenOf = ({
  seconds = 3600,
  by = first,
  ...payload
}: JWTPayload & { seconds?: number; by?: typeof first } = {}) =>
  new SignJWT({ iss: issuer, aud: audience, sub: '1', ...claims, ...payload })
    .setProtectedHeader({ alg: 'ES256', kid: by.kid, typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(by.privateKey);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const send = (headers: Record<string, string>) =>
  server!.app.inject({
    method: 'POST',
    url: '/v1/pubsub',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(podEvent()),
  });

/** Serves what `keys` returns, and counts how often. */
async function serveKeys(keys: () => string | undefined): Promise<{ url: string; asked(): number }> {
  let asked = 0;
  keyServer = createServer((_, response) => {
    asked++;
    const found = keys();
    response.writeHead(found === undefined ? 500 : 200, { 'content-type': 'application/json' }).end(found);
  });
  keyServer.listen(0, '127.0.0.1');
  await once(keyServer, 'listening');
  return { url: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/certs`, asked: () => asked };
}

test('a valid token opens what it is for, and any other token opens nothing', async () => {
  server = testServer({ auth: authWith(setOf(first)) });
  const unsigned = new UnsecuredJWT({ iss: issuer, aud: audience, exp: Date.now(), ...claims }).encode();
  const by = (alg: string, key: Uint8Array) =>
    new SignJWT({ iss: issuer, aud: audience, ...claims })
      .setProtectedHeader({ alg, kid: 'first' })
      .setExpirationTime('1h')
      .sign(key);
  const right = await tokenOf();
  const [header, , signature] = right.split('.');
  const payload = Buffer.from(JSON.stringify({ iss: issuer, aud: audience, exp: 2 ** 40, ...claims })).toString(
    'base64url',
  );
  const statuses: Record<string, [string, number]> = {
    right: [right, 204],
    'a minute late': [await tokenOf({ seconds: -50 }), 204],
    'one audience of several': [await tokenOf({ aud: ['x', audience] }), 204],
    expired: [await tokenOf({ seconds: -70 }), 401],
    'not yet': [await tokenOf({ nbf: Date.now() / 1000 + 120 }), 401],
    'another issuer': [await tokenOf({ iss: 'https://accounts.example.com/' }), 401],
    'another audience': [await tokenOf({ aud: `${audience}/x` }), 401],
    'no audience': [await tokenOf({ aud: undefined }), 401],
    'another email': [await tokenOf({ email: `x${email}` }), 401],
    'no email': [await tokenOf({ email: undefined }), 401],
    'an email that is not verified': [await tokenOf({ email_verified: false }), 401],
    'another key': [await tokenOf({ by: { ...second, kid: 'first' } }), 401],
    'a key that is not known': [await tokenOf({ by: second }), 401],
    'not signed': [unsigned, 401],
    'signed with the public key as a secret': [await by('HS256', Buffer.from(JSON.stringify(first.jwk))), 401],
    'another payload': [`${header}.${payload}.${signature}`, 401],
    'no JSON': ['a.b.c', 401],
    'no signature': [`${header}.${payload}.`, 401],
  };
  const found: typeof statuses = {};
  for (const [name, [token]] of Object.entries(statuses)) found[name] = [token, (await send(bearer(token))).statusCode];
  expect(found).toEqual(statuses);
  expect((await server.app.inject({ url: '/metrics', headers: bearer(right) })).statusCode).toBe(403);
  for (const [token] of Object.values(statuses)) expect(JSON.stringify(server.log)).not.toContain(token);
});

test('a token that never expires is refused', async () => {
  server = testServer({ auth: authWith(setOf(first)) });
  const token = await new SignJWT({ iss: issuer, aud: audience, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'first' })
    .sign(first.privateKey);
  expect((await send(bearer(token))).statusCode).toBe(401);
});

test('keys are fetched when the first token comes, and kept', async () => {
  const keys = await serveKeys(() => setOf(first, second));
  server = testServer({ auth: authWith(keys.url) });
  expect((await send(bearer('a.b.c'))).statusCode).toBe(401);
  expect((await send(bearer(await tokenOf({ iss: 'another' })))).statusCode).toBe(401);
  expect((await send({})).statusCode).toBe(401);
  expect(keys.asked()).toBe(0);
  for (const by of [first, second, first]) expect((await send(bearer(await tokenOf({ by })))).statusCode).toBe(204);
  // An unknown key does not have the keys fetched again at each request.
  for (let i = 0; i < 5; i++)
    expect((await send(bearer(await tokenOf({ by: { ...first, kid: 'x' } })))).statusCode).toBe(401);
  expect(keys.asked()).toBe(1);
});

test('while the keys cannot be fetched, a token may be valid: its sender is asked to retry', async () => {
  let found: string | undefined;
  const keys = await serveKeys(() => found);
  server = testServer({ auth: { ...authWith(keys.url), bearer: [{ name: 'other', token: 'plain-token' }] } });
  expect(await send(bearer(await tokenOf()))).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5' } });
  expect((await send(bearer('plain-token'))).statusCode).toBe(204);
  found = setOf(first);
  expect((await send(bearer(await tokenOf()))).statusCode).toBe(204);
});

test('renewed settings apply to the next token', async () => {
  server = testServer({ auth: authWith(setOf(first)) });
  server.renew({ auth: { ...authWith(setOf(second)), openMetrics: false } as Auth, tls: undefined });
  expect((await send(bearer(await tokenOf()))).statusCode).toBe(401);
  expect((await send(bearer(await tokenOf({ by: second })))).statusCode).toBe(204);
});

test('without signed tokens in the settings the door answers synchronously', () => {
  const door = openDoor({ bearer: [{ name: 'a', token: 'a.b.c', endpoints: ['records'] }], openMetrics: false });
  const access = (token: string) => door.accessOf({ headers: bearer(token), socket: {} as never }, 'records');
  expect([access('a.b.c'), access('a.b.d')]).toEqual([{ kind: 'granted', name: 'a' }, { kind: 'unauthorized' }]);
});

test.each([
  ['http://keys.example.com/certs', 'must be fetched over https'],
  ['/etc/keys.json', 'must be fetched over https'],
  ['{"keys":1}', 'has no `keys` list'],
  ['{"keys"', 'is not JSON'],
])('keys %s are refused', (keys, message) => {
  expect(() => testServer({ auth: authWith(keys) })).toThrow(message);
});

test('claims that distinguish nobody are refused', () => {
  expect(() => testServer({ auth: authWith('https://keys.example.com', { claims: {} }) })).toThrow('claims');
});
