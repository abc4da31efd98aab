import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { countLetters, openDeadLetters } from '../../src/dead-letters/index.ts';
import { Problem } from '../../src/problem.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'dead-letters-'));
  folders.push(path);
  return path;
}

const about = { problem: new Problem('body.unreadable', 'byte 0'), headers: { authorization: 'Basic x', accept: '*' } };

test('a body that arrives many times at once is kept once, whole', async () => {
  const path = folder();
  const letters = await openDeadLetters(path, 1_000_000);
  const body = Buffer.alloc(100_000, 'x');
  const kept = await Promise.all(Array.from({ length: 20 }, () => letters.keep(body, about)));
  expect(new Set(kept).size).toBe(1);
  expect(readdirSync(path)).toHaveLength(2);
  expect(readFileSync(kept[0])).toEqual(body);
  expect(readFileSync(kept[0].replace('.body', '.json'), 'utf8')).not.toContain('Basic');
});

test.each(['authorization', 'proxy-authorization', 'cookie', 'x-api-key', 'x-amz-firehose-access-key'])(
  'the value of %s is not kept',
  async (name) => {
    const headers = { [name]: 'a-secret', accept: '*' };
    const kept = await (await openDeadLetters(folder(), 1000)).keep(Buffer.from('x'), { ...about, headers });
    expect(JSON.parse(readFileSync(kept.replace('.body', '.json'), 'utf8')).headers).toEqual({ accept: '*' });
  },
);

test('a body that could not be written takes no space', async () => {
  const path = folder();
  const letters = await openDeadLetters(path, 1000);
  rmSync(path, { recursive: true });
  for (let attempt = 0; attempt < 5; attempt++) {
    await expect(letters.keep(Buffer.alloc(400), about)).rejects.toMatchObject({ code: 'ENOENT' });
  }
});

test('a full folder accepts nothing more, and existing letters count after a start', async () => {
  const path = folder();
  await (await openDeadLetters(path, 2000)).keep(Buffer.alloc(1000), about);
  const letters = await openDeadLetters(path, 2000);
  await expect(letters.keep(Buffer.alloc(1001), about)).rejects.toThrow('maxDeadLetterBytes 2000');
  expect(readdirSync(path)).toHaveLength(2);
});

test('the threads of a process share one limit', async () => {
  const path = folder();
  const count = countLetters();
  const [one, other] = [await openDeadLetters(path, 2000, count), await openDeadLetters(path, 2000, count)];
  await one.keep(Buffer.alloc(1000), about);
  await expect(other.keep(Buffer.alloc(1001), about)).rejects.toThrow('maxDeadLetterBytes 2000');
  for (const name of readdirSync(path)) rmSync(join(path, name));
  await other.keep(Buffer.alloc(1001), about);
  await expect(one.keep(Buffer.alloc(1000), about)).rejects.toThrow('maxDeadLetterBytes 2000');
});

test('a body that two sinks refuse is a letter for each', async () => {
  const letters = await openDeadLetters(folder(), 1_000_000);
  const kept = await Promise.all(['a', 'b', 'a'].map((sink) => letters.keep(Buffer.from('x'), { ...about, sink })));
  expect(new Set(kept).size).toBe(2);
});
