import { describe, expect, test } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import { numberedBatch, problemOf, sinkContract, taggedBatch } from './contract.ts';
import { openPeer, type Posted } from './request/peer.ts';
import { openConfigured, openLetters } from './request/posting.ts';

/** The texts of a body in RowBinary. */
function rowsOf({ body }: Posted): string[] {
  const rows: string[] = [];
  for (let at = 0; at < body.length; ) {
    let length = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = body[at++]!;
      length += (byte & 0x7f) * 2 ** shift;
      more = byte >= 0x80;
    }
    rows.push(body.toString('utf8', at, at + length));
    at += length;
  }
  return rows;
}

const queryOf = ({ url }: Posted) => Object.fromEntries(new URL(url, 'http://a').searchParams);
const settingsFor = (url: string) => ({ type: 'clickhouse', url });

sinkContract('clickhouse', async () => {
  const peer = await openPeer();
  const { sink } = await openConfigured({ ...settingsFor(peer.url), compression: 'zstd' });
  const arrived = () => peer.posted.flatMap(rowsOf).map((row) => JSON.parse(row).n);
  return { sink, arrived, stop: () => peer.stop(), address: peer.url };
});

describe('an insert', () => {
  test('has a row for each record, whatever its length', async () => {
    const peer = await openPeer();
    const { sink } = await openConfigured({
      ...settingsFor(`${peer.url}/?database=logs`),
      table: 'logs.audit',
      column: 'json',
    });
    const records = [0, 100, 130, 20_000, 3_000_000].map((length) => ({ pad: 'é'.repeat(length / 2) }));
    await sink.deliver(taggedBatch(json, Buffer.from(JSON.stringify(records))));
    expect(rowsOf(peer.posted[0]!).map((row) => JSON.parse(row).pad)).toEqual(records.map(({ pad }) => pad));
    expect(queryOf(peer.posted[0]!)).toMatchObject({
      database: 'logs',
      query: 'INSERT INTO logs.audit (json) FORMAT RowBinary',
      async_insert: '0',
      wait_end_of_query: '1',
    });
  });

  test('has a token, the same for a repeated block and another for each other block', async () => {
    const peer = await openPeer();
    const tokens = async () => {
      peer.posted.length = 0;
      // A new sink each time, as after a restart.
      const { sink } = await openConfigured({ ...settingsFor(peer.url), maxRequestBytes: 65_536 });
      await sink.deliver(numberedBatch(100, { padBytes: 2000 }));
      return peer.posted.map((posted) => queryOf(posted).insert_deduplication_token);
    };
    const first = await tokens();
    expect(new Set(first).size).toBe(first.length);
    expect(first.length).toBeGreaterThan(2);
    expect(await tokens()).toEqual(first);
  });
});

describe('an exception', () => {
  const answering = async (code: number | undefined, status: number, text: string) => {
    const letters = await openLetters();
    const peer = await openPeer((_, response, index) => {
      if (index === 0) return void response.end();
      response.writeHead(status, code === undefined ? {} : { 'x-clickhouse-exception-code': String(code) }).end(text);
    });
    const { sink } = await openConfigured(settingsFor(peer.url), letters);
    await sink.deliver(numberedBatch(1));
    return { sink, letters };
  };

  test.each<[string, number | undefined, number, RegExp]>([
    ['of an unknown table', 60, 404, /Code: 60.*set table to one that exists/],
    ['of a wrong password', 516, 403, /set auth\.basic/],
    ['of no right to insert', 497, 500, /give this user the right to insert/],
    ['of too many parts', 252, 500, /answered 500: "Code: 252/],
    ['that is not known', 9999, 400, /answered 400/],
    ['behind a status that says all is well', undefined, 200, /answered 200: "Code: 241/],
  ])('%s fails the batch', async (_, code, status, message) => {
    const { sink, letters } = await answering(code, status, `Code: ${code ?? 241}. DB::Exception: why`);
    const problem = await problemOf(sink.deliver(numberedBatch(2)));
    expect(problem).toMatchObject({ code: 'sink.unavailable', message });
    expect(letters.read()).toEqual([]);
  });

  test.each([117, 469])('about values (%i) makes a dead letter', async (code) => {
    const { sink, letters } = await answering(code, 400, `Code: ${code}. DB::Exception: why`);
    expect(await sink.deliver(numberedBatch(2))).toEqual({ kind: 'acknowledged', records: 0, setAside: 2 });
    expect(letters.read()).toHaveLength(1);
  });
});

test.each(['a; DROP TABLE b', 'a.b.c', '', '`a`'])('%j is refused as the name of a table', async (table) => {
  await expect(openConfigured({ ...settingsFor('http://a'), table })).rejects.toThrow(/table/);
});
