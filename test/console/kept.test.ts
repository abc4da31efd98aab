/** What the processing thread keeps, and how it is asked for. */
import { describe, expect, test } from 'vitest';
import { codecFor } from '../../src/codecs/index.ts';
import type { Pulled } from '../../src/console/kept.ts';
import { openKeeper } from '../../src/console/kept.ts';
import { opener } from '../../src/console/rows.ts';
import { partsOf } from '../../src/pipeline-dependencies.ts';
import { Problem } from '../../src/problem.ts';
import { loadRules } from '../../src/rules/index.ts';
import { processHere } from '../../src/server/process-here.ts';
import { hostPidRules, podEvent } from '../server/app.ts';
import { configWith, eventOf, keeperFor, keptIn, portTo, tagged } from './kept.ts';

const clear = (auditID: string) => podEvent({ auditID, hostPID: false });

test('only records with a finding are kept, each once, however often its batch is repeated', async () => {
  const keeper = keeperFor(configWith());
  const batch = await tagged([clear('0'), eventOf('1'), clear('2'), eventOf('3')]);
  keeper.keep(batch);
  keeper.keep(batch);
  const kept = keptIn(keeper);
  expect(kept.map(({ seq, class: name }) => [seq, name])).toEqual([
    [1, 'live pod-host-pid'],
    [2, 'live pod-host-pid'],
  ]);
});

test('a record is read as it was, after the bytes of its batch are gone', async () => {
  const config = configWith();
  const open = opener(config);
  const batch = await tagged([clear('0'), eventOf('1')], config);
  const keeper = keeperFor(config);
  keeper.keep(batch);
  batch.bytes.fill(0);
  const [kept] = keptIn(keeper);
  const { events, emitted } = open(kept!);
  expect(events).toMatchObject([{ auditID: '1', user: { username: 'ann' } }]);
  expect(emitted).toMatchObject([{ kind: 'finding', fluentTag: 'kube.audit', finding: { rule: 'pod-host-pid' } }]);
});

test('a batch that is refused and sent again is kept once', async () => {
  const config = configWith();
  const keeper = keeperFor(config);
  const { ruleset } = loadRules(config);
  const down = {
    name: 'down',
    deliver: () => Promise.reject(new Problem('sink.unavailable', 'down')),
    close: async () => {},
  };
  const process = processHere(
    partsOf(config, () => ruleset, [down]),
    keeper.keep,
  );
  const send = () => {
    const bytes = Buffer.from(JSON.stringify([eventOf('1')]));
    const batch = { fluentTag: undefined, codec: codecFor('application/json')!, bytes, receivedUnixNano: 1n };
    const wanted = { reply: 'none', layout: 'same' } as const;
    return process(batch, wanted, new AbortController().signal, async () => {}).answered;
  };
  for (let attempt = 0; attempt < 3; attempt++) await expect(send()).rejects.toThrow('down');
  expect(keptIn(keeper)).toHaveLength(1);
});

test('a question is answered once there is something, with what came meanwhile', async () => {
  const keeper = keeperFor(configWith());
  const { pulled, ask } = portTo(keeper);
  ask({ kind: 'after', seq: 0, now: true });
  expect(pulled).toMatchObject([{ kind: 'kept', kept: [], isAll: true }]);
  ask({ kind: 'after', seq: 0, now: false });
  expect(pulled).toHaveLength(1);
  keeper.keep(await tagged([clear('0')]));
  expect(pulled).toHaveLength(1);
  keeper.keep(await tagged([eventOf('1'), eventOf('2')]));
  keeper.keep(await tagged([eventOf('3')]));
  expect(pulled).toHaveLength(2);
  expect((pulled[1] as Extract<Pulled, { kind: 'kept' }>).kept.map(({ seq }) => seq)).toEqual([1, 2]);
});

describe('bounds', () => {
  test('one record evicts no others: only the tag of a large one is kept', async () => {
    const keeper = keeperFor(configWith({ console: { maxFindingBytes: 65_536 } }));
    keeper.keep(await tagged([eventOf('1')]));
    keeper.keep(await tagged([eventOf('2', { annotations: { a: 'x'.repeat(100_000) } })]));
    const [small, large] = keptIn(keeper);
    expect([small!.bytes === undefined, large!.bytes === undefined]).toEqual([false, true]);
    expect(opener(configWith())(large!).emitted).toMatchObject([{ event: { auditID: '2' } }]);
  });

  test('the last batches are kept if records are', async () => {
    const keeper = keeperFor(configWith({ console: { maxRecordBytes: 3000 } }));
    const { pulled, ask } = portTo(keeper);
    for (let n = 0; n < 9; n++) keeper.keep(await tagged([clear(`${n}`)]));
    ask({ kind: 'batches' });
    const { batches } = pulled[0] as Extract<Pulled, { kind: 'batches' }>;
    const ids = batches.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString())[0].auditID);
    expect(ids).toEqual(['5', '6', '7', '8'].slice(-ids.length));
    expect(ids.length).toBeGreaterThan(1);
    expect(batches.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(3000);
  });

  test('nothing is allocated for records without a finding', async () => {
    const keeper = keeperFor(configWith());
    const batch = await tagged(Array.from({ length: 500 }, (_, n) => clear(`${n}`)));
    // Reading anything else of the batch would fail.
    const bare = { tags: batch.tags, records: batch.records } as unknown as typeof batch;
    bare.receivedUnixNano = 0n;
    expect(() => keeper.keep(bare)).not.toThrow();
  });
});

test('a defect fails no batch', async () => {
  const failures: unknown[] = [];
  const keeper = openKeeper({ ...configWith().console, onFailure: (error) => failures.push(error) });
  const batch = await tagged([eventOf('1')]);
  const broken = {
    ...batch.codec,
    select: () => {
      throw new Error('x');
    },
  };
  keeper.keep({ ...batch, codec: broken });
  expect(failures).toMatchObject([{ message: 'x' }]);
  expect(hostPidRules).toHaveLength(2);
});
