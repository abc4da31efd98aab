/** A spool whose process is killed repeatedly, in the long form only: SPOOL_KILLS=100 npx vitest run
 * test/sinks/spool/kill.test.ts */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const kills = Number(process.env.SPOOL_KILLS ?? 0);
const program = fileURLToPath(new URL('killed.ts', import.meta.url));

test.skipIf(kills === 0)(
  'nothing that was accepted is lost in as many kills as SPOOL_KILLS says',
  { timeout: 3_600_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spool-kill-'));
    const taken: number[] = [];
    let first = 0;

    async function run(...more: string[]): Promise<number | null> {
      const child = spawn(process.execPath, [program, folder, String(first), ...more], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'close');
      let text = '';
      child.stdout.on('data', (data) => {
        text += data;
      });
      if (more.length === 0) {
        await Promise.race([once(child.stdout, 'data'), ended]);
        await sleep(Math.random() * 100);
        child.kill('SIGKILL');
      }
      const [code] = await ended;
      // The last line may have been cut.
      taken.push(...text.split('\n').slice(0, -1).map(Number));
      first = Math.max(...taken) + 100;
      return code;
    }

    for (let kill = 0; kill < kills; kill++) await run();
    expect(await run('8')).toBe(0);
    const sent = readFileSync(join(folder, 'sent'), 'utf8').trim().split('\n').map(Number);
    const unique = [...new Set(sent)];
    console.log(
      `${kills} kills: ${taken.length} taken, ${sent.length} sent, ${sent.length - unique.length} of them again`,
    );
    expect(taken.filter((n) => !unique.includes(n))).toEqual([]);
    // Four are accepted at a time, and may be written in any order.
    const blocks = unique.map((n) => (n - (n % 4)) / 4);
    expect(blocks).toEqual(blocks.toSorted((a, b) => a - b));
    rmSync(folder, { recursive: true });
  },
);
