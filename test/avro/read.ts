/** Reads containers with the library's own decoder, with longs as bigints. */
import { zstdDecompress } from 'node:zlib';
import avro from 'avsc';

const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: () => Buffer.alloc(8),
  fromJSON: BigInt,
  toJSON: Number,
  isValid: () => true,
  compare: () => 0,
});

/** The rows of a container.
 * @throws Error if it does not end with a complete block */
export async function readRows(container: Buffer): Promise<any[]> {
  const decoder = new avro.streams.BlockDecoder({
    parseHook: (schema) => avro.Type.forSchema(schema, { registry: { long } }),
    codecs: { ...avro.streams.BlockDecoder.defaultCodecs(), zstandard: zstdDecompress } as never,
  });
  const values: any[] = [];
  decoder.on('data', (value) => values.push(value));
  decoder.end(container);
  await new Promise((resolve, reject) => decoder.on('end', resolve).on('error', reject));
  return values;
}
