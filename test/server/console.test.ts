/** The console over HTTP: who reaches it, under which name and from which page; what it answers, and how its streams end. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Ask } from '../../src/console/answers.ts';
import type { Console } from '../../src/console/start.ts';
import { Problem } from '../../src/problem.ts';
import { checkHost } from '../../src/server/console/guard.ts';
import { pageRoutes } from '../../src/server/console/pages.ts';
import { type TestServer, testServer } from './app.ts';

/** A console that records what it is asked. */
function consoleOf(answer: (ask: Ask) => Promise<string> = async () => '{}') {
  const asked: Ask[] = [];
  const followers: { query: object; after: string | undefined; came: (last: string, json: string) => void }[] = [];
  const left: number[] = [];
  const console: Console = {
    ask(ask) {
      asked.push(ask);
      return answer(ask);
    },
    follow(query, after, came) {
      const index = followers.push({ query, after, came });
      return () => void left.push(index);
    },
    close: async () => {},
  };
  return { console, asked, followers, left };
}

let server: TestServer;
afterEach(() => server?.drain());

function serve(settings: object = {}, answer?: (ask: Ask) => Promise<string>) {
  const parts = consoleOf(answer);
  server = testServer(settings, { console: parts.console });
  return parts;
}

const own = { host: 'localhost:9870' };
const json = { 'content-type': 'application/json' };
const get = (url: string, headers: Record<string, string> = {}) =>
  server.app.inject({ url, headers: { ...own, ...headers } });
const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  server.app.inject({
    ...{ method: 'POST', url, headers: { ...own, ...json, ...headers } },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

test('without a console there is nothing at its paths', async () => {
  server = testServer();
  for (const url of ['/', '/console/v1/now', '/findings']) expect((await get(url)).statusCode).toBe(404);
});

describe('names', () => {
  test.each([
    ['localhost', 200],
    ['localhost:1234', 200],
    ['LocalHost.', 200],
    ['127.0.0.1:9870', 200],
    ['console.example:8443', 200],
    ['CONSOLE.example', 200],
    ['evil.example', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['evil.example@localhost', 421],
    ['localhost/x', 421],
    ['localhost#evil.example', 421],
    ['198.51.100.9', 421],
  ])('a request for %j', async (host, status) => {
    serve({ console: { hosts: ['console.example'] } });
    const answers = await Promise.all(['/', '/console/v1/now'].map((url) => get(url, { host })));
    // The page is only served once it is built.
    const [page, api] = answers.map(({ statusCode }) => statusCode);
    expect({ isRefused: page === 421, api }).toEqual({ isRefused: status === 421, api: status });
  });
});

test.each([
  ['10.1.2.3', '10.1.2.3:80', true],
  ['::ffff:10.1.2.3', '10.1.2.3', true],
  ['fd00::1', '[fd00::1]:80', true],
  ['::1', 'localhost', true],
  ['::1', '[::1]:9870', true],
  ['10.1.2.3', 'localhost', false],
  ['10.1.2.3', '127.0.0.1', false],
  ['127.0.0.1', undefined, false],
  ['127.0.0.1', '127.0.0.1.nip.example', false],
])('at %s the name %j is its own: %j', (localAddress, host, isOwn) => {
  const check = () => checkHost({ headers: { host }, socket: { localAddress }, method: 'GET' }, []);
  if (isOwn) expect(check).not.toThrow();
  else expect(check).toThrow(Problem);
});

describe('pages elsewhere', () => {
  test.each<[Record<string, string>, number, number]>([
    [{}, 200, 403],
    [{ origin: 'http://localhost:9870' }, 200, 200],
    // Behind a proxy that terminates TLS.
    [{ origin: 'https://localhost:9870' }, 200, 200],
    [{ origin: 'http://localhost:9870', 'sec-fetch-site': 'same-origin' }, 200, 200],
    [{ 'sec-fetch-site': 'none' }, 200, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403, 403],
    [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost:9870' }, 403, 403],
    [{ origin: 'http://localhost:9871' }, 403, 403],
    [{ origin: 'http://evil.example' }, 403, 403],
    [{ origin: 'null' }, 403, 403],
    [{ origin: 'file://localhost:9870' }, 403, 403],
    [{ origin: 'http://localhost:9870.evil.example' }, 403, 403],
    [{ origin: '' }, 403, 403],
  ])('with %j', async (headers, look, write) => {
    serve({ console: { mayWriteExceptions: true }, exceptions: ['.'] });
    expect((await get('/console/v1/now', headers)).statusCode).toBe(look);
    expect((await post('/console/v1/why-not', { record: '{}' }, headers)).statusCode).toBe(look);
    expect((await post('/console/v1/tune/write', { finding: 'x' }, headers)).statusCode).toBe(write);
  });

  test('are given no permission, and no form of theirs is read', async () => {
    const { asked } = serve();
    const options = await server.app.inject({ method: 'OPTIONS', url: '/console/v1/why-not', headers: own });
    expect([options.statusCode, options.headers['access-control-allow-origin']]).toEqual([404, undefined]);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
      const answer = await post('/console/v1/why-not', { record: '{}' }, { 'content-type': type });
      expect([type, answer.statusCode]).toEqual([type, 415]);
    }
    expect(asked).toEqual([]);
  });
});

describe('rights', () => {
  const auth = {
    bearer: [
      { name: 'fluent', token: 'fluent' },
      { name: 'ann', token: 'ann', endpoints: ['console'] },
      { name: 'eve', token: 'eve', endpoints: ['console', 'console-write'] },
    ],
  };
  const as = (token: string) => ({ authorization: `Bearer ${token}`, origin: 'http://localhost:9870' });

  test('to look and to write are two, and senders have neither', async () => {
    const { asked } = serve({ auth, exceptions: ['.'], console: { mayWriteExceptions: true } });
    const looks = async (headers: Record<string, string>) => (await get('/console/v1/session', headers)).statusCode;
    const writes = async (headers: Record<string, string>) =>
      (await post('/console/v1/tune/write', { finding: 'x' }, headers)).statusCode;
    expect([await looks({}), await writes({})]).toEqual([401, 401]);
    expect([await looks(as('fluent')), await writes(as('fluent'))]).toEqual([403, 403]);
    expect([await looks(as('ann')), await writes(as('ann'))]).toEqual([200, 403]);
    expect([await looks(as('eve')), await writes(as('eve'))]).toEqual([200, 200]);
    expect(asked).toMatchObject([
      { who: { credential: 'ann', mayWrite: false, writeDenied: expect.stringContaining('console-write') } },
      { who: { credential: 'eve', mayWrite: true, writeDenied: null } },
      { kind: 'write' },
    ]);
  });

  test('asked for, no browser keeps what it is given', async () => {
    serve({ auth });
    expect((await get('/console/v1/now')).headers['www-authenticate']).toBe('Bearer');
  });

  test('the page is open, and nothing else of the console', async () => {
    serve({ auth });
    expect([200, 503]).toContain((await get('/')).statusCode);
    for (const path of ['session', 'now', 'findings', 'findings/x', 'why-not', 'rules', 'stream']) {
      expect([path, (await get(`/console/v1/${path}`)).statusCode]).toEqual([path, 401]);
    }
    expect((await get('/console/v1/nothing')).statusCode).toBe(401);
  });

  test('if writing is off, the answer says why', async () => {
    serve();
    const answer = await post('/console/v1/tune/write', { finding: 'x' }, { origin: 'http://localhost:9870' });
    expect(answer.json()).toMatchObject({
      code: 'console.write_off',
      detail: expect.stringContaining('mayWriteExceptions'),
    });
  });
});

test('a question is passed on unchanged, whatever it contains', async () => {
  const { asked } = serve();
  await get('/console/v1/findings?level=high&q=%00%ff&level=low&__proto__=x');
  await get('/console/v1/findings/%2e%2e%2f%3cb%3e');
  await post('/console/v1/why-not', { record: '{"a":"\u202e"}', other: 1 });
  await post('/console/v1/rules/cost', '');
  await post('/console/v1/tune', { finding: 'x', by: ['username'] });
  expect(asked).toMatchObject([
    { kind: 'findings', query: { level: ['high', 'low'] } },
    { kind: 'finding', id: '../<b>' },
    { kind: 'why-not', record: '{"a":"\u202e"}' },
    { kind: 'cost' },
    { kind: 'tune', request: { finding: 'x', by: ['username'] } },
  ]);
});

test.each<[string, unknown, number]>([
  ['why-not', '[', 400],
  ['why-not', '[]', 400],
  ['why-not', 'null', 400],
  ['why-not', { record: 1 }, 400],
  ['why-not', {}, 400],
  ['tune', { finding: 'x', by: 'username' }, 400],
  ['tune', { finding: 'x', by: [1] }, 400],
])('%s is not asked with %j', async (path, body, status) => {
  const { asked } = serve();
  expect((await post(`/console/v1/${path}`, body)).statusCode).toBe(status);
  expect(asked).toEqual([]);
});

test('the size of a record that is asked about is limited', async () => {
  const { asked } = serve();
  const answer = await post('/console/v1/why-not', { record: 'x'.repeat(5 * 1024 * 1024) });
  expect([answer.statusCode, asked]).toEqual([413, []]);
});

test('each answer has what browsers are asked to hold to, those that refuse too', async () => {
  serve({}, async () => {
    throw new Problem('console.gone', 'x');
  });
  for (const url of ['/', '/console/v1/now', '/console/v1/findings/x', '/assets/none.js']) {
    expect((await get(url)).headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'; script-src 'self'"),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  }
});

test('a console that does not answer holds nothing up', async () => {
  const waiting = Promise.withResolvers<string>();
  const { asked } = serve({}, () => waiting.promise);
  const answers = Array.from({ length: 20 }, () => get('/console/v1/now'));
  await vi.waitFor(() => expect(asked.length).toBe(16));
  expect((await Promise.all(answers.slice(16))).map(({ statusCode }) => statusCode)).toEqual([503, 503, 503, 503]);
  expect((await get('/healthz')).statusCode).toBe(200);
  waiting.resolve('{}');
  await Promise.all(answers);
  expect((await get('/console/v1/now')).statusCode).toBe(200);
});

describe('the page', () => {
  test('is served from its folder alone, with the right media types', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-page-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html>');
    writeFileSync(join(folder, 'assets/app-1a2b3c4d.js'), 'x');
    writeFileSync(join(folder, 'assets/app.css'), 'x');
    writeFileSync(join(folder, 'assets/notes.txt'), 'x');
    const app = Fastify();
    pageRoutes(app, folder);
    const seen = async (url: string) => {
      const { statusCode, headers } = await app.inject({ url });
      return [statusCode, headers['content-type'], headers['cache-control']];
    };
    for (const url of ['/', '/findings', '/findings/x', '/rules/a', '/tune', '/why-not']) {
      expect(await seen(url)).toEqual([200, 'text/html; charset=utf-8', undefined]);
    }
    expect(await seen('/assets/app-1a2b3c4d.js')).toEqual([
      ...[200, 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ]);
    expect(await seen('/assets/app.css')).toEqual([200, 'text/css; charset=utf-8', undefined]);
    for (const url of ['/assets/notes.txt', '/assets/../index.html', '/assets/%2e%2e/index.html', '/assets/', '/x']) {
      expect([url, (await app.inject({ url })).statusCode >= 400]).toEqual([url, true]);
    }
  });
});

describe('a stream', () => {
  async function open(headers: Record<string, string> = {}): Promise<IncomingMessage & { text: () => string }> {
    const { port } = server.app.server.address() as AddressInfo;
    const sent = httpRequest({ port, host: '127.0.0.1', path: '/console/v1/stream?level=high', headers });
    sent.on('error', () => {}).end();
    const response = await new Promise<IncomingMessage>((resolve) => sent.on('response', resolve));
    let text = '';
    response.setEncoding('utf8').on('data', (piece) => (text += piece));
    response.on('error', () => {});
    return Object.assign(response, { text: () => text });
  }

  test('sends new findings and the current state, resumes where it was left, and ends with a shutdown', async () => {
    const { followers, left } = serve({}, async () => '{"now":1}');
    await server.app.listen({ host: '127.0.0.1', port: 0 });
    const stream = await open({ 'last-event-id': 'x-7' });
    expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-content-type-options': 'nosniff' });
    expect(followers).toMatchObject([{ query: { level: 'high' }, after: 'x-7' }]);
    followers[0]!.came('x-8', '{"findings":[]}');
    await vi.waitFor(() => {
      expect(stream.text()).toContain('id: x-8\nevent: findings\ndata: {"findings":[]}\n\n');
      expect(stream.text()).toContain('event: now\ndata: {"now":1}\n\n');
    });
    await server.drain();
    expect(left).toEqual([1]);
    await vi.waitFor(() => expect(stream.complete).toBe(true));
  });

  test('is one of sixteen at most', async () => {
    const { followers } = serve();
    await server.app.listen({ host: '127.0.0.1', port: 0 });
    const streams = await Promise.all(Array.from({ length: 17 }, () => open()));
    expect(streams.map(({ statusCode }) => statusCode).sort()).toEqual([...Array(16).fill(200), 503]);
    for (const stream of streams) stream.destroy();
    await vi.waitFor(async () => expect((await open()).statusCode).toBe(200));
    expect(followers.length).toBeGreaterThanOrEqual(17);
  });

  test('that is not read is left', async () => {
    const { followers, left } = serve();
    await server.app.listen({ host: '127.0.0.1', port: 0 });
    const stream = await open();
    stream.pause();
    const piece = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 40 && left.length === 0; n++) {
      followers[0]!.came(`${n}`, piece);
      await new Promise(setImmediate);
    }
    await vi.waitFor(() => expect(left).toEqual([1]));
  });
});
