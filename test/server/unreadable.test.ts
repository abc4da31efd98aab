/** What the HTTP parser and the router refuse before any route sees it: Fluent Bit drops what is answered with 4xx. */
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import type { Sink } from '../../src/sinks/sink.ts';
import { podEvent, type TestServer, testServer } from './app.ts';

let server: TestServer;
afterEach(() => server.app.close());

const body = JSON.stringify([podEvent()]);

/** The answer to raw bytes. */
async function answerTo(bytes: string): Promise<string> {
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((server.app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(bytes, 'latin1');
  return text(socket);
}

const post = (headers: string, path = '/v1/records') =>
  `POST ${path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${headers}` +
  `User-Agent: Fluent-Bit\r\nConnection: close\r\n\r\n${body}`;

describe('what is refused', () => {
  test.each<[name: string, request: string, code: string]>([
    ['a path that cannot be decoded', post('', '/v1/records%'), 'request.malformed'],
    ['a path with a broken code', post('', '/v1/records%zz?x=1'), 'request.malformed'],
    ['headers of more than 64 KB', post(`X-Fluent-Tag: ${'t'.repeat(70_000)}\r\n`), 'request.headers'],
    ['a method that HTTP has not', post('').replace('POST', 'PSOT'), 'request.malformed'],
    ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'request.malformed'],
    ['a TLS greeting', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'request.malformed'],
    ['a length that is no number', post('').replace(/(Length:) \d+/, '$1 1e3'), 'request.malformed'],
    ['a length beside chunks', post('Transfer-Encoding: chunked\r\n'), 'request.malformed'],
    ['an encoding before chunks', post('Transfer-Encoding: gzip, chunked\r\n'), 'request.malformed'],
    [
      'a chunk that is none',
      'POST /v1/records HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n',
      'request.malformed',
    ],
  ])('%s makes Fluent Bit keep its chunk, and is logged', async (_, request, code) => {
    server = testServer();
    const answer = await answerTo(request);
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer.toLowerCase()).toContain('retry-after: 5\r\n');
    expect(answer).toContain('application/problem+json');
    const details = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    expect(details).toMatchObject({ status: 503, code, title: expect.any(String), remedy: expect.any(String) });
    expect(answer.length).toBeLessThan(3500);
    expect(server.log).toContainEqual(expect.objectContaining({ level: 40, problem: code, status: 503 }));
    for (const line of server.log) expect(JSON.stringify(line).length).toBeLessThan(2000);
  });

  test('from other senders has its own status if the request can be read', async () => {
    server = testServer();
    const reply = await server.app.inject({ method: 'POST', url: '/v1/records%', payload: body });
    expect([reply.statusCode, reply.json().code]).toEqual([400, 'request.malformed']);
  });

  test('again and again is logged once a minute', async () => {
    server = testServer();
    for (let round = 0; round < 3; round++) server.app.server.emit('clientError', new Error('Parse Error'), unread());
    expect(server.log.filter(({ problem }) => problem === 'request.malformed')).toHaveLength(1);
  });

  test('is not logged if the sender has gone', async () => {
    server = testServer();
    const gone = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    server.app.server.emit('clientError', gone, unread());
    expect(server.log).toEqual([]);
  });
});

describe('what is accepted', () => {
  function tagged() {
    const tags: (string | undefined)[] = [];
    const sink: Sink = {
      name: 'memory',
      async deliver({ fluentTag, records }) {
        tags.push(fluentTag);
        return { kind: 'acknowledged', records: records.length };
      },
      close: async () => {},
    };
    server = testServer({}, { sinks: [sink] });
    return tags;
  }

  test.each<[name: string, header: string, tag: string | undefined]>([
    ['a tag of 20 KB', `X-Fluent-Tag: ${'t'.repeat(20_000)}\r\n`, 't'.repeat(20_000)],
    ['a tag of 60 KB', `X-Fluent-Tag: ${'t'.repeat(60_000)}\r\n`, 't'.repeat(60_000)],
    ['a tag with control characters', 'X-Fluent-Tag: a\x01b\x1b[2J\x7fc\td\0e\r\n', 'a_b_[2J_c_d_e'],
    ['a tag with those of Latin-1', 'X-Fluent-Tag: a\xc2\x9bb\r\n', 'a_b'],
    ['an expectation that is not known', 'Expect: the unexpected\r\n', undefined],
    ['no Host', '', undefined],
  ])('%s', async (_, header, tag) => {
    const tags = tagged();
    expect(await answerTo(post(header))).toMatch(/^HTTP\/1\.1 204 /);
    expect(tags).toEqual([tag]);
  });
});

/** A connection on which nothing has been answered. */
const unread = () => ({ destroyed: false, writable: false, destroy: () => {} });
