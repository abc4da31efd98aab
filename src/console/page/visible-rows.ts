/** Which rows of a long list are drawn. */

export interface View {
  /** Pixels scrolled out of view at the top. */
  scrollTop: number;
  /** Visible pixels. */
  height: number;
  /** Pixels of a row. */
  row: number;
  /** How many rows there are. */
  total: number;
}

/** Rows above and below the visible ones, so that a short scroll shows no gap. */
const spare = 8;

/** A half-open range. */
export function visibleRows({ scrollTop, height, row, total }: View): { from: number; to: number } {
  const last = Math.max(0, total);
  const from = Math.min(last, Math.max(0, Math.floor(scrollTop / row) - spare));
  return { from, to: Math.min(last, Math.max(from, Math.ceil((scrollTop + height) / row) + spare)) };
}

/** Where to scroll so that a row is visible: unchanged if it already is. */
export function scrollTo(index: number, { scrollTop, height, row }: View): number {
  const top = index * row;
  if (top < scrollTop) return top;
  return top + row > scrollTop + height ? top + row - height : scrollTop;
}
