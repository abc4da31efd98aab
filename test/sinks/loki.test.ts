import { describe, expect, test } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { logEvent, numberedBatch, problemOf, sinkContract, taggedBatch } from './contract.ts';
import { openPeer, type Posted } from './request/peer.ts';
import { openConfigured, openLetters } from './request/posting.ts';

interface Stream {
  stream: Record<string, string>;
  values: [time: string, line: string][];
}

const streamsOf = ({ body }: Posted): Stream[] => JSON.parse(String(body)).streams;
const linesOf = (posted: Posted) =>
  streamsOf(posted).flatMap(({ values }) => values.map(([, line]) => JSON.parse(line)));
const settingsFor = (url: string) => ({ type: 'loki', url });

sinkContract('loki', async () => {
  const peer = await openPeer((_, response) => void response.writeHead(204).end());
  const { sink } = await openConfigured({ ...settingsFor(peer.url), compression: 'gzip' });
  return {
    sink,
    arrived: () => peer.posted.flatMap(linesOf).map(({ n }) => n),
    stop: () => peer.stop(),
    address: `${peer.url}/loki/api/v1/push`,
  };
});

/** A JSON record with the given second as its time. */
const at = (second: number, n = second) => ({ date: second, n });
const batchOf = (records: object[], tags?: object[]) =>
  taggedBatch(json, Buffer.from(JSON.stringify(records)), tags && { tags: tags as never });

describe('a push', () => {
  test('has a stream for each combination of labels, in order of time', async () => {
    const peer = await openPeer();
    const { sink } = await openConfigured({ ...settingsFor(peer.url), labels: { job: 'a', env: 'b' } });
    const clear = { v: 2, verdict: 'clear' };
    const match = { v: 2, verdict: 'match', level: 'high', platform: 'eks' };
    await sink.deliver(batchOf([at(5), at(3), at(4)], [clear, match, clear]));
    expect(streamsOf(peer.posted[0]!)).toEqual([
      {
        stream: { job: 'a', env: 'b', verdict: 'clear' },
        values: [
          ['4000000000', JSON.stringify({ ...at(4), tripline: clear })],
          ['5000000000', JSON.stringify({ ...at(5), tripline: clear })],
        ],
      },
      {
        stream: { job: 'a', env: 'b', verdict: 'match', level: 'high', platform: 'eks' },
        values: [['3000000000', JSON.stringify({ ...at(3), tripline: match })]],
      },
    ]);
  });

  test('has the time of a log event to the nanosecond', async () => {
    const peer = await openPeer();
    const { sink } = await openConfigured(settingsFor(peer.url));
    await sink.deliver(taggedBatch(msgpack, logEvent({ a: 'é"\\\n' })));
    const [{ stream, values }] = streamsOf(peer.posted[0]!) as [Stream];
    expect(stream).toEqual({ job: 'kubernetes-audit', verdict: 'clear' });
    expect(values[0]![0]).toBe('1700000000123456789');
    expect(JSON.parse(values[0]![1]).a).toBe('é"\\\n');
  });

  test('from a spool has the labels of the tag in the record', async () => {
    const letters = await openLetters();
    const peer = await openPeer();
    const { sink, settled } = await openConfigured({ ...settingsFor(peer.url), spool: { path: `${letters.path}/s` } });
    await sink.deliver(batchOf([at(1)], [{ v: 2, verdict: 'match', level: 'low' }]));
    await expect.poll(() => settled).toEqual([['acknowledged', 1]]);
    expect(streamsOf(peer.posted[0]!)[0]!.stream).toEqual({ job: 'kubernetes-audit', verdict: 'match', level: 'low' });
  });
});

const iso = (second: number) => new Date(second * 1000).toISOString().replace('.000Z', 'Z');

describe('lines that Loki refuses while it accepts the rest of a push', () => {
  const refusals = async (text: string, records: object[], tags?: object[]) => {
    const letters = await openLetters();
    const peer = await openPeer((_, response, index) =>
      index === 1 ? void response.writeHead(400).end(text) : void response.writeHead(204).end(),
    );
    const { sink } = await openConfigured(settingsFor(peer.url), letters);
    await sink.deliver(numberedBatch(1));
    const result = await sink.deliver(batchOf(records, tags));
    return {
      result,
      peer,
      kept: letters.read().flatMap(({ body }) => JSON.parse(String(body)).map(({ n }: any) => n)),
    };
  };

  test('are found if they are too old or too new', async () => {
    const old = (second: number) =>
      `entry for stream '{a="b"}' has timestamp too old: ${iso(second)}, oldest acceptable timestamp is: ${iso(4)}`;
    const text = `1 errors like: ${old(2)}; 2 errors like: ${old(3)}; 1 errors like: entry for stream '{a="b"}' has timestamp too new: ${iso(9)}\n`;
    const { result, kept, peer } = await refusals(text, [at(5, 1), at(2, 2), at(3, 3), at(3, 4), at(9, 5)]);
    expect(result).toEqual({ kind: 'acknowledged', records: 1, setAside: 4 });
    expect(kept).toEqual([2, 3, 4, 5]);
    expect(peer.posted).toHaveLength(2);
  });

  test('are found if they are too long', async () => {
    const text =
      "max entry size '500' bytes exceeded for stream '{a=\"b\"}' while adding an entry with length '2000' bytes";
    const { result, kept } = await refusals(text, [at(1), { ...at(2), pad: 'x'.repeat(2000) }, at(3)]);
    expect(result).toEqual({ kind: 'acknowledged', records: 2, setAside: 1 });
    expect(kept).toEqual([2]);
  });

  const behind = (count: number) =>
    `entry with timestamp ${iso(1)} ignored, reason: 'entry too far behind, entry timestamp is: ${iso(1)}, oldest acceptable timestamp is: ${iso(3)}',\nuser 'fake', total ignored: ${count} out of 4 for stream: {a="b"}`;

  test('are the oldest of the push if they are too far behind the newest of their stream', async () => {
    const { result, kept, peer } = await refusals(behind(2), [at(5), at(2), at(1), at(6)]);
    expect(result).toEqual({ kind: 'acknowledged', records: 2, setAside: 2 });
    expect(kept).toEqual([2, 1]);
    expect(peer.posted).toHaveLength(2);
  });

  test('are found by sending each stream alone if it is unknown which one is meant', async () => {
    const tags = ['clear', 'match', 'clear', 'match'].map((verdict) => ({ v: 2, verdict }));
    const { result, peer } = await refusals(behind(1), [at(5), at(2), at(1), at(6)], tags);
    expect(result).toEqual({ kind: 'acknowledged', records: 4 });
    expect(peer.posted.slice(2).map((posted) => streamsOf(posted).length)).toEqual([1, 1]);
  });

  test('are found by halving if the reason names no line', async () => {
    const letters = await openLetters();
    const peer = await openPeer((posted, response) => {
      const isBad = linesOf(posted).some(({ n }) => n === 3);
      response.writeHead(isBad ? 400 : 204).end(isBad ? 'error parsing labels' : '');
    });
    const { sink } = await openConfigured(settingsFor(peer.url), letters);
    expect(await sink.deliver(numberedBatch(8))).toEqual({ kind: 'acknowledged', records: 7, setAside: 1 });
  });
});

test('a push over the message limit between components of Loki counts as too large', async () => {
  const text = 'rpc error: code = ResourceExhausted desc = trying to send message larger than max (5 vs. 4)';
  const peer = await openPeer((posted, response) =>
    posted.body.length > 100_000 ? void response.writeHead(500).end(text) : void response.writeHead(204).end(),
  );
  const { sink } = await openConfigured(settingsFor(peer.url));
  expect(await sink.deliver(numberedBatch(20, { padBytes: 20_000 }))).toEqual({ kind: 'acknowledged', records: 20 });
});

test('a rate limit is waited out by the sender', async () => {
  const peer = await openPeer((_, response) => void response.writeHead(429).end('Ingestion rate limit exceeded'));
  const { sink } = await openConfigured(settingsFor(peer.url));
  const problem = await problemOf(sink.deliver(numberedBatch(2)));
  expect(problem).toMatchObject({ code: 'sink.unavailable', message: /answered 429: "Ingestion rate/ });
});

test.each([
  [{ verdict: 'a' }, /labels: verdict is set by the tag/],
  [{ 'a-b': 'a' }, /labels/],
  [{ a: '' }, /labels/],
])('labels %j are refused', async (labels, message) => {
  await expect(openConfigured({ ...settingsFor('http://a'), labels })).rejects.toThrow(message);
});
