import { describe, expect, test } from 'vitest';
import { type NormalizeOptions, normalize } from '../../src/normalizers/index.ts';

const event = { auditID: '1', stage: 'ResponseComplete', verb: 'get', user: { username: 'ann' } };
const ofEks = { ...event, user: { username: 'eks:node-manager' } };
const entry = {
  protoPayload: { serviceName: 'k8s.io', methodName: 'io.k8s.core.v1.pods.list', resourceName: 'core/v1/pods' },
  resource: { labels: { cluster_name: 'c1', project_id: 'p' } },
};

describe('the settings supply what a record does not contain', () => {
  const rows: [name: string, record: unknown, options: NormalizeOptions, platform: string, cluster?: object][] = [
    ['nothing named, nothing set', event, {}, 'kubernetes'],
    ['platform set', event, { platform: 'aks' }, 'aks'],
    ['platform named by the user', ofEks, {}, 'eks'],
    ['platform set, and another named by the user', ofEks, { platform: 'kubernetes' }, 'kubernetes'],
    ['the same of AKS', { ...event, user: { username: 'masterclient' } }, { platform: 'eks' }, 'eks'],
    [
      'the same by uid',
      { ...event, user: { username: 'a', uid: 'aws-iam-authenticator:1:A' } },
      { platform: 'aks' },
      'aks',
    ],
    ['platform named by Panther', { ...event, p_log_type: 'Amazon.EKS.Audit' }, { platform: 'aks' }, 'eks'],
    [
      'platform named by a wrapper around the user',
      { message: JSON.stringify(ofEks), logGroup: '/aws/eks/prod/cluster' },
      { platform: 'aks' },
      'eks',
      { name: 'prod' },
    ],
    ['platform named by the user in a wrapper without one', { log: JSON.stringify(ofEks) }, { platform: 'aks' }, 'aks'],
    [
      'platform named by the forwarder',
      { ...event, openshift: { cluster_id: 'o' } },
      { platform: 'kubernetes' },
      'openshift',
      { name: 'o' },
    ],
    ['platform named by the envelope', entry, { platform: 'aks' }, 'gke', { name: 'c1', account: 'p' }],
    ['cluster set', event, { cluster: 'prod' }, 'kubernetes', { name: 'prod' }],
    ['cluster named by the envelope', entry, { cluster: 'prod' }, 'gke', { name: 'c1', account: 'p' }],
    ['cluster named by a key', { ...event, cluster: 'edge' }, { cluster: 'prod' }, 'kubernetes', { name: 'edge' }],
    ['cluster named by an empty key', { ...event, cluster: '' }, { cluster: 'prod' }, 'kubernetes', { name: 'prod' }],
    ['cluster named by key and envelope', { ...entry, cluster: 'edge' }, {}, 'gke', { name: 'edge', account: 'p' }],
  ];

  test.each(rows)('%s', (_name, record, options, platform, cluster) => {
    const normalized = normalize(record, options);
    if (normalized.kind !== 'audit') throw new Error(normalized.kind);
    expect(normalized.events[0].platform).toBe(platform);
    expect(normalized.events[0].cluster).toEqual(cluster);
  });
});

test('a part that cannot be read hides nothing next to it, and is reported', () => {
  const tooDeep = '['.repeat(1000);
  expect(normalize({ records: [event, { log: tooDeep }, event] })).toMatchObject({
    kind: 'audit',
    events: [{ auditID: '1' }, { auditID: '1' }],
    problem: { code: 'record.too_deep' },
  });
});

test('an event that fails to be read hides no other event of its record', () => {
  const failing = Object.defineProperty({ ...event }, 'userAgent', {
    enumerable: true,
    get() {
      throw new TypeError('of undefined');
    },
  });
  expect(normalize({ kind: 'EventList', items: [event, failing, event] })).toMatchObject({
    kind: 'audit',
    events: [{ auditID: '1' }, { auditID: '1' }],
    problem: { code: 'record.failed', message: 'of undefined' },
  });
});

test('a record with too many events is read up to the limit', () => {
  const normalized = normalize({ items: Array.from({ length: 100_001 }, () => event) });
  if (normalized.kind !== 'audit') throw new Error(normalized.kind);
  expect(normalized.events).toHaveLength(100_000);
  expect(normalized.problem).toMatchObject({ code: 'record.malformed' });
});
