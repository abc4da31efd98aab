/** What a batch keeps of its records between tagging and delivery. */
import { describe, expect, test } from 'vitest';
import { batchMemory } from '../src/batch-memory.ts';
import type { Detection } from '../src/detect.ts';
import { tagger } from '../src/tagger.ts';

type Audited = Extract<Detection, { events: unknown }>;

const event = {
  platform: 'kubernetes',
  stageTimestamp: '2026-01-02T03:04:05Z',
  requestReceivedTimestamp: '',
  requestObject: { spec: 'x' },
  user: {},
  gaps: {},
} as unknown as Audited['event'];
const finding = (rule: string) =>
  ({ rule, level: 'high', title: rule, attack: [], matched: [{ field: 'verb', values: ['get'] }] }) as never;

function detection(findings: number, undecided = 0): Audited {
  return {
    verdict: 'match',
    events: [event],
    event,
    findings: Array.from({ length: findings }, (_, index) => finding(`rule-${index}`)),
    undecided: Array.from({ length: undecided }, () => ({ rule: 'r', reason: 'cut', field: 'f', event: 0 })),
    shadow: [],
    reports: [],
    shadowReports: [],
    silenced: [],
  };
}

const tagOf = tagger({ ruleset: 'r', clearEventFields: [] });

describe('the lists of tags', () => {
  test('end once a batch has some 50,000 findings, and further tags say how many they omit', () => {
    const kept = batchMemory();
    let listed = 0;
    for (let record = 0; record < 10_000; record++) {
      const given = kept.listed(detection(10, 5));
      if (given.verdict === 'match' && given.unlisted === undefined) listed += 10;
    }
    expect(listed).toBeGreaterThan(50_000);
    expect(listed).toBeLessThan(60_000);
    const last = kept.listed(detection(10, 5)) as Audited;
    const tag = tagOf(last) as Record<string, unknown>;
    expect(tag).toMatchObject({ verdict: 'match', level: 'high', routeLevel: 'high', omitted: 15 });
    expect(tag.rules).toEqual(Array.from({ length: 10 }, (_, index) => `rule-${index}`));
    for (const list of ['findings', 'undecided']) expect(tag).not.toHaveProperty(list);
    // Findings are counted as before, on shared objects.
    expect(last.findings.map(({ rule }) => rule)).toEqual(tag.rules);
    expect((kept.listed(detection(10)) as Audited).findings[3]).toBe(last.findings[3]);
  });

  test('are complete in a batch of the size that Fluent Bit sends', () => {
    const kept = batchMemory();
    for (let record = 0; record < 5000; record++) expect(kept.listed(detection(8))).not.toHaveProperty('unlisted');
  });
});

test('events are kept for some megabytes of records, and after that only what is counted of them', () => {
  const kept = batchMemory();
  const given = Array.from({ length: 20 }, () => kept.counted(detection(1), 1e6) as Audited);
  expect(given.filter(({ events }) => events.length > 0)).toHaveLength(8);
  const last = given.at(-1)!;
  expect(last.event).toEqual({
    platform: 'kubernetes',
    stageTimestamp: '2026-01-02T03:04:05Z',
    requestReceivedTimestamp: '',
  });
  expect(last.findings).toHaveLength(1);
});

describe('detections of clear records', () => {
  const clear = (more: Partial<Audited> = {}): Audited => ({ ...detection(0), verdict: 'clear', ...more });
  const at = (stageTimestamp: string, platform = 'kubernetes') =>
    ({ ...event, platform, stageTimestamp }) as unknown as Audited['event'];

  test('are one for each platform, with the first valid time', () => {
    const kept = batchMemory(true);
    const timeless = kept.counted(clear({ event: at('soon') }), 100);
    const first = kept.counted(clear({ event: at('2026-01-02T03:04:06Z') }), 100) as Audited;
    const other = kept.counted(clear({ event: at('2026-01-02T03:04:07Z', 'eks') }), 100) as Audited;
    expect(new Set([timeless, first, other]).size).toBe(3);
    expect(first).toMatchObject({ verdict: 'clear', events: [], event: { stageTimestamp: '2026-01-02T03:04:06Z' } });
    expect(other.event.platform).toBe('eks');
    for (let record = 0; record < 100; record++) expect(kept.counted(clear(), 100)).toBe(first);
    expect(kept.counted(clear({ event: at('', 'eks') }), 100)).toBe(other);
  });

  test.each<[string, Partial<Audited>]>([
    ['a finding', detection(1)],
    ['doubt', { ...detection(0, 1), verdict: 'indeterminate' }],
    ['a finding in shadow', { shadow: [finding('s')] }],
    ['a report', { reports: [finding('r')] }],
    ['a report in shadow', { shadowReports: [finding('r')] }],
    ['a silenced finding', { silenced: [{ rule: 'r', exception: 'x', event: 0 }] }],
    ['a problem', { problem: {} as never }],
    ['a state that was away', { state: {} as never }],
  ])('are kept unchanged with %s', (_, more) => {
    const one = clear(more);
    expect(batchMemory(true).counted(one, 100)).toBe(one);
  });

  test('are kept unchanged if somebody may look at their events', () => {
    const one = clear();
    expect(batchMemory().counted(one, 100)).toBe(one);
  });
});
