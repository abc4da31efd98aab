/** Which rows of a long list are drawn. */

export interface View {
  /** Pixels that are scrolled away above. */
  scrollTop: number;
  /** Pixels that are seen. */
  height: number;
  /** Pixels of a row. */
  row: number;
  /** How many rows there are. */
  total: number;
}

/** Rows above and below what is seen, so that a short scroll shows no gap. */
const spare = 8;

/** Half-open. */
export function visibleRows({ scrollTop, height, row, total }: View): { from: number; to: number } {
  const last = Math.max(0, total);
  const from = Math.min(last, Math.max(0, Math.floor(scrollTop / row) - spare));
  return { from, to: Math.min(last, Math.max(from, Math.ceil((scrollTop + height) / row) + spare)) };
}

/** Where to scroll so that a row is seen: where it is, if it is seen already. */
export function scrollTo(index: number, { scrollTop, height, row }: View): number {
  const top = index * row;
  if (top < scrollTop) return top;
  return top + row > scrollTop + height ? top + row - height : scrollTop;
}
