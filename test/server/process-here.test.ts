/** A batch that joins the attempt at an equal one survives after the other has given its bytes back. */
import { expect, test } from 'vitest';
import { codecFor } from '../../src/codecs/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import type { Observer } from '../../src/pipeline.ts';
import { partsOf } from '../../src/pipeline-dependencies.ts';
import { Problem } from '../../src/problem.ts';
import { processHere } from '../../src/server/process-here.ts';
import type { Wanted } from '../../src/server/processor.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { plainEvents } from '../fast-path/records.ts';
import { rulesetOf } from '../tagged.ts';
import { bundledRules } from './app.ts';

const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
const text = JSON.stringify([plainEvents['pod create'], { other: 1 }]);
const here = new AbortController().signal;
const pause = async () => {};

const batch = () => ({
  fluentTag: 'kube.audit',
  codec: codecFor('application/json')!,
  bytes: Uint8Array.from(Buffer.from(text)),
  receivedUnixNano: 1_767_323_045_000_000_000n,
});

test.each<Wanted>([
  { reply: 'none', layout: 'same' },
  { reply: 'records', layout: 'same' },
  { reply: 'records', layout: 'avro' },
])('$reply, $layout', async (wanted) => {
  const failing = Promise.withResolvers<void>();
  const arriving = Promise.withResolvers<void>();
  let deliveries = 0;
  const sink: Sink = {
    name: 'memory',
    async deliver({ records }) {
      if (++deliveries === 1) {
        await failing.promise;
        throw new Problem('sink.unavailable', 'it refuses');
      }
      await arriving.promise;
      return { kind: 'acknowledged', records: records.length };
    },
    async close() {},
  };
  const counted: unknown[] = [];
  const observer: Observer = {
    traced: async (_, run) => run(),
    findingSpans: () => undefined,
    countDetections: (detections) =>
      counted.push(...detections.map((one) => one && 'event' in one && one.event.stageTimestamp)),
    countReceipts: () => {},
    countSinkRecords: () => {},
  };
  const process = processHere({ ...partsOf(config, () => rulesetOf('pod-host-pid'), [sink]), observer });
  const [first, second] = [batch(), batch()];
  const own = process(first, { reply: 'none', layout: 'same' }, here, pause);
  const joined = process(second, wanted, here, pause);
  await Promise.all([own.tagged, joined.tagged]);
  failing.resolve();
  await expect(own.answered).rejects.toMatchObject({ code: 'sink.unavailable' });
  first.bytes.buffer.transfer(0);
  arriving.resolve();
  const { records, reply } = await joined.answered;
  expect([records, reply?.mediaType]).toEqual([
    2,
    reply && expect.stringMatching(wanted.layout === 'avro' ? /avro/ : /json/),
  ]);
  expect(deliveries).toBe(2);
  expect(counted).toEqual([plainEvents['pod create'].stageTimestamp, false]);
});
