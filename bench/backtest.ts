/** What a second core brings to a scan by a plan: `npm run bench:backtest`. The same archives with one job and with two, by
 * turns in one run, beside a plain scan; RECORDS says how many of the ordinary corpus there are. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { corpora } from './corpora/index.ts';

const RECORDS = Number(process.env.RECORDS ?? 240_000);
const PER_FILE = 10_000;
const ROUNDS = 5;
const SEED = 7;

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'tripline-backtest-'));
const archive = join(root, 'archive');
const plan = join(root, 'plan');

function writeArchive(): void {
  mkdirSync(archive);
  for (let first = 0; first < RECORDS; first += PER_FILE) {
    const text = corpora.ordinary(Math.min(PER_FILE, RECORDS - first), SEED, first).join('\n');
    writeFileSync(join(archive, `${String(first).padStart(9, '0')}.log.gz`), gzipSync(`${text}\n`, { level: 1 }));
  }
}

/** Runs a command, and gives the seconds that it took. */
function seconds(...args: string[]): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [main, 'scan', '--show', 'summary', '-o', 'ndjson', ...args], {
    encoding: 'utf8',
  });
  if (status !== 1) throw new Error(`exit code ${status}: ${stderr}`);
  return (performance.now() - begun) / 1000;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const ways: Record<string, () => number> = {
  'plain scan': () => seconds(archive),
  '--plan --jobs 1': () => seconds('--plan', plan, '--restart', '--jobs', '1', archive),
  '--plan --jobs 2': () => seconds('--plan', plan, '--restart', '--jobs', '2', archive),
  '--plan --finish': () => seconds('--plan', plan, '--finish'),
};

try {
  writeArchive();
  const taken = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, way] of Object.entries(ways)) taken.get(name)!.push(way());
  }
  for (const [name, values] of taken) console.log(`${name}: ${median(values).toFixed(1)} s`);
  const one = taken.get('--plan --jobs 1')!;
  const two = taken.get('--plan --jobs 2')!;
  const ratios = one.map((value, round) => value / two[round]!);
  console.log(`two jobs are ${median(ratios).toFixed(2)} times as fast as one (${RECORDS} records)`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
