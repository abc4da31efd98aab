/** Sidecars that share a state, as an operator starts them: VALKEY is the path of a valkey-server or redis-server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort, startValkey, type ValkeyServer } from '../servers/valkey.ts';
import { type SidecarProcess, startSidecar } from '../sidecar.ts';
import { eventOf, timeOf } from './shared/streams.ts';

const binary = process.env.VALKEY!;

let folder: string;
let valkey: ValkeyServer | undefined;
const sidecars: SidecarProcess[] = [];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tripline-sidecars-'))));
afterEach(async () => {
  for (const sidecar of sidecars.splice(0)) await sidecar.stop('SIGKILL');
  await valkey?.stop();
  valkey = undefined;
  rmSync(folder, { recursive: true });
});

const rules = `
title: Got
name: got
logsource: { product: kubernetes }
detection: { s: { verb: get }, condition: s }
---
title: Many
name: many
correlation: { type: event_count, rules: [got], group-by: [username], timespan: 1h, condition: { gte: 40 } }
---
title: A namespace
name: a-namespace
correlation: { type: new_terms, rules: [got], timespan: 7d, condition: { field: namespace } }
tripline: { learning: 0s }
`;

async function start(state: object): Promise<SidecarProcess> {
  writeFileSync(join(folder, 'rules.yml'), rules);
  writeFileSync(join(folder, 'tripline.yaml'), JSON.stringify({ rules: [join(folder, 'rules.yml')], state }));
  const sidecar = await startSidecar(['--config', join(folder, 'tripline.yaml')], { STATE_PASSWORD: 's3cret' });
  sidecars.push(sidecar);
  return sidecar;
}

async function send({ url }: SidecarProcess, events: readonly object[]): Promise<{ status: number; tags: any[] }> {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${url}/v1/records`, { method: 'POST', headers, body: JSON.stringify(events) });
  const body: any = await reply.json();
  return { status: reply.status, tags: reply.ok ? body.map(({ tripline }: any) => tripline) : body };
}

const nth = (index: number) => eventOf({ index, time: timeOf(index) });
const manyIn = (tags: readonly any[]) =>
  tags.flatMap(({ findings = [] }) => findings).filter(({ rule }: any) => rule === 'many');

describe.skipIf(!binary)('sidecars (VALKEY names a valkey-server or redis-server)', () => {
  test('count together, and continue after a restart', async () => {
    valkey = await startValkey({ binary, args: ['--requirepass', 's3cret'], credentials: { password: 's3cret' } });
    const state = { url: valkey.url, password: '${STATE_PASSWORD}' };
    const both = await Promise.all([start(state), start(state)]);
    const replies = await Promise.all(Array.from({ length: 39 }, (_, index) => send(both[index % 2]!, [nth(index)])));
    expect(replies.map(({ status }) => status)).toEqual(Array(39).fill(200));
    const tags = replies.flatMap((reply) => reply.tags);
    expect(manyIn(tags)).toEqual([]);
    expect(tags.filter(({ rules = [] }) => rules.includes('a-namespace'))).toHaveLength(1);
    expect(await both[0]!.stop()).toBe(0);
    const again = await start(state);
    expect(manyIn((await send(again, [nth(39)])).tags)).toMatchObject([{ correlation: { value: 40 } }]);
    expect(await (await fetch(`${again.url}/metrics`)).text()).toMatch(
      /tripline_state_requests_total\{[^}]*result="written"/,
    );
    expect(again.stderr()).not.toContain('s3cret');
    expect(again.stderr()).toContain('has no memory limit');
  });

  test('start without the server, refuse until it is there, and say so', async () => {
    const port = await freePort();
    const sidecar = await start({ url: `redis://127.0.0.1:${port}` });
    expect(await send(sidecar, [nth(0)])).toMatchObject({ status: 503, tags: { code: 'state.unavailable' } });
    const ready = async () => (await (await fetch(`${sidecar.url}/readyz`)).json()) as any;
    expect(await ready()).toMatchObject({ status: 'ready', stateUnavailable: { code: 'ECONNREFUSED' } });
    expect(await (await fetch(`${sidecar.url}/metrics`)).text()).toMatch(/tripline_state_unavailable\{?[^}]*\}? 1/);
    valkey = await startValkey({ binary, port });
    await expect.poll(ready, { timeout: 10_000 }).not.toHaveProperty('stateUnavailable');
    expect((await send(sidecar, [nth(0)])).status).toBe(200);
    expect(await sidecar.stop()).toBe(0);
  });

  test('continue alone if they are configured to, and say so', async () => {
    const sidecar = await start({ url: `redis://127.0.0.1:${await freePort()}`, whenUnavailable: 'local' });
    const { status, tags } = await send(
      sidecar,
      Array.from({ length: 40 }, (_, index) => nth(index)),
    );
    expect(status).toBe(200);
    expect(manyIn(tags)).toHaveLength(1);
    expect(tags.map(({ state }) => state)).toEqual(Array(40).fill('local'));
    expect(await sidecar.stop()).toBe(0);
  });
});
