/** Rules that change while records come in, over real sockets. */
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../src/config/index.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { loadRules } from '../src/rules/index.ts';
import { countsOf, openLiveRules } from '../src/rules/live-rules.ts';
import { buildServer } from '../src/server/http.ts';
import { processHere } from '../src/server/process-here.ts';
import { sources } from './program.ts';
import { bundledRules, podEvent } from './server/app.ts';
import { type SidecarProcess, startSidecar } from './sidecar.ts';

/** A rule that matches a pod, under a name that identifies its version. */
const version = (name: string) =>
  `title: T\nname: ${name}\nlogsource: { product: kubernetes }\ndetection: { a: { resource: pods }, condition: a }\n`;

function rulesFolder(): { path: string; write: (text: string) => void } {
  const path = mkdtempSync(join(tmpdir(), 'tripline-serve-'));
  const write = (text: string) => writeFileSync(join(path, 'rule.yml'), text);
  write(version('v0'));
  writeFileSync(join(path, 'other.yml'), version('other').replace('pods', 'secrets'));
  return { path, write };
}

async function send(url: string, records: unknown[]): Promise<{ status: number; tags: any[] }> {
  const reply = await fetch(`${url}/v1/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });
  const body = await reply.json();
  return { status: reply.status, tags: reply.ok ? (body as any[]).map(({ tripline }) => tripline) : [] };
}

test('it works the same from its sources, as `npm start` runs them', async () => {
  sidecar = await startSidecar([], {}, [process.execPath, sources]);
  expect(await send(sidecar.url, [podEvent()])).toMatchObject({ status: 200, tags: [{ verdict: 'match' }] });
  expect(await sidecar.stop()).toBe(0);
});

test('while rules change under load, every batch is accepted, and decided by one rule set that was live', async () => {
  const { path, write } = rulesFolder();
  const logger = pino({ level: 'silent' });
  const rules = await openLiveRules({
    paths: [path],
    load: (before) => loadRules({ rules: [path] }, { before }),
    logger,
  });
  const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
  const { app } = buildServer({
    config,
    logger,
    telemetry: { prometheus: async () => '' },
    deadLetters: undefined,
    rules: () => ({ ruleset: rules.ruleset().hash, ...countsOf(rules.ruleset()) }),
    process: processHere(partsOf(config, rules.ruleset, [])),
    hasSinks: false,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

  const replies: Awaited<ReturnType<typeof send>>[] = [];
  const seen = new EventTarget();
  let flipping = true;
  const sender = async () => {
    while (flipping) {
      const records = Array.from({ length: 40 }, (_, i) => podEvent({ auditID: `${replies.length}-${i}` }));
      replies.push(await send(url, records));
      seen.dispatchEvent(new Event('reply'));
    }
  };
  const senders = Array.from({ length: 8 }, sender);

  const nameOf = new Map([[rules.ruleset().hash, 'v0']]);
  for (let flip = 1; flip <= 50; flip++) {
    const before = rules.ruleset();
    write(flip % 5 === 0 ? 'title: [' : version(`v${flip}`));
    await rules.look();
    await rules.look();
    if (flip % 5 === 0) expect(rules.ruleset().hash).toBe(before.hash);
    else nameOf.set(rules.ruleset().hash, `v${flip}`);
    // The next rule is not written before this one has decided a batch.
    while (!replies.some(({ tags }) => tags[0]?.ruleset === rules.ruleset().hash)) await once(seen, 'reply');
  }
  flipping = false;
  await Promise.all(senders);
  await app.close();

  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
  for (const { tags } of replies) {
    expect(tags).toHaveLength(40);
    const [{ ruleset }] = tags;
    const decided = tags.map((tag) => [tag.ruleset, ...tag.rules]);
    expect(decided).toEqual(tags.map(() => [ruleset, nameOf.get(ruleset)]));
  }
  expect(nameOf.size).toBe(41);
});

let sidecar: SidecarProcess | undefined;
afterEach(async () => {
  await sidecar?.stop('SIGKILL');
  sidecar = undefined;
});

test('a sidecar notices changes by itself, and reports broken rules', async () => {
  const { path, write } = rulesFolder();
  sidecar = await startSidecar(['--rules', path]);
  const { url, stderr } = sidecar;
  const ready = async () => {
    const reply = await fetch(`${url}/readyz`);
    expect(reply.status).toBe(200);
    return (await reply.json()) as Record<string, unknown>;
  };
  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  const start = await ready();
  expect(start).toEqual({ status: 'ready', ruleset: expect.any(String), rules: 2, correlations: 0 });
  expect(await metrics()).toMatch(/tripline_rules_broken\{[^}]*\} 0\b/);

  write(version('v1'));
  const next = await vi.waitFor(
    async () => {
      const now = await ready();
      expect(now.ruleset).not.toBe(start.ruleset);
      return now;
    },
    { timeout: 50_000, interval: 100 },
  );
  const { tags } = await send(url, [podEvent()]);
  expect(tags).toMatchObject([{ rules: ['v1'], ruleset: next.ruleset }]);
  const page = await metrics();
  expect(page).not.toContain(`ruleset="${start.ruleset}"`);
  expect(page).toMatch(new RegExp(`tripline_rules\\{ruleset="${next.ruleset}"[^}]*\\} 2\\b`));
  expect(page).toMatch(/tripline_rules_reloads_total\{outcome="swapped"[^}]*\} 1\b/);

  write('title: [');
  await vi.waitFor(async () => expect(await ready()).toHaveProperty('broken'), { timeout: 50_000, interval: 100 });
  expect(await ready()).toEqual({
    ...next,
    broken: [{ rule: 'v1', at: expect.stringMatching(`^${join(path, 'rule.yml')}:\\d+:\\d+$`), now: 'as before' }],
  });
  expect(await metrics()).toMatch(/tripline_rules_broken\{[^}]*\} 1\b/);
  expect(await metrics()).toMatch(/tripline_rules_refused\{[^}]*\} 0\b/);
  expect(stderr()).toContain("'v1' cannot be used as it is now, and stays live in its last good version");
  expect(await sidecar.stop()).toBe(0);
});
