/** A process to be killed: accepts numbered batches into a spool, prints which it has accepted, and sends them to a file.
 * Arguments: the folder, the first number, and how many batches; without a number of them, until it is killed. */

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codecFor } from '../../../src/codecs/index.ts';
import { noContext } from '../../../src/findings/context.ts';
import { Problem } from '../../../src/problem.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { openSpool } from '../../../src/sinks/spool/index.ts';
import { batchOf } from '../../batch/batch-of.ts';

const [folder, first, count = 'Infinity'] = process.argv.slice(2) as [string, string, string?];
const nothing = () => {};
const logger = { info: nothing, warn: nothing, error: nothing };

const place: Sink = {
  name: 'file',
  async deliver({ fluentTag }) {
    if (Math.random() < 0.1) throw new Problem('sink.unavailable', 'down');
    appendFileSync(join(folder, 'sent'), `${fluentTag}\n`);
    return { kind: 'acknowledged', records: 1 };
  },
  close: async () => {},
};
const sink = await openSpool(
  place,
  { path: join(folder, 'spool'), maxBytes: 16 * 1024 * 1024, maxAgeSeconds: 3600 },
  {
    logger,
    eventsOf: () => [],
    contextOf: noContext,
    onRetry: nothing,
    onDown: nothing,
    onSettled: nothing,
    onSpool: nothing,
  },
);
const take = async (n: number) => {
  const body = Buffer.from(JSON.stringify([{ n, pad: 'x'.repeat(Math.random() ** 4 * 300_000) }]));
  const batch = batchOf(codecFor('application/json')!, body, () => ({ v: 2, verdict: 'clear' }));
  await sink.deliver({ ...batch, fluentTag: String(n) });
  process.stdout.write(`${n}\n`);
};
for (let n = Number(first); n < Number(first) + Number(count); n += 4) {
  await Promise.allSettled([n, n + 1, n + 2, n + 3].map(take));
}
await sleep(500);
await sink.close();
