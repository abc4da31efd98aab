/** What is kept on disk: across a restart and a kill, and if the file is not ours. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { openDisk, type Stored } from '../../src/console/disk.ts';
import { opener } from '../../src/console/rows.ts';
import { configWith, eventOf, keeperFor, keptIn, tagged } from './kept.ts';

const MiB = 1024 * 1024;
let path: string;
let aside: [string, string][];
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'tripline-disk-')), 'console.db');
  aside = [];
});
const open = (maxBytes = MiB) => openDisk(path, maxBytes, (to, why) => aside.push([to, why]));

async function keptOf(count: number, from = 0): Promise<Stored[]> {
  const keeper = keeperFor(configWith());
  keeper.keep(await tagged(Array.from({ length: count }, (_, n) => eventOf(`a-${from + n}`))));
  return keptIn(keeper).map(({ seq, ...stored }) => stored);
}

test("what was written is read back unchanged, and is its owner's alone", async () => {
  const kept = await keptOf(3);
  const disk = open();
  disk.write(kept, []);
  disk.write(kept.slice(0, 1), [kept[1]!]);
  disk.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = open();
  const stored = again.stored();
  expect(stored.map(({ key }) => key)).toEqual([kept[0]!.key, kept[2]!.key]);
  const [{ bytes, ...first }] = stored as [Stored];
  const { bytes: expected, ...rest } = kept[0]!;
  expect(first).toEqual(rest);
  expect(Buffer.from(bytes!).equals(Buffer.from(expected!))).toBe(true);
  expect(opener(configWith())({ ...stored[0]!, seq: 1 }).events).toMatchObject([{ auditID: 'a-0' }]);
  again.close();
});

test('what was written survives a kill, and nothing else is there in part', async () => {
  const kept = await keptOf(4);
  const disk = open();
  disk.write(kept.slice(0, 2), []);
  // As a kill leaves it: the log of SQLite is not yet in the file.
  const killed = `${path}.killed`;
  for (const end of ['', '-wal']) copyFileSync(path + end, killed + end);
  const log = readFileSync(`${killed}-wal`);
  writeFileSync(`${killed}-wal`, Buffer.concat([log, log.subarray(-3000)]));
  disk.close();
  path = killed;
  const again = open();
  expect(again.stored().map(({ key }) => key)).toEqual(kept.slice(0, 2).map(({ key }) => key));
  expect(aside).toEqual([]);
  again.close();
});

describe('a file that is not ours', () => {
  const cases: [string, () => void, string][] = [
    ['is not a database', () => writeFileSync(path, 'x'.repeat(10_000)), 'not a database'],
    ['is of another program', () => other('CREATE TABLE a (b); INSERT INTO a VALUES (1)'), 'another program'],
    [
      'is of a later version',
      () => other(`PRAGMA application_id = ${0x54726970}; PRAGMA user_version = 9`),
      'version 9',
    ],
  ];
  const other = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  test.each(cases)('%s: it is set aside whole, and another is begun', async (_, make, why) => {
    make();
    const before = readFileSync(path);
    const disk = open();
    disk.write(await keptOf(1), []);
    expect(disk.stored()).toHaveLength(1);
    disk.close();
    expect(aside).toEqual([[`${path}.set-aside-1`, expect.stringContaining(why)]]);
    expect(readFileSync(`${path}.set-aside-1`).equals(before)).toBe(true);
  });

  test('is torn: it is set aside', async () => {
    const disk = open();
    disk.write(await keptOf(40), []);
    disk.close();
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - 3 * 4096).fill(0xff, 8192, 16_384));
    open().close();
    expect(aside).toHaveLength(1);
  });

  test('is a link: nothing is written, and the link stays', () => {
    const target = `${path}.target`;
    writeFileSync(target, '');
    symlinkSync(target, path);
    expect(open).toThrow('ELOOP');
    expect([statSync(target).size, existsSync(path)]).toEqual([0, true]);
  });

  test('is held by another: it is left as it is', () => {
    const disk = open();
    expect(open).toThrow('locked');
    expect(aside).toEqual([]);
    disk.close();
  });
});

test('rows that hold what was never written are left out', async () => {
  const disk = open();
  disk.write(await keptOf(5), []);
  disk.close();
  const database = new DatabaseSync(path);
  database.exec(`UPDATE kept SET record = '{"start":0,"end":99999,"map":{"start":0,"end":9}}' WHERE id = 1`);
  database.exec(`UPDATE kept SET tag = '{' WHERE id = 2`);
  database.exec(`UPDATE kept SET codec = 'constructor' WHERE id = 3`);
  database.exec(`UPDATE kept SET received = 'now' WHERE id = 4`);
  database.close();
  const again = open();
  expect(again.stored()).toHaveLength(1);
  again.close();
});

test('the size of the file is limited, and a full one fails only the write', async () => {
  const disk = open(64 * 1024);
  const kept = await keptOf(20);
  const large = (n: number): Stored => ({ ...kept[0]!, key: `large ${n}`, bytes: new Uint8Array(100_000) });
  let failed = 0;
  for (let n = 0; n < 40; n++) {
    try {
      disk.write([large(n)], []);
    } catch {
      failed++;
    }
  }
  expect(failed).toBeGreaterThan(0);
  const stored = disk.stored();
  disk.write([], stored);
  disk.write(kept, []);
  expect(disk.stored()).toHaveLength(20);
  disk.close();
  const bytes = readdirSync(join(path, '..')).reduce((sum, name) => sum + statSync(join(path, '..', name)).size, 0);
  expect(bytes).toBeLessThan(8 * MiB);
});
