/** What a second core gains for a scan by a plan: `npm run bench:backtest`. The same archives with one job and with two,
 * alternating in one run, beside a plain scan; RECORDS is the number of records of the ordinary corpus, ROUNDS the number of
 * rounds. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { corpora } from './corpora/index.ts';

const RECORDS = Number(process.env.RECORDS ?? 240_000);
const PER_FILE = 10_000;
const ROUNDS = Number(process.env.ROUNDS ?? 3);
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

interface Taken {
  /** Seconds of wall-clock time. */
  wall: number;
  /** Seconds of CPU, over all its threads. */
  cpu: number;
}

/** Clock ticks of Linux in a second. */
const TICKS = 100;

/** Seconds of CPU used by children that have ended. */
function cpuOfChildren(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}

function run(...args: string[]): Taken {
  const begun = performance.now();
  const before = cpuOfChildren();
  const command = [main, 'scan', '--show', 'summary', '-o', 'ndjson', ...args];
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  if (status !== (args.includes('--shard') ? 0 : 1)) throw new Error(`exit code ${status}: ${stderr}`);
  return { wall: (performance.now() - begun) / 1000, cpu: cpuOfChildren() - before };
}

/** All units, without the report. */
function units(jobs: string): Taken {
  rmSync(plan, { recursive: true, force: true });
  return run('--plan', plan, '--shard', '0/1', '--jobs', jobs, archive);
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const ways = {
  'plain scan': () => run(archive),
  'units, one job': () => units('1'),
  'units, two jobs': () => units('2'),
  'correlations and report': () => run('--plan', plan, '--finish'),
};

try {
  writeArchive();
  const taken = new Map<string, Taken[]>(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, way] of Object.entries(ways)) taken.get(name)!.push(way());
  }
  for (const [name, values] of taken) {
    const [wall, cpu] = [median(values.map(({ wall }) => wall)), median(values.map(({ cpu }) => cpu))];
    console.log(`${name}: ${wall.toFixed(1)} s, CPU ${cpu.toFixed(1)} s`);
  }
  const one = taken.get('units, one job')!;
  const two = taken.get('units, two jobs')!;
  const ratios = one.map(({ wall }, round) => wall / two[round]!.wall);
  console.log(`two jobs are ${median(ratios).toFixed(2)} times as fast as one with the units of ${RECORDS} records`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
