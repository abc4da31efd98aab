/** Posts records to any server over HTTP. */
import Type, { type Static } from 'typebox';
import { entryOf } from './encode/log-event/index.ts';
import type { Piece, Protocol } from './request/records.ts';
import {
  compressionSetting,
  maxRequestBytesSetting,
  requestFaults,
  requestSettings,
  urlSetting,
} from './request/settings.ts';
import { verdictOf } from './request/status.ts';
import { type LinesOf, openLines } from './rows/rows.ts';
import { jsonRowsSetting, type RowsSettings } from './rows/settings.ts';
import type { Sink, SinkDependencies, SinkFault } from './sink.ts';

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
    rows: jsonRowsSetting,
    compression: compressionSetting(['gzip', 'zstd']),
    maxRequestBytes: maxRequestBytesSetting(4 * 1024 * 1024),
    ...requestSettings,
  },
  { additionalProperties: false, title: 'HTTP sink' },
);
export type HttpConfig = Static<typeof httpConfig> & RowsSettings;

export function httpFaults(config: HttpConfig): SinkFault[] {
  const { format, rows } = config;
  const message = `rows: ${rows} are JSON; set format to ndjson or json`;
  const faults = format === 'msgpack' && rows !== 'records' ? [{ setting: ['rows'], message }] : [];
  return [...faults, ...requestFaults(config)];
}

/** How records become a body. */
interface Layout {
  contentType: string;
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
    join: (records) => Buffer.concat(records.flatMap((record) => [record, LINE_FEED])),
  },
  json: {
    contentType: 'application/json',
    join: (records) => Buffer.concat([...records.flatMap((record, at) => [at === 0 ? OPEN : COMMA, record]), CLOSE]),
  },
  msgpack: {
    contentType: 'application/msgpack',
    join: (records) => Buffer.concat(records),
  },
};

/** A sink for which each 2xx acknowledges everything in the request. */
export async function openHttp(config: HttpConfig, dependencies: SinkDependencies): Promise<Sink> {
  const { openPosting } = await import('./request/records.ts');
  const { contentType, join } = layouts[config.format];
  const encode: LinesOf =
    config.format === 'msgpack' ? (batch, index) => [entryOf(batch, index)] : await openLines(config, dependencies);
  const protocol: Protocol<Piece> = {
    piecesOf: (batch, index) => encode(batch, index).map((bytes) => ({ index, bytes })),
    requestOf: (_, pieces) => ({ contentType, body: join(pieces.map(({ bytes }) => bytes)) }),
    verdictOf,
  };
  return openPosting(config, protocol, dependencies);
}
