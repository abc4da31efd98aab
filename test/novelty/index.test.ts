import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { loadConfig } from '../../src/config/index.ts';
import type { Detection } from '../../src/detect.ts';
import { type NoveltyMemory, openNovelty } from '../../src/novelty/index.ts';
import { processBatch } from '../../src/pipeline.ts';
import { partsOf } from '../../src/pipeline-dependencies.ts';
import type { AuditEvent, Finding, Report } from '../../src/record.ts';
import { memoryStore } from '../../src/state/memory.ts';
import { loadState, saveState } from '../../src/state/snapshot.ts';
import fc from '../properties.ts';
import { bundledRules } from '../server/app.ts';
import { rulesetOf } from '../tagged.ts';

const START = Date.UTC(2026, 0, 1);
const timeOf = (second: number) => new Date(START + second * 1000).toISOString();
const received = BigInt(START + 86_400_000 * 30) * 1_000_000n;

interface Match {
  id: string;
  /** Seconds; undefined if it is not known. */
  second?: number;
  user?: string;
  rule?: string;
  resource?: string;
  cluster?: string;
}

const event = ({ user = 'ann', resource = 'pods', cluster = 'blue' }: Match) =>
  ({
    cluster: { name: cluster },
    user: { username: user, groups: [] },
    impersonatedUser: null,
    clientIPs: [],
    objectRef: { resource, apiGroup: '', subresource: '' },
    gaps: {},
  }) as unknown as AuditEvent;

const finding = ({ id, second, rule = 'r' }: Match) =>
  ({ id, rule, event: 0, ...(second !== undefined && { time: timeOf(second) }) }) as Finding;

const none = { findings: [], shadow: [], reports: [], shadowReports: [], undecided: [], silenced: [] };

function detected(match: Match): Detection {
  return { ...none, verdict: 'match', events: [event(match)], event: event(match), findings: [finding(match)] };
}

function counted(memory: NoveltyMemory, ...matches: Match[]) {
  return matches.map((match) => {
    memory.count(detected(match), received);
    return memory.of(match.id);
  });
}

/** A store of a bounded size, and the memory on it. */
function opened(maxBytes?: number) {
  const store = memoryStore({
    maxBytes,
    onEvict: (space, _, place, latest) => void memory.evicted(space, place, latest),
  });
  const memory: NoveltyMemory = openNovelty(store);
  return { store, memory };
}

test('says how often, and since when', () => {
  const { memory } = opened();
  const [first, second, third] = counted(memory, ...[0, 10, 20].map((at) => ({ id: `${at}`, second: at })));
  expect(first).toEqual({ times: 0, since: null });
  expect(second).toEqual({ times: 1, since: timeOf(0) });
  expect(third).toEqual({ times: 2, since: timeOf(0) });
});

test('another user, rule, kind of object or cluster is new, since the first finding in its cluster', () => {
  const { memory } = opened();
  counted(memory, { id: '0', second: 0 });
  const others = counted(
    memory,
    { id: '1', second: 5, user: 'bob' },
    { id: '2', second: 5, rule: 'other' },
    { id: '3', second: 5, resource: 'secrets' },
  );
  for (const other of others) expect(other).toEqual({ times: 0, since: timeOf(0) });
  expect(counted(memory, { id: '4', second: 5, cluster: 'green' })).toEqual([{ times: 0, since: null }]);
});

test('a repeated finding is answered as before, however often and whatever came between', () => {
  const users = fc.constantFrom('ann', 'bob');
  const matches = fc.array(fc.record({ id: fc.nat({ max: 30 }).map(String), user: users }), { maxLength: 60 });
  fc.assert(
    fc.property(matches, (sent) => {
      const { memory } = opened();
      const answers = new Map<string, unknown>();
      for (const { id, user } of sent) {
        const [answer] = counted(memory, { id, user: `${user}${Number(id) % 2}`, second: Number(id) });
        if (answers.has(id)) expect(answer).toEqual(answers.get(id));
        answers.set(id, answer);
      }
      for (const [id, answer] of answers) expect(memory.of(id)).toEqual(answer);
    }),
    { numRuns: 50 },
  );
});

test('an old log is counted without what came after it in time, and does not make today old', () => {
  const { memory } = opened();
  const day = 86_400;
  counted(memory, ...[20, 21, 22].map((at) => ({ id: `now ${at}`, second: at * day })));
  const old = counted(memory, ...[1, 2].map((at) => ({ id: `old ${at}`, second: at * day })));
  expect(old).toEqual([
    { times: 0, since: null },
    { times: 1, since: timeOf(day) },
  ]);
  expect(counted(memory, { id: 'next', second: 23 * day })).toEqual([{ times: 5, since: timeOf(day) }]);
});

test('a finding without a time counts with the last, and one ahead of the clock counts no later than the clock', () => {
  const { memory } = opened();
  counted(memory, { id: '0', second: 0 });
  expect(counted(memory, { id: '1' })).toEqual([{ times: 1, since: timeOf(0) }]);
  counted(memory, { id: '2', second: 10 * 365 * 86_400 });
  expect(counted(memory, { id: '3', second: 31 * 86_400 })).toEqual([{ times: 3, since: timeOf(0) }]);
});

test('nothing is said if it is not known who did it', () => {
  const { memory, store } = opened();
  expect(counted(memory, { id: '0', second: 0, user: '' })).toEqual([undefined]);
  expect(store.entries()).toBe(0);
});

test('a report is about what its events share', () => {
  const { memory } = opened();
  const report = (id: string, user: string, second: number) => {
    const correlation = { group: [{ field: 'username', values: [user] }] };
    const one = { id, rule: 'burst', time: timeOf(second), correlation } as Report;
    memory.count({ ...none, verdict: 'clear', events: [], event: event({ id: '' }), reports: [one] }, received);
    return memory.of(id);
  };
  report('0', 'ann', 0);
  expect(report('1', 'ann', 60)).toEqual({ times: 1, since: timeOf(0) });
  expect(report('2', 'bob', 60)).toEqual({ times: 0, since: timeOf(0) });
});

test('a restart keeps what was remembered', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tripline-')), 'state.ndjson');
  const before = opened();
  counted(before.memory, { id: '0', second: 0 }, { id: '1', second: 1 });
  await saveState(path, before.store);
  const after = opened();
  await loadState(path, after.store);
  expect(after.memory.of('1')).toEqual({ times: 1, since: timeOf(0) });
  const answers = counted(
    after.memory,
    { id: '1', second: 1 },
    { id: '2', second: 2 },
    { id: '3', second: 3, user: 'b' },
  );
  expect(answers).toEqual([
    { times: 1, since: timeOf(0) },
    { times: 2, since: timeOf(0) },
    { times: 0, since: timeOf(0) },
  ]);
});

test('memory is bounded, and what is forgotten is never called new since a time before it was forgotten', () => {
  const maxBytes = 200_000;
  const { memory, store } = opened(maxBytes);
  const last = new Map<string, number>();
  let forgotten = 0;
  for (let second = 0; second < 3000; second++) {
    const user = `user ${(second * 7919) % 1009}`;
    const [novelty] = counted(memory, { id: `${second}`, second, user });
    const before = last.get(user);
    if (before !== undefined && novelty!.times === 0) {
      forgotten++;
      expect(novelty!.since === null || novelty!.since >= timeOf(before)).toBe(true);
    }
    last.set(user, second);
  }
  expect(forgotten).toBeGreaterThan(100);
  expect(store.bytes()).toBeLessThanOrEqual(maxBytes);
});

test('one user with many findings does not evict those of others', () => {
  const { memory } = opened(200_000);
  counted(memory, { id: 'ann', second: 0 });
  for (let i = 0; i < 2000; i++) counted(memory, { id: `${i}`, second: i, user: 'mallory', resource: `kind ${i}` });
  expect(memory.of('ann')).toEqual({ times: 0, since: null });
});

test('records are tagged as without novelty, and a repeated batch is answered the same', async () => {
  const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
  const ruleset = rulesetOf('pod-host-pid');
  const record = (auditID: string, second: number) => ({
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', auditID, stage: 'ResponseComplete', verb: 'create' },
    ...{ user: { username: 'ann', groups: [] }, sourceIPs: ['198.51.100.9'], responseStatus: { code: 201 } },
    objectRef: { resource: 'pods', namespace: 'shop', name: 'web', apiVersion: 'v1' },
    requestURI: '/api/v1/namespaces/shop/pods',
    requestReceivedTimestamp: timeOf(second),
    stageTimestamp: timeOf(second),
    requestObject: { kind: 'Pod', spec: { hostPID: true } },
  });
  const lines = ['a', 'b', 'c'].map((auditID, second) => JSON.stringify(record(auditID, second)));
  const bytes = Buffer.from(lines.join('\n'));
  const batch = { fluentTag: undefined, codec: ndjson, bytes, receivedUnixNano: received };
  const { memory } = opened();
  const parts = partsOf(config, () => ruleset, []);
  const plain = await processBatch(batch, parts);
  const [once, again] = [
    await processBatch(batch, { ...parts, novelty: memory }),
    await processBatch(batch, { ...parts, novelty: memory }),
  ];
  expect(once.tags).toEqual(plain.tags);
  expect(again.tags).toEqual(plain.tags);
  const ids = once.tags.map((tag) => tag!.findings![0]!.id);
  expect(ids.map((id) => memory.of(id)?.times)).toEqual([0, 1, 2]);
});
