/** What a scan shows: what was found, how much was looked at, and what remains unknown. */
import type { ListingForm } from '../../command-line/output-format.ts';
import { listingFormOf, openRows, type RowWriter, writeRows } from '../../command-line/output-format.ts';
import type { ProcessIo } from '../../command-line/process-io.ts';
import type { Column } from '../../command-line/table.ts';
import type { Found, Wanted } from '../../scanning/scan-input.ts';
import { gravestFirst, type RuleTally, type Tally } from '../../scanning/tally.ts';

/** Begins the list of findings. */
export function openFindings({ stdout }: ProcessIo, form: ListingForm | undefined): RowWriter<Found> {
  return openRows(stdout, findingColumns, listingFormOf(stdout, form));
}

/** Ends what is written, and resolves with the exit code.
 * @param isComplete whether everything could be read */
export async function endReport(
  { stdout, stderr }: ProcessIo,
  {
    wanted,
    form,
    list,
    tally,
    isComplete,
  }: {
    wanted: Wanted;
    form: ListingForm | undefined;
    list: RowWriter<Found>;
    tally: Tally;
    isComplete: boolean;
  },
): Promise<number> {
  if (wanted === 'findings') await list.end();
  if (wanted === 'summary') await writeRows(stdout, { columns, rows: gravestFirst(tally) }, form);
  await stderr.write(`${totals(tally)}\n`);
  if (!isComplete) return 2;
  return tally.verdicts.match + tally.reports > 0 ? 1 : 0;
}

const columns: Column<RuleTally>[] = [
  { name: 'level', heading: 'LEVEL', cell: ({ level }) => level, isLevel: true },
  { name: 'rule', heading: 'RULE', cell: ({ rule }) => rule },
  { name: 'findings', heading: 'FINDINGS', cell: ({ findings }) => findings },
  { name: 'shadow', heading: 'SHADOW', cell: ({ shadow }) => shadow },
  { name: 'silenced', heading: 'SILENCED', cell: ({ silenced }) => silenced },
  { name: 'undecided', heading: 'UNDECIDED', cell: ({ undecided }) => undecided },
  { name: 'title', heading: 'TITLE', cell: ({ title }) => title },
];

const findingColumns: Column<Found>[] = [
  { name: 'level', heading: 'LEVEL', cell: ({ level }) => level, isLevel: true },
  { name: 'mode', heading: 'MODE', cell: ({ mode }) => mode },
  { name: 'time', heading: 'TIME', cell: ({ time }) => time ?? '' },
  { name: 'rule', heading: 'RULE', cell: ({ rule }) => rule },
  { name: 'summary', heading: 'SUMMARY', cell: ({ summary }) => summary },
  { name: 'kind', cell: ({ kind }) => kind },
  { name: 'title', cell: ({ title }) => title },
  { name: 'attack', cell: ({ attack }) => attack.map(({ technique }) => technique).join(' ') },
  { name: 'workload', cell: ({ workload }) => workload ?? '' },
  { name: 'id', cell: ({ id }) => id },
  { name: 'file', cell: ({ file }) => file },
  { name: 'record', cell: ({ record }) => record },
  { name: 'line', cell: ({ line }) => line ?? '' },
];

/** What to know besides the findings: how much was looked at, and what remains unknown. */
function totals({ records, verdicts, reports, matchedInPart }: Tally): string {
  const counts = [
    `${records} records`,
    `${verdicts.match} with findings`,
    `${verdicts.clear} clear`,
    `${verdicts.indeterminate} undecided`,
    `${verdicts.not_audit} without audit events`,
    `${verdicts.error} unreadable`,
    ...(matchedInPart > 0 ? [`${matchedInPart} of those with findings have undecided rules too`] : []),
    ...(reports > 0 ? [`${reports} reports about others`] : []),
  ];
  return counts.join(', ');
}
