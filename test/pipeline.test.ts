import { expect, test } from 'vitest';
import { codecFor } from '../src/codecs/index.ts';
import { loadConfig } from '../src/config/index.ts';
import { Ruleset } from '../src/detect.ts';
import { processBatch, tagBatch } from '../src/pipeline.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { Problem } from '../src/problem.ts';
import { compileRule, parseRule, parseRules, resolveCorrelations } from '../src/sigma/index.ts';
import { bundledRules, podEvent } from './server/app.ts';

const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });

/** A rule about ann and mallory that is decided by code of the test. */
function ruleset(decide: (username: unknown) => boolean) {
  const { rule } = parseRule(
    `title: T
logsource: { product: kubernetes }
detection: { ann: { username: ann }, mallory: { username: mallory }, condition: ann or mallory }`,
    't.yml',
  );
  const compiled = compileRule(rule!);
  const rules = [{ ...compiled, decide: (lookup: any) => decide(lookup('username').values[0]) }];
  return new Ruleset(rules, [], 'h');
}

function run(records: unknown[], rules: Ruleset) {
  const bytes = Buffer.from(JSON.stringify(records));
  const batch = { fluentTag: 'kube.audit', codec: codecFor('application/json')!, bytes, receivedUnixNano: 1n };
  return processBatch(
    batch,
    partsOf(config, () => rules, []),
  );
}

test('an internal defect on one record is an error on that record, and its neighbours are evaluated', async () => {
  const rules = ruleset((username) => {
    if (username === 'mallory') throw new TypeError('of undefined');
    return true;
  });
  const mallory = { ...podEvent(), user: { username: 'mallory' } };
  const { tags, detections } = await run([podEvent(), mallory, podEvent({ auditID: 'a-2' })], rules);
  expect(tags.map((tag) => tag?.verdict)).toEqual(['match', 'error', 'match']);
  expect(tags[1]?.problem).toEqual({ code: 'record.failed', message: 'of undefined' });
  expect(detections[1]).toMatchObject({ problem: { cause: expect.any(TypeError) } });
});

test('after an internal defect on one event of a record, its other events are still evaluated', async () => {
  const rules = ruleset((username) => {
    if (username === 'mallory') throw new TypeError('of undefined');
    return true;
  });
  const items = [
    podEvent(),
    { ...podEvent({ auditID: 'a-2' }), user: { username: 'mallory' } },
    podEvent({ auditID: 'a-3' }),
  ];
  const { tags } = await run([{ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items }], rules);
  expect(tags[0]).toMatchObject({ verdict: 'match', problem: { code: 'record.failed' } });
  expect(tags[0]?.findings?.map(({ event }) => event)).toEqual([0, 2]);
});

test('a defect in a correlation is reported on that record, and does not fail its batch again and again', async () => {
  const rules = new Ruleset(ruleset(() => true).rules, [{} as any], 'h');
  const bytes = Buffer.from(JSON.stringify(['a', 'b', 'c'].map((auditID) => podEvent({ auditID }))));
  const batch = { fluentTag: 'k', codec: codecFor('application/json')!, bytes, receivedUnixNano: 1n };
  const send = (error: Error) =>
    processBatch(batch, {
      ...partsOf(config, () => rules, []),
      correlate(evaluated) {
        if (evaluated.kind === 'audit' && evaluated.events[0].auditID === 'b') throw error;
        return { raised: [], reported: [], withheld: new Map() };
      },
    });
  const { tags } = await send(new TypeError('of undefined'));
  expect(tags.map((tag) => tag?.verdict)).toEqual(['match', 'match', 'match']);
  expect(tags.map((tag) => tag?.problem?.code)).toEqual([undefined, 'record.failed', undefined]);
  await expect(send(new Problem('server.overloaded', 'the store'))).rejects.toThrow('the store');
});

test('every record has its tag at its own index', async () => {
  const records = [podEvent(), 7, { log: 'text' }, 'x', podEvent({ hostPID: false })];
  const { tags } = await run(
    records,
    ruleset((username) => username === 'ann'),
  );
  expect(tags.map((tag) => tag?.verdict)).toEqual(['match', 'error', 'not_audit', 'error', 'match']);
});

test('a batch is decided by one rule set, even if the rules change meanwhile', async () => {
  let asked = 0;
  const parts = partsOf(config, () => new Ruleset(ruleset(() => true).rules, [], `h${asked++}`), []);
  const bytes = Buffer.from(JSON.stringify([podEvent(), podEvent()]));
  const { tags } = await processBatch(
    { fluentTag: undefined, codec: codecFor('application/json')!, bytes, receivedUnixNano: 1n },
    parts,
  );
  expect(asked).toBe(1);
  expect(new Set(tags.map((tag) => tag?.ruleset))).toEqual(new Set(['h0']));
});

test('a batch that is retried after a sink failed has equal tags, even with other batches in between', async () => {
  const text = `
title: Pods
name: pods
logsource: { product: kubernetes }
detection: { s: { resource: pods }, condition: s }
---
title: Three pods
name: three-pods
correlation: { type: event_count, rules: [pods], group-by: [username], timespan: 1m, condition: { gte: 3 } }
---
title: A name
name: a-name
correlation: { type: new_terms, rules: [pods], timespan: 1h, condition: { field: username }, generate: true }
tripline: { learning: 0s }
`;
  const { rules, correlations } = parseRules(text, 'rules.yml');
  const compiled = rules.map((rule) => compileRule(rule));
  const live = new Ruleset(compiled, resolveCorrelations(correlations, rules).correlations, 'h');
  let failing = true;
  const delivered: unknown[] = [];
  const sink = {
    name: 'flaky',
    async deliver({ tags }: { tags: readonly unknown[] }) {
      delivered.push(tags);
      if (failing) throw new Problem('sink.unavailable', 'down');
      return { kind: 'acknowledged' as const, records: tags.length };
    },
    close: async () => {},
  };
  const parts = partsOf(config, () => live, [sink]);
  const send = (...ids: string[]) => {
    const bytes = Buffer.from(JSON.stringify(ids.map((auditID) => podEvent({ auditID }))));
    const receivedUnixNano = BigInt(Date.parse('2026-01-02T03:04:06Z')) * 1_000_000n;
    return processBatch({ fluentTag: 'k', codec: codecFor('application/json')!, bytes, receivedUnixNano }, parts);
  };

  await expect(send('a', 'b', 'c', 'd')).rejects.toMatchObject({ code: 'sink.unavailable' });
  await expect(send('e', 'f')).rejects.toMatchObject({ code: 'sink.unavailable' });
  failing = false;
  const { tags } = await send('a', 'b', 'c', 'd');
  expect(tags.map((tag) => tag?.rules)).toEqual([['a-name'], undefined, ['three-pods'], undefined]);
  expect(delivered[2]).toEqual(delivered[0]);
  expect((await send('e', 'f')).tags).toEqual(delivered[1]);
});

test('a batch pauses within its steps, by the bytes of its records, and before it is delivered', async () => {
  const pausesOf = async (count: number) => {
    const bytes = Buffer.from(JSON.stringify(Array.from({ length: count }, () => podEvent())));
    let pauses = 0;
    const batch = { fluentTag: undefined, codec: codecFor('application/json')!, bytes, receivedUnixNano: 1n };
    const parts = partsOf(config, () => ruleset(() => true), []);
    await tagBatch(batch, parts, async () => void pauses++);
    return { pauses, bytes: bytes.length };
  };
  const few = await pausesOf(1);
  expect(few.pauses).toBe(5);
  const many = await pausesOf(4000);
  // Four steps go through all records.
  expect(many.pauses).toBeGreaterThan((4 * many.bytes) / (160 * 1024));
});

test('records of a long batch are tagged before later ones are read', async () => {
  const rules = ruleset((username) => username === 'mallory');
  const parts = partsOf(config, () => rules, []);
  const records = Array.from({ length: 600 }, (_, index) => ({
    ...podEvent({ auditID: `a-${index}` }),
    responseObject: 'x'.repeat(8_000),
  }));
  const bytes = Buffer.from(JSON.stringify(records));
  const batch = { fluentTag: undefined, codec: codecFor('application/json')!, bytes, receivedUnixNano: 1n };
  let [underWay, most] = [0, 0];
  const codec = {
    ...batch.codec,
    read: (...args: Parameters<typeof batch.codec.read>) => {
      most = Math.max(most, ++underWay);
      return batch.codec.read(...args);
    },
  };
  const tagger = (hash: string) => {
    const tagOf = parts.tagger(hash);
    return (detection: Parameters<typeof tagOf>[0]) => {
      underWay--;
      return tagOf(detection);
    };
  };
  const { outlining: _, ...plain } = parts;
  const { tags } = await tagBatch({ ...batch, codec }, { ...plain, tagger }, async () => {});
  expect(tags.map((tag) => tag?.verdict)).toEqual(records.map(() => 'clear'));
  expect(bytes.length).toBeGreaterThan(4 * 1024 * 1024);
  expect(most).toBeLessThan(200);
});
