/** Every codec, given any bytes: decode, read, splice and forward whatever is found. */

import { encode } from '@msgpack/msgpack';
import { taggedBody } from '../../src/batch/splice.ts';
import type { Codec, DecodeLimits } from '../../src/codecs/codec.ts';
import { frame } from '../../src/codecs/framing/messages.ts';
import { codecs } from '../../src/codecs/index.ts';
import { salvage } from '../../src/json/salvage.ts';
import { fromJson } from '../../src/msgpack/from-json.ts';
import { Problem } from '../../src/problem.ts';
import { entryOf } from '../../src/sinks/encode/log-event/index.ts';
import { asLogEvents } from '../../src/sinks/encode/log-event/otlp.ts';
import type { Tag } from '../../src/tag.ts';
import { batchOf } from '../batch/batch-of.ts';
import { anyValue, encodeOtlp, keyValues } from '../otlp/proto.ts';
import type { FuzzTarget } from './fuzz.ts';

const LIMITS: DecodeLimits = { maxDepth: 32, maxRecords: 10_000 };
const TAG: Tag = { v: 2, verdict: 'clear' };

const records = [
  {
    date: 1700000000.123457,
    __internal__: { log_metadata: { a: 1 } },
    verb: 'create',
    code: 201,
    list: [1, -2, 0.5, null],
  },
  { log: '{"kind":"Event","auditID":"é\\n"}\n', tripline: { v: 1 }, __proto: true, empty: {}, none: [] },
  { id: 1234567890123456, text: 'x'.repeat(300), deep: [[[[[{ a: [{}] }]]]]] },
];
const texts = records.map((record) => JSON.stringify(record));
const odd = '{"\\u0074ripline":1,1:nan,"a":-inf,"a":18446744073709551615,"b":"\\x12\\ud800","tripline":2}';
const eventTime = Buffer.from('d7006553f100075bcd15', 'hex');
const events = records.map((record) =>
  Buffer.concat([Buffer.of(0x92, 0x92), eventTime, encode({ otlp: {} }), encode(record)]),
);

const otlpRequest = {
  resourceLogs: [
    {
      resource: { attributes: keyValues({ 'k8s.cluster.name': 'prod' }) },
      scopeLogs: [
        {
          scope: { name: 's', version: '1' },
          logRecords: records.map((record, flags) => ({
            flags,
            timeUnixNano: '1700000000123456789',
            body: anyValue(flags === 1 ? texts[1] : record),
            attributes: keyValues({ tripline: { v: 1 }, list: [1, -2, 0.5, null] }),
            traceId: Buffer.alloc(16, 1),
          })),
        },
      ],
      schemaUrl: 'u',
    },
  ],
};

const corpora: Record<string, readonly Uint8Array[]> = {
  json: [`[${texts.join(',')}]`, texts.join(''), ` [ ${odd} , 5, "x" ]\n[]${odd}`].map((text) => Buffer.from(text)),
  json_lines: [texts.join('\n'), `${odd}\r\n\n${texts[0]}\n5\n`].map((text) => Buffer.from(text)),
  event_list: [
    `{"kind":"EventList","items":[${texts.join(',')}],"items":[]}`,
    `{"a" 1,"tripline":{},"it\\u0065ms":[${odd},[5]],"items":{}}[${texts[0]}]${odd}`,
  ].map((text) => Buffer.from(text)),
  firehose: [`{"requestId":"1","timestamp":1,"records":[{"data":"eyJhIjoxfQ=="},${odd}]}`].map((text) =>
    Buffer.from(text),
  ),
  kafka_json: [frame([...texts, odd, '', 'poison {'].map((text) => Buffer.from(text)))],
  kafka_msgpack: [frame([...events, Buffer.of(0xc1), Buffer.alloc(0)])],
  msgpack: [
    Buffer.concat(events),
    Buffer.concat([encode([1700000000, records[1]]), encode([1700000000.5, records[2]])]),
    Buffer.from('9292d700ffffffff0000000080809292d700fffffffe000000008080', 'hex'),
    Buffer.from('9292d7006553f100075bcd1580df00000001d90161dd00000001c4026869', 'hex'),
  ],
  otlp: [
    encodeOtlp('ExportLogsServiceRequest', otlpRequest),
    Buffer.concat([
      Buffer.from('0a8400120212008a010a0ba50601020304a8060c0c', 'hex'),
      encodeOtlp('ExportLogsServiceRequest', otlpRequest),
    ]),
    Buffer.from('0a12121032060a0461ff12052a0c320a0a030a01610a030a0561', 'hex'),
  ],
  otlp_json: [
    JSON.stringify(otlpRequest),
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"tripline"},5,{"k\\u0065y":"tripline"}]}, 5,{}',
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}}]}}}]}]}]}',
  ].map((text) => Buffer.from(text)),
};

/** Processes bytes as a batch, and checks what holds for any bytes: order, and that tagging twice equals tagging once. */
function exercise(codec: Codec, bytes: Uint8Array): void {
  const batch = batchOf(codec, bytes, () => TAG, LIMITS);
  const events = asLogEvents(batch);
  for (const index of events.records.keys()) entryOf(events, index);
  let behind = 0;
  for (const record of batch.records) {
    if (record.start < behind || record.end < record.start || record.end > bytes.length) {
      throw new Error(`record ${record.start}..${record.end} behind ${behind}`);
    }
    behind = record.end;
    if (record.kind === 'map') {
      try {
        codec.read(bytes, record, LIMITS);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
    }
  }
  const once = tagAll(codec, bytes);
  if (!Buffer.from(tagAll(codec, once)).equals(once)) throw new Error('tagging twice is not tagging once');
}

function tagAll(codec: Codec, bytes: Uint8Array): Uint8Array {
  return taggedBody(batchOf(codec, bytes, () => TAG, LIMITS));
}

export const codecTargets: readonly FuzzTarget[] = codecs.map((codec) => ({
  name: `codec ${codec.name}`,
  corpus: corpora[codec.name]!,
  run: (bytes) => exercise(codec, bytes),
}));

export const jsonTargets: readonly FuzzTarget[] = [
  {
    name: 'salvage',
    corpus: [...texts, odd].map((text) => Buffer.from(text)),
    run: (bytes) => void salvage(Buffer.from(bytes).toString(), LIMITS),
  },
  {
    name: 'from-json',
    corpus: [...texts, odd].map((text) => Buffer.from(text)),
    run: (bytes) => void fromJson(bytes, 0, bytes.length, LIMITS),
  },
];
