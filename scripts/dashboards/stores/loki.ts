/** Tagged records in Loki, as examples/loki stores them. A line shows the first entry of each list of its tag: LogQL cannot
 * iterate over one. */
import { type Column, mayBeMissing, type Question, ROWS, type Store } from '../findings.ts';

/** The path of a column in a line. The label `level` is in use already, for the level of the record. */
const labels: Record<Exclude<Column, 'time'>, { label: string; path: (list: string) => string }> = {
  level: { label: 'severity', path: (list) => `${list}[0].level` },
  rule: { label: 'rule', path: (list) => `${list}[0].rule` },
  summary: { label: 'summary', path: (list) => `${list}[0].summary` },
  identity: { label: 'identity', path: () => 'tripline.event.username' },
  namespace: { label: 'object_namespace', path: () => 'tripline.event.namespace' },
  workload: { label: 'workload', path: (list) => `${list}[0].workload` },
  technique: { label: 'technique', path: (list) => `${list}[0].attack[0].technique` },
  reason: { label: 'reason', path: (list) => `${list}[0].reason` },
  field: { label: 'field', path: (list) => `${list}[0].field` },
  exception: { label: 'exception', path: (list) => `${list}[0].exception` },
};

/** Lines that can have it, by whatever is cheap to search for: a label, else a word. */
const streams: Record<Question['of'], { matcher?: string; word?: string }> = {
  findings: { matcher: 'verdict="match"' },
  reports: { word: 'reports' },
  shadow: { word: 'shadow' },
  undecided: { matcher: 'verdict=~"match|indeterminate"', word: 'undecided' },
  silenced: { word: 'silenced' },
};

function lines({ of, by, isGrave }: Question): { lines: string; kept: readonly string[] } {
  const { matcher, word } = streams[of];
  const list = `tripline.${of}`;
  const columns = by.filter((column) => column !== 'time');
  const found = columns.map((column) => ({ ...labels[column], column }));
  // Anything without an id counts once for each record.
  const id = of === 'undecided' || of === 'silenced' ? 'tripline.event.auditID' : `${list}[0].id`;
  const extracted = [...found.map(({ label, path }) => `${label}="${path(list)}"`), `id="${id}"`];
  const there = found.filter(({ column }) => !mayBeMissing.has(column)).map(({ label }) => label);
  const isThere = (there.length > 0 ? there : ['id']).map((label) => ` | ${label}!=""`).join('');
  const chosen = ['job="$job"', matcher, isGrave && 'level=~"high|critical"'].filter(Boolean).join(', ');
  return {
    lines: `{${chosen}}${word ? ` |= "${word}"` : ''} | json ${extracted.join(', ')}${isThere}`,
    kept: found.map(({ label }) => label),
  };
}

function expression(question: Question): string {
  const { lines: asked, kept } = lines(question);
  const each = [...kept, 'id'].join(', ');
  if (question.as === 'newest') {
    const time = 'label_format at=`{{ __timestamp__ | unixEpochMillis }}` | unwrap at';
    return `topk(${ROWS}, max by (${each}) (max_over_time(${asked} | ${time} [$__auto])))`;
  }
  const ids = `count by (${each}) (count_over_time(${asked} [$__auto]))`;
  if (question.as === 'total') return `count(${ids})`;
  const counted = `count by (${kept.join(', ')}) (${ids})`;
  return question.as === 'ranking' ? `topk(${ROWS}, ${counted})` : counted;
}

export const loki: Store = {
  name: 'loki',
  source: { type: 'loki', label: 'Loki' },
  variables: [
    {
      type: 'textbox',
      name: 'job',
      label: 'Job',
      description: 'The label `job` that the records have, as the output or the sink sets it.',
      query: 'kubernetes-audit',
      current: { text: 'kubernetes-audit', value: 'kubernetes-audit' },
      options: [{ text: 'kubernetes-audit', value: 'kubernetes-audit', selected: true }],
    },
  ],
  note: 'Shows the first finding of each record, which is of the highest level, and the first technique of that finding.',
  ask(question) {
    const isSeries = question.as === 'over time';
    const expr = expression(question);
    const named = question.by.flatMap((column) => (column === 'time' ? [] : [[labels[column].label, column] as const]));
    const value = question.as === 'newest' ? 'time' : 'number';
    const order = question.as === 'newest' ? [['Value #A', value], ...named] : [...named, ['Value #A', value]];
    return {
      target: {
        refId: 'A',
        editorMode: 'code',
        queryType: isSeries ? 'range' : 'instant',
        expr,
        ...(isSeries && { legendFormat: `{{${labels[question.by[0] as 'level'].label}}}` }),
      },
      columns: { Time: undefined, ...(question.as === 'newest' && { id: undefined }), ...Object.fromEntries(order) },
    };
  },
};
