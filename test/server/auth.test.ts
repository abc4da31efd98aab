/** Who may use which endpoint, by what they present in a header; what refused attempts leave in the log. */
import { afterEach, describe, expect, test } from 'vitest';
import { alternativeNames } from '../../src/server/auth.ts';
import { podEvent, type TestServer, testServer } from './app.ts';

let server: TestServer;
afterEach(() => server?.app.close());

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const json = { 'content-type': 'application/json' };

const auth = {
  basic: [
    { username: 'fluent', password: 'old', endpoints: ['records'] },
    { username: 'fluent', password: 'new', endpoints: ['records'] },
    { username: 'ann', password: 'ann' },
  ],
  bearer: [
    { name: 'vector', token: 'vector-token', endpoints: ['records'] },
    { name: 'prometheus', token: 'scrape-token', endpoints: ['metrics'] },
  ],
};

const send = (headers: Record<string, string>) =>
  server.app.inject({
    method: 'POST',
    url: '/v1/records',
    headers: { ...json, ...headers },
    body: JSON.stringify(podEvent()),
  });
const read = (url: string, headers: Record<string, string> = {}) => server.app.inject({ url, headers });

test.each<[string, Record<string, string>, number, number]>([
  ['nothing', {}, 401, 401],
  ['the old password', basic('fluent:old'), 200, 403],
  ['the new password', basic('fluent:new'), 200, 403],
  ['the password of somebody else', basic('fluent:ann'), 401, 401],
  ['a password for all', basic('ann:ann'), 200, 200],
  ['a token for records', bearer('vector-token'), 200, 403],
  ['a token for metrics', bearer('scrape-token'), 403, 200],
  ['the begin of a token', bearer('vector-toke'), 401, 401],
  ['a token and more', bearer('vector-token x'), 200, 403],
  ['a token as a password', basic('vector:vector-token'), 401, 401],
  ['names without secrets', basic('fluent:'), 401, 401],
])('%s opens what it is for', async (_, headers, records, metrics) => {
  server = testServer({ auth });
  expect((await send(headers)).statusCode).toBe(records);
  expect((await read('/metrics', headers)).statusCode).toBe(metrics);
});

test('once there are credentials, nothing but health is open', async () => {
  server = testServer({ auth });
  for (const url of ['/healthz', '/readyz']) expect((await read(url)).statusCode).toBe(200);
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const;
  for (const url of ['/v1/records', '/metrics', '/', '/x', '/healthz/', '/healthz/x', '//healthz', '/HEALTHZ']) {
    for (const method of methods) {
      const { statusCode } = await server.app.inject({ method, url });
      expect([method, url, statusCode]).toEqual([method, url, 401]);
    }
  }
});

test('metrics are open if a setting says so', async () => {
  server = testServer({ auth: { ...auth, openMetrics: true } });
  expect((await read('/metrics')).statusCode).toBe(200);
  expect((await send({})).statusCode).toBe(401);
});

test('credentials are reloaded while it runs', async () => {
  server = testServer({ auth: { bearer: 'one' } });
  server.renew({
    auth: { bearer: [{ name: 'b', token: 'two', endpoints: ['records'] }], openMetrics: false },
    tls: undefined,
  });
  expect([(await send(bearer('one'))).statusCode, (await send(bearer('two'))).statusCode]).toEqual([401, 200]);
});

describe('the log', () => {
  test('names the credential of a request, and shows no secret', async () => {
    server = testServer({ auth });
    await send({ ...bearer('vector-token'), 'content-type': 'image/png' });
    await send({ ...bearer('scrape-token') });
    await send({ ...basic('fluent:guess') });
    expect(server.log.find(({ problem }) => problem === 'request.media_type')).toMatchObject({ credential: 'vector' });
    const text = JSON.stringify(server.log);
    expect(text).toContain('prometheus, from 127.0.0.1');
    for (const secret of ['vector-token', 'scrape-token', 'guess', basic('fluent:guess').authorization]) {
      expect(text).not.toContain(secret);
    }
  });

  test('has one line for many attempts', async () => {
    server = testServer({ auth });
    for (let attempt = 0; attempt < 50; attempt++) await send(bearer(`guess-${attempt}`));
    expect(server.log.filter(({ problem }) => problem === 'request.unauthorized')).toHaveLength(1);
  });
});

test('names in a certificate that were made to pass for others are none', () => {
  expect(alternativeNames('DNS:a.example, URI:spiffe://b')).toEqual(['DNS:a.example', 'URI:spiffe://b']);
  expect(alternativeNames('URI:"http://x/, DNS:admin, y", DNS:a')).not.toContain('DNS:admin');
  expect(alternativeNames('DNS:"a\\", DNS:admin, \\"", DNS:b')).not.toContain('DNS:admin');
});
