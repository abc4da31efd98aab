/** Asks a running Tripline for Avro and prints a line for each record: npx node examples/avro/read.ts [URL]. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import avro from 'avsc';

const url = process.argv[2] ?? 'http://127.0.0.1:9870';

const reply = await fetch(`${url}/v1/records`, {
  method: 'POST',
  headers: { 'content-type': 'application/x-ndjson', accept: 'application/vnd.apache.avro' },
  body: await readFile(new URL('../quickstart/input.ndjson', import.meta.url)),
});
if (!reply.ok || reply.body === null) throw new Error(`${reply.status} ${await reply.text()}`);

// receivedUnixNano is beyond what a JavaScript number can hold: longs are read as bigints.
const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => Number(a - b),
});

interface TaggedRecord {
  record: Buffer;
  verdict: string;
  findings: { summary: string }[];
  undecided: { rule: string; reason: string; field: string }[];
}

const decoder = new avro.streams.BlockDecoder({
  parseHook: (schema) => avro.Type.forSchema(schema, { registry: { long } }),
});
const records: AsyncIterable<TaggedRecord> = Readable.fromWeb(reply.body).pipe(decoder);

for await (const { record, verdict, findings, undecided } of records) {
  const about = findings.map(({ summary }) => summary);
  const [first] = undecided;
  if (first !== undefined) about.push(`${undecided.length} rules undecided, for ${first.field}: ${first.reason}`);
  console.log(`${verdict.padEnd(15)}${about.join('; ') || `${record.length} bytes`}`);
}
