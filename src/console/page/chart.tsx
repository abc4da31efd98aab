/** Charts as SVG, drawn at their actual width. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Level } from '../../record.ts';
import { count, shortClock } from './numbers.ts';
import { type Below, type Column, levels, narrowed, sentenceOf, type TripLine as TripLineData } from './trip-line.ts';

/** Its height does not depend on the data, so nothing moves when they arrive. */
function Plot({ height, label, draw }: { height: number; label: string; draw: (width: number) => ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current!;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="plot" ref={box} role="img" aria-label={label} style={{ height: `${height}px` }}>
      {width === 0 ? null : (
        <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
          {draw(width)}
        </svg>
      )}
    </div>
  );
}

/** @param points oldest first */
export function Spark({
  points,
  label,
  class: name = 'accent',
  height = 20,
}: {
  points: readonly number[];
  label: string;
  class?: string;
  height?: number;
}) {
  const most = Math.max(1, ...points);
  return (
    <Plot
      height={height}
      label={label}
      draw={(width) => {
        const path = points
          .map((value, index) => {
            const x = points.length === 1 ? width : (index / (points.length - 1)) * width;
            return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${(height - 1.5 - (value / most) * (height - 4)).toFixed(1)}`;
          })
          .join('');
        if (path === '') return null;
        return (
          <>
            <path class={`area f-${name}`} d={`${path}L${width} ${height}L0 ${height}Z`} />
            <path class={`line l-${name}`} d={path} />
          </>
        );
      }}
    />
  );
}

interface TripLineProps {
  line: TripLineData;
  height: number;
  /** Picks columns with the mouse; the same can be typed as from and to. */
  pick?: (from: number, to: number) => void;
}

const footHeight = 16;
const mostColumns = 60;

/** The signature of the page: live findings above the line, those in shadow mode or silenced below it. */
export function TripLine({ line, height, pick }: TripLineProps) {
  return (
    <Plot height={height} label={sentenceOf(line)} draw={(width) => <Columns {...{ line, height, width, pick }} />} />
  );
}

function Columns({
  line,
  height,
  width,
  pick,
}: {
  line: TripLineData;
  height: number;
  width: number;
  pick: TripLineProps['pick'];
}) {
  const { from, to, columns } = narrowed(line, width < 480 ? mostColumns / 2 : mostColumns);
  const below: Below[] = ['shadow', 'silenced'];
  const sumOf = (of: Partial<Record<string, number>>) =>
    Object.values(of).reduce<number>((sum, value) => sum + value!, 0);
  const isBelow = columns.some((column) => sumOf(column.below) > 0);
  const low = isBelow ? Math.round((height - footHeight) * 0.24) : 4;
  const middle = height - footHeight - low;
  const up = Math.min(18, (middle - 4) / Math.max(3, ...columns.map((column) => sumOf(column.above))));
  const down = Math.min(10, low / Math.max(2, ...columns.map((column) => sumOf(column.below))));
  const step = width / Math.max(1, columns.length);
  const gap = Math.min(3, step * 0.22);
  const bar = (kind: Level | Below, index: number, y: number, size: number) => (
    <rect
      key={`${kind} ${index}`}
      class={`f-${kind}`}
      x={(index * step + gap / 2 + 0.5).toFixed(1)}
      y={(y + 0.5).toFixed(1)}
      width={Math.max(2, step - gap - 1).toFixed(1)}
      height={Math.max(1.5, size - 1).toFixed(1)}
      rx={1}
    />
  );
  const stacked = (column: Column, index: number) => {
    let top = middle;
    let bottom = middle + 2;
    // The gravest is on top.
    const above = levels.toReversed().flatMap((level) => {
      const size = (column.above[level] ?? 0) * up;
      top -= size;
      return size === 0 ? [] : [bar(level, index, top, size)];
    });
    const under = below.flatMap((kind) => {
      const size = (column.below[kind] ?? 0) * down;
      bottom += size;
      return size === 0 ? [] : [bar(kind, index, bottom - size, size)];
    });
    return [...above, ...under];
  };
  const marks = width < 480 ? 3 : 6;
  const end = (index: number) => columns[index + 1]?.from ?? to;
  return (
    <>
      {columns.flatMap(stacked)}
      <path class="wire" d={`M0 ${middle}H${width}`} />
      {to > from
        ? Array.from({ length: marks + 1 }, (_, index) => (
            <text
              key={index}
              x={((width * index) / marks).toFixed(0)}
              y={height - 3}
              text-anchor={index === 0 ? 'start' : index === marks ? 'end' : 'middle'}
            >
              {shortClock(from + ((to - from) * index) / marks)}
            </text>
          ))
        : null}
      {pick === undefined
        ? null
        : columns.map((column, index) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: with keys the fields from and to do the same
            <rect
              key={column.from}
              class="pick"
              x={(index * step).toFixed(1)}
              y={0}
              width={step.toFixed(1)}
              height={height - footHeight}
              onClick={() => pick(column.from, end(index))}
            >
              <title>{`${shortClock(column.from)}: ${count(sumOf(column.above))} found`}</title>
            </rect>
          ))}
    </>
  );
}

export function Legend() {
  return (
    <div class="legend">
      {[...levels, 'shadow', 'silenced'].map((kind) => (
        <span key={kind}>
          <i class={`sw f-${kind}`} aria-hidden="true" />
          {kind}
        </span>
      ))}
    </div>
  );
}
