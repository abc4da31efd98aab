/** OCSF Detection Finding. OCSF_SCHEMA is a Python with jsonschema and ocsf-json-schema, which has the published schema. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ocsf } from '../../../src/findings/forms/ocsf.ts';
import { levels } from '../../../src/record.ts';
import { finding, rowOf, samples } from './samples.ts';

/** The required attributes of the class, and the captions of its numbers. */
const required = [
  'activity_id',
  'category_uid',
  'class_uid',
  'finding_info',
  'metadata',
  'severity_id',
  'time',
  'type_uid',
];
const severities = { 1: 'Informational', 2: 'Low', 3: 'Medium', 4: 'High', 5: 'Critical' };
const userTypes = { 1: 'User', 3: 'System', 4: 'Service' };
const roles = { 3: 'Affected', 4: 'Related' };

test.each(Object.entries(samples))('%s has the required attributes, and captions that fit the numbers', (_, sample) => {
  const row = rowOf(ocsf, sample);
  expect(Object.keys(row)).toEqual(expect.arrayContaining(required));
  expect(row).toMatchObject({
    ...{ class_uid: 2004, class_name: 'Detection Finding', category_uid: 2, category_name: 'Findings' },
    ...{ activity_id: 1, activity_name: 'Create', status_id: 1, status: 'New', type_name: 'Detection Finding: Create' },
    metadata: { version: '1.8.0', uid: row.finding_info.uid, product: { vendor_name: 'Tripline' } },
    finding_info: { uid: sample.emitted.finding.id, analytic: { type_id: 1, type: 'Rule' } },
  });
  expect(row.type_uid).toBe(row.class_uid * 100 + row.activity_id);
  expect(row.severity).toBe(severities[row.severity_id as 1]);
  expect(Number.isSafeInteger(row.time)).toBe(true);
  expect(row.metadata.profiles?.includes('cloud') ?? false).toBe('cloud' in row);
  for (const { type, role, role_id } of row.resources ?? []) {
    expect(role).toBe(roles[role_id as 3]);
    expect(type).not.toBe('');
  }
  const [evidence] = row.evidences;
  for (const user of [evidence.actor?.user, evidence.user]) {
    if (user) expect(user.type).toBe(userTypes[user.type_id as 1]);
  }
});

test('each level has its severity', () => {
  const numbers = levels.map((level) => {
    const emitted = { ...finding, finding: { ...finding.finding, level } };
    return rowOf(ocsf, { emitted, context: samples.finding!.context }).severity_id;
  });
  expect(numbers).toEqual([1, 2, 3, 4, 5]);
});

test('a finding says who did what, to what, and when in milliseconds', () => {
  const row = rowOf(ocsf, samples.finding!);
  expect(row).toMatchObject({
    time: Date.parse('2026-01-15T10:20:30.123Z'),
    cloud: { provider: 'AWS' },
    evidences: [
      {
        actor: { user: { name: 'ann' } },
        user: { name: 'system:serviceaccount:shop:robot', type: 'Service' },
        src_endpoint: { ip: '198.51.100.9' },
        api: { operation: 'create', request: { uid: 'a-1' }, response: { code: 201 } },
        http_request: { url: { path: '/api/v1/namespaces/shop/pods', query_string: 'dryRun=All' } },
      },
    ],
    resources: [
      { type: 'pods', name: 'web', namespace: 'shop' },
      { type: 'cluster', name: 'orchid' },
    ],
    remediation: { references: ['https://runbooks.example.com/shop'] },
    unmapped: { tripline: { novelty: { times: 0 }, owner: { name: 'shop team' } } },
  });
  expect(row.finding_info.attacks).toMatchObject([
    { tactic: { uid: 'TA0004', name: 'Privilege Escalation' }, technique: { uid: 'T1611' } },
    { technique: { uid: 'T1552' }, sub_technique: { uid: 'T1552.007' } },
  ]);
});

test('the time of arrival is used if the event has none; text that is not an address is ignored', () => {
  const row = rowOf(ocsf, samples.hostile!);
  expect(row.time).toBe(1_800_000_000_123);
  expect(row.evidences[0].src_endpoint).toEqual({ ip: '::1' });
});

const python = process.env.OCSF_SCHEMA;
test.skipIf(python === undefined)(
  `every finding conforms to the published schema (OCSF_SCHEMA is ${python ? 'set' : 'not set'})`,
  async () => {
    const { everyFinding } = await import('./every-finding.ts');
    const all = [...Object.values(samples), ...(await everyFinding())];
    expect(new Set(all.map(({ emitted }) => emitted.finding.rule)).size).toBeGreaterThan(130);
    const folder = mkdtempSync(join(tmpdir(), 'tripline-ocsf-'));
    const path = join(folder, 'events.ndjson');
    writeFileSync(path, all.map((sample) => `${JSON.stringify(rowOf(ocsf, sample))}\n`).join(''));
    const script = fileURLToPath(new URL('./validate-ocsf.py', import.meta.url));
    const answer = JSON.parse(String(execFileSync(python!, [script, '1.8.0', path])));
    rmSync(folder, { recursive: true });
    expect(answer).toEqual({ events: all.length, wrong: [] });
  },
  120_000,
);
