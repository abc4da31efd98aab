/** What a sink of JSON writes of a record: the record, or a row for each finding and report on it. */
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { loadForm } from '../../findings/forms/index.ts';
import { unixNanoOf } from '../../findings/forms/row.ts';
import { stringifyExactly } from '../../json/exact.ts';
import type { Level, Platform } from '../../record.ts';
import { jsonOf } from '../encode/json.ts';
import type { SinkDependencies } from '../sink.ts';
import { openFound } from './found.ts';
import type { RowsSettings } from './settings.ts';

/** A finding or report in a form. */
export interface Row {
  /** Id of the finding. */
  id: string;
  level: Level;
  platform: Platform | undefined;
  unixNano: bigint;
  /** On one line. */
  json: Uint8Array;
}

export type RowsOf = (batch: TaggedBatch, index: number) => Row[];

/** The rows of records; undefined for a sink that writes the records themselves. */
export async function openRows(
  { rows, records }: RowsSettings,
  dependencies: SinkDependencies,
): Promise<RowsOf | undefined> {
  if (rows === 'records') return undefined;
  const form = await loadForm(rows);
  const foundOf = openFound(records, dependencies);
  return (batch, index) =>
    foundOf(batch, index).map(({ emitted, context }) => ({
      id: emitted.finding.id,
      level: emitted.finding.level,
      platform: emitted.platform,
      unixNano: unixNanoOf(emitted),
      json: Buffer.from(stringifyExactly(form.of(emitted, context))),
    }));
}

/** The lines of a record that is no group marker: one, or one for each of its rows. */
export type LinesOf = (batch: TaggedBatch, index: number) => Uint8Array[];

/** The same if only the JSON matters. */
export async function openLines(settings: RowsSettings, dependencies: SinkDependencies): Promise<LinesOf> {
  const rowsOf = await openRows(settings, dependencies);
  if (rowsOf === undefined) return (batch, index) => [jsonOf(batch, index)];
  return (batch, index) => rowsOf(batch, index).map(({ json }) => json);
}
