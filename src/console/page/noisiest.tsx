/** Where to start tuning: the most frequent findings. */
import type { FindingRow, Findings } from '../api.ts';
import { printAddress } from './address.ts';
import { askJson } from './client.ts';
import { useLoaded } from './loaded.ts';
import { count, percent, plural } from './numbers.ts';
import { Blank, Failure, Heading, Level, Link, Panel, Untrusted, Waiting } from './parts.tsx';

interface Noisy {
  row: FindingRow;
  username: string;
  findings: number;
}

function noisiestOf(rows: readonly FindingRow[]): Noisy[] {
  const groups = new Map<string, Noisy>();
  for (const row of rows) {
    const username = row.event?.username;
    if (username === undefined) continue;
    const key = JSON.stringify([row.rule, username]);
    const group = groups.get(key) ?? { row, username, findings: 0 };
    group.findings++;
    groups.set(key, group);
  }
  return [...groups.values()].toSorted((a, b) => b.findings - a.findings).slice(0, 12);
}

export function Noisiest() {
  const { data, problem } = useLoaded('noisiest', (signal) =>
    askJson<Findings>('findings?mode=live&limit=1000', { signal }),
  );
  const noisiest = noisiestOf(data?.findings ?? []);
  return (
    <div class="page">
      <div class="pagehead">
        <Heading>Tune</Heading>
        <span class="sub">The most frequent findings, by rule and identity. Begin with one that you can explain.</span>
      </div>
      {problem === undefined ? null : <Failure what="Findings" problem={problem} />}
      {data === undefined ? (
        problem === undefined ? (
          <Waiting what="findings" />
        ) : null
      ) : (
        <Panel title="Noisiest" sub={`of the last ${plural(data.findings.length, 'finding')}`}>
          {noisiest.length === 0 ? (
            <Blank title="Nothing found yet">
              <p>An exception begins with a finding.</p>
            </Blank>
          ) : (
            <section class="tblwrap" tabIndex={0} aria-label="Noisiest, table">
              <table class="tbl">
                <thead>
                  <tr>
                    <th scope="col">Level</th>
                    <th scope="col">Rule</th>
                    <th scope="col">Identity</th>
                    <th scope="col" class="right">
                      Findings
                    </th>
                    <th scope="col" class="right">
                      Share
                    </th>
                    <th scope="col">
                      <span class="sr">Do</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {noisiest.map(({ row, username, findings }) => (
                    <tr key={row.id}>
                      <td>
                        <Level level={row.level} />
                      </td>
                      <td class="mono">{row.rule}</td>
                      <td class="wrap">
                        <Untrusted text={username} max={60} />
                      </td>
                      <td class="right num">{count(findings)}</td>
                      <td class="right num">{percent(findings, data.findings.length)} %</td>
                      <td class="right">
                        <Link
                          class="btn"
                          to={printAddress({ page: 'tune', query: { finding: row.id } })}
                          aria-label={`Propose an exception for ${row.rule}`}
                        >
                          Propose an exception
                        </Link>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          )}
        </Panel>
      )}
    </div>
  );
}
