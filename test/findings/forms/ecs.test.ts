/** ECS. ECS_FIELDS is the published list of fields, generated/ecs/ecs_flat.yml of github.com/elastic/ecs at a release. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ecs } from '../../../src/findings/forms/ecs.ts';
import { rowOf, samples } from './samples.ts';

const outcomes = ['success', 'failure', 'unknown'];

test.each(Object.entries(samples))('%s is an alert with the id of the finding', (_, sample) => {
  const row = rowOf(ecs, sample);
  const { id, rule } = sample.emitted.finding;
  expect(row).toMatchObject({
    ecs: { version: '9.4.0' },
    event: { kind: 'alert', id, code: rule },
    tripline: { rule },
  });
  expect(outcomes).toContain(row.event.outcome);
  expect(new Date(row['@timestamp']).toISOString()).toBe(row['@timestamp']);
});

test('a finding says who did what, to what, from where', () => {
  expect(rowOf(ecs, samples.finding!)).toMatchObject({
    '@timestamp': '2026-01-15T10:20:30.123Z',
    event: {
      action: 'create',
      outcome: 'success',
      severity: 4,
      type: ['allowed'],
      url: 'https://runbooks.example.com/shop',
    },
    rule: { id: '3b8a8a1d-811a-439e-b871-7813f90cfe93', name: 'Pod With Host PID' },
    threat: {
      tactic: { name: ['Privilege Escalation'] },
      technique: { id: ['T1611', 'T1552'], subtechnique: { id: ['T1552.007'] } },
    },
    user: { name: 'ann', effective: { name: 'system:serviceaccount:shop:robot' } },
    source: { ip: '198.51.100.9' },
    orchestrator: { cluster: { name: 'orchid' }, namespace: 'shop', resource: { type: 'pods', name: 'web' } },
    cloud: { provider: 'aws' },
    trace: { id: '0af7651916cd43dd8448eb211c80319c' },
    tripline: { novelty: { times: 0 }, owner: { name: 'shop team' } },
  });
});

test('text that is not an address is ignored; what was denied is a failure', () => {
  expect(rowOf(ecs, samples.hostile!)).toMatchObject({
    '@timestamp': '2027-01-15T08:00:00.123Z',
    event: { outcome: 'failure', type: ['denied'] },
    related: { ip: ['::1'] },
  });
});

interface Field {
  type: string;
  normalize: string[];
  allowed_values?: { name: string }[];
}

const isOf: Record<string, (value: unknown) => boolean> = {
  keyword: (value) => typeof value === 'string',
  wildcard: (value) => typeof value === 'string',
  match_only_text: (value) => typeof value === 'string',
  long: Number.isSafeInteger,
  date: (value) => !Number.isNaN(Date.parse(String(value))),
  ip: (value) => isIP(String(value)) > 0,
};

/** The members of a row that are not fields of the list, or not of their type. */
function wrongIn(value: unknown, fields: Record<string, Field>, path = ''): string[] {
  if (path === 'tripline') return [];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, member]) => wrongIn(member, fields, path ? `${path}.${key}` : key));
  }
  const field = fields[path];
  if (field === undefined) return [`${path} is no field`];
  if (Array.isArray(value) !== field.normalize.includes('array')) return [`${path} is a list, or should be one`];
  const allowed = field.allowed_values?.map(({ name }) => name);
  return [value].flat().flatMap((one) => {
    if (!isOf[field.type]!(one)) return [`${path} is no ${field.type}: ${one}`];
    return allowed === undefined || allowed.includes(one as string) ? [] : [`${path} must not be ${one}`];
  });
}

const list = process.env.ECS_FIELDS;
test.skipIf(list === undefined)(
  `every field is in the published list, with its type (ECS_FIELDS is ${list ? 'set' : 'not set'})`,
  async () => {
    const fields = parse(readFileSync(list!, 'utf8')) as Record<string, Field>;
    const { everyFinding } = await import('./every-finding.ts');
    const all = [...Object.values(samples), ...(await everyFinding())];
    expect(new Set(all.flatMap((sample) => wrongIn(rowOf(ecs, sample), fields)))).toEqual(new Set());
    expect(all.length).toBeGreaterThan(1000);
  },
  120_000,
);
