/** Sorts the values of a member into classes: values that all items of the rules judge alike are the same to the rules. */
import type { AuditEvent } from '../record.ts';
import type { FieldLookup, ProgramItem } from '../sigma/index.ts';
import { type Classed, type MemberLookup, memberLookup } from './guard.ts';
import { ItemScreen } from './item-screen.ts';

/** Most classes that are remembered; beyond that, they are numbered anew. */
const MOST_CLASSES = 16_384;

/** Makes the look-up of an event. */
export type FieldsOf = (event: AuditEvent) => FieldLookup;

export class Classes {
  readonly #find: MemberLookup;
  /** By field, for fields that depend on the member alone. */
  readonly #screens: ReadonlyMap<string, ItemScreen>;
  readonly #ids = new Map<string, number>();
  readonly #member: Classed;
  #verbatim: ItemScreen | null | undefined;
  /** Numbers of the classes of plain texts, by how the items judge them. */
  readonly #plain = new Map<number, number>();

  /** @param sample an event with a usual value of the member */
  constructor(member: Classed, items: readonly ProgramItem[], sample: AuditEvent, fieldsOf: FieldsOf) {
    this.#member = member;
    this.#find = memberLookup(member, fieldsOf);
    const names = new Set(items.map(({ field }) => field).filter((field) => this.#find(sample, field) !== undefined));
    const screenOf = (name: string) => new ItemScreen(items.filter(({ field }) => field === name));
    this.#screens = new Map([...names].map((name) => [name, screenOf(name)]));
  }

  /** Whether values of one class are the same for everything that items of a rule ask of the field. */
  covers(field: string): boolean {
    return this.#screens.has(field);
  }

  /** The number of the class of a plain text, if the only field of the member is that text: the same as from `idOf`, at a
   * fraction of its cost. Undefined for other texts and members.
   * @param eventOf makes an event with that text for the member */
  idOfPlain(bytes: Uint8Array, start: number, end: number, eventOf: () => AuditEvent): number | undefined {
    const screen = (this.#verbatim ??= this.#findVerbatim());
    if (screen === null) return undefined;
    const judged = screen.judgePlain(bytes, start, end);
    if (judged === -1) return undefined;
    let id = this.#plain.get(judged);
    if (id === undefined && (id = this.idOf(eventOf(), [])) !== undefined) this.#plain.set(judged, id);
    return id;
  }

  #forget(): void {
    this.#ids.clear();
    this.#plain.clear();
  }

  /** The screen of the only field that the member has, if that is the text of the member. */
  #findVerbatim(): ItemScreen | null {
    const [one, ...more] = this.#screens;
    if (one === undefined || more.length > 0) return null;
    return VERBATIM.get(this.#member) === one[0] ? one[1] : null;
  }

  /** The number of the class of an event's value; the number of a forgotten class is not used again. Undefined for a value
   * that does not determine all fields of the member on its own.
   * @param facts whatever else has to be the same within a class */
  idOf(event: AuditEvent, facts: readonly unknown[]): number | undefined {
    const judged: unknown[] = [];
    for (const [field, screen] of this.#screens) {
      const found = this.#find(event, field);
      if (found === undefined) return undefined;
      judged.push(screen.judge(found));
    }
    const key = JSON.stringify([judged, facts]);
    let id = this.#ids.get(key);
    if (id === undefined) {
      if (this.#ids.size === MOST_CLASSES) this.#forget();
      this.#ids.set(key, (id = nextId()));
    }
    return id;
  }
}

/** Members whose text is one field. */
const VERBATIM: ReadonlyMap<Classed, string> = new Map([
  ['name', 'name'],
  ['requestURI', 'requestURI'],
]);

let ids = 0;

/** A number for one value, or one class of values, that was never used for another. */
export function nextId(): number {
  return ++ids;
}
