/** The JSON that a sink makes from MessagePack is the JSON that a real Fluent Bit makes from the same events. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { parseExactly } from '../../src/json/exact.ts';
import { jsonLines, jsonOf } from '../../src/sinks/encode/json.ts';
import { batchOf } from '../batch/batch-of.ts';
import { fluentBit, startProcess } from './processes.ts';

const lines = [
  '{"big":18446744073709551615,"small":-9223372036854775808,"float":1.0,"fraction":0.1,"zero":0}',
  '{"text":"é \\u0000 \\n \\"\\\\ 😀","nested":{"list":[1,[],{}],"null":null,"yes":true},"":"empty"}',
  '{"date":"its own","__internal__":{"own":1}}',
  '{}',
];

test.skipIf(fluentBit === undefined)(
  'is what Fluent Bit posts as JSON lines (FLUENT_BIT)',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-json-'));
    const bodies = new Map<string, Buffer[]>();
    const server = createServer(async (request, response) => {
      const path = request.url!;
      bodies.set(path, [...(bodies.get(path) ?? []), Buffer.concat(await request.toArray())]);
      response.writeHead(204).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const output = (format: string) =>
      `{ name: http, match: '*', host: 127.0.0.1, port: ${port}, uri: /${format}, format: ${format} }`;
    writeFileSync(join(folder, 'in.log'), lines.map((line) => `${line}\n`).join(''));
    writeFileSync(
      join(folder, 'fluent-bit.yaml'),
      `service: { flush: 0.2 }
parsers: [{ name: json, format: json }]
pipeline:
  inputs:
    - name: tail
      path: ${folder}/in.log
      read_from_head: true
      parser: json
      processors:
        logs: [{ name: content_modifier, context: otel_log_attributes, action: upsert, key: m, value: 5 }]
  outputs: [${output('msgpack')}, ${output('json_lines')}]
`,
    );
    const program = startProcess(fluentBit!, ['-c', join(folder, 'fluent-bit.yaml')], join(folder, 'log'));
    await expect.poll(() => [...bodies.keys()].sort(), { timeout: 20_000 }).toEqual(['/json_lines', '/msgpack']);
    await program.stop('SIGTERM');
    server.close();
    const batch = batchOf(msgpack, Buffer.concat(bodies.get('/msgpack')!), () => undefined);
    const ours = Buffer.concat([...jsonLines(batch, (of, index) => [jsonOf(of, index)])]).toString();
    const theirs = Buffer.concat(bodies.get('/json_lines')!).toString();
    expect(valuesIn(ours)).toEqual(valuesIn(theirs));
    rmSync(folder, { recursive: true });
  },
);

/** Members of each line in order; Fluent Bit rounds times to the microsecond. */
function valuesIn(text: string): [name: string, value: unknown][][] {
  const lines = text.trimEnd().split('\n');
  const rounded = (value: unknown) => (typeof value === 'number' ? value.toFixed(6) : value);
  return lines.map((line) =>
    Object.entries(parseExactly(line) as object).map(([name, value]) => [
      name,
      name === 'date' ? rounded(value) : value,
    ]),
  );
}
