/** Is anything grave, is everything that came in delivered, what first? */

import type { Now as Answer, FindingRow, Findings, ProblemNow, SinkNow } from '../../api.ts';
import { printAddress, searchWord } from '../address.ts';
import { Legend, Spark, TripLine } from '../chart.tsx';
import { askJson } from '../client.ts';
import { Icon } from '../icon.tsx';
import { usePageKeys } from '../keys.tsx';
import { takeWaiting } from '../live.ts';
import { useLoaded } from '../loaded.ts';
import { brief, bytes, clock, count, duration, measured, percent, plural } from '../numbers.ts';
import {
  Blank,
  Failure,
  Heading,
  Level,
  Link,
  Novelty,
  Panel,
  Sentence,
  Time,
  timeOf,
  Untrusted,
  Waiting,
} from '../parts.tsx';
import { go, now, nowProblem, refreshes } from '../state.ts';
import { lineOfNow } from '../trip-line.ts';
import { longest } from '../untrusted.ts';
import { verdicts } from '../verdicts.ts';

const hour = 3600_000;
const grave = 'high,critical';
const minute = 60_000;

/** Asked again with each minute that passes, and with each grave finding that is counted. */
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
  /** Records a second, and those of a verdict. */
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

/** Of the last seconds: one alone says little. */
function mean(perSecond: readonly number[]): number {
  const last = perSecond.slice(-10);
  return last.length === 0 ? 0 : last.reduce((sum, value) => sum + value, 0) / last.length;
}

function Lead({ data, counts, rows }: { data: Answer; counts: Counts; rows: readonly FindingRow[] }) {
  const names = new Map<string, number>();
  for (const { event } of rows) if (event?.username) names.set(event.username, (names.get(event.username) ?? 0) + 1);
  const [top] = [...names].toSorted(([, a], [, b]) => b - a);
  const quiet = [
    counts.failed + counts.spooled === 0 && data.sinks.every(({ isDown }) => !isDown)
      ? 'What came in was delivered.'
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
  unit: string;
  about: string;
  children?: preact.ComponentChildren;
}) {
  return (
    <div class="kpi">
      <dt>{name}</dt>
      <dd class="big">
        {value}
        <small>{unit}</small>
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
        value={measured(data.lag.p99)}
        unit="s"
        about={`99th percentile, event to receipt; half within ${measured(data.lag.p50)} s`}
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

/** The sum of several, second by second. */
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

function Platforms({ data }: { data: Answer }) {
  const names = [...new Set(data.records.map(({ platform }) => platform))].toSorted((a, b) =>
    (a ?? '~').localeCompare(b ?? '~'),
  );
  if (names.length === 0) {
    return (
      <Panel title="Platforms">
        <Blank title="No record has come yet">
          <p>Send some to this sidecar; the README has a line to paste.</p>
        </Blank>
      </Panel>
    );
  }
  return (
    <Panel title="Platforms" sub="by what their records look like">
      <section class="tblwrap" tabIndex={0} aria-label="Platforms, table">
        <table class="tbl">
          <thead>
            <tr>
              <th scope="col">Platform</th>
              <th scope="col" class="right">
                Records/s
              </th>
              <th scope="col">Verdicts</th>
              <th scope="col" class="right">
                Undecided
              </th>
              <th scope="col" class="right">
                All
              </th>
            </tr>
          </thead>
          <tbody>
            {names.map((platform) => (
              <Platform
                key={platform}
                platform={platform}
                records={data.records.filter((of) => of.platform === platform)}
              />
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
}

function Platform({ platform, records }: { platform: string | null; records: Answer['records'] }) {
  const total = records.reduce((sum, record) => sum + record.total, 0);
  const rate = records.reduce((sum, { perSecond }) => sum + mean(perSecond), 0);
  const of = (verdict: string) => records.find((record) => record.verdict === verdict)?.total ?? 0;
  const parts = verdicts.filter((verdict) => of(verdict) > 0);
  return (
    <tr>
      <th scope="row">
        {platform === null ? (
          'none'
        ) : (
          <Link to={printAddress({ page: 'findings', query: { platform } })}>{platform}</Link>
        )}
      </th>
      <td class="right num">{measured(rate)}</td>
      <td>
        <div
          class="share"
          role="img"
          aria-label={parts.map((verdict) => `${verdict} ${percent(of(verdict), total)} %`).join(', ') || 'no records'}
        >
          {parts.map((verdict) => (
            <b key={verdict} class={`f-${verdict}`} style={{ flexGrow: of(verdict) }} />
          ))}
        </div>
      </td>
      <td class="right num">{percent(of('indeterminate'), total)} %</td>
      <td class="right num" title={count(total)}>
        {brief(total)}
      </td>
    </tr>
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
                {row.cluster ?? row.platform ?? ''} · <Novelty novelty={row.novelty} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Problems({ problems }: { problems: readonly ProblemNow[] }) {
  return (
    <Panel
      title="Problems"
      sub="of Tripline and its sources"
      actions={<span class="dim num">{count(problems.length)}</span>}
    >
      {problems.length === 0 ? (
        <Blank title="None">
          <p>Sources, sinks, rules and state are as they should be.</p>
        </Blank>
      ) : (
        <ul class="prob">
          {problems.map(({ code, message, remedy, since }) => (
            <li key={`${code} ${message}`}>
              <Icon name="warn" />
              <div>
                <Untrusted text={message} max={longest.fact} />
                <div class="do">{remedy}</div>
                <div class="dim">
                  <code>{code}</code> since <Time time={since} />
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Sinks({ sinks }: { sinks: readonly SinkNow[] }) {
  return (
    <Panel title="Sinks and spool">
      {sinks.length === 0 ? (
        <p class="body two">None: the reply to the sender is all that is delivered.</p>
      ) : (
        <section class="tblwrap" tabIndex={0} aria-label="Sinks, table">
          <table class="tbl">
            <thead>
              <tr>
                <th scope="col">Sink</th>
                <th scope="col" class="right">
                  Sent
                </th>
                <th scope="col" class="right">
                  Failed
                </th>
                <th scope="col" class="right">
                  Waiting
                </th>
              </tr>
            </thead>
            <tbody>
              {sinks.map(({ name, type, sent, failed, setAside, spool, isDown }) => (
                <tr key={name}>
                  <th scope="row">
                    {name} {name === type ? null : <span class="dim">{type}</span>}{' '}
                    {isDown ? <span class="tag bad">down</span> : null}
                  </th>
                  <td class="right num" title={count(sent)}>
                    {brief(sent)}
                  </td>
                  <td class="right num" title={`${count(failed)} failed, ${count(setAside)} set aside`}>
                    {brief(failed + setAside)}
                  </td>
                  <td
                    class="right num"
                    title={spool === null ? 'no spool' : `oldest ${duration(spool.oldestSeconds * 1000)}`}
                  >
                    {spool === null
                      ? '–'
                      : `${brief(spool.entries)}${spool.entries > 0 ? `, ${bytes(spool.bytes)}` : ''}`}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}

function Ruleset({ data: { ruleset, rules, correlations, rulesSince, refused } }: { data: Answer }) {
  return (
    <Panel title="Rule set">
      <div class="body">
        <dl class="kv">
          <dt>live</dt>
          <dd>
            <code>{ruleset.slice(0, 12)}</code> · {plural(rules, 'rule')}, {plural(correlations, 'correlation')}
          </dd>
          <dt>since</dt>
          <dd>
            <Time time={rulesSince} />
          </dd>
          {refused === undefined ? null : (
            <>
              <dt>refused</dt>
              <dd>
                {refused.files.slice(0, 5).map((file) => (
                  <code key={file} class="line">
                    <Untrusted text={file} max={200} />
                  </code>
                ))}
                <span class="why">since {clock(Date.parse(refused.since), Date.now())}; the set before stays live</span>
              </dd>
            </>
          )}
        </dl>
      </div>
    </Panel>
  );
}
