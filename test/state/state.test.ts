import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MemoryStore, memoryStore } from '../../src/state/memory.ts';
import { loadState, saveState } from '../../src/state/snapshot.ts';
import { openState } from '../../src/state/state.ts';
import type { Space } from '../../src/state/store.ts';
import fc from '../properties.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tripline-state-'));
  path = join(folder, 'state.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true }));

const space: Space = { name: 'c@1', lifetime: 1000 };
const put = (store: MemoryStore, key: string, at: number, value: unknown, where = space) =>
  store.commit({ space: where, key, value, entries: 1, bytes: 10, place: 'p', owner: 'o', at });

function filled(count = 3): MemoryStore {
  const store = memoryStore();
  for (let i = 0; i < count; i++) put(store, `k${i}`, i, { events: [i, 'é\ud800\n', 2n ** 60n] });
  put(store, 'clock', 7, 7, { name: 'progress', lifetime: null });
  return store;
}

describe('what is saved', () => {
  test('is loaded as it was', async () => {
    const store = filled();
    await saveState(path, store);
    const loaded = memoryStore();
    expect(await loadState(path, loaded)).toEqual({ kind: 'restored', entries: 4 });
    const plain = (rows: Iterable<unknown>) =>
      JSON.parse(JSON.stringify([...rows], (_, v) => (typeof v === 'bigint' ? Number(v) : v)));
    expect(plain(loaded.rows())).toEqual(plain(store.rows()));
    // Without it no key would be found again.
    expect(loaded.secret).toEqual(store.secret);
  });

  test('continues to age from where it was', async () => {
    await saveState(path, filled());
    const loaded = memoryStore();
    await loadState(path, loaded);
    put(loaded, 'new', 1001, 1);
    expect([...loaded.rows()].map(({ key }) => key)).toEqual(['k1', 'k2', 'new', 'clock']);
  });

  test('is in a folder that is made for it, and accessible only to its owner', async () => {
    const deep = join(folder, 'a', 'b', 'state');
    await saveState(deep, filled());
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['state']);
    expect(statSync(deep).mode & 0o777).toBe(0o600);
  });

  test('leaves the old file if it cannot be written', async () => {
    await saveState(path, filled());
    const before = readFileSync(path, 'utf8');
    const broken = {
      ...filled(),
      rows: () => {
        throw new Error('no more');
      },
    } as unknown as MemoryStore;
    await expect(saveState(path, broken)).rejects.toThrow('no more');
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(folder)).toEqual(['state.ndjson']);
  });

  test('is still whole if values change meanwhile', async () => {
    const store = filled(20_000);
    const saving = saveState(path, store);
    for (let i = 0; i < 500; i++) {
      put(store, `k${i}`, 20_000, 'changed');
      if (i % 100 === 0) await new Promise(setImmediate);
    }
    await saving;
    expect(await loadState(path, memoryStore())).toMatchObject({ kind: 'restored' });
  });
});

const sealed = (lines: string[]) => {
  const text = lines.map((line) => `${line}\n`).join('');
  return `${text}${JSON.stringify({ sha256: createHash('sha256').update(text).digest('hex') })}\n`;
};
const head = '{"tripline":"state","version":5,"secret":[1,2]}';

describe('a file that cannot be used is set aside, and nothing of it is loaded', () => {
  test.each<[string, (whole: string) => string | Buffer, RegExp]>([
    ['empty', () => '', /truncated/],
    ['of somebody else', () => '{"name":"package"}\n', /does not begin/],
    ['binary', () => Buffer.alloc(100_000, 0xff), /truncated, or not a text|does not begin/],
    ['of another version', () => sealed(['{"tripline":"state","version":0}']), /version 0/],
    ['cut in a line', (whole) => whole.slice(0, -120), /truncated/],
    ['cut behind a line', (whole) => `${whole.split('\n').slice(0, 3).join('\n')}\n`, /truncated/],
    ['changed', (whole) => whole.replace('"k1"', '"k9"'), /changed/],
    ['joined from two', (whole) => whole + whole, /continues after its end/],
    ['of the version before', () => sealed(['{"tripline":"state","version":3}']), /version 3/],
    ['without the secret', () => sealed([head.replace('[1,2]', '[1]')]), /secret/],
    ['of lines that are no values', () => sealed([head, '[1,2,3]']), /line 2/],
    ['of a line that is no JSON', () => sealed([head, '[']), /line 2/],
    ['of less than nothing', () => sealed([head, '["c@1",1,"k","p","o",false,1,-5,1,[]]']), /line 2/],
    ['of no end of time', () => sealed([head, '["c@1",1,"k","p","o",false,1e999,1,1,[]]']), /line 2/],
    [
      'of a time to come',
      () => sealed([head, `["c@1",1,"k","p","o",false,${(Date.now() + 2 * 86_400_000) * 1000},1,1,[]]`]),
      /ahead/,
    ],
  ])('%s', async (_, spoil, reason) => {
    await saveState(path, filled());
    const bad = spoil(readFileSync(path, 'utf8'));
    writeFileSync(path, bad);
    const store = memoryStore();
    const loaded = await loadState(path, store);
    expect(loaded).toEqual({ kind: 'set aside', reason: expect.stringMatching(reason), path: `${path}.unusable` });
    expect(store.entries()).toBe(0);
    expect(readFileSync(`${path}.unusable`)).toEqual(Buffer.from(bad));
    expect(existsSync(path)).toBe(false);
  });

  test('or loaded, whatever its lines are', async () => {
    const row = fc.tuple(
      ...[fc.string(), fc.oneof(fc.double(), fc.constant(null)), fc.string(), fc.string(), fc.string()],
      ...[fc.boolean(), fc.double(), fc.integer(), fc.integer()],
    );
    const line = fc.oneof(
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.tuple(row, fc.jsonValue()).map(([row, value]) => JSON.stringify([...row, value])),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 3 }), async (lines) => {
        writeFileSync(path, sealed([head, ...lines]));
        const store = memoryStore();
        const { kind } = await loadState(path, store);
        expect(store.entries()).toBeGreaterThanOrEqual(0);
        if (kind === 'set aside') expect(store.entries()).toBe(0);
        put(store, 'k', Date.now() * 1000, 1);
        expect([...store.rows()].some(({ key, value }) => key === 'k' && value === 1)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('larger than anything that Tripline writes', async () => {
    writeFileSync(path, '');
    truncateSync(path, 2 ** 31);
    expect(await loadState(path, memoryStore())).toMatchObject({
      kind: 'set aside',
      reason: expect.stringMatching(/larger/),
    });
  });

  test('a pipe', async () => {
    execFileSync('mkfifo', [path]);
    expect(await loadState(path, memoryStore())).toMatchObject({ kind: 'set aside', reason: 'it is not a file' });
  });

  test('a link, and what it leads to is neither read nor written', async () => {
    const elsewhere = join(folder, 'elsewhere');
    await saveState(elsewhere, filled());
    const before = readFileSync(elsewhere);
    symlinkSync(elsewhere, path);
    expect(await loadState(path, memoryStore())).toEqual({
      kind: 'set aside',
      reason: 'it is a symbolic link',
      path: `${path}.unusable`,
    });
    symlinkSync(elsewhere, path);
    await saveState(path, filled(1));
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readFileSync(elsewhere)).toEqual(before);
  });

  test('but a folder stays where it is', async () => {
    mkdirSync(path);
    await expect(loadState(path, memoryStore())).rejects.toThrow(`${path} is a folder; name a file in it`);
    expect(existsSync(path)).toBe(true);
  });

  test('beside earlier ones', async () => {
    for (const name of [path, `${path}.unusable`, `${path}.unusable.1`]) writeFileSync(name, 'x');
    expect(await loadState(path, memoryStore())).toMatchObject({ path: `${path}.unusable.2` });
  });
});

describe('with a key', () => {
  const key = 'k'.repeat(32);

  test('a file that it authenticates is loaded', async () => {
    await saveState(path, filled(), key);
    expect(await loadState(path, memoryStore(), key)).toEqual({ kind: 'restored', entries: 4 });
  });

  test.each<[string, (whole: string) => string, string | undefined, RegExp]>([
    ['of another key', (whole) => whole, 'x'.repeat(32), /not written with this state\.key/],
    ['that is changed', (whole) => whole.replace('"k1"', '"k9"'), key, /not written with this state\.key/],
    ['that has a hash alone', (whole) => sealed(whole.split('\n').slice(0, -2)), key, /not authenticated/],
    ['with a MAC that is none', (whole) => whole.replace(/"hmac":"\w+"/, '"hmac":"00"'), key, /not written with/],
    ['with a MAC in a list', (whole) => whole.replace(/"hmac":("\w+")/, '"hmac":[$1]'), key, /not authenticated/],
    ['where there is no key', (whole) => whole, undefined, /there is no state\.key/],
  ])('one %s is set aside', async (_, change, given, reason) => {
    await saveState(path, filled(), key);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    const store = memoryStore();
    expect(await loadState(path, store, given)).toMatchObject({
      kind: 'set aside',
      reason: expect.stringMatching(reason),
    });
    expect(store.entries()).toBe(0);
  });
});

test('temporary names cannot be predicted, so that no planted file is written to', async () => {
  const names: string[] = [];
  const watcher = watch(folder, (_, name) => void names.push(name!));
  await saveState(path, filled());
  await saveState(path, filled());
  await new Promise((resolve) => setTimeout(resolve, 20));
  watcher.close();
  const temporary = new Set(names.filter((name) => name.endsWith('.new')));
  expect(temporary.size).toBe(2);
  for (const name of temporary) expect(name).toMatch(/^state\.ndjson\.[0-9a-f]{16}\.new$/);
});

test('a kill in the middle of writing leaves an earlier, whole state', async () => {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { memoryStore } from ${JSON.stringify(join(import.meta.dirname, '../../src/state/memory.ts'))};
     import { saveState } from ${JSON.stringify(join(import.meta.dirname, '../../src/state/snapshot.ts'))};
     const store = memoryStore();
     for (let i = 0; i < 50000; i++) {
       store.commit({ space: { name: 's', lifetime: null }, key: 'k' + i, value: 'x'.repeat(100), entries: 1, bytes: 1, place: 'p', owner: 'o', at: i });
     }
     for (let round = 0; ; round++) {
       await saveState(${JSON.stringify(path)}, store);
       console.log(round);
     }`,
  ]);
  // Some time in the next round, after the first is there.
  for await (const _ of child.stdout) break;
  await new Promise(setImmediate);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.on('exit', resolve));
  const store = memoryStore();
  writeFileSync(`${path}.0123456789abcdef.new`, 'cut');
  expect(await loadState(path, store)).toEqual({ kind: 'restored', entries: 50_000 });
  expect(readdirSync(folder)).toEqual(['state.ndjson']);
});

describe('open', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  beforeEach(() => void lines.splice(0));

  test('then close: what was committed meanwhile is there on the next open', async () => {
    const store = memoryStore();
    const state = await openState({ path }, store, logger);
    put(store, 'a', 1, 'x');
    await state.close();
    const next = memoryStore();
    await (await openState({ path }, next, logger)).close();
    expect([...next.rows()]).toEqual([expect.objectContaining({ key: 'a', value: 'x' })]);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'No state yet: windows and terms start empty',
      'State restored: windows and terms continue',
    ]);
  });

  test('logs what happened to a file that cannot be used', async () => {
    writeFileSync(path, 'x\n');
    await (await openState({ path }, memoryStore(), logger)).close();
    expect(lines).toEqual([
      expect.objectContaining({ level: 50, path, movedTo: `${path}.unusable`, reason: expect.stringMatching(/begin/) }),
    ]);
  });

  test('then a write that fails: it is reported until one succeeds', async () => {
    const store = memoryStore();
    const saves: boolean[] = [];
    const inside = join(folder, 'inside');
    const state = await openState({ path: join(inside, 'state') }, store, logger, (isWritten) => saves.push(isWritten));
    expect(state.unwritten()).toBeUndefined();
    rmSync(inside, { recursive: true });
    writeFileSync(inside, '');
    await state.close();
    expect(state.unwritten()).toEqual({ since: expect.any(Date), code: expect.stringMatching(/^E(EXIST|NOTDIR)$/) });
    rmSync(inside);
    await state.close();
    expect(state.unwritten()).toBeUndefined();
    expect(saves).toEqual([false, true]);
    expect(lines.at(-1)!.msg).toBe('The state is written again');
  });

  test.each(['ENOSPC', 'EDQUOT', 'EIO'])('on a disk that refuses writes, %s: what is saved is used', async (code) => {
    await saveState(path, filled());
    const store = memoryStore();
    const saves: boolean[] = [];
    let isFull = true;
    const write = async (...args: Parameters<typeof saveState>) => {
      if (isFull) throw Object.assign(new Error('no room'), { code });
      await saveState(...args);
    };
    const state = await openState({ path }, store, logger, (isWritten) => saves.push(isWritten), write);
    expect([...store.rows()]).toHaveLength(4);
    expect(state.unwritten()).toEqual({ since: expect.any(Date), code });
    isFull = false;
    await state.close();
    expect(state.unwritten()).toBeUndefined();
    expect(saves).toEqual([false, true]);
  });

  test('fails if there can be no file', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(openState({ path: join(folder, 'file', 'state') }, memoryStore(), logger)).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringMatching(/^state\.path: /),
    });
  });
});
