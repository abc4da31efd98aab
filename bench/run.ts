/**
 * What tagging costs: `npm run bench`.
 *
 * Every row works on the same records in the same process, in turn and several times over; shown is the median. The
 * last column is the time of a row in times that of JSON.parse on the JSON body: machines differ, this ratio hardly.
 */
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { codecFor } from '../src/codecs/index.ts';
import { loadConfig } from '../src/config.ts';
import { encode } from '../src/msgpack/encode.ts';
import { processBatch } from '../src/pipeline.ts';
import { loadRules } from '../src/rules.ts';
import { partsOf, serve } from '../src/serve.ts';
import { replyTo } from '../src/server/reply.ts';
import { auditRecord } from './corpus.ts';

const recordCount = 2500;
const rounds = 9;
const bundledRules = fileURLToPath(new URL('../rules', import.meta.url));

const records = Array.from({ length: recordCount }, (_, index) => auditRecord(index));
const texts = records.map((record) => JSON.stringify(record));
const json = Buffer.from(`[${texts.join(',')}]`);
const bodies: Record<string, { mediaType: string; bytes: Uint8Array }> = {
  json: { mediaType: 'application/json', bytes: json },
  json_lines: { mediaType: 'application/x-ndjson', bytes: Buffer.from(texts.map((text) => `${text}\n`).join('')) },
  json_stream: { mediaType: 'application/json', bytes: Buffer.from(texts.join('')) },
  msgpack: {
    mediaType: 'application/msgpack',
    bytes: Buffer.concat(records.map(({ date: _, ...record }) => encode([[1767323045, {}], record]))),
  },
};

const { ruleset } = loadRules({ rules: [bundledRules] });
const config = loadConfig({
  path: undefined,
  overrides: { listen: '127.0.0.1:0', logLevel: 'error' },
  environment: {},
  bundledRules,
});
const parts = partsOf(config, () => ruleset, []);
const sidecar = await serve(config, { environment: {}, logger: pino({ level: 'error' }, pino.destination(2)) });

interface Row {
  name: string;
  bytes: number;
  run: () => unknown;
  milliseconds: number[];
}

const row = (name: string, bytes: number, run: () => unknown): Row => ({ name, bytes, run, milliseconds: [] });
const text = json.toString();
const rows: Row[] = [
  row('JSON.parse', json.length, () => JSON.parse(text)),
  row('JSON.parse + JSON.stringify', json.length, () => JSON.stringify(JSON.parse(text))),
  ...Object.entries(bodies).flatMap(([format, { mediaType, bytes }]) => {
    const codec = codecFor(mediaType)!;
    return [
      row(`${format}: decode, bytes to records`, bytes.length, () => codec.decode(bytes, config.limits)),
      row(`${format}: bytes to tagged bytes`, bytes.length, async () => {
        const batch = { fluentTag: undefined, codec, bytes, receivedUnixNano: 0n };
        return replyTo(await processBatch(batch, parts), 'records', 'same');
      }),
      ...['records', 'none'].map((reply) =>
        row(`${format}: over HTTP, reply ${reply}`, bytes.length, async () => {
          const response = await fetch(`${sidecar.url}/v1/records?reply=${reply}`, {
            method: 'POST',
            headers: { 'content-type': mediaType },
            body: bytes as Uint8Array<ArrayBuffer>,
          });
          if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
          return response.arrayBuffer();
        }),
      ),
    ];
  }),
];

for (let round = 0; round < rounds + 2; round++) {
  for (const { run, milliseconds } of rows) {
    const started = performance.now();
    await run();
    // The first rounds warm the compiler up.
    if (round >= 2) milliseconds.push(performance.now() - started);
  }
}
await sidecar.stop();

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const unit = median(rows[0].milliseconds);
console.log(
  `${recordCount} records of ${Math.round(json.length / recordCount)} bytes (JSON), ` +
    `${ruleset.rules.length} rules, median of ${rounds}, Node ${process.version}\n`,
);
console.log(
  `${''.padEnd(36)}${'records/s'.padStart(11)}${'MB/s'.padStart(8)}${'ms'.padStart(8)}${'x parse'.padStart(9)}`,
);
for (const { name, bytes, milliseconds } of rows) {
  const ms = median(milliseconds);
  console.log(
    name.padEnd(36) +
      Math.round(recordCount / (ms / 1000))
        .toString()
        .padStart(11) +
      (bytes / 1000 / ms).toFixed(0).padStart(8) +
      ms.toFixed(1).padStart(8) +
      (ms / unit).toFixed(2).padStart(9),
  );
}
