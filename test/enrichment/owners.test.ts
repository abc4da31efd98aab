import { expect, test } from 'vitest';
import { type Owned, parseOwners } from '../../src/enrichment/owners.ts';
import { printRuleProblem } from '../../src/sigma/index.ts';

const text = `owners:
  - rule: secrets-*
    cluster: [prod-eu, prod-us]
    owner: Security
    contact: '#security'
    runbook: https://runbooks.example/secrets
  - namespace: [payments, payments-*]
    owner: Payments
  - labels: { app.kubernetes.io/part-of: shop, tier: [web, 'db?'] }
    owner: Shop
  - namespace: '*'
    owner: Platform
`;

const about = (over: Partial<Owned>): Owned => ({
  ...{ rule: 'pod-host-pid', cluster: 'prod-eu', namespace: 'default', labels: {} },
  ...over,
});
const { owners } = parseOwners(text, 'owners.yaml');
const ownerOf = (over: Partial<Owned>) => owners!.of(about(over));
const labels = { 'app.kubernetes.io/part-of': 'shop', tier: 'db1' };

test.each<[string, Partial<Owned>, string | undefined]>([
  ['a rule and a cluster', { rule: 'secrets-list' }, 'Security'],
  ['a rule in another cluster', { rule: 'secrets-list', cluster: 'test' }, 'Platform'],
  ['a rule in a cluster that is not known', { rule: 'secrets-list', cluster: undefined }, 'Platform'],
  ['a namespace', { namespace: 'payments' }, 'Payments'],
  ['a namespace by a pattern', { namespace: 'payments-eu' }, 'Payments'],
  ['a namespace in other letters', { namespace: 'Payments' }, 'Platform'],
  ['the first that fits', { namespace: 'payments', rule: 'secrets-list' }, 'Security'],
  ['labels', { labels }, 'Shop'],
  ['one label of two', { labels: { tier: 'web' } }, 'Platform'],
  ['no namespace', { namespace: '' }, 'Platform'],
  ['a namespace that is not known', { namespace: undefined }, undefined],
  ['a label of the name of a method', { namespace: undefined, labels: { constructor: 'shop' } }, undefined],
])('%s', (_, over, owner) => {
  expect(ownerOf(over)?.name).toBe(owner);
});

test('includes contact and runbook if the file does', () => {
  expect(ownerOf({ rule: 'secrets-list' })).toEqual({
    name: 'Security',
    contact: '#security',
    runbook: 'https://runbooks.example/secrets',
  });
  expect(ownerOf({})).toEqual({ name: 'Platform' });
});

test.each([
  ['', 'owners.yaml:1:1: the file does not hold a list of owners; write owners: and below it'],
  ['- owner: A\n', 'owners.yaml:1:1: the file does not hold a list of owners'],
  ['owners: {}\n', "owners.yaml:1:9: there is no list under 'owners'"],
  ['owner: []\n', "owners.yaml:1:1: unknown key 'owner'; did you mean 'owners'?"],
  ['owners:\n  - shop\n', 'owners.yaml:2:5: an entry must be a map'],
  ['owners:\n  - namespace: shop\n', "owners.yaml:2:5: the entry has no 'owner'"],
  ['owners:\n  - namspace: shop\n    owner: A\n', "owners.yaml:2:5: unknown key 'namspace'; did you mean 'namespace'?"],
  ['owners:\n  - namespace: []\n    owner: A\n', "owners.yaml:2:16: 'namespace' is an empty list"],
  ['owners:\n  - labels: a\n    owner: A\n', "owners.yaml:2:13: 'labels' has to be a map"],
  ['owners:\n  - owner: A\n    contact: #a\n', "owners.yaml:3:5: 'contact' has to be text"],
  [
    'owners:\n  - owner: A\n    runbook: javascript:alert(1)\n',
    "owners.yaml:3:14: 'runbook' has to be an http or https URL",
  ],
  [
    'owners:\n  - owner: A\n  - namespace: shop\n    owner: B\n',
    'owners.yaml:3:5: no finding reaches this entry: the one before',
  ],
  ['owners: [\n', 'owners.yaml:2:1: not valid YAML'],
])('%j is refused, with the place of the fault', (text, message) => {
  const { owners, problems } = parseOwners(text, 'owners.yaml');
  expect(owners).toBeUndefined();
  expect(problems.map(printRuleProblem).join('\n')).toContain(message);
});
