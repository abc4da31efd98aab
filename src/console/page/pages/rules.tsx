/** Which rules are noisy, costly, silent or blind, and where. */
import { useState } from 'preact/hooks';
import type { Rules as Answer, RuleRow } from '../../api.ts';
import { listOf, printAddress } from '../address.ts';
import { askJson } from '../client.ts';
import { Icon } from '../icon.tsx';
import { type Loaded, problemOf, useLoaded } from '../loaded.ts';
import { Matrix } from '../matrix.tsx';
import { brief, count, measured, plural } from '../numbers.ts';
import { Blank, Button, Failure, Heading, Level, Link, Panel, Time, Waiting } from '../parts.tsx';
import { address, choose, refreshes, say } from '../state.ts';
import { levels } from '../trip-line.ts';

export const platforms = ['kubernetes', 'eks', 'aks', 'gke', 'openshift'] as const;

export function useRules(): Loaded<Answer> {
  return useLoaded('rules', (signal) => askJson<Answer>('rules', { signal }));
}

export function Rules() {
  const { data, problem } = useRules();
  const { query } = address.value;
  const isMatrix = query.view === 'matrix';
  const modes = (mode: RuleRow['mode']) => count(data?.rules.filter((rule) => rule.mode === mode).length ?? 0);
  return (
    <div class="page">
      <div class="pagehead">
        <Heading>Rules</Heading>
        <span class="sub">
          {data === undefined ? '' : `${modes('live')} live, ${modes('shadow')} in shadow, ${modes('off')} off`}
        </span>
        <div class="acts">
          {data === undefined || isMatrix ? null : <Cost cost={data.cost} />}
          <div class="seg" role="group" aria-label="View">
            <button type="button" aria-pressed={!isMatrix} onClick={() => choose({ view: undefined })}>
              List
            </button>
            <button type="button" aria-pressed={isMatrix} onClick={() => choose({ view: 'matrix' })}>
              ATT&amp;CK
            </button>
          </div>
        </div>
      </div>
      {problem === undefined ? null : <Failure what="The rules" problem={problem} />}
      {data === undefined ? (
        problem === undefined ? (
          <Waiting what="the rules" lines={14} />
        ) : null
      ) : isMatrix ? (
        <Matrix rules={data.rules} chosen={query.technique} />
      ) : (
        <List rules={data.rules} isMeasured={data.cost !== null} />
      )}
    </div>
  );
}

/** Costs are measured only on request: it runs all rules on what is in the ring. */
function Cost({ cost }: Pick<Answer, 'cost'>) {
  const [isBusy, setIsBusy] = useState(false);
  const measure = async () => {
    setIsBusy(true);
    try {
      const answer = await askJson<Answer>('rules/cost', { body: {} });
      say(`Measured on ${plural(answer.cost?.records ?? 0, 'record')}`);
      refreshes.value++;
    } catch (error) {
      say(problemOf(error).message);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <>
      {cost === null ? null : (
        <span class="dim">
          measured on {plural(cost.records, 'record')}, <Time time={cost.at} />
        </span>
      )}
      <Button aria-disabled={isBusy} onClick={() => !isBusy && measure()}>
        {isBusy ? 'Measuring …' : 'Measure the cost'}
      </Button>
    </>
  );
}

const sorts: Record<string, { title: string; isNumber: boolean; of: (rule: RuleRow) => number | string }> = {
  name: { title: 'Rule', isNumber: false, of: ({ name }) => name },
  level: { title: 'Level', isNumber: false, of: ({ level }) => levels.indexOf(level) },
  hits: { title: 'Hits', isNumber: true, of: ({ hits }) => -hits },
  silenced: { title: 'Silenced', isNumber: true, of: ({ silenced }) => -silenced },
  undecided: { title: 'Undecided', isNumber: true, of: ({ undecided }) => -undecided },
  cost: { title: 'µs a record', isNumber: true, of: ({ costMicros }) => -(costMicros ?? -1) },
};

function List({ rules, isMeasured }: { rules: readonly RuleRow[]; isMeasured: boolean }) {
  const { query } = address.value;
  const { q = '', technique, blind } = query;
  const chosenLevels = listOf(query, 'level');
  const modes = listOf(query, 'mode');
  const sort = sorts[query.sort ?? ''] ?? sorts.hits!;
  const isShown = (rule: RuleRow) =>
    `${rule.name} ${rule.title} ${rule.attack.map((attack) => attack.technique).join(' ')}`
      .toLowerCase()
      .includes(q.toLowerCase()) &&
    (chosenLevels.length === 0 || chosenLevels.includes(rule.level)) &&
    (modes.length === 0 || modes.includes(rule.mode)) &&
    (!technique || rule.attack.some((attack) => attack.technique === technique)) &&
    (!blind || rule.decidable[blind as 'eks'] === 'no');
  const shown = rules.filter(isShown).toSorted((a, b) => {
    const [one, other] = [sort.of(a), sort.of(b)];
    return one < other ? -1 : one > other ? 1 : a.name.localeCompare(b.name);
  });
  const columns = Object.entries(sorts).filter(([name]) => name !== 'cost' || isMeasured);
  return (
    <>
      <div class="bar-line">
        <label class="field">
          <Icon name="search" size={14} />
          <input
            type="search"
            value={q}
            placeholder="A rule, a title, a technique"
            aria-label="Search rules"
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => choose({ q: currentTarget.value }, 'replace')}
          />
        </label>
        <label>
          <span class="sr">Mode</span>
          <select
            class="sel"
            value={query.mode ?? ''}
            onChange={({ currentTarget }) => choose({ mode: currentTarget.value })}
          >
            <option value="">every mode</option>
            <option value="live">live</option>
            <option value="shadow">shadow</option>
            <option value="off">off</option>
          </select>
        </label>
        <label>
          <span class="sr">Blind on</span>
          <select
            class="sel"
            value={blind ?? ''}
            onChange={({ currentTarget }) => choose({ blind: currentTarget.value })}
          >
            <option value="">blind or not</option>
            {platforms.map((platform) => (
              <option key={platform} value={platform}>
                blind on {platform}
              </option>
            ))}
          </select>
        </label>
        {technique ? (
          <Button class="chip" aria-label={`Without ${technique}`} onClick={() => choose({ technique: undefined })}>
            {technique}
            <Icon name="cross" size={10} />
          </Button>
        ) : null}
        <span class="num two nowrap">{plural(shown.length, 'rule')}</span>
      </div>
      <Panel title="List of rules" sub="counts are of what is in the ring">
        {shown.length === 0 ? (
          <Blank title="No rule matches this">
            <Button onClick={() => choose({ q: '', mode: '', blind: '', technique: '', level: '' })}>Clear all</Button>
          </Blank>
        ) : (
          <section class="tblwrap" tabIndex={0} aria-label="Rules, table">
            <table class="tbl rules">
              <thead>
                <tr>
                  {columns.map(([name, { title, isNumber }]) => (
                    <th
                      key={name}
                      scope="col"
                      class={isNumber ? 'right' : undefined}
                      aria-sort={sorts[name] === sort ? (isNumber ? 'descending' : 'ascending') : undefined}
                    >
                      <button type="button" class="sort" onClick={() => choose({ sort: name })}>
                        {title}
                      </button>
                    </th>
                  ))}
                  <th scope="col">Platforms</th>
                  <th scope="col">ATT&amp;CK</th>
                  <th scope="col">Last hit</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((rule) => (
                  <Row key={rule.name} rule={rule} isMeasured={isMeasured} />
                ))}
              </tbody>
            </table>
          </section>
        )}
      </Panel>
    </>
  );
}

function Row({ rule, isMeasured }: { rule: RuleRow; isMeasured: boolean }) {
  return (
    <tr class={rule.mode === 'off' ? 'off' : undefined}>
      <th scope="row">
        <Link class="rn" to={printAddress({ page: 'rule', id: rule.name })} title={rule.title}>
          {rule.name}
        </Link>
        {rule.mode === 'live' ? null : <span class={`tag ${rule.mode}`}>{rule.mode}</span>}
      </th>
      <td>
        <Level level={rule.level} mode={rule.mode} />
      </td>
      <td class="right num">
        {rule.hits === 0 ? (
          '0'
        ) : (
          <Link
            to={printAddress({ page: 'findings', query: { rule: rule.name } })}
            aria-label={`${count(rule.hits)} findings`}
          >
            {brief(rule.hits)}
          </Link>
        )}
      </td>
      <td class="right num">{brief(rule.silenced)}</td>
      <td class="right num">{brief(rule.undecided)}</td>
      {isMeasured ? <td class="right num">{measured(rule.costMicros)}</td> : null}
      <td>
        <Decidable of={rule.decidable} />
      </td>
      <td class="dim nowrap">{[...new Set(rule.attack.map(({ technique }) => technique))].slice(0, 3).join(' ')}</td>
      <td class="dim nowrap">{rule.lastHit === null ? '–' : <Time time={rule.lastHit} />}</td>
    </tr>
  );
}

const states = { yes: 'sees', partly: 'sees in part', no: 'is blind on' } as const;

/** A letter for each platform: solid if the rule can always be decided there, dashed if in part, struck through if never. */
export function Decidable({ of }: { of: RuleRow['decidable'] }) {
  const sentence = platforms.map((platform) => `${states[of[platform] ?? 'yes']} ${platform}`).join(', ');
  return (
    <span class="plats" title={sentence}>
      {platforms.map((platform) => (
        <i key={platform} class={of[platform] ?? 'yes'} aria-hidden="true">
          {platform[0]!.toUpperCase()}
        </i>
      ))}
      <span class="sr">{sentence}</span>
    </span>
  );
}
