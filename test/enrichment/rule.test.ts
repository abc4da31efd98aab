/** Databases and owners as rules and sinks see them. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { loadConfig } from '../../src/config/index.ts';
import { openContext } from '../../src/findings/context.ts';
import { type Emitted, emittedOf } from '../../src/findings/emitted.ts';
import { processBatch } from '../../src/pipeline.ts';
import { eventReader, partsOf } from '../../src/pipeline-dependencies.ts';
import { loadRules, type RuleSources } from '../../src/rules/index.ts';
import { bundledRules } from '../server/app.ts';
import { mmdbOf } from './mmdb.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-enrichment-'));
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
const eventsOf = eventReader(config);

/** What a rule set from these sources finds in records. */
async function emittedIn(records: readonly object[], sources: RuleSources) {
  const { ruleset, problems } = loadRules(sources);
  expect(problems).toEqual([]);
  const bytes = Buffer.from(records.map((record) => JSON.stringify(record)).join('\n'));
  const batch = { fluentTag: undefined, codec: ndjson, bytes, receivedUnixNano: 1_800_000_000_000_000_000n };
  const processed = await processBatch(
    batch,
    partsOf(config, () => ruleset, []),
  );
  const found = processed.tags.map((_, index) => emittedOf(processed, index, (at) => eventsOf(processed, at)));
  return { found, contextOf: openContext({ ruleset: () => ruleset }), tags: processed.tags };
}

const event = (over: object) => ({
  ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', stage: 'ResponseComplete', auditID: 'a' },
  user: { username: 'ann', groups: ['system:authenticated'] },
  ...{ userAgent: 'kubectl', sourceIPs: ['203.0.113.7'], annotations: {} },
  ...over,
});

const listed = (auditID: string, day: number, username: string, address: string) =>
  event({
    ...{ auditID, verb: 'list', requestURI: '/api/v1/secrets', sourceIPs: [address] },
    user: { username, groups: ['system:authenticated'] },
    objectRef: { resource: 'secrets', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: `2026-01-${String(day).padStart(2, '0')}T10:00:00.000000Z`,
    stageTimestamp: `2026-01-${String(day).padStart(2, '0')}T10:00:00.010000Z`,
  });

const secrets = [
  listed('learnt', 1, 'zoe', '192.0.2.1'),
  listed('first', 10, 'ann', '203.0.113.7'),
  listed('same network', 11, 'ann', '203.0.113.99'),
  listed('other network', 12, 'ann', '198.51.100.1'),
  listed('not in it', 13, 'ann', '192.0.2.77'),
];
const database = file(
  'as.mmdb',
  mmdbOf({
    '203.0.113.0/24': { autonomous_system_number: 64500 },
    '198.51.100.0/24': { autonomous_system_number: 64501 },
  }),
);

test.each<[string, RuleSources['enrichment'], string[]]>([
  ['autonomous systems where there is a database', { mmdb: [database] }, ['first', 'other network', 'not in it']],
  ['addresses where there is none', undefined, ['first', 'same network', 'other network', 'not in it']],
])('Secrets that are listed from a new network: %s', async (_, enrichment, expected) => {
  const rules = [join(bundledRules, 'kubernetes/secrets-list-new-asn.yml')];
  const { tags } = await emittedIn(secrets, { rules, enrichment });
  const found = tags.filter((tag) => tag!.rules?.includes('secrets-list-new-asn'));
  expect(found.map((tag) => tag!.event!.auditID)).toEqual(expected);
});

const asks = `title: Elsewhere
name: elsewhere
logsource: { product: kubernetes }
detection: { at_home: { clientCountry: DE }, pods: { resource: pods }, condition: pods and not at_home }
`;

test('an address that a database does not contain leaves a rule undecided', async () => {
  const rules = [file('elsewhere.yml', asks)];
  const mmdb = [file('country.mmdb', mmdbOf({ '203.0.113.0/24': { country: { iso_code: 'FR' } } }))];
  const pods = ['203.0.113.7', '198.51.100.1', '10.0.0.1'].map((address, n) =>
    event({
      ...{ auditID: `${n}`, verb: 'get', requestURI: '/api/v1/namespaces/shop/pods/web', sourceIPs: [address] },
      objectRef: { resource: 'pods', namespace: 'shop', name: 'web', apiVersion: 'v1' },
      responseStatus: { code: 200 },
    }),
  );
  const verdicts = async (enrichment: RuleSources['enrichment']) =>
    (await emittedIn(pods, { rules, enrichment })).tags.map((tag) => [tag!.verdict, tag!.undecided?.[0]?.reason]);
  expect(await verdicts({ mmdb })).toEqual([
    ['match', undefined],
    ['indeterminate', 'not_located'],
    ['match', undefined],
  ]);
  expect((await verdicts(undefined)).map(([verdict]) => verdict)).toEqual(['indeterminate', 'indeterminate', 'match']);
});

test('the context of a finding has the owner of its namespace, or of the labels of its object', async () => {
  const owners = file(
    'owners.yaml',
    'owners:\n  - labels: { team: shop }\n    owner: Shop\n  - namespace: infra\n    owner: Infra\n    contact: "#infra"\n',
  );
  const created = (namespace: string, labels?: object) =>
    event({
      ...{ level: 'Request', verb: 'create', requestURI: `/api/v1/namespaces/${namespace}/pods` },
      objectRef: { resource: 'pods', namespace, name: 'web', apiVersion: 'v1' },
      requestObject: { kind: 'Pod', apiVersion: 'v1', metadata: { labels }, spec: { hostPID: true } },
      responseStatus: { code: 201 },
    });
  const rules = [join(bundledRules, 'kubernetes/pod-host-pid.yml')];
  const records = [created('infra', { team: 'shop', odd: 7 }), created('infra'), created('other', { team: 'x' })];
  const { found, contextOf } = await emittedIn(records, { rules, enrichment: { owners } });
  expect(found.map(([emitted]) => contextOf(emitted!).owner)).toEqual([
    { name: 'Shop' },
    { name: 'Infra', contact: '#infra' },
    undefined,
  ]);
});

test('a report has the owner of the namespace that its events share', async () => {
  const enrichment = { owners: file('of-reports.yaml', 'owners:\n  - namespace: shop\n    owner: Shop\n') };
  const { contextOf } = await emittedIn([event({})], { rules: [file('elsewhere.yml', asks)], enrichment });
  const report = (namespaces: string[]) => {
    const correlation = { group: [{ field: 'namespace', values: namespaces }] };
    return {
      kind: 'report',
      cluster: 'c',
      finding: { id: 'x', rule: 'r', correlation, context: [] },
    } as any as Emitted;
  };
  expect([['shop'], ['shop', 'other']].map((namespaces) => contextOf(report(namespaces)).owner?.name)).toEqual([
    'Shop',
    undefined,
  ]);
});
