/** The oracle of the torture is itself tested: it has to notice what no receiver may do. */

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { codecFor } from '../../src/codecs/index.ts';
import { noContext } from '../../src/findings/context.ts';
import { openForward } from '../../src/sinks/forward/index.ts';
import type { Tag } from '../../src/tag.ts';
import { batchOf } from '../batch/batch-of.ts';
import { Oracle } from './oracle.ts';
import { openReceiver, type Sabotage } from './receiver.ts';
import { bodyOf, formats, isSpread, mediaTypes, PERIOD } from './records.ts';

const RECORDS = 2 * PERIOD;
const fluentTag = 'kube.audit';

/** Stands in for what Tripline finds: something in one of a hundred records. */
function tagOf(n: number): Tag {
  if (n % 100 !== 7) return { v: 2, verdict: isSpread(n) || n % 2 === 0 ? 'clear' : 'not_audit' };
  const id = String(n).padStart(8, '0').repeat(4);
  return { v: 2, verdict: 'match', rules: ['r'], findings: [{ id, rule: 'r', summary: '' } as any] };
}

/** Sends all records over a real connection, some of them twice. */
async function deliver(oracle: Oracle, sabotage?: Sabotage): Promise<void> {
  const receiver = await openReceiver({ port: 0, oracle, fluentTag: `tripline.${fluentTag}`, sabotage });
  const sink = openForward(
    {
      ...{ type: 'forward', name: 'forward', host: '127.0.0.1', port: receiver.port, tagPrefix: 'tripline.' },
      ...{ mode: 'forward', ackTimeoutSeconds: 10, maxFrameBytes: 1_000_000 },
    },
    {
      logger: pino({ level: 'silent' }),
      eventsOf: () => [],
      contextOf: noContext,
      onRetry() {},
      onDown() {},
      onSettled() {},
      onSpool() {},
    },
  );
  for (let from = 0; from < RECORDS; from += PERIOD) {
    const format = formats[(from / PERIOD) % formats.length]!;
    const body = bodyOf(from, from + PERIOD, format);
    const batch = { ...batchOf(codecFor(mediaTypes[format])!, body, (index) => tagOf(from + index)), fluentTag };
    await sink.deliver(batch);
    if (from === PERIOD) await sink.deliver(batch);
    oracle.acknowledge(from, from + PERIOD);
  }
  await sink.close();
  await receiver.kill();
}

const learning = new Oracle(RECORDS);
await deliver(learning);
const expected = learning.learned();

test('a correct delivery has no faults', async () => {
  const oracle = new Oracle(RECORDS, { expected });
  await deliver(oracle);
  expect(oracle.report()).toMatchObject({
    acknowledged: RECORDS,
    arrived: RECORDS + PERIOD,
    duplicates: PERIOD,
    faults: {},
  });
});

test.each<[Sabotage, object]>([
  ['drop', { missing: PERIOD }],
  ['byte', { bytes: 1 }],
  ['id', { duplicate: 2 }],
  ['verdict', { verdict: 1 }],
])('sabotage: %s', async (sabotage, faults) => {
  const oracle = new Oracle(RECORDS, { expected });
  await deliver(oracle, sabotage);
  expect(oracle.report().faults).toMatchObject(faults);
});
