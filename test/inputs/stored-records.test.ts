/** Avro containers of tagged records, read as the records that went into them. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { deflateRawSync } from 'node:zlib';
import avro from 'avsc';
import { expect, test } from 'vitest';
import { encodeContainer } from '../../src/avro/container.ts';
import { codecNamed } from '../../src/codecs/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import type { InputBatch } from '../../src/inputs/batches.ts';
import { storedBatches } from '../../src/inputs/stored-records.ts';
import { processBatch } from '../../src/pipeline.ts';
import { partsOf } from '../../src/pipeline-dependencies.ts';
import { lines } from '../commands/files.ts';
import { bundledRules, podEvent } from '../server/app.ts';
import { fluentMsgpack, rulesetOf } from '../tagged.ts';

const ruleset = rulesetOf('pod-host-pid');

const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
const parts = partsOf(config, () => ruleset, []);

async function containerOf(bytes: Uint8Array, layout: string, fluentTag?: string): Promise<Uint8Array> {
  const batch = { fluentTag, codec: codecNamed(layout)!, bytes, receivedUnixNano: 1_800_000_000_000_000_000n };
  return encodeContainer(await processBatch(batch, parts), () => true);
}

async function read(container: Uint8Array, { chunk = 7, maxBytes = 1_000_000 } = {}): Promise<InputBatch[]> {
  async function* chunks() {
    for (let at = 0; at < container.length; at += chunk) yield container.subarray(at, at + chunk);
  }
  const batches: InputBatch[] = [];
  for await (const batch of storedBatches(chunks(), { maxBytes })) batches.push(batch);
  return batches;
}

/** The bytes of each record, and where each batch ends. */
function recordsOf(batches: readonly InputBatch[]): string[][] {
  return batches.map(({ codec, bytes }) =>
    codec
      .decode(bytes, { maxDepth: 100, maxRecords: 1e9 })
      .map(({ start, end }) => Buffer.from(bytes.subarray(start, end)).toString('latin1')),
  );
}

const events = [podEvent({ auditID: 'a' }), podEvent({ auditID: 'b', hostPID: false }), { log: 'text' }];

test.each<[string, Uint8Array, string[]]>([
  ['json', Buffer.from(JSON.stringify(events)), events.map((event) => JSON.stringify(event))],
  ['json_lines', Buffer.from(lines(...events)), events.map((event) => JSON.stringify(event))],
  [
    'msgpack',
    Buffer.concat(events.map((event) => fluentMsgpack(event))),
    events.map((event) => Buffer.from(fluentMsgpack(event)).toString('latin1')),
  ],
  [
    'event_list',
    Buffer.from(JSON.stringify({ kind: 'EventList', items: events })),
    events.map((event) => JSON.stringify(event)),
  ],
])('%s: the records are those that were written, with their tag', async (layout, bytes, expected) => {
  const batches = await read(await containerOf(bytes, layout, 'kube.audit'));
  expect(recordsOf(batches)).toEqual([expected]);
  expect(batches.map(({ fluentTag }) => fluentTag)).toEqual(['kube.audit']);
});

test('a record that cannot be read ends its batch, so that no other is lost with it', async () => {
  const [first, second] = events.map((event) => JSON.stringify(event));
  const cut = await containerOf(Buffer.from(`[${first},{"cut":`), 'json');
  const whole = await containerOf(Buffer.from(`[${second}]`), 'json');
  const batches = await read(joined(cut, whole));
  expect(recordsOf(batches)).toEqual([[first, '{"cut":'], [second]]);
});

/** Two containers of one schema joined: two blocks with the same sync marker. */
function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const sync = Buffer.from(one).subarray(-16);
  const otherSync = Buffer.from(other).subarray(-16);
  const header = Buffer.from(other).indexOf(otherSync) + 16;
  const blocks = Buffer.from(other.subarray(header, -16));
  return Buffer.concat([one, blocks, sync]);
}

test.each(['deflate', 'null'])('compressed by %s, with members of a later schema', async (codec) => {
  const schema = {
    type: 'record',
    name: 'tripline.TaggedRecord',
    fields: [
      { name: 'later', type: { type: 'array', items: 'double' } },
      { name: 'record', type: 'bytes' },
      { name: 'fluentTag', type: ['null', 'string'] },
      { name: 'mediaType', type: 'string' },
      { name: 'verdict', type: 'string' },
    ],
  };
  const encoder = new avro.streams.BlockEncoder(schema as avro.Schema, {
    codec: codec as 'deflate',
    codecs: {
      deflate: (block: Buffer, done: (error: null, out: Buffer) => void) => done(null, deflateRawSync(block)),
      null: (block: Buffer, done: (error: null, out: Buffer) => void) => done(null, block),
    } as never,
  });
  const values = ['{"a":1}', '{"a":2}'].map((text) => ({
    later: [1, 2],
    record: Buffer.from(text),
    fluentTag: null,
    mediaType: 'application/x-ndjson',
    verdict: 'not_audit',
  }));
  const batches = await read(await buffer(Readable.from(values).compose(encoder)));
  expect(recordsOf(batches)).toEqual([['{"a":1}', '{"a":2}']]);
  expect(batches[0]!.fluentTag).toBeUndefined();
});

test('a file that is cut is reported after what could be read', async () => {
  const one = await containerOf(Buffer.from('{"a":1}\n'), 'json_lines');
  const container = joined(one, await containerOf(Buffer.from('{"a":2}\n'), 'json_lines'));
  const seen: string[][] = [];
  const reading = (async () => {
    for await (const batch of storedBatches(Readable.from([container.subarray(0, -20)]), { maxBytes: 1e6 })) {
      seen.push(...recordsOf([batch]));
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: 'body.corrupt' });
  expect(seen).toEqual([['{"a":1}']]);
});

test('every cut and every changed byte is read or refused with a problem', async () => {
  const container = await containerOf(Buffer.from(lines(...events)), 'json_lines', 'kube.audit');
  const block = Buffer.from(container).indexOf(Buffer.from(container).subarray(-16));
  const places = [...container.keys()].filter((at) => at < 20 || at >= block || at % 100 === 0);
  const variants = places.map((at) => {
    const changed = Buffer.from(container);
    // The second one makes a number continue in the next byte.
    changed[at] = changed[at]! ^ [0xff, 0x80, 0x01][at % 3]!;
    return changed;
  });
  const cuts = [...Array(40).keys()].map((step) => container.subarray(0, Math.floor((step / 40) * container.length)));
  for (const variant of [...variants, ...cuts]) {
    const error = await read(variant, { chunk: container.length }).then(
      () => undefined,
      (error) => error,
    );
    if (error !== undefined) expect(error.code).toMatch(/^(body|request)\./);
  }
});

test.each<[string, unknown]>([
  ['lists of nothing', { type: 'array', items: 'null' }],
  ['lists of records without fields', { type: 'array', items: { type: 'record', name: 'E', fields: [] } }],
])('%s of any length are passed over at once', async (_, type) => {
  const names = ['record', 'mediaType', 'fluentTag', 'verdict'];
  const schema = {
    type: 'record',
    name: 'T',
    fields: [{ name: 'x', type }, ...names.map((name) => ({ name, type: 'bytes' }))],
  };
  const text = (value: string) => [value.length * 2, ...Buffer.from(value)];
  // A list of 500,000 items without bytes in each record.
  const list = [0xc0, 0x84, 0x3d, 0];
  const record = [...list, ...text('{}'), ...text('application/json'), ...text(''), ...text('clear')];
  const block = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from(record)));
  const header = [
    Buffer.from('Obj\x01\x02', 'latin1'),
    Buffer.from([...text('avro.schema'), ...varint(JSON.stringify(schema).length)]),
    Buffer.from(JSON.stringify(schema)),
    Buffer.alloc(17),
  ];
  const container = Buffer.concat([
    ...header,
    Buffer.from([...varint(20_000), ...varint(block.length)]),
    block,
    Buffer.alloc(16),
  ]);
  const refused = read(container, { chunk: 100_000 });
  // The last lists claim more items than there are bytes.
  await expect(refused).rejects.toMatchObject({ code: 'body.corrupt' });
});

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value * 2; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 0x80 : 0));
    if (rest < 128) return bytes;
  }
}

test('a block that claims to be larger than the limit is refused before it is read', async () => {
  const container = await containerOf(Buffer.from(lines(...events)), 'json_lines');
  await expect(read(container, { maxBytes: 500 })).rejects.toMatchObject({ code: 'body.too_large' });
});
