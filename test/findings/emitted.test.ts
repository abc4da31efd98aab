import { expect, test } from 'vitest';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { loadConfig } from '../../src/config/index.ts';
import { openContext } from '../../src/findings/context.ts';
import { emittedOf } from '../../src/findings/emitted.ts';
import { processBatch } from '../../src/pipeline.ts';
import { eventReader, partsOf } from '../../src/pipeline-dependencies.ts';
import { bundledRules } from '../server/app.ts';
import { rulesetOf } from '../tagged.ts';

const event = (auditID: string, hostPID: boolean) => ({
  kind: 'Event',
  auditID,
  stage: 'ResponseComplete',
  verb: 'create',
  user: { username: `ann-${auditID}` },
  objectRef: { resource: 'pods', namespace: 'shop', name: 'web' },
  requestObject: { spec: { hostPID } },
  responseStatus: { code: 201 },
});

const config = loadConfig({
  path: undefined,
  overrides: { cluster: 'orchid' },
  environment: {},
  bundledRules,
});
const ruleset = rulesetOf('pod-host-pid');

async function tagged(records: readonly unknown[]) {
  const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const batch = { fluentTag: 'kube.audit', codec: ndjson, bytes, receivedUnixNano: 7n };
  return processBatch(
    batch,
    partsOf(config, () => ruleset, []),
  );
}

test('each finding has the event that it is about', async () => {
  const list = { kind: 'EventList', items: [event('1', false), event('2', true), event('3', true)] };
  const batch = await tagged([event('0', false), list]);
  const read: number[] = [];
  const eventsOf = (index: number) => {
    read.push(index);
    return eventReader(config)(batch, index);
  };
  const emitted = batch.records.map((_, index) => emittedOf(batch, index, eventsOf));
  expect(emitted[0]).toEqual([]);
  expect(read).toEqual([1]);
  expect(emitted[1]).toMatchObject([
    {
      ...{
        kind: 'finding',
        mode: 'live',
        cluster: 'orchid',
        platform: 'kubernetes',
        fluentTag: 'kube.audit',
        record: 1,
      },
      ...{ receivedUnixNano: 7n, ruleset: ruleset.hash, finding: { rule: 'pod-host-pid' } },
      event: { auditID: '2', username: 'ann-2' },
    },
    { event: { auditID: '3', username: 'ann-3' } },
  ]);
});

test('a record that cannot be read again has the event of its tag', async () => {
  const batch = await tagged([event('1', true)]);
  expect(emittedOf(batch, 0, () => [])).toMatchObject([{ event: { auditID: '1' } }]);
});

test('the context has the live rule', async () => {
  const batch = await tagged([event('1', true)]);
  const [emitted] = emittedOf(batch, 0, eventReader(config).bind(undefined, batch));
  expect(openContext({ ruleset: () => ruleset })(emitted!).rule).toBe(ruleset.rules[0]!.rule);
});

test('the context has the novelty that is remembered for the id', async () => {
  const batch = await tagged([event('1', true)]);
  const [emitted] = emittedOf(batch, 0, eventReader(config).bind(undefined, batch));
  const novelty = { times: 3, since: null };
  const noveltyOf = (id: string) => (id === emitted!.finding.id ? novelty : undefined);
  expect(openContext({ ruleset: () => ruleset, noveltyOf })(emitted!).novelty).toBe(novelty);
});
