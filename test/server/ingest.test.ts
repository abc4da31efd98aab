import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGzip, gzipSync, zstdCompressSync } from 'node:zlib';
import { compressSync as snappyCompressSync } from 'snappy';
import { afterEach, describe, expect, test } from 'vitest';
import type { TaggedBatch } from '../../src/batch/tagged-batch.ts';
import { Problem } from '../../src/problem.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { limits, podEvent, type TestServer, testServer } from './app.ts';

let server: TestServer;
afterEach(() => server.app.close());

const json = { 'content-type': 'application/json' };
const fluentBit = { ...json, 'user-agent': 'Fluent-Bit' };

function post(payload: string | Buffer, headers: Record<string, string> = json, url = '/v1/records') {
  return server.app.inject({ method: 'POST', url, headers, payload });
}

/** A sink that keeps the batches it is given, or fails as `deliver` does. */
function memorySink(deliver?: () => Promise<never>): Sink & { batches: TaggedBatch[] } {
  const batches: TaggedBatch[] = [];
  return {
    name: 'memory',
    batches,
    async deliver(batch) {
      await deliver?.();
      batches.push(batch);
      return { kind: 'acknowledged', records: batch.records.length };
    },
    async close() {},
  };
}

test('/readyz lists the spools that accept nothing, why and since when, and is 200: a restart would not help', async () => {
  const since = new Date(1_700_000_000_000);
  const spools: Record<string, { kind: 'full' | 'failing'; since: Date }> = {};
  server = testServer({}, { spools: () => spools });
  const ready = async () => (await server.app.inject('/readyz')).json();
  expect(await ready()).not.toHaveProperty('spools');
  spools.forward = { kind: 'full', since };
  expect(await ready()).toMatchObject({
    status: 'ready',
    spools: { forward: { kind: 'full', since: '2023-11-14T22:13:20.000Z' } },
  });
});

describe('the reply', () => {
  const body = JSON.stringify([podEvent(), podEvent({ hostPID: false }), { log: 'a text line' }]);

  test('holds all records, tagged, by default', async () => {
    server = testServer();
    const reply = await post(body);
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toContain('application/json');
    const records = reply.json();
    expect(records.map((record: any) => record.tripline.verdict)).toEqual(['match', 'clear', 'not_audit']);
    expect(records[0].tripline).toMatchObject({
      v: 2,
      level: 'medium',
      rules: ['pod-host-pid'],
      attack: ['T1611', 'T1610'],
      platform: 'kubernetes',
      evidence: 'full',
      event: { auditID: 'a-1', username: 'ann', namespace: 'shop', responseStatus: { code: 201 } },
      findings: [{ rule: 'pod-host-pid', matched: [{ field: 'hostPID', values: ['true'] }], event: 0 }],
    });
    expect(Object.keys(records[1].tripline)).toEqual(['v', 'verdict', 'platform', 'ruleset']);
    for (const record of records) delete record.tripline;
    expect(records).toEqual(JSON.parse(body));
  });

  test.each([
    ['matches', (text: string) => expect(JSON.parse(text)).toHaveLength(1)],
    [
      'summary',
      (text: string) =>
        expect(JSON.parse(text)).toEqual({
          records: 3,
          verdicts: { match: 1, indeterminate: 0, error: 0, clear: 1, not_audit: 1 },
          rules: { 'pod-host-pid': 1 },
        }),
    ],
  ])('holds the %s if the query says so', async (reply, check) => {
    server = testServer();
    check((await post(body, json, `/v1/records?reply=${reply}`)).body);
  });

  test.each([
    ['by the query', {}, '/v1/records?reply=none', json],
    ['by configuration', { reply: 'none' } as const, '/v1/records', json],
    ['to Fluent Bit', {}, '/v1/records', fluentBit],
  ])('is 204 %s', async (_, settings, url, headers) => {
    server = testServer(settings);
    const reply = await post(body, headers, url);
    expect([reply.statusCode, reply.body]).toEqual([204, '']);
  });

  test('to Fluent Bit stays small enough for it, whatever it asks for', async () => {
    server = testServer();
    const many = JSON.stringify(Array.from({ length: 50 }, podEvent));
    const reply = await post(many, fluentBit, '/v1/records?reply=records');
    expect(reply.statusCode).toBe(204);
    expect(server.log.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('Remove ?reply= from its uri'));
    const summary = await post(many, fluentBit, '/v1/records?reply=summary');
    expect(summary.json().records).toBe(50);
  });

  test('is 400 for a reply that does not exist, but 503 to Fluent Bit, whose setting can be fixed', async () => {
    server = testServer();
    expect((await post(body, json, '/v1/records?reply=all')).statusCode).toBe(400);
    expect((await post(body, fluentBit, '/v1/records?reply=all')).statusCode).toBe(503);
  });

  test('is sent for PUT as well', async () => {
    server = testServer();
    const reply = await server.app.inject({ method: 'PUT', url: '/v1/records', headers: json, payload: body });
    expect(reply.statusCode).toBe(200);
  });
});

describe('a record from Fluent Bit that would go nowhere', () => {
  test('is logged at once, and not with every batch', async () => {
    server = testServer();
    for (let round = 0; round < 3; round++) await post(JSON.stringify(podEvent()), fluentBit);
    const warnings = server.log.filter(({ msg }) => String(msg).includes('no sink is configured'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ level: 40, records: 1 });
  });

  test('is not logged if a sink received it', async () => {
    server = testServer({}, { sinks: [memorySink()] });
    await post(JSON.stringify(podEvent()), fluentBit);
    expect(server.log.filter(({ msg }) => String(msg).includes('no sink'))).toEqual([]);
  });
});

describe('encodings', () => {
  const body = Buffer.from(JSON.stringify([podEvent()]));
  test.each([
    ['gzip', gzipSync(body)],
    ['snappy', snappyCompressSync(body)],
    ['zstd', zstdCompressSync(body)],
    ['identity', body],
    ['GZIP', gzipSync(body)],
  ])('%s is read', async (encoding, compressed) => {
    server = testServer();
    const reply = await post(compressed, { ...json, 'content-encoding': encoding });
    expect(reply.json()[0].tripline.verdict).toBe('match');
  });
});

describe('a sink', () => {
  test('receives the batch before the reply is sent', async () => {
    const sink = memorySink();
    server = testServer({}, { sinks: [sink] });
    await post(JSON.stringify([podEvent(), podEvent({ hostPID: false })]), {
      ...fluentBit,
      'x-fluent-tag': 'kube.äudit',
    });
    expect(sink.batches).toHaveLength(1);
    const [batch] = sink.batches;
    expect(batch.tags.map((tag) => tag?.verdict)).toEqual(['match', 'clear']);
  });

  test('that fails makes the sender retry', async () => {
    const sink = memorySink(async () => {
      throw new Problem('sink.unavailable', 'forward 127.0.0.1:24224: connection refused');
    });
    server = testServer({}, { sinks: [sink] });
    const reply = await post(JSON.stringify([podEvent()]), fluentBit);
    expect(reply.statusCode).toBe(503);
    expect(reply.headers['retry-after']).toBe('5');
    expect(reply.json()).toMatchObject({ code: 'sink.unavailable', detail: expect.stringContaining('24224') });
  });

  test('that fails by a defect makes the sender retry too, and the log has the stack', async () => {
    const sink = memorySink(async () => {
      throw new TypeError('of undefined');
    });
    server = testServer({}, { sinks: [sink] });
    expect((await post(JSON.stringify([podEvent()]), fluentBit)).statusCode).toBe(503);
    expect(server.log.at(-1)).toMatchObject({ problem: 'server.internal', err: { stack: expect.any(String) } });
  });

  test('gets the tag of the header, which Fluent Bit writes in UTF-8', async () => {
    const sink = memorySink();
    server = testServer({}, { sinks: [sink] });
    const { host, port } = await listen();
    await fetch(`http://${host}:${port}/v1/records`, {
      method: 'POST',
      headers: { ...json, 'x-fluent-tag': Buffer.from('kube.äudit').toString('latin1') },
      body: JSON.stringify([podEvent()]),
    });
    expect(sink.batches[0].fluentTag).toBe('kube.äudit');
  });
});

async function listen() {
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  const [{ address, port }] = server.app.addresses() as AddressInfo[];
  return { host: address, port };
}

test.each(['GET', 'DELETE'] as const)('the reply to %s lists the allowed methods', async (method) => {
  server = testServer();
  const { statusCode, headers, body } = await server.app.inject({ method, url: '/v1/records' });
  expect({ statusCode, allow: headers.allow }).toEqual({ statusCode: 405, allow: 'POST, PUT' });
  expect(JSON.parse(body)).toMatchObject({ code: 'request.method' });
});

test('every JSON reply ends with a newline', async () => {
  server = testServer();
  const replies = [
    ...['records', 'matches', 'summary', 'x'].map((reply) => post('[{}]', json, `/v1/records?reply=${reply}`)),
    ...['/healthz', '/readyz', '/v1/records', '/none'].map((url) => server.app.inject(url)),
  ];
  for (const { body } of await Promise.all(replies)) expect(body).toMatch(/[}\]]\n$/);
});

describe('bad input', () => {
  const good = JSON.stringify([podEvent()]);
  const deep = (levels: number) => `[{"a":${'['.repeat(levels)}${']'.repeat(levels)}},${JSON.stringify(podEvent())}]`;
  const msgpack = { 'content-type': 'application/msgpack' };

  test.each<[name: string, payload: string | Buffer, headers: Record<string, string>, status: number, code: string]>([
    ['an empty body', '', json, 400, 'body.empty'],
    ['white space', ' \n ', json, 400, 'body.empty'],
    ['text', 'nothing to see', json, 400, 'body.unreadable'],
    ['HTML', '<!doctype html><p>sorry', json, 400, 'body.unreadable'],
    ['no content type', good, { 'content-type': '' }, 415, 'request.media_type'],
    ['an unknown content type', good, { 'content-type': 'text/csv' }, 415, 'request.media_type'],
    ['an unknown encoding', good, { ...json, 'content-encoding': 'br' }, 415, 'request.encoding'],
    ['cut gzip', gzipSync(good).subarray(0, 60), { ...json, 'content-encoding': 'gzip' }, 400, 'body.corrupt'],
    ['no gzip at all', good, { ...json, 'content-encoding': 'gzip' }, 400, 'body.corrupt'],
    ['cut zstd', zstdCompressSync(good).subarray(0, 60), { ...json, 'content-encoding': 'zstd' }, 400, 'body.corrupt'],
    [
      'cut snappy',
      Buffer.from(snappyCompressSync(good)).subarray(0, 60),
      { ...json, 'content-encoding': 'snappy' },
      400,
      'body.corrupt',
    ],
    [
      'snappy that claims 4 GB',
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]),
      { ...json, 'content-encoding': 'snappy' },
      413,
      'body.too_large',
    ],
    [
      'snappy without a length',
      Buffer.from([0xff, 0xff]),
      { ...json, 'content-encoding': 'snappy' },
      400,
      'body.corrupt',
    ],
    ['JSON called MessagePack', 'x', msgpack, 400, 'body.unreadable'],
    ['a lying MessagePack header', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), msgpack, 400, 'body.unreadable'],
  ])('%s', async (_, payload, headers, status, code) => {
    server = testServer();
    const reply = await post(payload, headers);
    expect([reply.statusCode, reply.json().code]).toEqual([status, code]);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    expect(reply.json()).toMatchObject({
      title: expect.any(String),
      detail: expect.any(String),
      remedy: expect.any(String),
    });
  });

  test.each<[name: string, payload: string | Buffer, verdicts: string[]]>([
    ['[]', '[]', []],
    ['one map', JSON.stringify(podEvent()), ['match']],
    ['an empty map', '[{}]', ['not_audit']],
    ['duplicate keys', '[{"a":1,"a":2}]', ['not_audit']],
    ['__proto__ as a key', '[{"__proto__":{"verb":"create"},"constructor":1}]', ['not_audit']],
    ['a lone surrogate', '[{"log":"\\ud800"}]', ['not_audit']],
    ['invalid UTF-8', Buffer.from([...Buffer.from('[{"log":"'), 0xff, 0xc3, ...Buffer.from('"}]')]), ['not_audit']],
    ['big numbers', '[{"n":18446744073709551616,"x":1e999}]', ['not_audit']],
    ['depth within reason', deep(100), ['not_audit', 'match']],
    ['depth beyond reason', deep(100_000), ['not_audit', 'match']],
  ])('%s is accepted, and the other records are unharmed', async (_, payload, verdicts) => {
    server = testServer();
    const reply = await post(payload);
    expect(reply.statusCode).toBe(200);
    const summary = await post(payload, json, '/v1/records?reply=summary');
    const expected = Object.fromEntries(
      ['match', 'indeterminate', 'error', 'clear', 'not_audit'].map((verdict) => [
        verdict,
        verdicts.filter((one) => one === verdict).length,
      ]),
    );
    expect(summary.json()).toMatchObject({ records: verdicts.length, verdicts: expected });
  });

  test('a gzip bomb is refused before it unfolds', async () => {
    server = testServer({ limits: { ...limits, maxDecompressedBytes: 10_000_000 } });
    const zeros = Readable.from(Array.from({ length: 200 }, () => Buffer.alloc(1_000_000)));
    const bomb = await buffer(zeros.pipe(createGzip()));
    const reply = await post(bomb, { ...json, 'content-encoding': 'gzip' });
    expect([reply.statusCode, reply.json().code]).toEqual([413, 'body.too_large']);
    expect(reply.json().detail).toContain('10000000');
  });

  test('a compression ratio beyond the limit is refused', async () => {
    server = testServer({ limits: { ...limits, maxCompressionRatio: 10 } });
    const reply = await post(gzipSync(' '.repeat(100_000)), { ...json, 'content-encoding': 'gzip' });
    expect(reply.json().code).toBe('body.too_large');
  });

  test('a body beyond the limit is refused, with the limit in the message', async () => {
    server = testServer({ limits: { ...limits, maxBodyBytes: 1000 } });
    const reply = await post(JSON.stringify({ log: 'x'.repeat(2000) }));
    expect([reply.statusCode, reply.json().code]).toEqual([413, 'body.too_large']);
    expect(reply.json().detail).toContain('1000');
  });

  test('more records than the limit are refused', async () => {
    server = testServer({ limits: { ...limits, maxRecords: 10 } });
    expect((await post(`[${'{},'.repeat(10)}{}]`)).json().code).toBe('body.too_many_records');
  });

  test('a 10 MB record is accepted', async () => {
    server = testServer();
    const event = { ...podEvent(), annotations: { note: 'x'.repeat(10_000_000) } };
    const reply = await post(JSON.stringify([event]), json, '/v1/records?reply=summary');
    expect(reply.json().verdicts.match).toBe(1);
  });

  test('a wrong path is answered with the right one, and makes Fluent Bit keep its chunk', async () => {
    server = testServer();
    const reply = await post(good, json, '/');
    expect(reply.statusCode).toBe(404);
    expect(reply.json().remedy).toContain('/v1/records');
    expect((await post(good, fluentBit, '/')).statusCode).toBe(503);
  });

  test('no refusal is longer than Fluent Bit can read', async () => {
    server = testServer();
    for (const [payload, headers] of [
      ['<'.repeat(100_000), fluentBit],
      [good, { ...fluentBit, 'content-type': 'x'.repeat(5000) }],
      [good, { ...fluentBit, 'content-encoding': 'y'.repeat(5000) }],
    ] as const) {
      expect((await post(payload, headers)).body.length).toBeLessThan(3500);
    }
  });
});

describe('overload', () => {
  test('a dozen bodies of 5 MB at once are accepted', async () => {
    server = testServer();
    const { host, port } = await listen();
    const body = JSON.stringify(Array.from({ length: 5000 }, (_, index) => podEvent({ auditID: `a-${index}` })));
    const replies = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const reply = await fetch(`http://${host}:${port}/v1/records?reply=summary`, {
          method: 'POST',
          headers: json,
          body,
        });
        return (await reply.json()) as { records: number };
      }),
    );
    expect(replies.map(({ records }) => records)).toEqual(Array(12).fill(5000));
  });

  test('beyond the limit of pending bytes senders are asked to retry, until the bytes are released', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const sink: Sink = {
      name: 'slow',
      deliver: async () => {
        await held;
        return { kind: 'acknowledged', records: 1 };
      },
      close: async () => {},
    };
    server = testServer({ limits: { ...limits, maxPendingBytes: 1000 } }, { sinks: [sink] });
    const { host, port } = await listen();
    const send = () =>
      fetch(`http://${host}:${port}/v1/records`, { method: 'POST', headers: json, body: JSON.stringify(podEvent()) });
    const first = send();
    await expect.poll(async () => (await send()).status).toBe(503);
    release();
    expect((await first).status).toBe(200);
    expect((await send()).status).toBe(200);
  });
});

describe('what is counted as pending', () => {
  /** A server with one request of a small body under way, until it is released. */
  async function withOneUnderWay(maxPendingBytes: number) {
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const sink: Sink = {
      name: 'slow',
      deliver: async () => {
        arrived.resolve();
        await held.promise;
        return { kind: 'acknowledged', records: 1 };
      },
      close: async () => {},
    };
    server = testServer({ limits: { ...limits, maxPendingBytes } }, { sinks: [sink] });
    const first = post('{"a":1}');
    await arrived.promise;
    return async () => {
      held.resolve();
      expect((await first).statusCode).toBe(200);
    };
  }

  test('is the decompressed size of a body, not the size that was sent', async () => {
    const release = await withOneUnderWay(50_000);
    const body = gzipSync(JSON.stringify({ log: 'x'.repeat(60_000) }));
    const reply = await post(body, { ...json, 'content-encoding': 'gzip' });
    expect([reply.statusCode, reply.json().code]).toEqual([503, 'server.overloaded']);
    await release();
    expect((await post(body, { ...json, 'content-encoding': 'gzip' })).statusCode).toBe(200);
  });

  test('is never more than the limit of a body, whatever length it declares', async () => {
    const release = await withOneUnderWay(limits.maxBodyBytes * 2);
    const { host, port } = await listen();
    const sockets = await Promise.all(
      [1e18, 3e17].map(async (length) => {
        const socket = connect(port, host);
        socket.write(`POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: ${BigInt(length)}\r\n\r\n`);
        const [reply] = await once(socket, 'data');
        return String(reply).split(' ')[1];
      }),
    );
    expect(sockets).toEqual(['413', '413']);
    await release();
  });
});

describe('credentials', () => {
  const basic = { basic: { username: 'fluent', password: 's3cret:ü' } };
  const header = (text: string) => ({ authorization: text });
  const encoded = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  test.each<[string, Record<string, string>, number]>([
    ['the right password', header(encoded('fluent:s3cret:ü')), 200],
    ['a wrong password', header(encoded('fluent:guess')), 401],
    ['another user', header(encoded('bit:s3cret:ü')), 401],
    ['no header', {}, 401],
    ['the scheme alone', header('Basic'), 401],
    ['the password as bearer', header('Bearer s3cret:ü'), 401],
    ['the right bearer token', header('bearer t0ken'), 200],
    ['a wrong bearer token', header('Bearer t0ke'), 401],
  ])('%s', async (_, headers, status) => {
    server = testServer({ auth: { ...basic, bearer: 't0ken' } });
    const reply = await post(JSON.stringify(podEvent()), { ...json, ...headers });
    expect(reply.statusCode).toBe(status);
    if (status === 401) expect(reply.headers['www-authenticate']).toContain('Basic');
  });

  test('Fluent Bit is made to keep its chunk, since a password can be fixed', async () => {
    server = testServer({ auth: basic });
    const reply = await post(JSON.stringify(podEvent()), fluentBit);
    expect([reply.statusCode, reply.json().code]).toEqual([503, 'request.unauthorized']);
  });
});

describe('a stop', () => {
  test('lets a request in flight finish, and refuses others meanwhile', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const arrived = Promise.withResolvers<void>();
    const sink: Sink = {
      name: 'slow',
      deliver: async () => {
        arrived.resolve();
        await held;
        return { kind: 'acknowledged', records: 1 };
      },
      close: async () => {},
    };
    server = testServer({}, { sinks: [sink] });
    const { host, port } = await listen();
    const send = () =>
      fetch(`http://${host}:${port}/v1/records`, { method: 'POST', headers: json, body: JSON.stringify(podEvent()) });
    const first = send();
    await arrived.promise;
    const drained = server.drain();
    const second = await send();
    expect([second.status, ((await second.json()) as { code: string }).code]).toEqual([503, 'server.draining']);
    expect((await fetch(`http://${host}:${port}/readyz`)).status).toBe(503);
    expect((await fetch(`http://${host}:${port}/healthz`)).status).toBe(200);
    release();
    expect((await first).status).toBe(200);
    await drained;
    await expect(fetch(`http://${host}:${port}/readyz`)).rejects.toThrow();
  });
});
