/** Posts records to any server over HTTP. */
import Type, { type Static } from 'typebox';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { jsonOf } from './encode/json.ts';
import { entryOf } from './encode/log-event/index.ts';
import type { Piece, Protocol } from './request/records.ts';
import { compressionSetting, maxRequestBytesSetting, requestSettings, urlSetting } from './request/settings.ts';
import { verdictOf } from './request/status.ts';
import type { Sink, SinkDependencies } from './sink.ts';

export const httpConfig = Type.Object(
  {
    type: Type.Literal('http'),
    name: Type.String({ minLength: 1, default: 'http', description: 'Name in logs and metrics.' }),
    url: urlSetting('Where records are posted.', 'https://logs.example.com/in'),
    format: Type.Enum(['ndjson', 'json', 'msgpack'], {
      default: 'ndjson',
      description:
        '`ndjson`: a record on each line; `json`: an array of them; `msgpack`: log events of Fluent Bit, ' +
        '`[[time, metadata], record]` one after another.',
    }),
    compression: compressionSetting(['gzip', 'zstd']),
    maxRequestBytes: maxRequestBytesSetting(4 * 1024 * 1024),
    ...requestSettings,
  },
  { additionalProperties: false, title: 'HTTP sink' },
);
export type HttpConfig = Static<typeof httpConfig>;

/** How records become a body. */
interface Layout {
  contentType: string;
  encode(batch: TaggedBatch, index: number): Uint8Array;
  join(records: readonly Uint8Array[]): Uint8Array;
}

const [OPEN, COMMA, CLOSE, LINE_FEED] = ['[', ',', ']', '\n'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];

const layouts: Record<HttpConfig['format'], Layout> = {
  ndjson: {
    contentType: 'application/x-ndjson',
    encode: jsonOf,
    join: (records) => Buffer.concat(records.flatMap((record) => [record, LINE_FEED])),
  },
  json: {
    contentType: 'application/json',
    encode: jsonOf,
    join: (records) => Buffer.concat([...records.flatMap((record, at) => [at === 0 ? OPEN : COMMA, record]), CLOSE]),
  },
  msgpack: {
    contentType: 'application/msgpack',
    encode: entryOf,
    join: (records) => Buffer.concat(records),
  },
};

/** A sink that takes each 2xx for an acknowledgement of all that the request had. */
export async function openHttp(config: HttpConfig, dependencies: SinkDependencies): Promise<Sink> {
  const { openPosting } = await import('./request/records.ts');
  const { contentType, encode, join } = layouts[config.format];
  const protocol: Protocol<Piece> = {
    pieceOf: (batch, index) => ({ index, bytes: encode(batch, index) }),
    requestOf: (_, pieces) => ({ contentType, body: join(pieces.map(({ bytes }) => bytes)) }),
    verdictOf,
  };
  return openPosting(config, protocol, dependencies);
}
