import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Problem } from '../../../src/problem.ts';
import { entryOf } from '../../../src/sinks/encode/log-event/index.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { openSpool } from '../../../src/sinks/spool/index.ts';
import { readKept } from '../../../src/sinks/spool/read.ts';
import { numberedBatch, problemOf, recorder } from '../contract.ts';
import { faultyFiles } from '../disk/faulty-files.ts';

/** Retries wait for seconds at most. */
const eventually = { timeout: 20_000 };
const MiB = 1024 * 1024;
const root = mkdtempSync(join(tmpdir(), 'spooled-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const freshFolder = () => join(root, String(++folders));

/** A place that accepts batches while it is up, and keeps their entries. */
function place() {
  const at = { isUp: true, entries: [] as string[], attempts: 0, isClosed: false };
  const sink: Sink = {
    name: 'place',
    async deliver(batch) {
      at.attempts++;
      if (!at.isUp) throw new Problem('sink.unavailable', 'place is down');
      at.entries.push(...batch.records.map((_, index) => Buffer.from(entryOf(batch, index)).toString('hex')));
      return { kind: 'acknowledged', records: batch.records.length };
    },
    async close() {
      at.isClosed = true;
    },
  };
  return { at, sink };
}

const opened: Sink[] = [];
afterEach(async () => {
  for (const sink of opened.splice(0)) await sink.close();
});

async function spooled(to: ReturnType<typeof place>, path = freshFolder(), settings = {}) {
  const recorded = recorder();
  const files = faultyFiles();
  const given = { path, maxBytes: 16 * MiB, maxAgeSeconds: 1000, ...settings };
  const sink = await openSpool(to.sink, given, recorded, files);
  opened.push(sink);
  const close = () => {
    opened.splice(opened.indexOf(sink), 1);
    return sink.close();
  };
  return { sink, files, path, close, ...recorded };
}

const entriesOf = (batch: ReturnType<typeof numberedBatch>) =>
  batch.records.map((_, index) => Buffer.from(entryOf(batch, index)).toString('hex'));

describe('a sink with a spool', () => {
  test('accepts a batch while its place is down, and sends it unchanged when it is back', async () => {
    const to = place();
    to.at.isUp = false;
    const { sink, settled, levels, retries } = await spooled(to);
    const batches = [0, 10, 20].map((first) => numberedBatch(5, { first }));
    for (const batch of batches) expect(await sink.deliver(batch)).toEqual({ kind: 'spooled', records: 5 });
    await expect.poll(() => retries.length, eventually).toBeGreaterThan(1);
    expect(to.at.entries).toEqual([]);
    expect(levels.at(-1)).toMatchObject({ entries: 3 });
    to.at.isUp = true;
    await expect.poll(() => settled, eventually).toEqual([0, 1, 2].map(() => ['acknowledged', 5]));
    expect(to.at.entries).toEqual(batches.flatMap(entriesOf));
    await expect.poll(() => levels.at(-1), eventually).toMatchObject({ entries: 0, oldestSeconds: 0 });
  });

  test('sends after a restart what it had not sent, and nothing twice that a sender repeats', async () => {
    const to = place();
    to.at.isUp = false;
    const { sink, path, close } = await spooled(to);
    const batch = numberedBatch(5);
    await Promise.all([sink.deliver(batch), sink.deliver(numberedBatch(5, { first: 9 }))]);
    await close();
    expect(to.at.isClosed).toBe(true);
    const again = await spooled(to, path);
    expect(again.lines).toMatchObject([{ level: 'info', fields: { batches: 2 } }]);
    to.at.isUp = true;
    expect(await again.sink.deliver(numberedBatch(5))).toEqual({ kind: 'repeated', records: 5 });
    const sent = ['restored', 'restored', 'acknowledged', 'acknowledged'];
    await expect.poll(() => again.settled.map(([result]) => result), eventually).toEqual(sent);
    expect(to.at.entries).toEqual([...entriesOf(batch), ...entriesOf(numberedBatch(5, { first: 9 }))]);
  });

  test('uses no space for a batch without records', async () => {
    const { sink, levels } = await spooled(place());
    expect(await sink.deliver(numberedBatch(1, { records: [], tags: [] }))).toEqual({
      kind: 'acknowledged',
      records: 0,
    });
    expect(levels.at(-1)?.bytes).toBe(0);
  });

  test('that is full refuses batches, logs it once, and accepts them again when there is space', async () => {
    const to = place();
    to.at.isUp = false;
    const { sink, path, lines, levels } = await spooled(to);
    const big = (first: number) => numberedBatch(1, { first, padBytes: 6 * MiB });
    await sink.deliver(big(0));
    await sink.deliver(big(1));
    const problem = await problemOf(sink.deliver(big(2)));
    expect(problem.code).toBe('sink.unavailable');
    expect(problem.message).toMatch(/sink place: its spool .* is full: .* spool.maxBytes 16777216/);
    expect(problem.message).toContain(path);
    // Known before the batch is evaluated.
    expect(sink.refusal!(6 * MiB)).toContain('is full');
    expect(sink.refusal!(1000)).toBeUndefined();
    expect(levels.at(-1)?.fault).toEqual({ kind: 'full', since: expect.any(Date) });
    await problemOf(sink.deliver(big(2)));
    const levelsLogged = () =>
      lines.filter(({ message }) => /The spool accepts/.test(message)).map(({ level }) => level);
    expect(levelsLogged()).toEqual(['error']);
    to.at.isUp = true;
    await expect.poll(() => levels.at(-1)?.fault, eventually).toBeUndefined();
    expect(await sink.deliver(big(2))).toMatchObject({ kind: 'spooled' });
    expect(levelsLogged()).toEqual(['error', 'info']);
  });

  test('whose disk fails refuses batches, and accepts them again when it recovers', async () => {
    const to = place();
    const { sink, files, levels } = await spooled(to);
    files.fails = (call) => (call === 'writev' ? 'ENOSPC' : undefined);
    const problem = await problemOf(sink.deliver(numberedBatch(1)));
    expect(problem.message).toMatch(/its spool .* cannot be written: ENOSPC/);
    expect(levels.at(-1)?.fault?.kind).toBe('failing');
    files.fails = () => undefined;
    expect(await sink.deliver(numberedBatch(1))).toMatchObject({ kind: 'spooled' });
    expect(levels.at(-1)?.fault).toBeUndefined();
    await expect.poll(() => to.at.entries, eventually).toHaveLength(1);
  });

  test('sets aside what is too old, and logs where', async () => {
    const to = place();
    to.at.isUp = false;
    const { sink, path, close } = await spooled(to);
    await sink.deliver(numberedBatch(4));
    await close();
    to.at.isUp = true;
    const later = await spooled(to, path, { maxAgeSeconds: -1 });
    await expect
      .poll(() => later.settled, eventually)
      .toEqual([
        ['restored', 4],
        ['set_aside', 4],
      ]);
    const [line] = later.lines.filter(({ level }) => level === 'error');
    const { movedTo } = line!.fields as { movedTo: string };
    const [name] = readdirSync(join(path, 'set-aside'));
    expect(movedTo).toBe(join(path, 'set-aside', name!));
    const kept = [];
    for await (const one of readKept(movedTo)) kept.push(one);
    expect(kept).toMatchObject([{ kind: 'body', records: 4, fluentTag: 'kube.audit' }]);
    expect(later.levels.at(-1)?.setAsideBytes).toBeGreaterThan(100);
    expect(to.at.attempts).toBeGreaterThan(0);
    expect(to.at.entries).toEqual([]);
  });

  test.each([
    ['that its place refuses though it is up', new Problem('sink.refused', 'place: a record is too large')],
    ['on which its place fails by a defect', new TypeError('a defect')],
  ])('a batch %s is tried five times, then set aside, and holds up no other', async (_, error) => {
    const to = place();
    const { deliver } = to.sink;
    let refusals = 0;
    to.sink.deliver = async (batch) => {
      if (batch.fluentTag !== 'bad') return deliver(batch);
      // An outage in between says nothing about the batch.
      if (++refusals === 2) throw new Problem('sink.unavailable', 'place is down');
      throw error;
    };
    const { sink, settled, lines, path } = await spooled(to);
    await sink.deliver(numberedBatch(2, { fluentTag: 'bad' }));
    await sink.deliver(numberedBatch(1));
    await expect
      .poll(() => settled, eventually)
      .toEqual([
        ['set_aside', 2],
        ['acknowledged', 1],
      ]);
    expect(refusals).toBe(6);
    expect(readdirSync(join(path, 'set-aside'))).toEqual([expect.stringMatching(/\.refused\.spool$/)]);
    expect(lines.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining(error.message) });
  });

  test('closes even if its place never answers, and sends the batch the next time', async () => {
    const to = place();
    const { deliver } = to.sink;
    const begun = Promise.withResolvers<void>();
    to.sink.deliver = () => {
      begun.resolve();
      return new Promise(() => {});
    };
    const { sink, path, close } = await spooled(to);
    await sink.deliver(numberedBatch(1));
    await begun.promise;
    await close();
    to.sink.deliver = deliver;
    await spooled(to, path);
    await expect.poll(() => to.at.entries, eventually).toHaveLength(1);
  });

  test('accepts nothing when it is closed', async () => {
    const { sink, close } = await spooled(place());
    await close();
    expect((await problemOf(sink.deliver(numberedBatch(1)))).code).toBe('sink.unavailable');
  });
});
