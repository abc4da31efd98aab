/** Batches of records with findings. */
import { json } from '../../../src/codecs/json.ts';
import type { Finding, Level, Report } from '../../../src/record.ts';
import type { EventSummary, Tag } from '../../../src/tag.ts';
import { taggedBatch } from '../contract.ts';

export function finding(id: string, given: Partial<Finding> = {}): Finding {
  return {
    ...{ id, rule: 'pod-host-pid', title: 'Pod uses the host PID namespace', level: 'high', event: 0 },
    summary: `[ann] created pod [shop/web] (${id})`,
    attack: [{ tactic: 'TA0004', technique: 'T1611' }],
    ...{ matched: [], context: [], workload: 'shop/Deployment/web', time: '2026-01-02T03:04:05Z' },
    ...given,
  };
}

export const event: EventSummary = {
  ...{ auditID: '1', verb: 'create', resource: 'pods', subresource: '', namespace: 'shop', name: 'web' },
  ...{ username: 'ann', impersonatedUser: null, sourceIPs: ['198.51.100.9'] },
};

export function tagOf(findings: readonly Finding[], given: Partial<Tag> = {}): Tag {
  const level: Level = findings[0]?.level ?? 'high';
  return {
    ...{ v: 2, verdict: 'match', level, routeLevel: level, rules: findings.map(({ rule }) => rule) },
    ...{ platform: 'eks', cluster: 'orchid', event, findings: [...findings] },
    ...given,
  };
}

export const reportTag = (id: string): Tag => ({
  ...{ v: 2, verdict: 'clear', routeLevel: 'medium', platform: 'eks', cluster: 'orchid' },
  reports: [
    {
      ...{
        id,
        rule: 'token-not-used',
        title: 'Token not used',
        level: 'medium',
        summary: 'A token of bob was not used',
      },
      ...{ attack: [], context: [], time: '2026-01-02T04:00:00Z' },
      correlation: {
        ...{ type: 'event_count', from: '2026-01-02T03:00:00Z', to: '2026-01-02T04:00:00Z', events: [] },
        group: [{ field: 'username', values: ['bob'] }],
      },
    } as Report,
  ],
});

/** A batch of records of JSON `{n}`, numbered from `first`. */
export function foundBatch(tags: readonly Tag[], first = 0) {
  const records = tags.map((_, index) => ({ n: first + index }));
  return taggedBatch(json, Buffer.from(JSON.stringify(records)), { tags });
}
