/** Avro containers of tagged records, read as the records that went into them. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { deflateRawSync } from 'node:zlib';
import avro from 'avsc';
import { expect, test } from 'vitest';
import { encodeContainer } from '../../src/avro/container.ts';
import { codecFor } from '../../src/codecs/index.ts';
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

async function containerOf(bytes: Uint8Array, mediaType: string, fluentTag?: string): Promise<Uint8Array> {
  const batch = { fluentTag, codec: codecFor(mediaType)!, bytes, receivedUnixNano: 1_800_000_000_000_000_000n };
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

test.each<[string, Uint8Array, string, string[]]>([
  ['json', Buffer.from(JSON.stringify(events)), 'application/json', events.map((event) => JSON.stringify(event))],
  ['json_lines', Buffer.from(lines(...events)), 'application/x-ndjson', events.map((event) => JSON.stringify(event))],
  [
    'msgpack',
    Buffer.concat(events.map((event) => fluentMsgpack(event))),
    'application/msgpack',
    events.map((event) => Buffer.from(fluentMsgpack(event)).toString('latin1')),
  ],
])('%s: the records are those that went in, with their tag', async (_, bytes, mediaType, expected) => {
  const batches = await read(await containerOf(bytes, mediaType, 'kube.audit'));
  expect(recordsOf(batches)).toEqual([expected]);
  expect(batches.map(({ fluentTag }) => fluentTag)).toEqual(['kube.audit']);
});

test('a record that cannot be read ends its batch, so that it takes nothing with it', async () => {
  const [first, second] = events.map((event) => JSON.stringify(event));
  const cut = await containerOf(Buffer.from(`[${first},{"cut":`), 'application/json');
  const whole = await containerOf(Buffer.from(`[${second}]`), 'application/json');
  const batches = await read(joined(cut, whole));
  expect(recordsOf(batches)).toEqual([[first, '{"cut":'], [second]]);
});

/** Two containers of one schema and, as it happens, two blocks with one mark. */
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

test('a file that is cut is told of behind what could be read', async () => {
  const one = await containerOf(Buffer.from('{"a":1}\n'), 'application/x-ndjson');
  const container = joined(one, await containerOf(Buffer.from('{"a":2}\n'), 'application/x-ndjson'));
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
  const container = await containerOf(Buffer.from(lines(...events)), 'application/x-ndjson', 'kube.audit');
  const header = Buffer.from(container).lastIndexOf(Buffer.from(container).subarray(-16), -17);
  const variants = [...Array(40).keys()].flatMap((step) => {
    const at = Math.floor((step / 40) * container.length);
    const changed = Buffer.from(container);
    changed[header + 16 + step] ^= 0xff;
    return [container.subarray(0, at), changed];
  });
  for (const variant of variants) {
    const error = await read(variant, { chunk: 1000 }).then(
      () => undefined,
      (error) => error,
    );
    if (error !== undefined) expect(error.code).toMatch(/^(body|request)\./);
  }
});

test('a block that says to be larger than the limit is refused before it is read', async () => {
  const container = await containerOf(Buffer.from(lines(...events)), 'application/x-ndjson');
  await expect(read(container, { maxBytes: 500 })).rejects.toMatchObject({ code: 'body.too_large' });
});
