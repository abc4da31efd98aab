/** A process to be killed: delivers numbered batches to a sink, and prints which it has acknowledged. Arguments: the type of
 * the sink, its folder, the first number, and where files are uploaded, if they are. */

import { writeSync } from 'node:fs';
import { msgpack } from '../../../src/codecs/msgpack.ts';
import { noContext } from '../../../src/findings/context.ts';
import { encode } from '../../../src/msgpack/encode.ts';
import { openSink, type SinkConfig } from '../../../src/sinks/index.ts';
import { batchOf } from '../../batch/batch-of.ts';

const [type, path, first, upload] = process.argv.slice(2) as [SinkConfig['type'], string, string, string?];
const nothing = () => {};
const logger = { info: nothing, warn: nothing, error: nothing };

const config = {
  type,
  name: type,
  path,
  required: true,
  maxFileBytes: 1e6,
  maxFileSeconds: 3600,
  ...(upload && { upload }),
};
const sink = await openSink({ ...config, rows: 'records', codec: 'null' } as unknown as SinkConfig, {
  logger,
  eventsOf: () => [],
  environment: process.env,
  contextOf: noContext,
  onRetry: nothing,
  onDown: nothing,
  onSettled: nothing,
  onSpool: nothing,
});
const take = async (n: number) => {
  const event = encode([[1_700_000_000, {}], { n, pad: 'x'.repeat(Math.random() ** 4 * 300_000) }]);
  await sink.deliver(batchOf(msgpack, event, () => ({ v: 2, verdict: 'clear' })));
  writeSync(1, `${n}\n`);
};
for (let n = Number(first); ; n += 4) await Promise.all([n, n + 1, n + 2, n + 3].map(take));
