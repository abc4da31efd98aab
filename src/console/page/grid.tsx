/** The list of findings: a single tab stop, rows that are drawn as they come into view, and never moved by new findings. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { FindingRow } from '../api.ts';
import { count } from './numbers.ts';
import { Level, Novelty, Sentence, Time, timeOf } from './parts.tsx';
import { density } from './state.ts';
import { scrollTo, visibleRows } from './visible-rows.ts';

export interface GridProps {
  /** The rows loaded so far. */
  rows: readonly FindingRow[];
  /** The number of all rows. */
  total: number;
  isBusy: boolean;
  /** Index in `rows`; -1 for none. */
  selected: number;
  select: (index: number) => void;
  /** A click on a row. */
  press: (index: number) => void;
  open: (row: FindingRow) => void;
  /** Requests rows up to an index. */
  need: (to: number) => void;
  /** Set to a function that focuses a row, for keys that work wherever the focus is. */
  focusRow: { current: (index: number) => void };
}

const columns = ['Level', 'Time', 'What happened', 'Rule', 'Cluster', 'Seen'] as const;
const columnClasses = ['c-lv', 'c-when', 'sum', 'c-rule', 'c-where', 'c-seen'];

export function Grid({ rows, total, isBusy, selected, select, press, open, need, focusRow }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ scrollTop: 0, height: 600, row: 38 });
  const [focused, setFocused] = useState(-1);
  const wanted = useRef(-1);

  const measure = () => {
    const element = scroller.current!;
    const row = Number.parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 38;
    setView({ scrollTop: element.scrollTop, height: element.clientHeight, row });
  };
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, [density.value]);

  const { from, to } = visibleRows({ ...view, total });
  useEffect(() => {
    if (to > rows.length) need(to);
  }, [to, rows.length]);

  const show = (index: number) => {
    const element = scroller.current!;
    element.scrollTop = scrollTo(index, { ...view, scrollTop: element.scrollTop, total });
    measure();
  };
  focusRow.current = (index) => {
    if (index < 0 || index >= total) return;
    show(index);
    wanted.current = index;
    select(index);
    setFocused(index);
  };
  useLayoutEffect(() => {
    if (wanted.current < 0) return;
    const row = scroller.current!.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`);
    if (row === null) return;
    wanted.current = -1;
    row.focus({ preventScroll: true });
  });

  const shown = Array.from({ length: to - from }, (_, index) => from + index);
  // The focused row is always drawn: otherwise the focus would be lost.
  if (focused >= 0 && focused < total && (focused < from || focused >= to)) shown.push(focused);
  const stop = selected >= 0 ? selected : 0;

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(view.height / view.row) - 1);
    const at = Math.max(focused, 0);
    const target = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: total - 1,
      PageDown: Math.min(total - 1, at + page),
      PageUp: Math.max(0, at - page),
    }[event.key];
    if (target !== undefined) focusRow.current(target);
    else if (event.key === 'Enter' && rows[at] !== undefined) open(rows[at]);
    else return;
    event.preventDefault();
  };

  return (
    <div
      class="grid"
      role="grid"
      aria-label="Findings"
      aria-rowcount={total + 1}
      aria-busy={isBusy}
      onKeyDown={onKeyDown}
    >
      <div role="rowgroup">
        <div class="frow fhead" role="row" aria-rowindex={1} tabIndex={-1}>
          {columns.map((name, index) => (
            <span key={name} class={columnClasses[index]} role="columnheader">
              {name}
            </span>
          ))}
        </div>
      </div>
      <div
        class="rows"
        role="rowgroup"
        ref={scroller}
        onScroll={measure}
        onFocusOut={({ currentTarget, relatedTarget }) => {
          if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setFocused(-1);
        }}
      >
        <div class="height" role="presentation" style={{ height: `${total * view.row}px` }} />
        {shown.map((index) => (
          <Row
            key={index}
            row={rows[index]}
            index={index}
            top={index * view.row}
            isSelected={index === selected}
            isStop={index === stop}
            onFocus={() => setFocused(index)}
            onClick={() => {
              wanted.current = index;
              press(index);
            }}
            onDblClick={() => rows[index] !== undefined && open(rows[index])}
          />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  row: FindingRow | undefined;
  index: number;
  top: number;
  isSelected: boolean;
  isStop: boolean;
  onFocus: () => void;
  onClick: () => void;
  onDblClick: () => void;
}

function Row({ row, index, top, isSelected, isStop, ...events }: RowProps) {
  return (
    <div
      class="frow"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-index={index}
      tabIndex={isStop ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      {...events}
    >
      {row === undefined ? (
        <span class="sum" role="gridcell">
          <span class="sr">Loading row {count(index + 1)}</span>
          <span class="skel" />
        </span>
      ) : (
        <Cells row={row} />
      )}
    </div>
  );
}

function Cells({ row }: { row: FindingRow }) {
  return (
    <>
      <span class="c-lv" role="gridcell">
        <Level level={row.level} mode={row.mode} />
      </span>
      <span class="c-when" role="gridcell">
        <Time time={timeOf(row)} />
      </span>
      <span class="sum clip" role="gridcell">
        <Sentence parts={row.parts} max={90} isList />
      </span>
      <span class="c-rule clip mono" role="gridcell">
        {row.rule}
      </span>
      <span class="c-where clip" role="gridcell">
        {row.cluster ?? '–'}
      </span>
      <span class="c-seen" role="gridcell">
        <Novelty novelty={row.novelty} />
      </span>
      <span class="c-meta clip" role="gridcell">
        {[row.rule, row.cluster, row.novelty?.times === 0 ? 'first time' : null].filter(Boolean).join(' · ')}
      </span>
    </>
  );
}
