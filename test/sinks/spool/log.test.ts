import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { msgpack } from '../../../src/codecs/msgpack.ts';
import { entryFrom } from '../../../src/sinks/spool/entry.ts';
import type { Amiss } from '../../../src/sinks/spool/folder.ts';
import { encodeEntry } from '../../../src/sinks/spool/format.ts';
import { type LogOptions, openLog, type SpoolLog } from '../../../src/sinks/spool/log.ts';
import { readKept } from '../../../src/sinks/spool/read.ts';
import fc from '../../properties.ts';
import { logEvent, numberedBatch, taggedBatch } from '../contract.ts';
import { faultyFiles } from '../disk/faulty-files.ts';

const root = mkdtempSync(join(tmpdir(), 'spool-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const freshFolder = () => join(root, String(++folders));

const opened: SpoolLog[] = [];
afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
});

interface TestLog {
  log: SpoolLog;
  amiss: Amiss[];
  files: ReturnType<typeof faultyFiles>;
}

async function open(path: string, options: Partial<LogOptions> = {}): Promise<TestLog> {
  const amiss: Amiss[] = [];
  const files = faultyFiles();
  const report = (one: Amiss) => void amiss.push(one);
  const log = await openLog({ path, maxBytes: 1e6, segmentBytes: 1000, files, report, ...options });
  opened.push(log);
  return { log, amiss, files };
}

/** What a machine would find after losing power now. */
function copyOf(path: string): string {
  const copy = freshFolder();
  cpSync(path, copy, { recursive: true, filter: (from) => basename(from) !== 'lock' });
  return copy;
}

async function close(log: SpoolLog): Promise<void> {
  opened.splice(opened.indexOf(log), 1);
  await log.close();
}

const entry = (n: number, padBytes = 0) => entryFrom(numberedBatch(1, { first: n, padBytes }), n);
const append = (log: SpoolLog, n: number, padBytes?: number) => log.append(entry(n, padBytes), n);

/** Handles what is left to send: the numbers of the entries sent, and how often bytes were set aside. */
async function drain(log: SpoolLog, most = Number.POSITIVE_INFINITY): Promise<{ sent: number[]; corrupt: number }> {
  const sent: number[] = [];
  let corrupt = 0;
  while (sent.length < most) {
    const next = await log.next();
    if (next === undefined) break;
    if (next.kind === 'entry') {
      sent.push(next.head.time);
      await log.advance(next);
    } else {
      corrupt++;
      await log.putAside(next, 'corrupt');
    }
  }
  return { sent, corrupt };
}

const segmentsOf = (path: string) =>
  readdirSync(path)
    .filter((name) => name.endsWith('.spool'))
    .sort()
    .map((name) => join(path, name));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a log', () => {
  test('returns entries in order, across segments, and removes what is sent', async () => {
    const path = freshFolder();
    const { log } = await open(path);
    for (const n of upTo(20)) expect(await append(log, n)).toBe('stored');
    expect(segmentsOf(path).length).toBeGreaterThan(3);
    expect([log.entries, log.oldest]).toEqual([20, 0]);
    expect(await drain(log)).toEqual({ sent: upTo(20), corrupt: 0 });
    expect([log.entries, log.oldest]).toEqual([0, undefined]);
    expect(segmentsOf(path).length).toBeLessThan(2);
  });

  test('makes many entries durable by one call', async () => {
    const { log, files } = await open(freshFolder(), { segmentBytes: 1e6 });
    await append(log, 0);
    files.calls.length = 0;
    await Promise.all(upTo(51).map((n) => append(log, n)));
    expect(files.calls.filter((call) => call === 'datasync').length).toBeLessThanOrEqual(2);
  });

  test('stores a repeated batch once: at the same time, later, when it was sent, and after a restart', async () => {
    const path = freshFolder();
    const { log } = await open(path);
    expect(await Promise.all([append(log, 1), append(log, 1), append(log, 2)])).toEqual([
      'stored',
      'repeated',
      'stored',
    ]);
    expect(await append(log, 2)).toBe('repeated');
    await drain(log);
    expect(await append(log, 1)).toBe('repeated');
    await append(log, 3);
    await close(log);
    const { log: again } = await open(path);
    expect(await append(again, 3)).toBe('repeated');
    expect(await drain(again)).toEqual({ sent: [3], corrupt: 0 });
  });

  test('continues after a restart where it was', async () => {
    const path = freshFolder();
    const { log } = await open(path);
    for (const n of upTo(12)) await append(log, n);
    await drain(log, 5);
    await close(log);
    const { log: again, amiss } = await open(path);
    expect([again.entries, again.oldest]).toEqual([7, 5]);
    await append(again, 12);
    expect(await drain(again)).toEqual({ sent: [5, 6, 7, 8, 9, 10, 11, 12], corrupt: 0 });
    expect(amiss).toEqual([]);
  });

  test('continues after everything was sent and removed, and does not mistake new entries for those', async () => {
    const path = freshFolder();
    for (const n of upTo(3)) {
      const { log } = await open(path);
      if (n === 0) await append(log, 0);
      await drain(log);
      await close(log);
    }
    expect(segmentsOf(path)).toEqual([]);
    const { log } = await open(path);
    await append(log, 1);
    const { log: after } = await open(copyOf(path));
    expect(await drain(after)).toEqual({ sent: [1], corrupt: 0 });
  });

  test('belongs to one process or sink at a time', async () => {
    const path = freshFolder();
    const { log } = await open(path);
    await expect(open(path)).rejects.toThrow(/another process or sink uses this folder/);
    await close(log);
    await open(path);
  });

  test('is for its owner alone', async () => {
    const path = freshFolder();
    await append((await open(path)).log, 1);
    const { statSync } = await import('node:fs');
    expect([path, ...segmentsOf(path)].map((one) => statSync(one).mode & 0o77)).toEqual([0, 0]);
  });

  test('loses nothing that was written, and keeps the order, whatever is done and whenever it stops', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('append' as const), pad: fc.nat(400) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), pad: fc.nat(4) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'restart' as const), pad: fc.nat() }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        let path = freshFolder();
        let { log } = await open(path);
        const taken: number[] = [];
        const sent: number[] = [];
        for (const { kind, pad } of steps) {
          if (kind === 'append') {
            await append(log, taken.length, pad);
            taken.push(taken.length);
          } else if (kind === 'send') {
            sent.push(...(await drain(log, pad)).sent);
          } else {
            const old = path;
            if (kind === 'crash') path = copyOf(old);
            await close(log);
            ({ log } = await open(path));
          }
        }
        sent.push(...(await drain(log)).sent);
        await close(log);
        expect(sent).toEqual(taken);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a crash', () => {
  test('at any byte of the last entry costs that entry and no other', async () => {
    const path = freshFolder();
    const { log } = await open(path, { segmentBytes: 1e6 });
    await append(log, 0);
    await append(log, 1);
    const [segment] = segmentsOf(path);
    const before = readFileSync(segment!).length;
    await append(log, 2);
    const whole = readFileSync(segment!).length;
    // Where its parts begin or end, and some bytes in between.
    const within = fc.sample(fc.integer({ min: before + 25, max: whole - 2 }), { numRuns: 12 });
    for (const length of [before, before + 1, before + 27, before + 28, ...within, whole - 1]) {
      const copy = copyOf(path);
      truncateSync(join(copy, basename(segment!)), length);
      const { log: after, amiss } = await open(copy);
      expect(amiss.map(({ kind }) => kind)).toEqual(length === before ? [] : ['torn']);
      expect(readFileSync(segmentsOf(copy)[0]!).length).toBe(before);
      // Its sender got no answer and sends it again.
      expect(await append(after, 2)).toBe('stored');
      expect(await drain(after)).toEqual({ sent: [0, 1, 2], corrupt: 0 });
      await close(after);
    }
  });

  test('that leaves space which was never written is treated like one within an entry', async () => {
    const path = freshFolder();
    const { log } = await open(path);
    await append(log, 0);
    const copy = copyOf(path);
    writeFileSync(segmentsOf(copy)[0]!, Buffer.alloc(100), { flag: 'a' });
    const { log: after, amiss } = await open(copy);
    expect(amiss).toMatchObject([{ kind: 'torn', bytes: 100 }]);
    expect(await drain(after)).toEqual({ sent: [0], corrupt: 0 });
  });

  test('before anything is in a new segment costs nothing', async () => {
    for (const length of [0, 5, 20, 34]) {
      const path = freshFolder();
      const { log } = await open(path);
      await append(log, 0);
      const copy = copyOf(path);
      writeFileSync(join(copy, '0000000000000002.spool'), `tripline spool 1 ${'0a'.repeat(8)}\n`.slice(0, length));
      const { log: after } = await open(copy);
      await append(after, 1);
      expect(await drain(after)).toEqual({ sent: [0, 1], corrupt: 0 });
    }
  });
});

describe('bytes that have changed', () => {
  test('anywhere in a segment are set aside with their entry, and the other entries are sent', async () => {
    const path = freshFolder();
    const { log } = await open(path, { segmentBytes: 1e6 });
    const ends: number[] = [34];
    for (const n of upTo(3)) {
      await append(log, n);
      ends.push(readFileSync(segmentsOf(path)[0]!).length);
    }
    const places = fc.sample(fc.integer({ min: 34, max: ends.at(-1)! - 1 }), { numRuns: 24 });
    for (const place of [...upTo(28).map((n) => ends[1]! + n), ...places]) {
      const copy = copyOf(path);
      const [segment] = segmentsOf(copy);
      const bytes = readFileSync(segment!);
      bytes[place]! ^= 0x10;
      writeFileSync(segment!, bytes);
      const { log: after } = await open(copy);
      const lost = ends.findIndex((end) => place < end) - 1;
      expect(await drain(after)).toEqual({ sent: upTo(3).filter((n) => n !== lost), corrupt: 1 });
      expect(after.setAside.files).toBe(1);
      // It can be sent again, if its sender still has it.
      expect(await append(after, lost)).toBe('stored');
      await close(after);
    }
  });

  test('do not turn the content of a record into an entry', async () => {
    const path = freshFolder();
    const { log } = await open(path, { segmentBytes: 1e6 });
    await append(log, 0);
    // An attacker knows the format of the file, but not its mark.
    const forged = Buffer.concat(encodeEntry(Buffer.from('8 bytes.'), entry(666)));
    await log.append(entryFrom(taggedBatch(msgpack, Buffer.concat([logEvent({ forged })])), 1), 1);
    await append(log, 2);
    const copy = copyOf(path);
    const [segment] = segmentsOf(copy);
    const bytes = readFileSync(segment!);
    bytes[bytes.indexOf(bytes.subarray(34, 42), 50)]! ^= 1;
    writeFileSync(segment!, bytes);
    const { log: after } = await open(copy);
    expect(await drain(after)).toEqual({ sent: [0, 2], corrupt: 1 });
  });

  test('while the process runs are set aside too, and their batch is accepted when it is repeated', async () => {
    const path = freshFolder();
    const { log } = await open(path);
    await append(log, 1);
    const [segment] = segmentsOf(path);
    const bytes = readFileSync(segment!);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(segment!, bytes);
    expect(await append(log, 1)).toBe('repeated');
    expect(await drain(log)).toEqual({ sent: [], corrupt: 1 });
    expect(await append(log, 1)).toBe('stored');
    expect(await drain(log)).toEqual({ sent: [1], corrupt: 0 });
  });

  test('in the first line, or a later version, cause the whole segment to be set aside', async () => {
    const path = freshFolder();
    const { log } = await open(path);
    for (const n of upTo(6)) await append(log, n);
    const copy = copyOf(path);
    const [first] = segmentsOf(copy);
    const bytes = readFileSync(first!);
    writeFileSync(first!, Buffer.concat([Buffer.from('tripline spool 2'), bytes.subarray(16)]));
    const { log: after, amiss } = await open(copy);
    expect(amiss).toMatchObject([{ kind: 'foreign', path: first }]);
    const { sent } = await drain(after);
    expect(sent.length).toBeGreaterThan(0);
    expect(sent).toEqual(upTo(6).slice(-sent.length));
    expect(readFileSync((amiss[0] as { movedTo: string }).movedTo).subarray(16)).toEqual(bytes.subarray(16));
  });

  test('in the cursor cause all existing entries to be sent again', async () => {
    const path = freshFolder();
    const { log } = await open(path, { segmentBytes: 1e6 });
    for (const n of upTo(4)) await append(log, n);
    await drain(log, 2);
    const copy = copyOf(path);
    writeFileSync(join(copy, 'cursor'), 'tripline cursor 1 0000000000000009');
    const { log: after, amiss } = await open(copy);
    expect(amiss).toMatchObject([{ kind: 'cursor' }]);
    expect(await drain(after)).toEqual({ sent: upTo(4), corrupt: 0 });
  });
});

describe('a disk', () => {
  test.each(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'])(
    'that fails with %s causes refusals and harms nothing',
    async (code) => {
      const path = freshFolder();
      const { log, files } = await open(path);
      await append(log, 0);
      let taken = 1;
      for (const failing of ['writev', 'datasync', 'open', 'truncate'] as const) {
        files.fails = (call) => (call === failing || (failing === 'truncate' && call === 'writev') ? code : undefined);
        // After a failure a new segment is begun, so that `open` is called.
        const refused = await Promise.allSettled([append(log, 100 + taken, 500), append(log, 200 + taken, 500)]);
        const reasons = refused.map((one) => (one.status === 'rejected' ? one.reason : undefined));
        expect(reasons).toMatchObject([1, 2].map(() => ({ kind: 'failing', message: expect.stringContaining(code) })));
        expect(log.entries).toBe(taken);
        files.fails = () => undefined;
        expect(await append(log, taken++)).toBe('stored');
        files.fails = (call) => (call === 'writev' ? code : undefined);
        await append(log, 300).catch(() => {});
        files.fails = () => undefined;
      }
      const { log: after } = await open(copyOf(path));
      expect(await drain(after)).toEqual({ sent: upTo(taken), corrupt: 0 });
      expect(await drain(log)).toEqual({ sent: upTo(taken), corrupt: 0 });
    },
  );

  test('that stays full is not filled with leftovers', async () => {
    const path = freshFolder();
    const { log, files } = await open(path);
    await append(log, 0);
    files.fails = (call) => (call === 'writev' ? 'ENOSPC' : undefined);
    for (const n of upTo(10)) await expect(append(log, n + 1)).rejects.toThrow('ENOSPC');
    // The first line fits, but the entry does not.
    let writes = 0;
    files.fails = (call) => (call === 'writev' && ++writes % 2 === 0 ? 'ENOSPC' : undefined);
    for (const n of upTo(10)) await expect(append(log, n + 1)).rejects.toThrow('ENOSPC');
    expect(readdirSync(path).sort()).toEqual(['0000000000000001.spool', 'cursor', 'lock', 'set-aside']);
    files.fails = () => undefined;
    await append(log, 1);
    expect(await drain(log)).toEqual({ sent: [0, 1], corrupt: 0 });
  });

  test('syncs an entry before it is acknowledged, and one that cannot be synced is not stored', async () => {
    const path = freshFolder();
    const { log, files } = await open(path);
    await append(log, 0);
    files.calls.length = 0;
    await append(log, 1);
    expect(files.calls).toEqual(['writev', 'datasync']);
    files.fails = (call) => (call === 'datasync' ? 'EIO' : undefined);
    await expect(append(log, 2)).rejects.toThrow('EIO');
    const { log: after } = await open(copyOf(path));
    expect(await drain(after)).toEqual({ sent: [0, 1], corrupt: 0 });
  });

  test('that cannot store the cursor loses nothing, and some is sent again after a restart', async () => {
    const path = freshFolder();
    const { log, files } = await open(path);
    for (const n of upTo(3)) await append(log, n);
    files.fails = (call) => (call === 'write' ? 'EIO' : undefined);
    expect(await drain(log, 2)).toMatchObject({ sent: [0, 1] });
    const { log: after } = await open(copyOf(path));
    expect((await drain(after)).sent).toEqual([0, 1, 2]);
  });

  test('on which nothing can be removed still accepts entries, and is cleared by the next opening', async () => {
    const path = freshFolder();
    const { log, files } = await open(path);
    files.fails = (call) => (call === 'rm' ? 'EIO' : undefined);
    for (const n of upTo(20)) {
      expect(await append(log, n)).toBe('stored');
      expect(await drain(log)).toEqual({ sent: [n], corrupt: 0 });
    }
    expect(segmentsOf(path).length).toBeGreaterThan(3);
    await close(log);
    const { log: after } = await open(path);
    expect(segmentsOf(path).length).toBeLessThan(2);
    expect(await drain(after)).toEqual({ sent: [], corrupt: 0 });
  });

  test('on which nothing can be set aside keeps the entries', async () => {
    const path = freshFolder();
    const { log, files } = await open(path);
    for (const n of upTo(2)) await append(log, n);
    files.fails = (call, of) => (call === 'writev' && of.includes('set-aside') ? 'ENOSPC' : undefined);
    const next = (await log.next())!;
    await expect(log.putAside(next, 'expired')).rejects.toThrow('ENOSPC');
    files.fails = () => undefined;
    expect((await drain(log)).sent).toEqual([0, 1]);
    expect(log.setAside.files).toBe(0);
  });
});

describe('the bound', () => {
  test('is kept, and what is sent frees space', async () => {
    const path = freshFolder();
    const { log } = await open(path, { maxBytes: 10_000 });
    const outcomes = await Promise.allSettled(upTo(20).map((n) => append(log, n, 800)));
    const taken = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(taken).toBeGreaterThan(5);
    expect(taken).toBeLessThan(12);
    expect(outcomes.at(-1)).toMatchObject({ reason: { kind: 'full', message: expect.stringContaining('10000') } });
    expect(segmentsOf(path).reduce((sum, one) => sum + readFileSync(one).length, 0)).toBeLessThanOrEqual(10_000);
    await drain(log);
    expect(await append(log, 99, 8_500)).toBe('stored');
    expect(log.refusal(8_500)?.kind).toBe('full');
    await drain(log);
    expect(log.refusal(8_500)).toBeUndefined();
    await append(log, 100, 8_500);
  });

  test('includes what was set aside, until somebody removes it', async () => {
    const path = freshFolder();
    const { log } = await open(path, { maxBytes: 10_000 });
    await append(log, 0, 6_000);
    const kept = await log.putAside((await log.next())!, 'expired');
    await expect(append(log, 1, 6_000)).rejects.toThrow(join(path, 'set-aside'));
    rmSync(kept);
    expect(await append(log, 1, 6_000)).toBe('stored');
  });
});

test('a file that was set aside is never overwritten', async () => {
  const path = freshFolder();
  for (const n of upTo(3)) {
    const { log } = await open(path);
    await append(log, n);
    await log.putAside((await log.next())!, 'expired');
    await close(log);
    // As after a power failure that lost everything not yet durable.
    for (const name of readdirSync(path)) if (name === 'cursor' || name.endsWith('.spool')) rmSync(join(path, name));
  }
  const times: number[] = [];
  for (const name of readdirSync(join(path, 'set-aside'))) {
    for await (const one of readKept(join(path, 'set-aside', name))) if (one.kind === 'body') times.push(one.time);
  }
  expect(times.sort()).toEqual([0, 1, 2]);
});

test('what was set aside can be read without the spool', async () => {
  const path = freshFolder();
  const { log } = await open(path);
  await log.append(entryFrom(numberedBatch(3, { fluentTag: 'a.b' }), 7), 7);
  const kept = await log.putAside((await log.next())!, 'expired');
  const found = [];
  for await (const one of readKept(kept)) found.push(one);
  expect(found).toMatchObject([
    {
      kind: 'body',
      time: 7,
      receivedUnixNano: 1_700_000_000_123_456_789n,
      fluentTag: 'a.b',
      codec: 'msgpack',
      records: 3,
      end: readFileSync(kept).length,
    },
  ]);
});
