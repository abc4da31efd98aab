/** What happened, by whom, and in which order. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Findings as Answer, FindingRow } from '../../api.ts';
import { findingsPart, printAddress, printQuery } from '../address.ts';
import { TripLine } from '../chart.tsx';
import { Dialog } from '../dialog.tsx';
import { Chips, ClearAll, chosenCount, Facets } from '../facets.tsx';
import { useFindings } from '../findings-list.ts';
import { Grid } from '../grid.tsx';
import { Icon } from '../icon.tsx';
import { usePageKeys } from '../keys.tsx';
import { connection, isPaused, takeWaiting, waiting } from '../live.ts';
import { ago, clock, count, duration, plural } from '../numbers.ts';
import { Blank, Button, Failure, Link, Note, Waiting } from '../parts.tsx';
import { address, beside, choose, go, listed, refreshes, session } from '../state.ts';
import { lineOfBins } from '../trip-line.ts';
import { FindingBeside } from './finding.tsx';

const orders = { '': 'newest first', '-time': 'oldest first', level: 'gravest first', novelty: 'new first' };
/** From this width on, there is space beside the list. */
const wide = matchMedia('(min-width: 1280px)');

function useIsWide(): boolean {
  const [isWide, setIsWide] = useState(wide.matches);
  useEffect(() => {
    const change = () => setIsWide(wide.matches);
    wide.addEventListener('change', change);
    return () => wide.removeEventListener('change', change);
  }, []);
  return isWide;
}

export function Findings() {
  const { query } = address.value;
  const key = printQuery(findingsPart(query));
  const { rows, data, problem, isLoading, need } = useFindings(key);
  const [isFilters, setIsFilters] = useState(false);
  const focusRow = useRef<(index: number) => void>(() => {});
  const isWide = useIsWide();

  const selected = query.sel === undefined ? -1 : rows.findIndex(({ id }) => id === query.sel);
  const isBeside = isWide && beside.value === 'on' && selected >= 0;
  useEffect(() => {
    listed.value = { ids: rows.map(({ id }) => id), total: data?.total ?? 0 };
  }, [rows, data]);
  // Findings in the list no longer count as waiting.
  useEffect(takeWaiting, [data]);
  const open = ({ id }: FindingRow) => go(printAddress({ page: 'finding', id }));
  const select = (index: number) => {
    const row = rows[index];
    if (row === undefined) return;
    choose({ sel: row.id }, 'replace');
  };
  const showNew = () => {
    refreshes.value++;
    return true;
  };
  const toggleBeside = () => {
    beside.value = beside.value === 'on' ? 'off' : 'on';
    return true;
  };
  const opens = () => {
    const row = rows[selected];
    if (row !== undefined) open(row);
    return row !== undefined;
  };
  usePageKeys({
    j: () => void focusRow.current(selected + 1),
    k: () => void focusRow.current(Math.max(0, selected - 1)),
    ArrowDown: () => void focusRow.current(selected + 1),
    ArrowUp: () => void focusRow.current(Math.max(0, selected - 1)),
    ' ': toggleBeside,
    e: opens,
    r: opens,
    t: () => {
      const row = rows[selected];
      if (row !== undefined) go(printAddress({ page: 'tune', query: { finding: row.id } }));
      return row !== undefined;
    },
    n: showNew,
    f: () => {
      setIsFilters(true);
      return true;
    },
    Escape: () => {
      if (query.sel !== undefined) choose({ sel: undefined }, 'replace');
      return true;
    },
  });

  return (
    <div class="findings">
      <div class="fbar">
        <h1 tabIndex={-1} class="sr">
          Findings
        </h1>
        <Lost />
        {problem === undefined ? null : <Failure what="Findings" problem={problem} />}
        <div class="bar-line">
          <SearchField value={query.q ?? ''} />
          <Button class="filters" onClick={() => setIsFilters(true)}>
            <Icon name="filter" size={14} />
            Filters{chosenCount(query) > 0 ? ` (${chosenCount(query)})` : ''}
          </Button>
          <label class="hide-sm">
            <span class="sr">Order</span>
            <select
              class="sel"
              value={query.sort ?? ''}
              onChange={({ currentTarget }) => choose({ sort: currentTarget.value })}
            >
              {Object.entries(orders).map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <Button
            class="icon hide-narrow"
            aria-label="Show the selected finding beside the list"
            aria-pressed={beside.value === 'on'}
            title="Space"
            onClick={toggleBeside}
          >
            <Icon name="beside" size={14} />
          </Button>
          <span class="num two nowrap">{data === undefined ? '' : plural(data.total, 'finding')}</span>
        </div>
        <Chips query={query} />
        <Strip bins={data?.bins} />
      </div>
      <div class={`fgrid${isBeside ? ' peeking' : ''}`}>
        <section class="facets" aria-label="Filters" tabIndex={0}>
          <Facets query={query} of={data?.facets} />
        </section>
        <div class="flist">
          {(waiting.value.count > 0 || waiting.value.isGap) && data !== undefined ? (
            <div class="waiting">
              <Button class="pri" title="n" onClick={showNew}>
                {waiting.value.isGap
                  ? 'Some were missed: reload the list'
                  : `Show ${plural(waiting.value.count, 'new finding')}`}
              </Button>
            </div>
          ) : null}
          {data === undefined && problem === undefined ? <Waiting what="findings" lines={14} /> : null}
          {data?.total === 0 ? <Empty isFiltered={key !== '' && key !== printQuery({ sort: query.sort })} /> : null}
          {data !== undefined && data.total > 0 ? (
            <Grid
              rows={rows}
              total={data.total}
              isBusy={isLoading}
              selected={selected}
              select={select}
              press={(index) => {
                select(index);
                if (!(isWide && beside.value === 'on') && rows[index] !== undefined) open(rows[index]);
              }}
              open={open}
              need={need}
              focusRow={focusRow}
            />
          ) : null}
        </div>
        {isBeside ? (
          <aside class="peek" aria-label="The selected finding">
            <FindingBeside id={rows[selected]!.id} />
          </aside>
        ) : null}
      </div>
      {isFilters ? (
        <Dialog title="Filters" close={() => setIsFilters(false)}>
          <div class="drawer">
            <Facets query={query} of={data?.facets} />
          </div>
        </Dialog>
      ) : null}
    </div>
  );
}

function SearchField({ value }: { value: string }) {
  return (
    <label class="field">
      <Icon name="search" size={14} />
      <input
        type="search"
        value={value}
        placeholder="who:checkout  ns:shop  rule:pod-*  -agent:kubeadm*"
        aria-label="Search findings: words, or who, ns, ip, rule, obj, agent, workload, id, with a colon"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => choose({ q: currentTarget.value, sel: undefined }, 'replace')}
      />
      <kbd class="hide-sm">/</kbd>
    </label>
  );
}

function Strip({ bins }: { bins: Answer['bins'] | undefined }) {
  const iso = (time: number) => new Date(time).toISOString().replace('.000Z', 'Z');
  const line = bins === undefined ? { from: 0, to: 0, columns: [] } : lineOfBins(bins);
  return (
    <div class="strip">
      <TripLine line={line} height={72} pick={(from, to) => choose({ from: iso(from), to: iso(to), sel: undefined })} />
    </div>
  );
}

/** Counts down the seconds to the next retry. */
function Lost() {
  const [, tick] = useState(0);
  const state = connection.value;
  useEffect(() => {
    if (state.state !== 'lost') return;
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [state]);
  if (state.state !== 'lost') return null;
  const wait = Math.max(0, state.retryAt - Date.now());
  return (
    <Note kind="bad" icon="plug">
      <p>
        <strong>The connection to the sidecar has been lost since {clock(state.since, Date.now())} UTC.</strong>
      </p>
      <p>
        The page shows the data from then. {wait > 0 ? `Next try in ${duration(wait)}.` : 'Trying now.'} What comes in
        meanwhile is read from the ring.
      </p>
    </Note>
  );
}

function Empty({ isFiltered }: { isFiltered: boolean }) {
  const reach = session.value?.ring.findings;
  if (isFiltered) {
    return (
      <Blank title="No finding matches this">
        <p>
          {reach === undefined ? '' : `The ring holds ${plural(reach.held, 'finding')}`}
          {reach?.oldest ? `, since ${ago(Date.parse(reach.oldest), Date.now())}.` : '.'}
        </p>
        <ClearAll />
      </Blank>
    );
  }
  return (
    <Blank title="Nothing found yet">
      <p>
        Records are evaluated as they arrive. Their findings are listed here, as far as the ring reaches
        {reachText(reach)}.
      </p>
      <Link class="btn" to={printAddress({ page: 'why-not' })}>
        Why does a record not match?
      </Link>
      {isPaused.value ? <p>The stream is paused.</p> : null}
    </Blank>
  );
}

function reachText(reach: { maxBytes: number; held: number } | undefined): string {
  return reach === undefined ? '' : ` (${count(Math.round(reach.maxBytes / 1024 / 1024))} MiB)`;
}
