/** How many records there are. */
import type { LogRecord } from '../record.ts';

/** Group markers are not counted. */
export function countRecords(records: readonly LogRecord[]): number {
  let count = 0;
  for (const { kind } of records) if (kind !== 'group') count++;
  return count;
}
