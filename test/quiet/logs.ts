/** Logs without an attack, and Tripline's results for them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Level, levels } from '../../src/record.ts';
import { lines } from '../commands/files.ts';
import { run } from '../commands/run.ts';

/** An audit event as kube-apiserver logs it. */
export type AuditRecord = Record<string, any>;

/** A finding or a report of a live rule. */
export interface Found {
  rule: string;
  level: Level;
  user: string;
}

/** The contents of a record's tag. */
export interface Judged {
  record: AuditRecord;
  isIndeterminate: boolean;
  found: Found[];
}

export function readLog(name: string): AuditRecord[] {
  const path = fileURLToPath(new URL(`../fixtures/days/${name}.ndjson.gz`, import.meta.url));
  return gunzipSync(readFileSync(path))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The records evaluated with the bundled rules, in order, each with its results. */
export async function judge(log: readonly AuditRecord[]): Promise<Judged[]> {
  const { stdout } = await run(['scan', '--show', 'records'], { input: lines(...log) });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { tripline, ...record } = JSON.parse(line);
      const { verdict, findings = [], reports = [] } = tripline;
      const found = [...findings, ...reports].map(({ rule, level, context }) => ({
        rule,
        level,
        user: context.find(({ field }: { field: string }) => field === 'username')?.values[0] ?? '-',
      }));
      return { record, isIndeterminate: verdict === 'indeterminate', found };
    });
}

export function isAtLeast(level: Level, least: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(least);
}

/** All findings at a level or above, in the order of the records. */
export function foundFrom(least: Level, judged: readonly Judged[]): Found[] {
  return judged.flatMap(({ found }) => found.filter(({ level }) => isAtLeast(level, least)));
}

/** The number of findings at each level. */
export function countsOf(judged: readonly Judged[]): Record<Level, number> {
  const found = judged.flatMap((one) => one.found);
  const count = (wanted: Level) => found.filter(({ level }) => level === wanted).length;
  return Object.fromEntries(levels.map((level) => [level, count(level)])) as Record<Level, number>;
}
