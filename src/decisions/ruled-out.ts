/** Leaves out rules that the bytes of an event's bodies rule out, before the bodies are parsed. */
import type { Step } from '../detect.ts';
import { CUT } from '../json/map.ts';
import { JSON_LAYOUT, LAYOUT, MSGPACK_LAYOUT, REQUEST_OBJECT, RESPONSE_OBJECT } from '../outline/slots.ts';
import type { AuditEvent } from '../record.ts';
import { askedBy, type CompiledItem, isRuledOut } from '../sigma/index.ts';
import { type BodyItem, Collected } from './body-items.ts';
import { jsonBodies, msgpackBodies } from './body-notation.ts';
import { BodySearch } from './body-search.ts';
import type { EventPlace } from './event.ts';

/** Most items that are searched for: each is a bit of a number. */
const MOST_ITEMS = 52;
/** Most sets of items, each of which has its own searches. */
const MOST_SCREENS = 64;
/** Most variants of what is left of the steps of a profile. */
const MOST_LEFT = 64;
/** After so many searches that save little, only one in so many is made, until they save more. */
const MOST_CREDIT = 16;

interface Screen {
  items: ReadonlyMap<CompiledItem, BodyItem>;
  /** By layout. */
  searches: readonly BodySearch[];
}

/** Steps of a profile, and what is left of them, by the items that may differ. */
interface Screened {
  screen: Screen;
  left: Map<number, readonly Step[]>;
  /** Number of all rules that are left open. */
  open: number;
  credit: number;
  unsearched: number;
}

export class RuledOut {
  readonly #screened = new WeakMap<readonly Step[], Screened | null>();
  /** By the numbers of their items: profiles mostly agree in what they leave open. */
  readonly #screens = new Map<string, Screen | null>();
  readonly #numbers = new Map<CompiledItem, number>();

  /** The steps of an event without rules that do not match it and would not even without their exceptions.
   * @param event what is known about all events that have these steps */
  left(steps: readonly Step[], { bytes, view, layout, spans, base }: EventPlace, event: AuditEvent): readonly Step[] {
    if (steps.length === 0) return steps;
    let screened = this.#screened.get(steps);
    if (screened === undefined) this.#screened.set(steps, (screened = this.#screen(steps, event)));
    if (screened === null) return steps;
    if (screened.credit === 0 && ++screened.unsearched % MOST_CREDIT !== 0) return steps;
    const { screen, left } = screened;
    const search = screen.searches[spans[base + LAYOUT]!];
    if (search === undefined) return steps;
    search.clear();
    for (const offset of [base + REQUEST_OBJECT, base + RESPONSE_OBJECT]) {
      const start = spans[offset]!;
      if (start === -1) continue;
      // A list is a patch, in which the keys are parts of texts.
      if (!layout.isMap(bytes[start]!) || !search.add(bytes, view, start, spans[offset + 1]!)) return steps;
    }
    let differing = 0;
    let bit = 1;
    for (const { mayDiffer } of screen.items.values()) {
      if (mayDiffer(search)) differing += bit;
      bit *= 2;
    }
    let kept = left.get(differing);
    if (kept === undefined) {
      if (left.size === MOST_LEFT) left.clear();
      left.set(differing, (kept = withoutRuledOut(steps, screen, search)));
    }
    // If a body is read anyway, leaving out a few rules is no gain.
    const isWorth = 2 * (steps.length - kept.length) >= screened.open;
    screened.credit = isWorth ? Math.min(screened.credit + 1, MOST_CREDIT) : Math.max(screened.credit - 1, 0);
    return kept;
  }

  #screen(steps: readonly Step[], { gaps, objectRef }: AuditEvent): Screened | null {
    // What is missing may be anywhere.
    if (Object.keys(gaps).length > 0 || objectRef === null || CUT in objectRef) return null;
    const items = new Set<CompiledItem>();
    let open = 0;
    for (const { rule, evaluation, reduced } of steps) {
      if (evaluation !== undefined) continue;
      open++;
      for (const item of askedBy(rule)) if (reduced?.known.has(item) !== true) items.add(item);
    }
    const screen = this.#screenOf([...items]);
    return screen && { screen, left: new Map(), open, credit: MOST_CREDIT, unsearched: 0 };
  }

  #screenOf(items: readonly CompiledItem[]): Screen | null {
    const key = items.map((item) => this.#numberOf(item)).join();
    let screen = this.#screens.get(key);
    if (screen === undefined) {
      if (this.#screens.size === MOST_SCREENS) this.#screens.clear();
      this.#screens.set(key, (screen = screenOf(items)));
    }
    return screen;
  }

  #numberOf(item: CompiledItem): number {
    let number = this.#numbers.get(item);
    if (number === undefined) this.#numbers.set(item, (number = this.#numbers.size));
    return number;
  }
}

/** Null if no item depends on bodies alone. */
function screenOf(items: readonly CompiledItem[]): Screen | null {
  const collected = new Collected();
  const screened = new Map<CompiledItem, BodyItem>();
  for (const item of items) {
    const bodyItem = screened.size < MOST_ITEMS ? collected.add(item) : undefined;
    if (bodyItem !== undefined) screened.set(item, bodyItem);
  }
  if (screened.size === 0) return null;
  const searches: BodySearch[] = [];
  searches[JSON_LAYOUT] = new BodySearch(jsonBodies, collected);
  searches[MSGPACK_LAYOUT] = new BodySearch(msgpackBodies, collected);
  return { items: screened, searches };
}

function withoutRuledOut(steps: readonly Step[], { items }: Screen, bodies: BodySearch): readonly Step[] {
  const settled = new Map([...items].filter(([, { mayDiffer }]) => !mayDiffer(bodies)));
  return steps.filter(
    ({ rule, evaluation, reduced }) =>
      evaluation !== undefined || !isRuledOut(rule, (item) => reduced?.known.get(item) ?? settled.get(item)?.otherwise),
  );
}
