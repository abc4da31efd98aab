/** TLS on the listener, client certificates, and how the files of both are renewed. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { type TestServer, testServer } from './app.ts';

const fixtures = join(import.meta.dirname, '../fixtures/tls/listener');
const pem = (name: string) => readFileSync(join(fixtures, `${name}.pem`));
const ca = pem('authority.cert');

let server: TestServer;
afterEach(() => server?.app.close());

/** A copy of the files that a test may change. */
function files() {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-tls-'));
  cpSync(fixtures, folder, { recursive: true });
  const path = (name: string) => join(folder, `${name}.pem`);
  return {
    folder,
    path,
    tls: { cert: path('listener.cert'), key: path('listener.key'), clientCa: path('authority.cert') },
  };
}

async function listen(settings: Parameters<typeof testServer>[0]): Promise<number> {
  server = testServer(settings);
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  return (server.app.server.address() as AddressInfo).port;
}

/** The status of a request with the certificate of that name, or the error if there was none. */
function ask(port: number, path: string, client?: string): Promise<number | string> {
  return new Promise((resolve) => {
    const certificate = client && { cert: pem(`${client}.cert`), key: pem(`${client}.key`) };
    const method = path === '/v1/records' ? 'POST' : 'GET';
    const headers = { 'content-type': 'application/json' };
    request({ host: '127.0.0.1', port, path, method, headers, ca, ...certificate, agent: false }, (reply) => {
      reply.resume().on('end', () => resolve(reply.statusCode!));
    })
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end(method === 'POST' ? '{"a":1}' : undefined);
  });
}

function serialOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.end();
    });
    socket.on('error', reject);
  });
}

const certificates = [
  { name: 'nodes', uri: 'spiffe://prod/ns/audit/sa/fluent-bit', endpoints: ['records'] },
  { name: 'prometheus', dns: 'prometheus.monitoring.svc', endpoints: ['metrics'] },
];

test('certificates of clients open what they are for, and others nothing', async () => {
  const port = await listen({ tls: files().tls, auth: { certificates } });
  const opened: Record<string, (number | string)[]> = {};
  for (const client of ['sender', 'scraper', 'forger', undefined]) {
    opened[`${client}`] = [];
    for (const path of ['/v1/records', '/metrics', '/healthz'])
      opened[`${client}`]!.push(await ask(port, path, client));
  }
  expect(opened).toEqual({
    sender: [200, 403, 200],
    scraper: [403, 200, 200],
    // Has the right names, but another authority.
    forger: [401, 401, 200],
    undefined: [401, 401, 200],
  });
});

test('limits of HTTP are the same over TLS', async () => {
  const { tls } = files();
  const port = await listen({ tls: { cert: tls.cert, key: tls.key } });
  const status = (tag: string) =>
    new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'x-fluent-tag': tag };
      request({ host: '127.0.0.1', port, path: '/v1/records', method: 'POST', headers, ca, agent: false }, (reply) => {
        reply.resume().on('end', () => resolve(reply.statusCode));
      })
        .on('error', (error) => resolve(error.message))
        .end('{"a":1}');
    });
  expect(await status('k'.repeat(40_000))).toBe(200);
  expect(await status('k'.repeat(100_000))).not.toBe(200);
});

test('a certificate can be named by its common name, which does not count as an alternative name', async () => {
  const port = await listen({
    tls: files().tls,
    auth: {
      certificates: [
        { name: 'a', commonName: 'fluent-bit' },
        { name: 'b', dns: 'prometheus' },
      ],
    },
  });
  expect([await ask(port, '/v1/records', 'sender'), await ask(port, '/v1/records', 'scraper')]).toEqual([200, 401]);
});

test('if a client certificate is required, nobody connects without one, and the log says so once', async () => {
  const port = await listen({ tls: { ...files().tls, requireClientCertificate: true } });
  expect(await ask(port, '/v1/records', 'sender')).toBe(200);
  for (const client of ['forger', undefined, undefined])
    expect(typeof (await ask(port, '/healthz', client))).toBe('string');
  const lines = server.log.filter(({ problem }) => problem === 'request.handshake');
  expect(lines).toMatchObject([{ level: 40, suppressed: 0 }]);
});

test('neither plain HTTP nor an old version of TLS gets an answer', async () => {
  const port = await listen({ tls: { cert: files().tls.cert, key: files().tls.key } });
  const plain = await new Promise((resolve) => {
    plainRequest({ host: '127.0.0.1', port, path: '/healthz' }, (reply) => resolve(reply.statusCode))
      .on('error', () => resolve('none'))
      .end();
  });
  expect(plain).not.toBe(200);
  const version = (maxVersion: 'TLSv1.1' | 'TLSv1.2') =>
    new Promise((resolve) => {
      const options = {
        host: '127.0.0.1',
        port,
        ca,
        minVersion: 'TLSv1' as const,
        maxVersion,
        ciphers: 'DEFAULT@SECLEVEL=0',
      };
      const socket = connect(options, () => {
        resolve(socket.getProtocol());
        socket.end();
      });
      socket.on('error', () => resolve('none'));
    });
  expect([await version('TLSv1.1'), await version('TLSv1.2')]).toEqual(['none', 'TLSv1.2']);
});

test('an earlier session is not resumed after the client authorities have changed', async () => {
  const { tls, path } = files();
  const port = await listen({ tls, auth: { certificates: [{ name: 'a', commonName: 'fluent-bit' }] } });
  const client = { host: '127.0.0.1', port, ca, cert: pem('sender.cert'), key: pem('sender.key') };
  const answer = (session?: Buffer) =>
    new Promise<{ status: string; session: Buffer | undefined; isReused: boolean }>((resolve, reject) => {
      let ticket: Buffer | undefined;
      let text = '';
      let isReused = false;
      const socket = connect({ ...client, ...(session && { session }) }, () => {
        isReused = socket.isSessionReused();
        const body = '{"a":1}';
        const head = `POST /v1/records HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n`;
        socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      });
      socket.on('session', (given) => (ticket = given));
      socket.on('data', (chunk) => (text += chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve({ status: text.slice(9, 12), session: ticket, isReused }));
    });
  const first = await answer();
  expect(await answer(first.session)).toMatchObject({ status: '200', isReused: true });
  cpSync(path('stranger.cert'), tls.clientCa);
  server.renew({ auth: server.config.auth, tls: server.config.tls });
  expect(await answer(first.session)).toMatchObject({ status: '401', isReused: false });
});

test('renewed files are in use from the next connection on, and broken ones are not', async () => {
  const { tls, path } = files();
  const port = await listen({ tls, auth: { certificates } });
  const settings = { auth: { certificates: certificates as never, openMetrics: false }, tls: server.config.tls! };
  const first = await serialOf(port);
  cpSync(path('renewed.cert'), tls.cert);
  // The key is still the old one.
  expect(() => server.renew(settings)).toThrow(/^tls\.key: .*write the key of the certificate/);
  expect(await serialOf(port)).toBe(first);
  cpSync(path('renewed.key'), tls.key);
  server.renew(settings);
  const second = await serialOf(port);
  expect(second).not.toBe(first);
  writeFileSync(tls.cert, '');
  expect(() => server.renew(settings)).toThrow(/^tls\.cert: .*write the path of a PEM file/);
  expect(await serialOf(port)).toBe(second);

  // Another client authority, after which the former one is no longer accepted.
  cpSync(path('renewed.cert'), tls.cert);
  cpSync(path('stranger.cert'), tls.clientCa);
  server.renew({
    ...settings,
    auth: { certificates: [{ name: 'x', commonName: 'fluent-bit', endpoints: ['records'] }], openMetrics: false },
  });
  expect([await ask(port, '/v1/records', 'sender'), await ask(port, '/v1/records', 'forger')]).toEqual([401, 200]);
});
