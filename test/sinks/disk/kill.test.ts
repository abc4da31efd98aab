/** Sinks that keep files and whose process is killed. The long form: FILE_KILLS=100 npx vitest run
 * test/sinks/disk/kill.test.ts */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import { openSink, type SinkConfig } from '../../../src/sinks/index.ts';
import { readRows } from '../../avro/read.ts';
import { recorder } from '../contract.ts';
import { contentsIn, freshFolders, kinds } from './folder.ts';

const kills = Number(process.env.FILE_KILLS ?? 1);
const program = fileURLToPath(new URL('killed.ts', import.meta.url));
const freshFolder = freshFolders();

/** The numbers in a file, which must be readable to its end. */
const readers: Record<string, (content: Buffer) => number[] | Promise<number[]>> = {
  ndjson: (content) => {
    expect(content.at(-1)).toBe(0x0a);
    const lines = content.toString().trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line).n);
  },
  avro: async (content) =>
    (await readRows(content)).map(({ record }) => ((decode(record) as unknown[])[1] as { n: number }).n),
};

test.each(Object.entries(readers))(
  '%s: everything acknowledged is present and complete after FILE_KILLS kills',
  { timeout: 3_600_000 },
  async (type, numbersOf) => {
    const path = freshFolder();
    const acknowledged: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const first = Math.max(-100, ...acknowledged) + 100;
      const child = spawn(process.execPath, [program, type, path, String(first)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'close');
      let text = '';
      child.stdout.on('data', (data) => {
        text += data;
      });
      await Promise.race([once(child.stdout, 'data'), ended]);
      await sleep(Math.random() * 100);
      child.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
      // The last line may have been cut.
      acknowledged.push(...text.split('\n').slice(0, -1).map(Number));
    }
    const settings = { required: true, maxFileBytes: 1e6, maxFileSeconds: 3600, rows: 'records', codec: 'null' };
    const sink = await openSink({ type, name: type, path, ...settings } as unknown as SinkConfig, recorder());
    await sink.close();
    const there: number[] = [];
    for (const content of contentsIn(path)) there.push(...(await numbersOf(content)));
    if (kills > 1) console.log(`${type}: ${kills} kills, ${acknowledged.length} acknowledged, ${there.length} there`);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.filter((n) => !there.includes(n))).toEqual([]);
    expect(new Set(kinds(path))).toEqual(new Set([`.${type}`]));
  },
);
