/**
 * What tagging costs, by format: `npm run bench`.
 *
 * Every row works on the same records in the same process, in turn and several times over; shown is the median. The
 * last column is the time of a row in times that of JSON.parse on the JSON body: machines differ, this ratio hardly.
 */
import { join } from 'node:path';
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
import { measure, type Row, row, table } from './measure.ts';

const recordCount = 2500;
const bundledRules = fileURLToPath(new URL('../rules', import.meta.url));
/** Few: what rules cost is shown by rules.ts. */
const rules = ['pod', 'workload'].map((kind) => join(bundledRules, `kubernetes/${kind}-host-pid.yml`));

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

const { ruleset } = loadRules({ rules });
const config = loadConfig({
  path: undefined,
  overrides: { listen: '127.0.0.1:0', logLevel: 'error', rules },
  environment: {},
  bundledRules,
});
const parts = partsOf(config, () => ruleset, []);
const sidecar = await serve(config, { environment: {}, logger: pino({ level: 'error' }, pino.destination(2)) });

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

await measure(rows);
await sidecar.stop();
console.log(table(rows, recordCount, `${ruleset.rules.length} rules`));
