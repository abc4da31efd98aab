import { describe, expect, test } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { logEvent, numberedBatch, problemOf, sinkContract, taggedBatch } from './contract.ts';
import { openPeer, type Posted, type Responder } from './request/peer.ts';
import { openConfigured, openLetters } from './request/posting.ts';

interface Action {
  id: string;
  document: any;
}

function actionsOf({ body }: Posted): Action[] {
  const lines = String(body).trimEnd().split('\n');
  return lines.flatMap((line, at) =>
    at % 2 === 0 ? [{ id: JSON.parse(line).create._id, document: JSON.parse(lines[at + 1]!) }] : [],
  );
}

/** A bulk API that keeps documents by id, and answers with `statusOf` or, if that is undefined, as a plain creation. */
function bulk(statusOf: (document: any, request: number) => number | undefined = () => undefined) {
  const documents = new Map<string, any>();
  const respond: Responder = (posted, response, request) => {
    const items = actionsOf(posted).map(({ id, document }) => {
      const status = statusOf(document, request) ?? (documents.has(id) ? 409 : 201);
      if (status === 201) documents.set(id, document);
      const error =
        status < 300
          ? undefined
          : { type: 'some_exception', reason: `for ${document.n} Preview of field's value: 'a\nb'` };
      return { create: { status, ...(error && { error }) } };
    });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: items.some(({ create }) => create.status !== 201), items }));
  };
  return { documents, respond, numbers: () => [...documents.values()].map(({ n }) => n) };
}

const settingsFor = (url: string) => ({ type: 'elasticsearch', url, index: 'kubernetes-audit' });

sinkContract('elasticsearch', async () => {
  const { respond, numbers } = bulk();
  const peer = await openPeer(respond);
  const { sink } = await openConfigured({ ...settingsFor(peer.url), compression: 'gzip' });
  return { sink, arrived: numbers, stop: () => peer.stop(), address: `${peer.url}/kubernetes-audit/_bulk` };
});

describe('a document', () => {
  const documentsOf = async (batch: Parameters<typeof taggedBatch>) => {
    const { respond, documents } = bulk();
    const peer = await openPeer(respond);
    const { sink } = await openConfigured(settingsFor(`${peer.url}/search/`));
    await sink.deliver(taggedBatch(...batch));
    expect(peer.posted.map(({ url }) => url.split('?')[0])).toEqual(['/search/kubernetes-audit/_bulk']);
    expect(peer.posted[0]!.headers['content-type']).toBe('application/x-ndjson');
    return [...documents.values()];
  };
  const tripline = { v: 2, verdict: 'clear' };

  test('has the time of its log event', async () => {
    expect(await documentsOf([msgpack, logEvent({ a: 1 })])).toEqual([
      { '@timestamp': '2023-11-14T22:13:20.123456789Z', date: 1700000000.1234567, a: 1, tripline },
    ]);
  });

  test('has the date of its JSON, or the time of its batch, or its own @timestamp', async () => {
    const body = '[{"date":1700000001.5},{},{"@timestamp":"2020-01-01T00:00:00Z"}]';
    expect(await documentsOf([json, Buffer.from(body)])).toEqual([
      { '@timestamp': '2023-11-14T22:13:21.500000000Z', date: 1700000001.5, tripline },
      { '@timestamp': '2023-11-14T22:13:20.123456789Z', tripline },
      { '@timestamp': '2020-01-01T00:00:00Z', tripline },
    ]);
  });

  test('has the @timestamp of Fluent Bit as text', async () => {
    const given = { dateKey: '@timestamp', tags: [undefined] };
    const time = '2023-11-14T22:13:20.123456789Z';
    expect(await documentsOf([msgpack, logEvent({ a: 1 }), given])).toEqual([{ '@timestamp': time, a: 1 }]);
    const inSeconds = Buffer.from('[{"@timestamp":1700000000.123456789,"a":1}]');
    expect(await documentsOf([json, inSeconds, given])).toEqual([{ '@timestamp': time, a: 1 }]);
    const asText = Buffer.from('[{"@timestamp":"2023-11-14T22:13:20Z"}]');
    expect(await documentsOf([json, asText, given])).toEqual([{ '@timestamp': '2023-11-14T22:13:20Z' }]);
  });

  test('of an empty record without a tag has only its time', async () => {
    const batch = { tags: [undefined] };
    expect(await documentsOf([json, Buffer.from('[{ }]'), batch])).toEqual([
      { '@timestamp': '2023-11-14T22:13:20.123456789Z' },
    ]);
  });

  test('that is repeated has the same id and is stored once; another of equal content has its own', async () => {
    const { respond, documents } = bulk();
    const peer = await openPeer(respond);
    const batch = () => taggedBatch(json, Buffer.from('[{"n":1},{"n":1}]'));
    for (const _ of [1, 2]) {
      // A new sink each time, as after a restart.
      const { sink } = await openConfigured(settingsFor(peer.url));
      expect(await sink.deliver(batch())).toEqual({ kind: 'acknowledged', records: 2 });
    }
    expect(documents.size).toBe(2);
    expect(peer.posted.flatMap(actionsOf)).toHaveLength(4);
  });
});

describe('items', () => {
  test('that are refused become a dead letter and the others are accepted, in one request', async () => {
    const letters = await openLetters();
    const { respond, documents } = bulk(({ n }) => (n % 100 === 7 ? 400 : undefined));
    const peer = await openPeer(respond);
    const { sink } = await openConfigured(settingsFor(peer.url), letters);
    expect(await sink.deliver(numberedBatch(1000))).toEqual({ kind: 'acknowledged', records: 990, setAside: 10 });
    expect([peer.posted.length, documents.size]).toEqual([1, 990]);
    const [{ head, body }] = letters.read() as [ReturnType<typeof letters.read>[number]];
    expect(head.detail).toMatch(/ answered 400 for a record: "some_exception: for 7", given 10 of 1000 records$/);
    expect(msgpack.decode(body, { maxDepth: 100, maxRecords: 100 })).toHaveLength(10);
  });

  test.each([429, 503])('that get %i are sent again alone', async (status) => {
    const { respond, numbers } = bulk(({ n }, request) => (n < 3 && request < 2 ? status : undefined));
    const peer = await openPeer(respond);
    const { sink, retries } = await openConfigured(settingsFor(peer.url));
    expect(await sink.deliver(numberedBatch(10))).toEqual({ kind: 'acknowledged', records: 10 });
    expect(peer.posted.map((posted) => actionsOf(posted).length)).toEqual([10, 3, 3]);
    expect(numbers().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(retries).toHaveLength(2);
  });

  test.each([403, 404, 429])(
    'that keep getting %i fail the batch, and only they are sent when it is retried',
    async (status) => {
      const { respond } = bulk(({ n }) => (n === 1 ? status : undefined));
      const peer = await openPeer(respond);
      const settings = { ...settingsFor(peer.url), timeoutSeconds: 0.3 };
      const { sink } = await openConfigured(settings);
      const problem = await problemOf(sink.deliver(numberedBatch(3)));
      expect(problem).toMatchObject({
        code: 'sink.unavailable',
        message: /some_exception: for 1", with 1 records not/,
      });
      const before = peer.posted.length;
      await problemOf(sink.deliver(numberedBatch(3)));
      for (const posted of peer.posted.slice(before)) expect(actionsOf(posted)).toHaveLength(1);
    },
  );
});

describe('an answer that is not one of a bulk API fails the batch', () => {
  test.each<[string, string]>([
    ['garbage', '<html>'],
    ['no items', '{"took":1}'],
    ['items that are none', '{"items":{"a":1}}'],
    ['too few items', '{"items":[{"create":{"status":201}}]}'],
    ['too many items', `{"items":[${Array(3).fill('{"create":{"status":201}}')}]}`],
    ['items without a status', '{"items":[{},{"create":{"status":"201"}}]}'],
    ['items of nothing', '{"items":[null,7]}'],
    ['an error', '{"error":{"type":"x"}}'],
    ['cut JSON', '{"items":[{"create":{"status":201}},{"crea'],
    ['an answer without an end', `{"items":[${'{"create":{"status":201}},'.repeat(200_000)}`],
  ])('%s', async (_, text) => {
    const peer = await openPeer((_, response) => void response.end(text));
    const { sink } = await openConfigured({ ...settingsFor(peer.url), timeoutSeconds: 0.2 });
    const problem = await problemOf(sink.deliver(numberedBatch(2)));
    expect(problem.code).toBe('sink.unavailable');
    expect(problem.message.length).toBeLessThan(1000);
  });
});

test.each(['Audit', '_audit', '-a', 'a/b', 'a b', '', '*'])('%j is refused as the name of an index', async (index) => {
  await expect(openConfigured({ ...settingsFor('http://a'), index })).rejects.toThrow(/index/);
});
