/** What correlations remember across a restart of the sidecar. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { podEvent } from '../server/app.ts';
import { type SidecarProcess, startSidecar } from '../sidecar.ts';

let folder: string;
let sidecar: SidecarProcess | undefined;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tripline-restart-'))));
afterEach(async () => {
  await sidecar?.stop('SIGKILL');
  rmSync(folder, { recursive: true });
});

const rules = `
title: Pods
name: pods
logsource: { product: kubernetes }
detection: { s: { resource: pods }, condition: s }
---
title: Two pods
name: two-pods
correlation: { type: event_count, rules: [pods], group-by: [username], timespan: 1h, condition: { gte: 2 } }
---
title: A namespace
name: a-namespace
correlation: { type: new_terms, rules: [pods], timespan: 7d, condition: { field: namespace } }
tripline: { learning: 0s }
`;

async function start(settings: object): Promise<(auditID: string) => Promise<string[]>> {
  writeFileSync(join(folder, 'rules.yml'), rules);
  writeFileSync(join(folder, 'tripline.yaml'), JSON.stringify({ rules: [join(folder, 'rules.yml')], ...settings }));
  const running = await startSidecar(['--config', join(folder, 'tripline.yaml')]);
  sidecar = running;
  return async (auditID) => {
    const reply = await fetch(`${running.url}/v1/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([podEvent({ auditID })]),
    });
    const [record] = (await reply.json()) as any[];
    return record.tripline.rules ?? [];
  };
}

test('windows and terms continue', async () => {
  const path = join(folder, 'state', 'tripline.ndjson');
  const found = join(folder, 'found');
  const before = await start({ state: { path }, sinks: [{ type: 'ndjson', path: found, rows: 'findings' }] });
  expect(await before('1')).toEqual(['a-namespace']);
  expect(await (await fetch(`${sidecar!.url}/metrics`)).text()).toMatch(/tripline_state_entries\{[^}]*\} [1-9]/);
  const kept: any = await (await fetch(`${sidecar!.url}/console/v1/findings`)).json();
  expect(await sidecar!.stop()).toBe(0);
  expect(readFileSync(path, 'utf8')).toContain('"sha256"');
  // The novelty of a finding goes to sinks and the console, and into the state.
  expect(kept.findings).toMatchObject([{ rule: 'a-namespace', novelty: { times: 0, since: null } }]);
  const rows = readdirSync(found).map((name) => readFileSync(join(found, name), 'utf8'));
  const row = JSON.parse(rows.join(''));
  expect(row).toMatchObject({ rule: 'a-namespace', novelty: { times: 0, since: null } });
  expect(readFileSync(path, 'utf8')).toContain(`["novelty/findings",2592000000000,"${row.id}"`);

  const after = await start({ state: { path } });
  expect(sidecar!.stderr()).toContain('State restored');
  // A retry of what was reported before the restart is reported again.
  expect(await after('1')).toEqual(['a-namespace']);
  expect(await after('2')).toEqual(['two-pods']);
  expect(await sidecar!.stop()).toBe(0);
  expect(existsSync(`${path}.unusable`)).toBe(false);
});

test('without a state file they do not, and the log says so', async () => {
  await start({});
  expect(sidecar!.stderr()).toContain('set state to keep them in a file');
  expect(await sidecar!.stop()).toBe(0);
});

test('they also continue if a request in flight had not ended in the time of a stop', async () => {
  const path = join(folder, 'tripline.ndjson');
  const receiver = createServer(() => {}).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const before = await start({
    state: { path },
    drainSeconds: 0.1,
    sinks: [{ type: 'forward', host: '127.0.0.1', port }],
  });
  // The receiver never acknowledges.
  const reached = once(receiver, 'connection');
  before('1').catch(() => {});
  await reached;
  expect(await sidecar!.stop()).toBe(1);
  expect(sidecar!.stderr()).toContain('Stopped before every request was finished');
  receiver.close();
  const after = await start({ state: { path } });
  expect(sidecar!.stderr()).toContain('State restored');
  expect(await after('2')).toEqual(['two-pods']);
});
