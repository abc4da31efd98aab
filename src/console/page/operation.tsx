/** The state of Tripline itself: records by platform, problems, sinks and rules. */
import type { Now, ProblemNow, SinkNow } from '../api.ts';
import { printAddress } from './address.ts';
import { Icon } from './icon.tsx';
import { brief, bytes, clock, count, duration, measured, percent, plural } from './numbers.ts';
import { Blank, Link, Panel, Time, Untrusted } from './parts.tsx';
import { longest } from './untrusted.ts';
import { verdicts } from './verdicts.ts';

/** Over the last seconds: a single one says little. */
export function mean(perSecond: readonly number[]): number {
  const last = perSecond.slice(-10);
  return last.length === 0 ? 0 : last.reduce((sum, value) => sum + value, 0) / last.length;
}

export function Platforms({ data }: { data: Now }) {
  const names = [...new Set(data.records.map(({ platform }) => platform))].toSorted((a, b) =>
    (a ?? '~').localeCompare(b ?? '~'),
  );
  if (names.length === 0) {
    return (
      <Panel title="Platforms">
        <Blank title="No record has arrived yet">
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

function Platform({ platform, records }: { platform: string | null; records: Now['records'] }) {
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

export function Problems({ problems }: { problems: readonly ProblemNow[] }) {
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

export function Sinks({ sinks }: { sinks: readonly SinkNow[] }) {
  return (
    <Panel title="Sinks and spool">
      {sinks.length === 0 ? (
        <p class="body two">None: only the reply to the sender is delivered.</p>
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

export function Ruleset({ data: { ruleset, rules, correlations, rulesSince, refused } }: { data: Now }) {
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
                <span class="why">
                  since {clock(Date.parse(refused.since), Date.now())}; the previous set stays live
                </span>
              </dd>
            </>
          )}
        </dl>
      </div>
    </Panel>
  );
}
