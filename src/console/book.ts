/** Everything that is kept, decoded and in order: queries are answered from it. */
import type { ContextOf } from '../findings/context.ts';
import { type Level, levels } from '../record.ts';
import type { FindingBin, FindingRow, Findings, Reach } from './api.ts';
import type { Kept } from './kept.ts';
import { cursorOf, type Facet, facetOf, facets, isAfter, isInTime, misfits, type Placed, type Query } from './query.ts';
import { type Lost, Ring } from './ring.ts';
import { type Open, type Opened, rowsOf } from './rows.ts';

/** The part of a record that is held ready; the rest is decoded from its bytes on demand. */
interface Page {
  kept: Kept;
  rows: readonly Placed[];
  /** Names of rules that matched without a finding, and of those that could not be decided. */
  silenced: readonly string[];
  undecided: readonly string[];
}

export interface Found {
  kept: Kept;
  opened: Opened;
  /** Index in `opened.emitted`. */
  index: number;
  row: FindingRow;
}

const BINS = 60;
const MINUTE = 60_000;

export class Book {
  /** What had been evicted before it reached this thread. */
  lostBefore: Lost | undefined;
  readonly #open: Open;
  readonly #contextOf: () => ContextOf;
  readonly #ring: Ring<Kept>;
  readonly #pages = new Map<number, Page>();
  readonly #byId = new Map<string, Placed>();
  #sorted: readonly Placed[] | undefined;

  /** @param contextOf for the rules that are live when a record arrives */
  constructor(maxBytes: number, open: Open, contextOf: () => ContextOf) {
    this.#ring = new Ring(maxBytes);
    this.#open = open;
    this.#contextOf = contextOf;
  }

  /** The number of the last record. */
  last = 0;

  /** Reads a record into the book.
   * @returns the evicted records; undefined if the record is already in the book */
  add(kept: Kept): readonly Kept[] | undefined {
    this.last = Math.max(this.last, kept.seq);
    const gone = this.#ring.add(kept);
    if (gone === undefined) return undefined;
    for (const one of gone) this.#remove(one);
    const opened = this.#open(kept);
    const rows = rowsOf(kept, opened, this.#contextOf()).filter(({ row }) => !this.#byId.has(row.id));
    for (const placed of rows) this.#byId.set(placed.row.id, placed);
    const { silenced = [], undecided = [] } = opened.tag;
    this.#pages.set(kept.seq, {
      kept,
      rows,
      silenced: silenced.map(({ rule }) => rule),
      undecided: undecided.map(({ rule }) => rule),
    });
    this.#sorted = undefined;
    return gone;
  }

  #remove({ seq }: Kept): void {
    const page = this.#pages.get(seq);
    this.#pages.delete(seq);
    for (const { row } of page?.rows ?? []) this.#byId.delete(row.id);
    this.#sorted = undefined;
  }

  get reach(): Reach {
    const [oldest] = this.#ring.values();
    const lost = this.lost;
    return {
      held: this.#byId.size,
      bytes: this.#ring.bytes,
      maxBytes: this.#ring.maxBytes,
      oldest: oldest === undefined ? null : timeOf(oldest.at),
      completeSince: lost === undefined ? null : timeOf(lost.at),
    };
  }

  /** The last that is no longer held; undefined if all are. */
  get lost(): Lost | undefined {
    const { lost } = this.#ring;
    return (lost?.seq ?? 0) >= (this.lostBefore?.seq ?? 0) ? lost : this.lostBefore;
  }

  /** Newest first. */
  rows(): readonly Placed[] {
    this.#sorted ??= [...this.#byId.values()].sort((a, b) => b.at - a.at || b.seq - a.seq || a.index - b.index);
    return this.#sorted;
  }

  pages(): Iterable<Page> {
    return this.#pages.values();
  }

  /** Rows of records with a higher number, oldest first. */
  rowsAfter(seq: number): Placed[] {
    return [...this.#pages.values()].filter(({ kept }) => kept.seq > seq).flatMap(({ rows }) => rows);
  }

  find(id: string): Found | undefined {
    const placed = this.#byId.get(id);
    if (placed === undefined) return undefined;
    const { kept } = this.#pages.get(placed.seq)!;
    return { kept, opened: this.#open(kept), index: placed.index, row: placed.row };
  }

  query(query: Query): Findings {
    const { order, after, limit } = query;
    const counts = Object.fromEntries(facets.map((facet) => [facet, new Map<string, number>()])) as Record<
      Facet,
      Map<string, number>
    >;
    const fitting: { placed: Placed; key: number[] }[] = [];
    const found: Placed[] = [];
    let total = 0;
    for (const placed of this.rows()) {
      const { row } = placed;
      const missed = misfits(row, query);
      if (missed.length > 1 || !query.search(row)) continue;
      if (missed.length === 0) found.push(placed);
      if (!isInTime(placed, query)) continue;
      for (const facet of missed.length === 1 ? missed : facets) {
        const value = facetOf(row, facet);
        counts[facet].set(value, (counts[facet].get(value) ?? 0) + 1);
      }
      if (missed.length === 1) continue;
      total++;
      const key = order.keyOf(placed);
      if (after === undefined || isAfter(key, after)) fitting.push({ placed, key });
    }
    fitting.sort((a, b) => (isAfter(a.key, b.key) ? 1 : -1));
    const page = fitting.slice(0, limit).map(({ placed }) => placed);
    return {
      findings: page.map(({ row }) => row),
      next: fitting.length > limit ? cursorOf(page.at(-1)!, order) : null,
      total,
      // fromEntries defines own members, whatever their names.
      facets: Object.fromEntries(
        facets.map((facet) => [facet, Object.fromEntries(counts[facet])]),
      ) as Findings['facets'],
      bins: this.#binsOf(found),
    };
  }

  /** Counts the rows that match apart from the time range, over the whole time that rows are held for. */
  #binsOf(found: readonly Placed[]): Findings['bins'] {
    const all = this.rows();
    const [to, from] = [all[0]?.at ?? 0, all.at(-1)?.at ?? 0];
    const width = Math.max(1, (to - from + 1) / BINS);
    const counts: Partial<Record<Level, number[]>> = {};
    for (const { row, at } of found) {
      const bins = (counts[row.level] ??= new Array<number>(BINS).fill(0));
      bins[Math.min(BINS - 1, Math.floor((at - from) / width))]!++;
    }
    return { from: timeOf(from), to: timeOf(to + 1), counts };
  }

  /** Findings by minute, level and mode, and matches without a finding by the minute of their receipt. */
  minutes(): { findings: FindingBin[]; silenced: { from: string; count: number }[] } {
    const found = new Map<string, { at: number; bin: FindingBin }>();
    for (const { row, at } of this.rows()) {
      const minute = Math.floor(at / MINUTE) * MINUTE;
      const { level, mode } = row;
      const key = `${minute} ${level} ${mode}`;
      const bin = found.get(key);
      if (bin !== undefined) bin.bin.count++;
      else found.set(key, { at: minute, bin: { from: timeOf(minute), level, mode, count: 1 } });
    }
    const silenced = new Map<number, number>();
    for (const page of this.pages()) {
      if (page.silenced.length === 0) continue;
      const minute = Math.floor(page.kept.at / MINUTE) * MINUTE;
      silenced.set(minute, (silenced.get(minute) ?? 0) + page.silenced.length);
    }
    const rank = (level: Level) => levels.indexOf(level);
    return {
      findings: [...found.values()]
        .sort((a, b) => a.at - b.at || rank(b.bin.level) - rank(a.bin.level))
        .slice(-MOST_BINS)
        .map(({ bin }) => bin),
      silenced: [...silenced]
        .sort(([a], [b]) => a - b)
        .slice(-MOST_BINS)
        .map(([from, count]) => ({ from: timeOf(from), count })),
    };
  }

  /** Rows of the same identity or the same address in the cluster, oldest first, including the row itself. */
  line(of: FindingRow): FindingRow[] {
    const who = of.event?.username ?? '';
    const isSomebody = who !== '' && who !== 'system:anonymous';
    const addresses = new Set(of.event?.sourceIPs ?? []);
    const isOfLine = ({ id, cluster, event }: FindingRow) =>
      id === of.id ||
      (cluster === of.cluster &&
        event !== null &&
        ((isSomebody && event.username === who) || (event.sourceIPs ?? []).some((address) => addresses.has(address))));
    const line = this.rows().filter(({ row }) => isOfLine(row));
    const at = line.findIndex(({ row }) => row.id === of.id);
    const first = Math.max(0, Math.min(at - LINE / 2, line.length - LINE));
    return line
      .slice(first, first + LINE)
      .reverse()
      .map(({ row }) => row);
  }
}

/** Rows of one line: those nearest to the finding. */
const LINE = 200;
/** Bins of one answer: the newest. */
const MOST_BINS = 5000;

function timeOf(at: number): string {
  return new Date(Math.min(Math.max(at, -8.64e15), 8.64e15)).toISOString();
}
