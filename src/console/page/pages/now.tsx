/** Is anything grave, is everything received also delivered, and what needs attention first? */

import type { Now as Answer, FindingRow, Findings } from '../../api.ts';
import { printAddress, searchWord } from '../address.ts';
import { Legend, Spark, TripLine } from '../chart.tsx';
import { askJson } from '../client.ts';
import { usePageKeys } from '../keys.tsx';
import { takeWaiting } from '../live.ts';
import { useLoaded } from '../loaded.ts';
import { brief, bytes, count, measured, percent, plural, seconds } from '../numbers.ts';
import { mean, Platforms, Problems, Ruleset, Sinks } from '../operation.tsx';
import { Blank, Failure, Heading, Level, Link, Novelty, Panel, Sentence, Time, timeOf, Waiting } from '../parts.tsx';
import { go, now, nowProblem, refreshes } from '../state.ts';
import { lineOfNow } from '../trip-line.ts';
import { verdicts } from '../verdicts.ts';

const hour = 3600_000;
const grave = 'high,critical';
const minute = 60_000;

/** Reloaded every minute, and with each grave finding that is counted. */
function useGrave(counted: number) {
  const from = new Date(Math.floor(Date.now() / minute) * minute - hour).toISOString().replace('.000Z', 'Z');
  return useLoaded(`grave ${from} ${counted}`, (signal) =>
    askJson<Findings>(`findings?level=${grave}&mode=live&from=${encodeURIComponent(from)}&limit=200`, { signal }),
  );
}

export function Now() {
  const problem = nowProblem.value;
  usePageKeys({
    n: () => {
      takeWaiting();
      refreshes.value++;
      return true;
    },
  });
  const data = now.value;
  const counts = data === undefined ? undefined : countsOf(data);
  const looks = useGrave(counts?.grave ?? 0);
  return (
    <div class="page">
      <Heading class="sr">Now</Heading>
      {problem === undefined ? null : <Failure what="What is going on" problem={problem} />}
      {data === undefined || counts === undefined ? (
        problem === undefined ? (
          <Waiting what="what is going on" lines={10} />
        ) : null
      ) : (
        <>
          <Lead data={data} counts={counts} rows={looks.data?.findings ?? []} />
          <Figures data={data} counts={counts} />
          <div class="cols now">
            <div class="stack">
              <Panel
                title="Findings, last hour"
                sub="above the line: found. Below: shadow and silenced"
                actions={
                  <Link class="btn ghost" to={printAddress({ page: 'findings' })}>
                    All findings
                  </Link>
                }
              >
                <div class="body">
                  <TripLine
                    line={lineOfNow(data)}
                    height={112}
                    pick={(from, to) => {
                      const iso = (time: number) => new Date(time).toISOString().replace('.000Z', 'Z');
                      go(printAddress({ page: 'findings', query: { from: iso(from), to: iso(to) } }));
                    }}
                  />
                  <Legend />
                </div>
              </Panel>
              <Rates data={data} />
              <Platforms data={data} />
            </div>
            <div class="stack">
              <Looks rows={looks.data?.findings ?? []} total={looks.data?.total ?? 0} />
              <Problems problems={data.problems} />
              <Sinks sinks={data.sinks} />
              <Ruleset data={data} />
            </div>
          </div>
        </>
      )}
    </div>
  );
}

interface Counts {
  /** Live findings of the last hour. */
  hour: number;
  grave: number;
  /** Records per second: all, then the undecided ones. */
  perSecond: number;
  undecided: number;
  failed: number;
  spooled: number;
}

function countsOf({ at, findings, records, sinks }: Answer): Counts {
  const from = Date.parse(at) - hour;
  const live = findings.filter((bin) => bin.mode === 'live' && Date.parse(bin.from) >= from);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const rateOf = (of: Answer['records']) => sum(of.map(({ perSecond }) => mean(perSecond)));
  return {
    hour: sum(live.map((bin) => bin.count)),
    grave: sum(live.filter(({ level }) => /^(high|critical)$/.test(level)).map((bin) => bin.count)),
    perSecond: rateOf(records),
    undecided: rateOf(records.filter(({ verdict }) => verdict === 'indeterminate')),
    failed: sum(sinks.map((sink) => sink.failed + sink.setAside)),
    spooled: sum(sinks.map(({ spool }) => spool?.entries ?? 0)),
  };
}

function Lead({ data, counts, rows }: { data: Answer; counts: Counts; rows: readonly FindingRow[] }) {
  const names = new Map<string, number>();
  for (const { event } of rows) if (event?.username) names.set(event.username, (names.get(event.username) ?? 0) + 1);
  const [top] = [...names].toSorted(([, a], [, b]) => b - a);
  const quiet = [
    counts.failed + counts.spooled === 0 && data.sinks.every(({ isDown }) => !isDown)
      ? 'Everything received was delivered.'
      : [
          counts.failed > 0 ? `${plural(counts.failed, 'record')} not delivered.` : '',
          counts.spooled > 0 ? `${plural(counts.spooled, 'entry waits', 'entries wait')} in spools.` : '',
        ].join(' '),
    data.problems.length === 0 ? '' : `${plural(data.problems.length, 'problem')} to look at.`,
    data.refused === undefined ? '' : 'A change of the rules is refused.',
  ];
  return (
    <p class="lead">
      {counts.grave === 0 ? (
        'Nothing of high level or above in the last hour. '
      ) : (
        <>
          <Link to={printAddress({ page: 'findings', query: { level: 'critical,high' } })}>
            {plural(counts.grave, 'finding')} of high level or above
          </Link>{' '}
          in the last hour
          {top === undefined ? null : (
            <>
              ,{' '}
              <Link to={printAddress({ page: 'findings', query: { q: searchWord('who', top[0]) } })}>
                {count(top[1])} by one identity
              </Link>
            </>
          )}
          .{' '}
        </>
      )}
      <span class="quiet">{quiet.filter(Boolean).join(' ')}</span>
    </p>
  );
}

function Figure({
  name,
  value,
  unit,
  about,
  children,
}: {
  name: string;
  value: string;
  unit?: string;
  about: string;
  children?: preact.ComponentChildren;
}) {
  return (
    <div class="kpi">
      <dt>{name}</dt>
      <dd class="big">
        {value}
        {unit === undefined ? null : <small>{unit}</small>}
      </dd>
      <dd class="about">{about}</dd>
      {children === undefined ? null : <dd>{children}</dd>}
    </div>
  );
}

function Figures({ data, counts }: { data: Answer; counts: Counts }) {
  const total = data.records.reduce((sum, record) => sum + record.total, 0);
  const all = secondsOf(data.records);
  const open = secondsOf(data.records.filter(({ verdict }) => verdict === 'indeterminate'));
  const found = lineOfNow(data).columns.map(({ above }) => Object.values(above).reduce((sum, value) => sum + value, 0));
  const { spooled, failed } = counts;
  const spools = data.sinks.reduce((sum, { spool }) => sum + (spool?.bytes ?? 0), 0);
  return (
    <dl class="kpis">
      <Figure
        name="Records"
        value={measured(counts.perSecond)}
        unit="a second"
        about={`${brief(total)} since the start`}
      >
        <Spark points={all} label={`Records a second, ${measured(all[0])} first and ${measured(all.at(-1))} last`} />
      </Figure>
      <Figure
        name="Findings"
        value={count(counts.hour)}
        unit="last hour"
        about={`${count(counts.grave)} high or critical`}
      >
        <Spark points={found} label={`Findings a minute, at most ${measured(Math.max(0, ...found))}`} />
      </Figure>
      <Figure
        name="Undecided"
        value={percent(counts.undecided, counts.perSecond)}
        unit="%"
        about="records that lack what a rule asks for"
      >
        <Spark points={open} label={`Undecided records a second, ${measured(open.at(-1))} last`} />
      </Figure>
      <Figure
        name="Lag"
        value={seconds(data.lag.p99)}
        about={`99th percentile, event to receipt; half within ${seconds(data.lag.p50)}`}
      />
      <Figure
        name="Not delivered"
        value={count(failed)}
        unit="records"
        about={spooled === 0 ? 'spools are empty' : `${count(spooled)} in spools, ${bytes(spools)}`}
      />
    </dl>
  );
}

/** The sum of several rates, second by second. */
function secondsOf(records: Answer['records']): number[] {
  const length = Math.max(0, ...records.map(({ perSecond }) => perSecond.length));
  return Array.from({ length }, (_, index) => records.reduce((sum, { perSecond }) => sum + (perSecond[index] ?? 0), 0));
}

function Rates({ data }: { data: Answer }) {
  return (
    <Panel title="Records a second, by verdict" sub="each on its own scale">
      <div class="multi">
        {verdicts.map((verdict) => {
          const points = secondsOf(data.records.filter((record) => record.verdict === verdict));
          const most = Math.max(0, ...points);
          const rate = mean(points);
          return (
            <div class="mrow" key={verdict}>
              <i class={`sw f-${verdict}`} aria-hidden="true" />
              <span>{verdict}</span>
              <span class="num right">
                <strong>{measured(rate)}</strong>
                <span class="dim"> /s</span>
              </span>
              <Spark
                class={verdict}
                height={26}
                points={points}
                label={`${verdict}: ${measured(rate)} a second, at most ${measured(most)}`}
              />
              <span class="num dim right hide-sm">max {measured(most)}</span>
            </div>
          );
        })}
      </div>
    </Panel>
  );
}

function Looks({ rows, total }: { rows: readonly FindingRow[]; total: number }) {
  return (
    <Panel
      title="Look at these"
      sub="high and above, newest first"
      actions={<span class="dim num">{count(total)}</span>}
    >
      {rows.length === 0 ? (
        <Blank title="Nothing to look at">
          <p>No finding of high level or above in the last hour.</p>
        </Blank>
      ) : (
        <ul class="look">
          {rows.slice(0, 6).map((row) => (
            <li key={row.id}>
              <Level level={row.level} isBrief />
              <Link to={printAddress({ page: 'finding', id: row.id })}>
                <Sentence parts={row.parts} max={60} isList />
              </Link>
              <Time time={timeOf(row)} class="dim" />
              <div class="under">
                {row.cluster ?? row.platform ?? ''} {row.novelty === null ? null : <Novelty novelty={row.novelty} />}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
