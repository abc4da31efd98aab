import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Problem } from '../../../src/problem.ts';
import { bestEffort } from '../../../src/sinks/best-effort/best-effort.ts';
import type { DeliveryResult, Sink } from '../../../src/sinks/sink.ts';
import { numberedBatch, recorder } from '../contract.ts';

/** A sink whose deliveries end when the test says so. */
function heldSink() {
  const held: PromiseWithResolvers<DeliveryResult>[] = [];
  const given: Uint8Array[] = [];
  const sink: Sink = {
    name: 'held',
    refusal: () => 'is down',
    deliver(batch) {
      given.push(batch.bytes);
      const one = Promise.withResolvers<DeliveryResult>();
      held.push(one);
      return one.promise;
    },
    async close() {},
  };
  return { sink, held, given };
}

test('holds up no sender, and reports what became of the records', async () => {
  const { sink, held } = heldSink();
  const { settled, lines, ...dependencies } = recorder();
  const { deliver, refusal, close } = bestEffort(sink, dependencies);
  expect(refusal).toBeUndefined();
  expect(await deliver(numberedBatch(3))).toEqual({ kind: 'begun', records: 3 });
  expect(await deliver(numberedBatch(2))).toEqual({ kind: 'begun', records: 2 });
  held[0]!.reject(new Problem('sink.unavailable', 'it is down'));
  held[1]!.resolve({ kind: 'acknowledged', records: 2 });
  await close();
  expect(settled).toEqual([
    ['failed', 3],
    ['acknowledged', 2],
  ]);
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringMatching(/lost to sink held.*it is down/) }]);
});

test('copies the bytes, as the memory of a batch is reused once it is answered', async () => {
  const { sink, given } = heldSink();
  const batch = numberedBatch(1);
  const before = Buffer.from(batch.bytes).toString('hex');
  await bestEffort(sink, recorder()).deliver(batch);
  batch.bytes.fill(0);
  expect(Buffer.from(given[0]!).toString('hex')).toBe(before);
});

test('holds 64 MiB at most, and counts what it did not accept', async () => {
  const { sink, held, given } = heldSink();
  const { settled, ...dependencies } = recorder();
  const { deliver } = bestEffort(sink, dependencies);
  const batch = numberedBatch(1, { padBytes: 30 * 1024 * 1024 });
  for (let n = 0; n < 3; n++) await deliver(batch);
  expect(given).toHaveLength(2);
  expect(settled).toEqual([['failed', 1]]);
  held[0]!.resolve({ kind: 'acknowledged', records: 1 });
  await setImmediate();
  await deliver(batch);
  expect(given).toHaveLength(3);
});
