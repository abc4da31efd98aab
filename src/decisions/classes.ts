/** Sorts the values of a member into classes: values that all items of the rules judge alike are one to the rules. */
import { fieldsOf } from '../fields/index.ts';
import type { AuditEvent } from '../record.ts';
import type { ProgramItem } from '../sigma/index.ts';
import { type Classed, memberLookup } from './guard.ts';

/** Classes that are remembered; beyond, they are numbered anew. */
const MOST_CLASSES = 16_384;

export class Classes {
  readonly #member: Classed;
  readonly #items: readonly ProgramItem[];
  /** Fields that depend on the member alone. */
  readonly #fields: ReadonlySet<string>;
  readonly #ids = new Map<string, number>();

  /** @param sample an event with a usual value of the member */
  constructor(member: Classed, items: readonly ProgramItem[], sample: AuditEvent) {
    this.#member = member;
    const find = memberLookup(sample, member, fieldsOf);
    const names = new Set(items.map(({ field }) => field).filter((field) => find(field) !== undefined));
    this.#items = items.filter(({ field }) => names.has(field));
    this.#fields = names;
  }

  /** Whether values of one class are the same to whatever a rule asks of the field in items. */
  covers(field: string): boolean {
    return this.#fields.has(field);
  }

  /** The number of the class of an event's value; the numbers of a class that was forgotten are not given again.
   * @param facts whatever else is to be the same within a class */
  idOf(event: AuditEvent, facts: readonly unknown[]): number {
    const find = memberLookup(event, this.#member, fieldsOf);
    const answers = new Map([...this.#fields].map((field) => [field, find(field)] as const));
    const lookup = (field: string) => answers.get(field)!;
    const judged = this.#items.map(({ field, decide }) => {
      if (answers.get(field) === undefined) return 'unread';
      const decision = decide(lookup);
      return decision === true ? 1 : decision === false ? 0 : [decision.field, decision.reason];
    });
    const key = JSON.stringify([judged, facts]);
    let id = this.#ids.get(key);
    if (id === undefined) {
      if (this.#ids.size === MOST_CLASSES) this.#ids.clear();
      this.#ids.set(key, (id = nextId()));
    }
    return id;
  }
}

let ids = 0;

/** A number that stands for one value, or one class of values, and was given to no other before. */
export function nextId(): number {
  return ++ids;
}
