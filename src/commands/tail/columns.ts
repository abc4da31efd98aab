/** What is shown of a finding: on a line for a person, in a row for a program. */
import { clock } from '../../command-line/amounts.ts';
import type { ListingForm } from '../../command-line/output-format.ts';
import type { Column } from '../../command-line/table.ts';
import type { FindingRow } from '../../console/api.ts';

type Cell = Column<FindingRow>['cell'];

export function columnsFor(form: ListingForm): readonly Column<FindingRow>[] {
  return form === 'table' ? shown : all;
}

const shown: Column<FindingRow>[] = [
  { name: 'time', heading: 'TIME', cell: ({ time, received }) => clock(time ?? received, new Date().toISOString()) },
  { name: 'level', heading: 'LEVEL', cell: ({ level }) => level, isLevel: true },
  // If there is space for only one thing, who did what matters most.
  { name: 'summary', heading: 'SUMMARY', cell: (row) => `${row.summary} (${whichOf(row)})` },
];

function whichOf({ rule, kind, mode, cluster }: FindingRow): string {
  const marks = [rule, kind === 'report' && 'report', mode === 'shadow' && 'shadow', cluster];
  return marks.filter(Boolean).join(', ');
}

const ofEvent = (member: 'username' | 'verb' | 'resource' | 'namespace' | 'name' | 'userAgent' | 'auditID'): Cell => {
  return ({ event }) => event?.[member] ?? '';
};

const all: Column<FindingRow>[] = [
  { name: 'time', cell: ({ time }) => time ?? '' },
  { name: 'received', cell: ({ received }) => received },
  { name: 'level', cell: ({ level }) => level },
  { name: 'mode', cell: ({ mode }) => mode },
  { name: 'kind', cell: ({ kind }) => kind },
  { name: 'rule', cell: ({ rule }) => rule },
  { name: 'title', cell: ({ title }) => title },
  { name: 'summary', cell: ({ summary }) => summary },
  { name: 'username', cell: ofEvent('username') },
  { name: 'sourceIPs', cell: ({ event }) => event?.sourceIPs?.join(' ') ?? '' },
  { name: 'verb', cell: ofEvent('verb') },
  { name: 'resource', cell: ofEvent('resource') },
  { name: 'namespace', cell: ofEvent('namespace') },
  { name: 'name', cell: ofEvent('name') },
  { name: 'userAgent', cell: ofEvent('userAgent') },
  { name: 'platform', cell: ({ platform }) => platform ?? '' },
  { name: 'cluster', cell: ({ cluster }) => cluster ?? '' },
  { name: 'workload', cell: ({ workload }) => workload ?? '' },
  { name: 'owner', cell: ({ owner }) => owner?.name ?? '' },
  { name: 'attack', cell: ({ attack }) => attack.map(({ technique }) => technique).join(' ') },
  { name: 'before', cell: ({ novelty }) => novelty?.times ?? '' },
  { name: 'id', cell: ({ id }) => id },
  { name: 'auditID', cell: ofEvent('auditID') },
];
