/** Receipts add up, whatever fails and is sent again, and agree with what receivers have. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { codecFor } from '../src/codecs/index.ts';
import { loadConfig } from '../src/config/index.ts';
import { noContext } from '../src/findings/context.ts';
import type { Observer } from '../src/pipeline.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { Problem } from '../src/problem.ts';
import { processHere } from '../src/server/process-here.ts';
import { choice } from '../src/sinks/choice/choice.ts';
import type { Sink } from '../src/sinks/sink.ts';
import { openSpool } from '../src/sinks/spool/index.ts';
import { openTagLabels } from '../src/telemetry/tag-labels.ts';
import fc from './properties.ts';
import { bundledRules } from './server/app.ts';
import { fluentMsgpack, rulesetOf } from './tagged.ts';

const ruleset = rulesetOf('pod-host-pid');

const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
const parts = partsOf(config, () => ruleset, []);

/** Counts as the instruments do, by name and attributes. */
function counting() {
  const counts: Record<string, number> = {};
  const add = (name: string, records: number) => (counts[name] = (counts[name] ?? 0) + records);
  const observer: Observer = {
    traced: async (_, run) => run(),
    findingSpans: () => undefined,
    countDetections: () => {},
    countReceipts: (step, fluentTag, records) => add(`${fluentTag} ${step}`, records),
    countSinkRecords: (sink, result, fluentTag, records) => add(`${fluentTag} ${sink} ${result}`, records),
  };
  return { observer, of: (...names: string[]) => counts[names.join(' ')] ?? 0 };
}

/** What a receiver does with each delivery in turn, and after the last one `take`. */
type Answer = 'take' | 'set one aside' | 'refuse' | 'take and break off';

function receiver(name: string, answers: Answer[]) {
  /** Records that it has, by Fluent tag, and those that it could not acknowledge. */
  const has = new Map<string, { all: number; unsaid: number; setAside: number }>();
  const sink: Sink = {
    name,
    async deliver({ fluentTag, records }) {
      const number = records.filter(({ kind }) => kind !== 'group').length;
      if (fluentTag === 'loop') return { kind: 'withheld', records: number, reason: 'a loop' };
      await setImmediate();
      const answer = answers.shift() ?? 'take';
      if (answer === 'refuse') throw new Problem('sink.unavailable', 'it refuses');
      const own = has.get(fluentTag!) ?? { all: 0, unsaid: 0, setAside: 0 };
      has.set(fluentTag!, own);
      own.all += number;
      if (answer === 'take') return { kind: 'acknowledged', records: number };
      if (answer === 'set one aside' && number > 0) {
        own.all--;
        own.setAside++;
        return { kind: 'acknowledged', records: number - 1, setAside: 1 };
      }
      own.unsaid += number;
      throw new Problem('sink.unavailable', 'it breaks off');
    },
    async close() {},
  };
  return { sink, of: (fluentTag: string) => has.get(fluentTag) ?? { all: 0, unsaid: 0, setAside: 0 } };
}

const answers = fc.array(fc.constantFrom<Answer>('take', 'take', 'set one aside', 'refuse', 'take and break off'), {
  maxLength: 20,
});
/** A chunk that its sender repeats until it is answered, and when it gives up waiting, by attempt. */
const chunk = fc.record({
  fluentTag: fc.constantFrom('a', 'b', 'loop'),
  records: fc.integer({ min: 1, max: 9 }),
  markers: fc.integer({ min: 0, max: 1 }),
  leaves: fc.array(fc.constantFrom('stays', 'before the tags', 'while it is delivered', 'sends twice at once'), {
    maxLength: 3,
  }),
});

const results = ['acknowledged', 'withheld', 'set_aside', 'failed', 'repeated', 'not_chosen'];

test('received is tagged and unfinished, and each sink accounts for what is tagged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), answers, answers, async (chunks, ofOne, ofOther) => {
      const counts = counting();
      const receivers = [receiver('one', ofOne), receiver('other', ofOther)];
      const [one, other] = receivers.map(({ sink }) => sink) as [Sink, Sink];
      const onSettled = counts.observer.countSinkRecords;
      const sinks = [
        one,
        choice(other, { verdicts: ['not_audit'], fluentTags: ['*a', 'loop'] }, { onSettled, contextOf: noContext }),
      ];
      const process = processHere({ ...parts, sinks, observer: counts.observer });
      const sent: Record<string, { chunks: number; attempts: number }> = {};

      for (const [index, { fluentTag, records, markers, leaves }] of chunks.entries()) {
        const bytes = bodyOf(index, records, markers);
        const of = (sent[fluentTag] ??= { chunks: 0, attempts: 0 });
        of.chunks += records;
        for (let isAnswered = false, attempt = 0; !isAnswered; attempt++) {
          const how = leaves[attempt] ?? 'stays';
          const sends = how === 'sends twice at once' ? ['stays', 'stays'] : [how];
          of.attempts += records * sends.length;
          const answers = await Promise.all(sends.map((one) => send(process, fluentTag, bytes, one)));
          isAnswered = answers.includes(true);
        }
      }

      for (const [fluentTag, { chunks, attempts }] of Object.entries(sent)) {
        const of = (...names: string[]) => counts.of(fluentTag, ...names);
        expect(of('received') + of('joined')).toBe(attempts);
        expect(of('tagged') + of('unfinished')).toBe(of('received'));
        for (const { sink, of: has } of receivers) {
          const settled = results.map((result) => of(sink.name, result));
          expect(settled.reduce((sum, each) => sum + each)).toBe(of('tagged'));
          const { all, unsaid, setAside } = has(fluentTag);
          expect([of(sink.name, 'acknowledged'), of(sink.name, 'set_aside')]).toEqual([all - unsaid, setAside]);
          // Each chunk was acknowledged at least once.
          const done = ['acknowledged', 'withheld', 'set_aside', 'not_chosen'].map((result) => of(sink.name, result));
          expect(done.reduce((sum, each) => sum + each)).toBeGreaterThanOrEqual(chunks);
        }
      }
    }),
    { numRuns: 60 },
  );
});

const groupMarker = Buffer.from('9292d700ffffffff000000008080', 'hex');

function bodyOf(index: number, records: number, markers: number): Uint8Array {
  const event = { apiVersion: 'audit.k8s.io/v1', kind: 'Event' };
  const all = Array.from({ length: records }, (_, record) =>
    fluentMsgpack({ index, record, ...(record % 3 === 1 && event) }),
  );
  return Buffer.concat([...Array.from({ length: markers }, () => groupMarker), ...all]);
}

/** Resolves with whether its sender received a successful answer. */
async function send(
  process: ReturnType<typeof processHere>,
  fluentTag: string,
  bytes: Uint8Array,
  leaves: string,
): Promise<boolean> {
  const leaving = new AbortController();
  const gone = new Problem('request.abandoned', 'it has gone');
  const codec = codecFor('application/msgpack')!;
  const batch = { fluentTag, codec, bytes, receivedUnixNano: 1n };
  const pause = async () => {
    if (leaves === 'before the tags') throw gone;
  };
  const { tagged, answered } = process(batch, { reply: 'none', layout: 'same' }, leaving.signal, pause);
  const isTagged = await tagged.then(
    () => true,
    () => false,
  );
  if (isTagged && leaves === 'while it is delivered') leaving.abort(gone);
  const isGood = await answered.then(
    () => true,
    () => false,
  );
  return isGood && leaves === 'stays';
}

test('a spool accounts for what it accepts, also after a restart', async () => {
  const path = mkdtempSync(join(tmpdir(), 'receipts-'));
  const settings = { path, maxBytes: 64 * 1024 * 1024, maxAgeSeconds: 3600 };
  const ignore = () => {};
  const logger = { info: ignore, warn: ignore, error: ignore };
  const bytes = [3, 4].map((records, index) => bodyOf(index, records, 1));
  const start = async (answers: Answer[]) => {
    const counts = counting();
    const there = receiver('one', answers);
    const onSettled = counts.observer.countSinkRecords;
    const dependencies = {
      logger,
      eventsOf: () => [],
      contextOf: noContext,
      onRetry: ignore,
      onDown: ignore,
      onSpool: ignore,
      onSettled,
    };
    const sink = await openSpool(there.sink, settings, dependencies);
    const process = processHere({ ...parts, sinks: [sink], observer: counts.observer });
    return { counts, sink, there, send: (body: Uint8Array) => send(process, 'a', body, 'stays') };
  };

  const first = await start(Array.from({ length: 1000 }, () => 'refuse' as const));
  for (const body of [...bytes, bytes[0]!]) expect(await first.send(body)).toBe(true);
  await first.sink.close();
  const of = (result: string) => first.counts.of('a', 'one', result);
  expect([of('spooled'), of('repeated'), of('restored'), of('acknowledged')]).toEqual([7, 3, 0, 0]);
  expect(first.counts.of('a', 'tagged')).toBe(of('spooled') + of('repeated'));

  const second = await start([]);
  expect(await second.send(bodyOf(2, 5, 0))).toBe(true);
  const then = (result: string) => second.counts.of('a', 'one', result);
  await vi.waitFor(() => expect(then('acknowledged')).toBe(12), 10_000);
  expect([then('restored'), then('spooled')]).toEqual([7, 5]);
  expect(second.there.of('a').all).toBe(12);
  await second.sink.close();
});

describe('labels of Fluent tags', () => {
  test('are limited to the allowed number, however many tags there are', () => {
    const labelOf = openTagLabels(3);
    const labels = new Set(Array.from({ length: 1000 }, (_, index) => labelOf(`kube.${index}`)));
    expect([...labels]).toEqual(['kube.0', 'kube.1', 'kube.2', 'other']);
    expect(labelOf('kube.1')).toBe('kube.1');
  });

  test.each([
    ['no tag', undefined, 'untagged'],
    ['an empty tag', '', 'untagged'],
    ['a long tag', 'x'.repeat(129), 'other'],
    ['a control character', 'a\nb', 'other'],
    ['a direction mark', 'a\u202eb', 'other'],
    ['words of any script', 'kube.журнал', 'kube.журнал'],
  ])('%s', (_, fluentTag, label) => expect(openTagLabels()(fluentTag)).toBe(label));
});
