/** The number of findings in logs without an attack, by level: the table of docs/rules/noise.md. Prints it when run by
 * itself. */
import { type Level, levels } from '../../src/record.ts';
import { countsOf, type Judged, judge, readLog } from './logs.ts';
import { atMetadata, hourly, renamed, renamedThroughout } from './variants.ts';

const day = readLog('ordinary-day');

export const logs = {
  'an ordinary day': day,
  'with other names': renamed(day),
  'with other names throughout': renamedThroughout(day),
  'with every event at level Metadata': atMetadata(day),
  'with Secrets read again every hour': hourly(day),
  'a control plane, everything logged': readLog('control-plane'),
  'a control plane, by a policy for production': readLog('control-plane-realistic-policy'),
};
export type LogName = keyof typeof logs;

const judged = new Map<LogName, Promise<Judged[]>>();

/** Each log is evaluated once, however many callers need it. */
export function judgedLog(name: LogName): Promise<Judged[]> {
  let found = judged.get(name);
  if (found === undefined) judged.set(name, (found = judge(logs[name])));
  return found;
}

const gravestFirst: readonly Level[] = levels.toReversed();
const columns = ['log', 'records', ...gravestFirst, 'indeterminate'];

/** Lines of Markdown. */
export async function countsTable(): Promise<string[]> {
  const rows = [];
  for (const name of Object.keys(logs) as LogName[]) {
    const found = await judgedLog(name);
    const counts = countsOf(found);
    const indeterminate = found.filter(({ isIndeterminate }) => isIndeterminate).length;
    rows.push([name, found.length, ...gravestFirst.map((level) => counts[level]), indeterminate]);
  }
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

if (import.meta.main) console.log((await countsTable()).join('\n'));
