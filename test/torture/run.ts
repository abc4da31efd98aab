/** Tortures Tripline: `npm run torture`, with SEED, FAULTS and RECORDS in the environment, and with SPOOL=on to add a spool;
 * with a real Fluent Bit if one is found (FLUENT_BIT), else with a replayer of its requests. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fluentBit } from '../e2e/processes.ts';
import { MAX_RECORDS } from './records.ts';
import { torture } from './torture.ts';

const { SEED, FAULTS, RECORDS, SPOOL } = process.env;
const hasSpool = SPOOL === 'on';
const root = join(import.meta.dirname, '../..');
const seed = Number(SEED ?? Date.now() % 2 ** 31);
const faults = Number(FAULTS ?? 100);
const records = Number(RECORDS ?? 500_000);
if (!(records <= MAX_RECORDS)) throw new Error(`RECORDS is at most ${MAX_RECORDS}`);

console.log(`SEED=${seed} FAULTS=${faults} RECORDS=${records}${hasSpool ? ' SPOOL=on' : ''} npm run torture`);
execFileSync(process.execPath, [join(root, 'scripts/build.ts'), '--javascript'], { stdio: 'inherit' });
// Children and mounts are removed with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const outcome = await torture({
  seed,
  faults,
  records,
  gapMilliseconds: 600,
  program: join(root, 'dist/tripline.js'),
  mayMount: true,
  hasSpool,
  sender: fluentBit === undefined ? 'replayer' : 'Fluent Bit',
  say: (line) => console.log(line),
});

const { acknowledged, arrived, duplicates, sequences, seconds, happened, sender, starts, refusedStarts } = outcome;
const sequenceRows: [string, number][] = [
  ['correlations over chunks that had to be found', sequences.due],
  ['and were', sequences.found],
  ['that state was lost within', sequences.notDue],
];
const rows: [string, number][] = [
  ['records fed', records],
  ['acknowledged', acknowledged],
  ['arrived', arrived],
  ['of these again', duplicates],
  ['faults', faults],
  ...Object.entries(happened).sort(([, a], [, b]) => b - a),
  ['starts of Tripline', starts],
  ['of these refused, for want of a disk', refusedStarts],
  ...Object.entries(sender).map(([name, count]): [string, number] => [`sender: ${name}`, count]),
  ['unreadable bodies, all kept', outcome.unreadable],
  // Fluent Bit does not report when it sends what.
  ...(fluentBit === undefined ? sequenceRows : []),
  ['seconds', Math.round(seconds)],
];
for (const [name, count] of rows) console.log(`${name.padEnd(70)}${count.toLocaleString('en').padStart(12)}`);
const wrong = Object.entries(outcome.faults);
console.log(wrong.length === 0 ? 'Nothing is missing, changed or judged otherwise.' : `Wrong, see ${outcome.folder}:`);
for (const [kind, count] of wrong) console.log(`  ${kind}: ${count}`);
for (const example of outcome.examples) console.log(`  ${example.slice(0, 2000)}`);
process.exit(wrong.length === 0 ? 0 : 1);
