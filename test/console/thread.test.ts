/** The console thread as the sidecar runs it: it starts with a question, and whatever happens to it, all else continues. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import type { Config } from '../../src/config/index.ts';
import type { Findings, Session } from '../../src/console/api.ts';
import type { Keeper } from '../../src/console/kept.ts';
import { type Console, openConsole } from '../../src/console/start.ts';
import { configWith, eventOf, keeperFor, status, tagged } from './kept.ts';

let console: Console;
let log: [object, string][];
let running: boolean[];
afterEach(() => console.close());

function open(config: Config, keeper: Keeper, parts: Partial<Parameters<typeof openConsole>[0]> = {}): Console {
  log = [];
  running = [];
  const note = (fields: object, message: string) => void log.push([fields, message]);
  console = openConsole({
    config,
    watch() {
      const { port1, port2 } = new MessageChannel();
      keeper.serve(port1);
      port1.unref();
      return port2;
    },
    status: () => status,
    logger: { error: note, info: note } as unknown as Parameters<typeof openConsole>[0]['logger'],
    onRunning: (isRunning) => void running.push(isRunning),
    ...parts,
  });
  return console;
}

const findings = async (query = {}) => JSON.parse(await console.ask({ kind: 'findings', query })) as Findings;

test('it starts with the first question, knows all that is kept, hears what arrives, and ends when it is closed', async () => {
  const config = configWith();
  const keeper = keeperFor(config);
  keeper.keep(await tagged([eventOf('1'), eventOf('2')]));
  open(config, keeper, { idleMilliseconds: 300 });
  expect(running).toEqual([]);
  expect((await findings()).total).toBe(2);
  const came: { findings: { event: { auditID: string } }[]; others: number; isGap: boolean }[] = [];
  const ids: string[] = [];
  const ended: string[] = [];
  const leave = console.follow(
    { q: 'id:nr-3' },
    undefined,
    (last, json) => {
      ids.push(last);
      came.push(JSON.parse(json));
    },
    ({ code }) => void ended.push(code),
  );
  // Once this is answered, the stream is open.
  await findings();
  keeper.keep(await tagged([eventOf('nr-3'), eventOf('nr-4')]));
  await vi.waitFor(() => expect(came).toHaveLength(1), { timeout: 5000 });
  expect(came[0]).toMatchObject({ findings: [{ event: { auditID: 'nr-3' } }], others: 1, omitted: 0, isGap: false });
  leave();
  const again: typeof came = [];
  console.follow(
    {},
    ids[0]!.replace(/-.*/, '-2'),
    (_, json) => void again.push(JSON.parse(json)),
    () => {},
  );
  const other: typeof came = [];
  console.follow(
    {},
    'of-another-9',
    (_, json) => void other.push(JSON.parse(json)),
    () => {},
  );
  console.follow(
    { limit: 'x' },
    undefined,
    () => {},
    ({ code }) => void ended.push(code),
  );
  await vi.waitFor(() => expect([again.length, other.length]).toEqual([1, 1]), { timeout: 5000 });
  expect(again[0]!.findings.map(({ event }) => event.auditID)).toEqual(['nr-3', 'nr-4']);
  expect([again[0]!.isGap, other[0]!.isGap, ended]).toEqual([false, true, ['console.query']]);
  await console.close();
  expect(running).toEqual([true, false]);
  await expect(console.ask({ kind: 'now' })).rejects.toMatchObject({ code: 'server.draining' });
});

test('it ends when nobody asks, and starts again with the next question', async () => {
  const config = configWith();
  const keeper = keeperFor(config);
  keeper.keep(await tagged([eventOf('1')]));
  open(config, keeper, { idleMilliseconds: 1 });
  expect((await findings()).total).toBe(1);
  await vi.waitFor(() => expect(running).toEqual([true, false]), { timeout: 5000 });
  expect((await findings()).total).toBe(1);
});

test('a defect in it is answered and logged, and the next question restarts it', async () => {
  const config = configWith();
  const keeper = keeperFor(config);
  keeper.keep(await tagged([eventOf('1')]));
  let isBroken = true;
  open(config, keeper, {
    watch(): MessagePort {
      const { port1, port2 } = new MessageChannel();
      if (isBroken) port1.on('message', () => port1.postMessage({ kind: 'kept', kept: 7, lost: undefined }));
      else keeper.serve(port1);
      port1.unref();
      isBroken = false;
      return port2;
    },
  });
  await expect(findings()).rejects.toMatchObject({ code: 'console.unavailable' });
  expect(log).toMatchObject([[{ err: {} }, expect.stringContaining('stopped because of a defect')]]);
  expect((await findings()).total).toBe(1);
});

test('what is on disk is available after a restart, together with what arrives, and a broken file stops nothing', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tripline-console-')), 'console.db');
  writeFileSync(path, 'x'.repeat(5000));
  const config = configWith({ console: { path } });
  const first = keeperFor(config);
  first.keep(await tagged([eventOf('1'), eventOf('2')]));
  open(config, first);
  expect(running).toEqual([true]);
  expect((await findings()).total).toBe(2);
  expect(log).toMatchObject([[{ movedTo: `${path}.set-aside-1` }, expect.stringContaining('set aside')]]);
  await console.close();

  const second = keeperFor(config);
  // The sender received no answer, and repeats one.
  second.keep(await tagged([eventOf('2')]));
  second.keep(await tagged([eventOf('3')]));
  open(config, second);
  const found = await findings({ sort: '-time' });
  expect(found.findings.map(({ event }) => event!.auditID)).toEqual(['1', '2', '3']);
  const who = { credential: null, mayWrite: false, writeDenied: null };
  const { ring } = JSON.parse(await console.ask({ kind: 'session', who })) as Session;
  expect(ring.findings).toMatchObject({ held: 3, completeSince: null });
  expect(log).toEqual([]);
});
