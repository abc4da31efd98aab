import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEndpoint, type Request } from '../../../src/sinks/request/endpoint.ts';
import { type RequestSettings, requestFaults } from '../../../src/sinks/request/settings.ts';
import { verdictOf } from '../../../src/sinks/request/status.ts';
import { recorder } from '../contract.ts';
import { openPeer } from './peer.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/tls');
const pem = (name: string) => join(fixtures, `${name}.pem`);

function settingsOf(url: string, given: Partial<RequestSettings> = {}): RequestSettings {
  return { url, compression: 'none', headers: {}, secretHeaders: {}, timeoutSeconds: 5, ...given };
}

async function endpointTo(url: string, given: Partial<RequestSettings> = {}, recorded = recorder()) {
  const endpoint = await openEndpoint(settingsOf(url, given), 'sink a', recorded.logger);
  onTestFinished(() => endpoint.close());
  const post = (request: Partial<Request> = {}) =>
    endpoint.post({
      body: Buffer.from('{"a":1}'),
      contentType: 'application/json',
      deadline: performance.now() + 5000,
      ...request,
    });
  return { ...endpoint, post, lines: recorded.lines };
}

/** The status, or the reason. */
async function outcomeOf(answer: ReturnType<Awaited<ReturnType<typeof endpointTo>>['post']>): Promise<number | string> {
  const found = await answer;
  return found.kind === 'answered' ? found.status : found.reason;
}

/** A server whose answers `onSocket` writes, whatever the request. */
async function rawPeer(onSocket: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a request', () => {
  test('has the body, the headers, and both queries', async () => {
    const peer = await openPeer((_, response) => void response.writeHead(201, { 'x-a': 'b' }).end('done'));
    const { post, address } = await endpointTo(`${peer.url}/in?key=secret`, {
      headers: { 'X-Scope-OrgID': 'one' },
      secretHeaders: { 'X-Key': 'two' },
      auth: { bearer: 'three' },
    });
    const answer = await post({ query: { n: '1' }, headers: { 'x-own': 'four' } });
    expect(answer).toMatchObject({ kind: 'answered', status: 201, headers: { 'x-a': 'b' }, isWhole: true });
    expect(String(answer.kind === 'answered' && answer.body)).toBe('done');
    const [{ url, headers, body }] = peer.posted as [(typeof peer.posted)[number]];
    expect([url, String(body)]).toEqual(['/in?key=secret&n=1', '{"a":1}']);
    expect(headers).toMatchObject({
      'x-scope-orgid': 'one',
      'x-key': 'two',
      'x-own': 'four',
      authorization: 'Bearer three',
      'content-type': 'application/json',
      'content-length': '7',
    });
    expect(address).toBe(`${peer.url}/in`);
  });

  test('has a user and a password', async () => {
    const peer = await openPeer();
    const { post } = await endpointTo(peer.url, { auth: { basic: { username: 'ann', password: 'é:x' } } });
    await post();
    expect(peer.posted[0]!.headers.authorization).toBe(`Basic ${Buffer.from('ann:é:x').toString('base64')}`);
  });

  test.each(['gzip', 'zstd'] as const)('is compressed by %s', async (compression) => {
    const peer = await openPeer();
    const { post } = await endpointTo(peer.url, { compression });
    expect(await outcomeOf(post({ body: Buffer.alloc(100_000, 'x') }))).toBe(200);
    expect(peer.posted[0]!.headers['content-encoding']).toBe(compression);
    expect(Number(peer.posted[0]!.headers['content-length'])).toBeLessThan(1000);
    expect(peer.posted[0]!.body.equals(Buffer.alloc(100_000, 'x'))).toBe(true);
  });

  test('reuses a connection, and is sent again on a new one if the connection was lost', async () => {
    const peer = await openPeer();
    const { post } = await endpointTo(peer.url);
    for (let n = 0; n < 5; n++) expect(await outcomeOf(post())).toBe(200);
    expect(peer.connections).toBe(1);
    let drops = 1;
    peer.respond = (_, response) => void (drops-- > 0 ? response.destroy() : response.end());
    expect(await outcomeOf(post())).toBe(200);
    expect([peer.connections, peer.posted.length]).toEqual([2, 7]);
  });

  test('is sent again at most once', async () => {
    const peer = await openPeer();
    const { post } = await endpointTo(peer.url);
    await post();
    peer.respond = (_, response) => void response.destroy();
    expect(await outcomeOf(post())).toBe('closed the connection (ECONNRESET)');
    expect(peer.posted).toHaveLength(3);
  });

  test('many at once share a few connections', async () => {
    const peer = await openPeer();
    const { post } = await endpointTo(peer.url);
    const all = await Promise.all(Array.from({ length: 100 }, () => outcomeOf(post())));
    expect(new Set(all)).toEqual(new Set([200]));
    expect(peer.connections).toBeLessThanOrEqual(16);
  });
});

describe('a fault of the receiver is reported as a reason', () => {
  const soon = () => ({ deadline: performance.now() + 200 });

  test.each<[string, (socket: Socket) => void, RegExp | number]>([
    ['it says nothing', () => {}, /^did not answer in time$/],
    ['it closes', (socket) => socket.once('data', () => socket.end()), /^closed the connection \(ECONNRESET\)$/],
    ['it speaks no HTTP', (socket) => socket.write('+PONG\r\n'), /^does not speak HTTP: is url right\?/],
    [
      'half an answer, and the end',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')),
      /^closed the connection in the middle of its answer$/,
    ],
    [
      'half an answer, and silence',
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')),
      /^did not answer in time$/,
    ],
    ['half of its headers', (socket) => socket.once('data', () => socket.write('HTTP/1.1 20')), /did not answer in/],
  ])('%s', async (_, onSocket, expected) => {
    const { post } = await endpointTo(await rawPeer(onSocket));
    expect(await outcomeOf(post(soon()))).toMatch(expected as RegExp);
  });

  test('it is not there', async () => {
    const peer = await openPeer();
    await peer.stop();
    const { post } = await endpointTo(peer.url);
    expect(await outcomeOf(post())).toBe('refuses connections: is it running, and is url right? (ECONNREFUSED)');
  });

  test('it answers without an end', async () => {
    let sent = 0;
    const endless = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const more = () => {
        if (socket.destroyed) return;
        sent++;
        socket.write(`10000\r\n${'x'.repeat(65536)}\r\n`, more);
      };
      more();
    };
    const { post } = await endpointTo(await rawPeer((socket) => void socket.once('data', () => endless(socket))));
    const answer = await post({ maxAnswerBytes: 1000 });
    expect(answer).toMatchObject({ kind: 'answered', status: 200, isWhole: false });
    expect(answer.kind === 'answered' && answer.body.length).toBe(1000);
    expect(sent).toBeLessThan(200);
  });

  test('it answers early, and does not read the rest of the body', async () => {
    const text = 'HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
    const { post } = await endpointTo(await rawPeer((socket) => void socket.once('data', () => socket.end(text))));
    expect(await outcomeOf(post({ body: Buffer.alloc(100_000) }))).toBe(413);
  });
});

describe('TLS', () => {
  const tls = { cert: readFileSync(pem('receiver.cert')), key: readFileSync(pem('receiver.key')) };

  test('an authority and a server name can be set', async () => {
    const peer = await openPeer(undefined, tls);
    const right = { ca: pem('receiver.cert'), servername: 'receiver.test', verify: true };
    expect(await outcomeOf((await endpointTo(peer.url, { tls: right })).post())).toBe(200);
    expect(await outcomeOf((await endpointTo(peer.url, { tls: { verify: false } })).post())).toBe(200);
    expect(await outcomeOf((await endpointTo(peer.url)).post())).toMatch(/unknown authority: set tls\.ca/);
    const other = { ...right, servername: 'other.test' };
    expect(await outcomeOf((await endpointTo(peer.url, { tls: other })).post())).toMatch(/another name: set tls\.serv/);
  });

  test('a changed authority applies to the next connection', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-endpoint-'));
    const ca = join(folder, 'ca.pem');
    cpSync(pem('listener/stranger.cert'), ca);
    const peer = await openPeer(undefined, tls);
    const { post } = await endpointTo(peer.url, { tls: { ca, servername: 'receiver.test', verify: true } });
    expect(await outcomeOf(post())).toMatch(/unknown authority/);
    cpSync(pem('receiver.cert'), ca);
    expect(await outcomeOf(post())).toBe(200);
  });

  test('https to a server without TLS is a failure', async () => {
    const { url } = await openPeer();
    const { post } = await endpointTo(url.replace('http', 'https'), { tls: { verify: false } });
    expect(await outcomeOf(post())).toMatch(/wrong version number|does not speak TLS/);
  });
});

describe('what an answer says', () => {
  const answered = (status: number, headers = {}, text = '') =>
    verdictOf({ kind: 'answered', status, headers, body: Buffer.from(text), isWhole: true });

  test.each<[number, string, RegExp | undefined]>([
    [200, 'taken', undefined],
    [204, 'taken', undefined],
    [302, 'unavailable', /answered 302 and redirects to "https:\/\/b\/": set url to its present address/],
    [400, 'refused', /answered 400: "why"/],
    [401, 'unavailable', /answered 401: "why"; set auth/],
    [404, 'unavailable', /set url to a path that exists/],
    [408, 'unavailable', /answered 408/],
    [413, 'too_large', /answered 413/],
    [415, 'unavailable', /set format or compression/],
    [422, 'refused', /answered 422/],
    [429, 'unavailable', /answered 429/],
    [503, 'unavailable', /answered 503/],
    [700, 'unavailable', /answered 700/],
  ])('%i', (status, kind, reason) => {
    const verdict = answered(status, { location: 'https://b/' }, 'why');
    expect(verdict.kind).toBe(kind);
    if ('reason' in verdict) expect(verdict.reason).toMatch(reason!);
  });

  test.each(['<html><body>Log in</body></html>', '\n<!DOCTYPE html>\n<title>Log in</title>'])('200 with %s', (page) => {
    expect(answered(200, { 'content-type': 'text/html' }, page)).toEqual({
      kind: 'unavailable',
      reason: expect.stringMatching(
        /^answered 200: .*Log in.*, an HTML page; set url to an endpoint that accepts records$/,
      ),
    });
  });

  test('contains no secret that the receiver sends back', async () => {
    const peer = await openPeer(({ headers }, response) => {
      response.writeHead(400).end(JSON.stringify({ ...headers, password: 'sesame-1' }));
    });
    const basic = { username: 'ann', password: 'sesame-1' };
    for (const auth of [{ basic }, { bearer: 'sesame-2' }]) {
      const { post } = await endpointTo(peer.url, { auth, secretHeaders: { 'X-Key': 'ApiKey sesame-3' } });
      const answer = await post();
      const text = String(answer.kind === 'answered' && answer.body);
      for (const secret of ['sesame-2', 'sesame-3', Buffer.from('ann:sesame-1').toString('base64')]) {
        expect(text).not.toContain(secret);
      }
      expect(text).toContain('"authorization":"');
      if ('basic' in auth) expect(text).not.toContain('sesame-1');
    }
  });

  test('contains no secret of the URL that the receiver sends back', async () => {
    const peer = await openPeer(({ url }, response) => {
      response.writeHead(404).end(`nothing at ${url}`);
    });
    const { post } = await endpointTo(`${peer.url}/in?api_key=sesame-1&database=records`, {});
    const answer = await post();
    expect(String(answer.kind === 'answered' && answer.body)).toBe('nothing at /in?api_key=********&database=records');
  });

  test('contains no query of a redirect', () => {
    expect(answered(301, { location: 'https://a/in?key=sesame' })).toMatchObject({
      reason: /to "https:\/\/a\/in": set url/,
    });
  });

  test.each<[string, number | undefined]>([
    ['7', 7000],
    ['0', undefined],
    ['-1', undefined],
    ['soon', undefined],
    ['Thu, 01 Jan 1970 00:00:00 GMT', undefined],
  ])('has the pause of Retry-After %s', (value, expected) => {
    expect(answered(503, { 'retry-after': value })).toEqual({
      kind: 'unavailable',
      reason: 'answered 503',
      ...(expected && { pauseMilliseconds: expected }),
    });
  });

  test('is cut if it is long, and stays on one line', () => {
    const verdict = answered(500, {}, `\n\u0007a${'b'.repeat(10_000)}`);
    expect('reason' in verdict && verdict.reason).toMatch(/^answered 500: "\\u0007ab{298}…"$/);
  });
});

describe('settings that do not go together', () => {
  test.each<[string, Partial<RequestSettings>, RegExp]>([
    ['no URL', { url: 'http://' }, /url cannot be read/],
    ['a password in the URL', { url: 'http://a:b@c' }, /write them into auth\.basic/],
    ['TLS without https', { url: 'http://a', tls: { verify: true } }, /url says http/],
    ['a header of the sink', { headers: { 'Content-Type': 'a' } }, /Content-Type is set by the sink/],
    ['a header twice', { headers: { 'X-A': 'a' }, secretHeaders: { 'x-a': 'b' } }, /x-a is set twice/],
    ['credentials twice', { auth: { bearer: 'a' }, secretHeaders: { Authorization: 'b' } }, /is set twice/],
    ['credentials as a header', { headers: { authorization: 'a' } }, /write it into auth or secretHeaders/],
    ['a token of two lines', { auth: { bearer: 'a\nb' } }, /auth\.bearer must be one line/],
    ['half of a pair', { tls: { cert: '/none.pem', verify: true } }, /set both cert and key/],
  ])('%s', (_, given, message) => {
    const messages = requestFaults(settingsOf('https://a', given)).map(({ message }) => message);
    expect(messages.join('\n')).toMatch(message);
  });

  test('minimal settings have no faults', () => expect(requestFaults(settingsOf('https://a'))).toEqual([]));
});
