/** The pages: links resolve, the rules, lists, exceptions and configurations that they show can be used, and what they say
 * about them is true. */
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { answerTo } from '../src/authoring/cases.ts';
import { loadEveryRule } from '../src/authoring/every-rule.ts';
import { loadConfig } from '../src/config/index.ts';
import { parseOwners } from '../src/enrichment/owners.ts';
import { whatBecomesOfBroken } from '../src/rules/broken.ts';
import { loadRules } from '../src/rules/index.ts';
import { bundledLists } from '../src/rules/lists.ts';
import { printRuleProblem } from '../src/sigma/index.ts';
import { fencesOf, pages, proseOf } from './fences.ts';
import { bundledRules } from './server/app.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

const blocks = (page: string, wanted: string) =>
  fencesOf(page).flatMap(({ language, text }) => (language === wanted ? [text] : []));

describe.each(pages)('%s', (page) => {
  const prose = proseOf(page);
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^\w+:/.test(link));

  it('has links that resolve', () => {
    expect(links.filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(root, page) : resolve(root, dirname(page), path);
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsIn(proseOf(relative(root, target))).includes(anchor);
}

/** As GitHub derives them from headings. */
function anchorsIn(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

it('docs/operation.md says what happens to broken rules in the words of lint --help', () => {
  const words = textOf('docs/operation.md').replace(/\s+/g, ' ');
  for (const sentence of whatBecomesOfBroken.split(/(?<=\.) /)) expect(words).toContain(sentence);
});

const folder = mkdtempSync(join(tmpdir(), 'tripline-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The kinds of YAML blocks, by the keys that only such files have. */
const kinds = {
  list: /^values:/m,
  exceptions: /^filter:/m,
  rules: /^(detection|correlation):/m,
  config: /^overrides:/m,
  sinks: /^sinks:/m,
};
type Kind = keyof typeof kinds;

/** Writes the blocks of a kind into their own folder, and returns its path. */
function folderOf(page: string, kind: Kind, names: readonly string[] = []): string {
  const target = join(folder, `${page.replaceAll('/', '-')}-${kind}`);
  mkdirSync(target, { recursive: true });
  const shown = blocks(page, 'yaml').filter((text) => kinds[kind].test(text));
  expect(shown, `${page} shows ${kind}`).not.toEqual([]);
  for (const [index, text] of shown.entries()) writeFileSync(join(target, `${names[index] ?? `${index}`}.yml`), text);
  return target;
}

const own = () => folderOf('docs/rules/writing.md', 'rules', ['service-external-ips']);
const exceptions = () => folderOf('docs/rules/tuning.md', 'exceptions', ['metallb']);
const lists = () => folderOf('docs/rules/tuning.md', 'list', ['allowed_images']);

function configOf(page: string) {
  const [path] = globSync(`${folderOf(page, 'config')}/*.yml`);
  return loadConfig({ path, overrides: {}, environment: {}, bundledRules });
}

test.each(globSync('docs/rules/*.md', { cwd: root }).sort())('%s shows YAML that can be read', (page) => {
  for (const text of blocks(page, 'yaml')) {
    for (const document of parseAllDocuments(text)) expect(document, text).toHaveProperty('errors', []);
  }
});

test('docs/operation.md shows a spool that can be used', () => {
  const [path] = globSync(`${folderOf('docs/operation.md', 'sinks')}/*.yml`);
  const { sinks } = loadConfig({ path, overrides: {}, environment: {}, bundledRules });
  expect(sinks[0]!.spool).toEqual({
    path: '/var/lib/tripline-spool/forward',
    maxBytes: 8 * 1024 ** 3,
    maxAgeSeconds: 7 * 24 * 60 * 60,
  });
});

test('docs/sinks.md shows sinks that can be used', () => {
  const secrets = { LOGS_TOKEN: 'x', SEARCH_PASSWORD: 'x', CLICKHOUSE_PASSWORD: 'x', PAGERDUTY_KEY: 'x' };
  const environment = { ...secrets, SLACK_WEBHOOK: 'https://a/b', CHAT_WEBHOOK: 'https://a/b' };
  for (const path of globSync(`${folderOf('docs/sinks.md', 'sinks')}/*.yml`)) {
    const { sinks } = loadConfig({ path, overrides: {}, environment, bundledRules });
    expect(sinks, path).not.toEqual([]);
  }
});

test('docs/findings.md shows sinks that can be used', () => {
  const [path] = globSync(`${folderOf('docs/findings.md', 'sinks')}/*.yml`);
  const { sinks } = loadConfig({ path, overrides: {}, environment: {}, bundledRules });
  expect(sinks.map((sink) => 'rows' in sink && sink.rows)).toEqual(['ecs', 'ocsf', 'findings']);
});

test('docs/sources.md shows inputs that can be used', () => {
  const environment = { FORWARD_KEY: 'x', FORWARD_PASSWORD: 'y' };
  for (const path of globSync(`${folderOf('docs/sources.md', 'sinks')}/*.yml`)) {
    expect(loadConfig({ path, overrides: {}, environment, bundledRules }).sinks, path).not.toEqual([]);
  }
});

test('docs/enrichment.md shows settings and owners that can be used', () => {
  const [settings, owners] = blocks('docs/enrichment.md', 'yaml');
  const path = join(folder, 'enrichment.yaml');
  writeFileSync(path, settings!);
  expect(loadConfig({ path, overrides: {}, environment: {}, bundledRules }).enrichment?.mmdb).toHaveLength(2);
  expect(parseOwners(owners!, 'owners.yaml').problems).toEqual([]);
});

test('docs/rules/tuning.md shows a configuration that can be used, with lists and exceptions', () => {
  const { overrides } = configOf('docs/rules/tuning.md');
  const sources = { rules: [bundledRules, own()], lists: [lists()], exceptions: [exceptions()], overrides };
  expect(loadRules(sources).problems.map(printRuleProblem)).toEqual([]);
});

test('docs/rules/tuning.md shows an exception that silences what it is about, and nothing else', async () => {
  const overrides = { 'service-external-ips': { mode: 'live' as const } };
  const { ruleset } = loadRules({ rules: [own()], exceptions: [exceptions()], overrides });
  const [shown] = blocks('docs/rules/tuning.md', 'json').map((text) => JSON.parse(text));
  const service = (username: string) => ({
    ...{ auditID: '1', stage: 'ResponseComplete', verb: 'update', user: { username } },
    ...{ objectRef: { resource: 'services', namespace: 'shop', name: 'web' }, responseStatus: { code: 200 } },
    requestObject: { spec: { type: 'LoadBalancer', externalIPs: ['192.0.2.1'] } },
  });
  const records = [service(shown.event.username), service('ann')];
  const names = new Set(['service-external-ips']);
  const { detections } = await answerTo({ name: '', records }, names, ruleset);
  expect(detections).toMatchObject([
    { verdict: 'clear', silenced: shown.silenced },
    { verdict: 'match', silenced: [] },
  ]);
});

test('docs/rules/tuning.md names lists that exist', () => {
  const [, table] = textOf('docs/rules/tuning.md').split(/^\| list \|/m);
  const names = [...table!.split('\n\n')[0]!.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) => cell!.match(/\w+/g)!);
  expect(names.filter((name) => !existsSync(join(bundledLists, `${name}.yml`)))).toEqual([]);
  expect(names.length).toBeGreaterThan(3);
});

test('docs/rules/rolling-out.md lists every rule that is not live by default', () => {
  const { modes } = loadEveryRule({ rules: [bundledRules] });
  const silent = [...modes].filter(([, mode]) => mode !== 'live').map(([name, mode]) => `${name}: ${mode}`);
  const rows = [...textOf('docs/rules/rolling-out.md').matchAll(/^\| (.*) \| (off|shadow) \|/gm)];
  const found = rows.flatMap(([, names, mode]) => names!.split(', ').map((name) => `${name}: ${mode}`));
  const missing = silent.filter(
    (one) => !found.includes(one) && !found.includes(one.replace(/^activity-[\w-]+/, 'activity-*')),
  );
  expect(missing).toEqual([]);
  const gone = found.filter((one) => !one.includes('*') && !silent.includes(one));
  expect(gone).toEqual([]);
});

describe('docs/rules/correlations.md', () => {
  const page = 'docs/rules/correlations.md';
  const { ruleset, problems } = loadRules({ rules: [folderOf(page, 'rules')] });
  const names = ruleset.correlations.map(({ correlation }) => correlation.name);

  let id = 0;
  function event(at: string, verb: string, resource: string, more: Record<string, unknown> = {}) {
    const { namespace = 'shop', name = 'db', username = 'ann', userAgent = 'kubectl/v1.33.1', body } = more;
    return {
      ...{ auditID: `${++id}`, stage: 'ResponseComplete', verb, user: { username }, userAgent },
      ...{ objectRef: { resource, namespace, name }, responseStatus: { code: verb === 'create' ? 201 : 200 } },
      ...{ requestReceivedTimestamp: `2026-03-${at}Z`, ...(body !== undefined && { requestObject: body }) },
    };
  }
  const secret = (at: string, more = {}) => event(at, 'get', 'secrets', more);
  const many = (count: number, more: (index: number) => Record<string, unknown> = () => ({})) =>
    Array.from({ length: count }, (_, index) => secret(`01T09:00:${10 + index}`, more(index)));
  const scaled = (at: string, replicas: number) => event(at, 'patch', 'deployments', { body: { spec: { replicas } } });
  const role = (at: string) => event(at, 'create', 'roles', { name: 'helper', body: {} });
  const made = event('01T09:00:00', 'create', 'pods', { namespace: 'kube-system', name: 'debug', body: {} });
  const deleted = event('01T10:00:00', 'delete', 'pods', { namespace: 'kube-system', name: 'debug' });
  const other = event('01T17:01:01', 'list', 'configmaps', { username: 'bob' });

  /** For each correlation, events that it reports, and events that come close. */
  const sequences: Record<string, { found: unknown[]; missed: unknown[] }> = {
    'many-reads': { found: many(20), missed: many(19) },
    'many-secrets': { found: many(15, (name) => ({ name: `${name}` })), missed: many(20) },
    'many-replicas': {
      found: [scaled('01T09:00:00', 60), scaled('01T10:00:00', 60)],
      missed: [scaled('01T09:00:00', 60), scaled('01T10:00:01', 60)],
    },
    'large-average': { found: [scaled('01T09:00:00', 51)], missed: [scaled('01T09:00:00', 50)] },
    'large-median': { found: [scaled('01T09:00:00', 51)], missed: [scaled('01T09:00:00', 50)] },
    'large-percentile': {
      found: [scaled('01T09:00:00', 1), scaled('01T09:00:01', 60)],
      missed: [scaled('01T09:00:00', 1), scaled('01T09:00:01', 50)],
    },
    'role-and-secrets': {
      found: [secret('01T09:00:00'), role('01T09:05:00')],
      missed: [secret('01T09:00:00', { username: 'bob' }), role('01T09:05:00')],
    },
    'role-then-binding': {
      found: [role('01T09:00:00'), binding('01T09:05:00')],
      missed: [binding('01T09:00:00'), role('01T09:05:00')],
    },
    'pod-left': { found: [made, other], missed: [made, deleted, other] },
    'first-read': {
      found: [secret('01T09:00:00'), secret('09T09:00:00', { namespace: 'bank' })],
      missed: [secret('01T09:00:00'), secret('07T09:00:00', { namespace: 'bank' }), secret('09T09:00:00')],
    },
  };

  function binding(at: string) {
    return event(at, 'create', 'rolebindings', { username: 'bob', body: { roleRef: { name: 'helper' } } });
  }

  it('shows correlations of every type that can be used', () => {
    expect(problems.map(printRuleProblem)).toEqual([]);
    expect(names.toSorted()).toEqual(Object.keys(sequences).toSorted());
  });

  it.each(Object.entries(sequences))('%s matches its own events only', async (name, { found, missed }) => {
    const answer = async (records: unknown[]) => (await answerTo({ name, records }, new Set([name]), ruleset)).answer;
    expect([await answer(found), await answer(missed)]).toEqual(['matches', 'ignores']);
  });

  it('shows an actual finding', async () => {
    const [shown] = blocks(page, 'json').map((text) => JSON.parse(text));
    const records = sequences['role-then-binding']!.found;
    const { detections } = await answerTo({ name: '', records }, new Set(), ruleset);
    const findings = detections.flatMap((detection) => ('findings' in detection ? detection.findings : []));
    const events = records.map((record) => (record as { auditID: string }).auditID);
    expect(findings).toMatchObject([{ ...shown, correlation: { ...shown.correlation, events } }]);
  });
});

test.each(pages)('%s names no published package, and no number of rules', (page) => {
  const text = textOf(page);
  // Nothing is published under this name: Tripline is only in a checkout, or in the archive that npm pack makes of one.
  expect(text).not.toMatch(/unpkg|jsdelivr|node_modules\/tripline|npm (install|i) tripline/);
  if (page !== 'docs/reference/coverage.md') expect(proseOf(page)).not.toMatch(/\b1\d\d (bundled )?rules\b/);
});

test('README.md leads to every page of docs', () => {
  const reached = new Set<string>();
  const visit = (page: string) => {
    if (reached.has(page) || !page.endsWith('.md') || !existsSync(join(root, page))) return;
    reached.add(page);
    for (const [, link] of textOf(page).matchAll(/\]\(([^)\s#]+)/g)) {
      if (!/^\w+:/.test(link!)) visit(relative(root, resolve(root, dirname(page), link!)));
    }
  };
  visit('README.md');
  expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
});
