/** Request bodies as Fluent Bit's out_http makes them from records. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encode } from '../src/msgpack/encode.ts';

export const formats = {
  json: { mediaType: 'application/json', bodyOf: (texts) => Buffer.from(`[${texts.join(',')}]`) },
  ndjson: {
    mediaType: 'application/x-ndjson',
    bodyOf: (texts) => Buffer.from(texts.map((text) => `${text}\n`).join('')),
  },
  msgpack: {
    mediaType: 'application/msgpack',
    bodyOf: (texts) => Buffer.concat(texts.flatMap((text) => logEvent(JSON.parse(text)))),
  },
} satisfies Record<string, Format>;

export interface Format {
  mediaType: string;
  /** @param texts the records, each as JSON */
  bodyOf: (texts: readonly string[]) => Buffer;
}

export type FormatName = keyof typeof formats;

export const compressions = { gzip: gzipSync, zstd: zstdCompressSync } satisfies Record<
  string,
  (body: Buffer) => Buffer
>;

export type Compression = keyof typeof compressions;

/** `[[EventTime, {}], record]` */
function logEvent({ date, ...record }: { date?: number }): Uint8Array[] {
  const time = Buffer.alloc(13);
  time.set([0x92, 0x92, 0xd7, 0x00]);
  time.writeUInt32BE(Math.floor(date ?? 1_772_409_600), 4);
  time.writeUInt32BE(250_000_000, 8);
  time.writeUInt8(0x80, 12);
  return [time, encode(record)];
}
