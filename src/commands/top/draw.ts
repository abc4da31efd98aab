/** How a sidecar is doing, as lines that fit a screen. */
import { amount, bytes, clock, duration, rate } from '../../command-line/amounts.ts';
import type { Output } from '../../command-line/process-io.ts';
import { type Column, startTable } from '../../command-line/table.ts';
import { type Style, styled, visible, wrap } from '../../command-line/text.ts';
import type { Now, ProblemNow, RecordRate, Session, SinkNow } from '../../console/api.ts';
import { levels } from '../../record.ts';
import { verdicts } from '../../tag.ts';
import { truncateText } from '../../truncate.ts';

/** What is known about it. */
export interface Seen {
  url: string;
  session: Session;
  now: Now;
  /** Absent while it answers. */
  lost?: { since: Date; message: string };
}

export type Screen = Pick<Output, 'columns' | 'rows' | 'hasColors'>;

/** Seconds that a rate is the mean of. */
const MEAN = 10;

/** Lines, each ended, no more than the screen has; all of them if it is not a screen. */
export function drawSnapshot(seen: Seen, screen: Screen): string {
  const line = lineOf(screen);
  const table = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]) =>
    startTable(columns, screen)(rows).trimEnd().split('\n');
  const { now, session, url } = seen;
  const up = duration((Date.parse(now.at) - Date.parse(session.started)) / 1000);
  const sections = [
    [line(`tripline ${session.version} at ${url}, up ${up}, ${clock(now.at, now.at)} UTC`), ...sentences(seen, line)],
    ...(now.problems.length === 0
      ? []
      : [[line('PROBLEMS', 'bold'), ...now.problems.flatMap((one) => problemLines(one, now.at, line))]]),
    recordLines(now.records, { line, table }),
    table(findingColumns, windows(now)),
    [line(lagLine(now)), line(rulesLine(now))],
    now.sinks.length === 0 ? [line('no sinks: records are returned in the reply')] : table(sinkColumns, now.sinks),
  ];
  return fitted(sections, screen.rows ?? Number.POSITIVE_INFINITY)
    .map((text) => `${text}\n`)
    .join('');
}

interface Line {
  /** Cut to the width. */
  (text: string, style?: Style): string;
  /** As many lines as needed, after an indent. */
  wrapped(text: string, indent: string, style?: Style): string[];
}

function lineOf(screen: Screen): Line {
  const width = screen.columns ?? Number.POSITIVE_INFINITY;
  const line = (text: string, style?: Style) => {
    const cut = truncateText(visible(text), width);
    return style === undefined ? cut : styled(style, cut, screen);
  };
  const wrapped = (text: string, indent: string, style?: Style) => {
    const lines = wrap(visible(text), '', width - indent.length).split('\n');
    return lines.map((each) => line(indent + each, style));
  };
  return Object.assign(line, { wrapped });
}

/** What a person wants to know first. */
function sentences({ now, lost }: Seen, line: Line): string[] {
  const { problems } = now;
  const grave = windowOf(now, 60);
  const graveWords = (['critical', 'high'] as const)
    .filter((level) => grave[level] > 0)
    .map((level) => `${amount(grave[level])} ${level}`);
  const found = `${graveWords.length === 0 ? 'nothing high or critical' : graveWords.join(' and ')} found in the last hour`;
  const count = problems.length === 1 ? 'One thing is' : `${problems.length} things are`;
  const wrong = problems.length === 0 ? 'Nothing is wrong' : `${count} wrong`;
  const style = problems.length > 0 ? 'red' : graveWords.length > 0 ? 'yellow' : undefined;
  const summary = line(`${wrong}; ${found}.`, style);
  if (lost === undefined) return [summary];
  const since = clock(lost.since.toISOString(), now.at);
  return [...line.wrapped(`No answer since ${since}, the last state is below: ${lost.message}`, '', 'red'), summary];
}

function problemLines({ since, message, remedy }: ProblemNow, at: string, line: Line): string[] {
  return [...line.wrapped(`since ${clock(since, at)}: ${message}`, '', 'red'), ...line.wrapped(remedy, '  ')];
}

function recordLines(
  records: readonly RecordRate[],
  { line, table }: { line: Line; table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] },
): string[] {
  if (records.length === 0) return [line('RECORDS/S', 'bold'), line('none received since the start')];
  const platforms = [...new Set(records.map(({ platform }) => platform))];
  const rows = platforms.map((platform) => ({
    name: platform ?? 'unknown',
    rates: records.filter((one) => one.platform === platform),
  }));
  if (rows.length > 1) rows.push({ name: 'all', rates: [...records] });
  return table(recordColumns, rows);
}

function meanOf({ perSecond }: RecordRate): number {
  const last = perSecond.slice(-MEAN);
  return last.reduce((sum, each) => sum + each, 0) / Math.max(1, last.length);
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

interface Rates {
  name: string;
  rates: readonly RecordRate[];
}

const recordColumns: Column<Rates>[] = [
  { name: 'platform', heading: 'RECORDS/S'.padEnd(14), cell: ({ name }) => name },
  ...verdicts.map(
    (verdict): Column<Rates> => ({
      name: verdict,
      heading: verdict,
      isAmount: true,
      cell: ({ rates }) => {
        const own = rates.filter((one) => one.verdict === verdict);
        return own.length === 0 ? '–' : rate(sum(own, meanOf));
      },
    }),
  ),
  { name: 'total', heading: 'total', isAmount: true, cell: ({ rates }) => amount(sum(rates, ({ total }) => total)) },
];

type Counts = Record<(typeof levels)[number] | 'shadow' | 'silenced', number>;

interface Window {
  name: string;
  counts: Counts;
}

function windows(now: Now): Window[] {
  return [
    { name: 'last 5 minutes', counts: windowOf(now, 5) },
    { name: 'last hour', counts: windowOf(now, 60) },
    { name: 'all kept', counts: windowOf(now, Number.POSITIVE_INFINITY) },
  ];
}

function windowOf({ at, findings, silenced }: Now, minutes: number): Counts {
  const since = Date.parse(at) - 60_000 * minutes;
  const own = findings.filter(({ from }) => Date.parse(from) > since);
  const count = (bins: readonly { count: number }[]) => sum(bins, (bin) => bin.count);
  const live = levels.map((level) => {
    return [level, count(own.filter((bin) => bin.mode === 'live' && bin.level === level))];
  });
  return {
    ...(Object.fromEntries(live) as Counts),
    shadow: count(own.filter(({ mode }) => mode === 'shadow')),
    silenced: count(silenced.filter(({ from }) => Date.parse(from) > since)),
  };
}

const findingColumns: Column<Window>[] = [
  { name: 'window', heading: 'FINDINGS'.padEnd(17), cell: ({ name }) => name },
  ...[...levels.toReversed(), 'shadow' as const, 'silenced' as const].map(
    (kind): Column<Window> => ({
      name: kind,
      heading: kind === 'informational' ? 'info' : kind,
      isAmount: true,
      cell: ({ counts }) => amount(counts[kind]),
    }),
  ),
];

function lagLine({ lag }: Now): string {
  if (lag.p50 === null || lag.p99 === null) return 'LAG    nothing received in the last minutes';
  return `LAG    half of the events arrived within ${duration(lag.p50)}, 99 of 100 within ${duration(lag.p99)}`;
}

function rulesLine({ at, rules, correlations, ruleset, rulesSince, refused }: Now): string {
  const since = refused === undefined ? '' : `; what changed since ${clock(refused.since, at)} cannot be loaded`;
  return `RULES  ${rules} rules and ${correlations} correlations, set ${ruleset.slice(0, 12)}, since ${clock(rulesSince, at)}${since}`;
}

const sinkColumns: Column<SinkNow>[] = [
  { name: 'sink', heading: 'SINK', cell: ({ name, type }) => (name === type ? name : `${name} (${type})`) },
  { name: 'state', heading: 'STATE', cell: ({ isDown }) => (isDown ? 'down' : 'up') },
  { name: 'sent', heading: 'SENT', isAmount: true, cell: ({ sent }) => amount(sent) },
  { name: 'failed', heading: 'FAILED', isAmount: true, cell: ({ failed }) => amount(failed) },
  { name: 'setAside', heading: 'SET ASIDE', isAmount: true, cell: ({ setAside }) => amount(setAside) },
  { name: 'spool', heading: 'SPOOL', cell: ({ spool }) => spoolText(spool) },
];

function spoolText(spool: SinkNow['spool']): string {
  if (spool === null) return 'none';
  const { entries, bytes: size, oldestSeconds } = spool;
  return entries === 0 ? 'empty' : `${amount(entries)} waiting, ${bytes(size)}, oldest ${duration(oldestSeconds)}`;
}

/** The sections with blank lines between, as far as they fit: the blank lines are dropped first, then the ends of the longest
 * sections except the first. */
function fitted(sections: readonly (readonly string[])[], most: number): string[] {
  if (sum(sections, ({ length }) => length + 1) - 1 <= most) {
    return sections.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
  }
  const [first = [], ...others] = sections;
  const shown = others.map((lines) => ({ lines: [...lines], left: 0 }));
  for (let height = sum(sections, ({ length }) => length); height > most; height--) {
    const longest = shown.reduce((best, one) => (one.lines.length > best.lines.length ? one : best));
    if (longest.lines.length <= 2) break;
    // A line says how many more there are, and replaces one of them.
    const gone = longest.left === 0 ? 2 : 1;
    longest.lines.splice(-gone);
    longest.left += gone;
  }
  const rest = shown.flatMap(({ lines, left }) => (left === 0 ? lines : [...lines, `… ${left} more lines`]));
  return [...first, ...rest].slice(0, Math.max(1, most));
}
