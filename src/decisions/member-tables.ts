/** The members of events, made once from their bytes and remembered: users, agents, addresses and the like. */
import type { JsonMap } from '../json/map.ts';
import { decisiveIn } from '../normalizers/event/outcome.ts';
import { BACKSLASH } from '../outline/json-syntax.ts';
import { EXTRA_COUNT, EXTRAS, HOLE, LAST_EXTRA } from '../outline/slots.ts';
import type { AuditEvent } from '../record.ts';
import { nextId } from './classes.ts';
import type { Classed } from './guard.ts';
import { InternTable } from './intern.ts';
import { isMarked, type Samples } from './members.ts';
import type { Layout } from './notation.ts';

/** One value of a member. */
export interface Member<T> {
  /** The same for values that the rules do not distinguish; UNUSUAL for one whose event has to be normalized as a whole. */
  id: number;
  value: T;
}

export const UNUSUAL = -1;
export const ABSENT = 0;

/** Most bytes of a text, and of a member around an event, that are distinguished as they are. */
const LONGEST_WORD = 256;
const LONGEST_SURROUNDING = 2048;
/** Stands for the event among the members around it. */
const OPEN_HOLE = -2;

/** Annotations that members of an event beside `annotations` depend on. */
const DECISIVE_ANNOTATIONS = ['authorization.k8s.io/decision', 'audit.k8s.io/truncated', 'command.gke.io/dryRun'];

type Named = 'user' | 'userAgent' | 'sourceIPs' | 'annotations' | 'responseStatus';
/** The number of the class of a member's value; `facts` are what else has to be the same within a class. */
export type ClassOf = (member: Classed, event: AuditEvent, facts: readonly unknown[]) => number;

/** The classes of members. */
export interface ClassNumbers {
  classOf: ClassOf;
  /** The same for a text, if its bytes show it.
   * @param eventOf makes an event with that text for the member */
  classOfPlain: (
    member: Classed,
    bytes: Uint8Array,
    start: number,
    end: number,
    eventOf: () => AuditEvent,
  ) => number | undefined;
}

/** An outline whose surroundings are looked up. */
interface SurroundedPlace {
  bytes: Uint8Array;
  spans: Int32Array;
  base: number;
}

/** Tables for events in one layout. */
export class MemberTables {
  readonly layout: Layout;
  /** Words are compared by their bytes, which is not possible for those with escapes. */
  readonly words = new InternTable((bytes, start, end) =>
    end - start > LONGEST_WORD || bytes.subarray(start, end).includes(BACKSLASH) ? UNUSUAL : nextId(),
  );
  readonly users: InternTable<Member<AuditEvent['user']>>;
  readonly agents: InternTable<Member<string>>;
  readonly addresses: InternTable<Member<Pick<AuditEvent, 'sourceIPs' | 'clientIPs'>>>;
  readonly annotations: InternTable<Member<AuditEvent['annotations']>>;
  readonly statuses: InternTable<Member<AuditEvent['responseStatus']>>;
  readonly namespaces: InternTable<Member<string>>;
  readonly names: InternTable<number>;
  /** URIs of requests that are not about an object. */
  readonly uris: InternTable<number>;
  /** URIs of requests that are about an object. */
  readonly objectUris: InternTable<number>;
  readonly impersonated: InternTable<number>;
  readonly authentications: InternTable<number>;

  readonly noAgent: Member<string>;
  readonly noAnnotations: Member<AuditEvent['annotations']> = { id: ABSENT, value: {} };
  readonly noStatus: Member<AuditEvent['responseStatus']> = { id: ABSENT, value: null };
  readonly noNamespace: Member<string>;

  readonly #samples: Samples;
  readonly #classOf: ClassOf;
  readonly #surroundings: InternTable<number>;
  readonly #spellings = new InternTable((_, start, end) => (end - start > LONGEST_SURROUNDING ? UNUSUAL : nextId()));
  /** The numbers of the members of the surroundings that are looked up, and where these are. */
  readonly #parts = new Int32Array(2 * (LAST_EXTRA - EXTRAS));
  readonly #partsBytes = new Uint8Array(this.#parts.buffer);
  readonly #partsView = new DataView(this.#parts.buffer);
  #place: SurroundedPlace = { bytes: this.#partsBytes, spans: this.#parts, base: 0 };

  constructor(layout: Layout, samples: Samples, { classOf, classOfPlain }: ClassNumbers) {
    this.layout = layout;
    this.#samples = samples;
    this.#classOf = classOf;
    this.users = this.#table(
      'user',
      (event) => event.user,
      ({ platform, impersonatedUser }) => [platform, impersonatedUser],
    );
    this.agents = this.#table('userAgent', (event) => event.userAgent);
    this.addresses = this.#table('sourceIPs', ({ sourceIPs, clientIPs }) => ({ sourceIPs, clientIPs }));
    this.annotations = this.#table(
      'annotations',
      (event) => event.annotations,
      ({ annotations }) => DECISIVE_ANNOTATIONS.map((key) => annotations[key] ?? null),
    );
    this.statuses = this.#table(
      'responseStatus',
      (event) => event.responseStatus,
      ({ responseStatus }) => decisiveIn(responseStatus),
      ({ responseStatus }) => responseStatus?.code !== undefined,
    );
    this.namespaces = new InternTable((bytes, start, end) => this.#namespace(layout.text(bytes, start, end)));
    this.uris = new InternTable((bytes, start, end) => {
      const event = samples.eventWith({ requestURI: layout.text(bytes, start, end), objectRef: undefined });
      return event === undefined || event.objectRef !== null ? UNUSUAL : classOf('requestURI', event, []);
    });
    const usual = samples.eventWith({})!;
    /** A table of texts, most of which are new each time. */
    const textTable = (member: Classed, eventOf: (text: string) => AuditEvent) =>
      new InternTable((bytes, start, end) => {
        const event = () => eventOf(layout.text(bytes, start, end));
        return classOfPlain(member, bytes, start, end, event) ?? classOf(member, event(), []);
      });
    this.objectUris = textTable('requestURI', (requestURI) => ({ ...usual, requestURI }));
    this.names = textTable('name', (name) => ({ ...usual, objectRef: { ...usual.objectRef!, name } }));
    this.impersonated = this.#identities('impersonatedUser');
    this.authentications = this.#identities('authenticationMetadata');
    this.#surroundings = new InternTable(() => this.#surroundingsOf(this.#place));
    this.noAgent = this.#member('userAgent', '', (event) => event.userAgent);
    this.noNamespace = this.#namespace('');
  }

  /** A number for what stands beside the members of an event, or around an event that is a text in a record. */
  surroundings(bytes: Uint8Array, view: DataView, spans: Int32Array, base: number): number {
    const count = spans[base + EXTRA_COUNT]!;
    if (count === 0) return ABSENT;
    const hole = spans[base + HOLE]!;
    const parts = this.#parts;
    let length = 0;
    for (let extra = base + EXTRAS; extra < base + EXTRAS + 2 * count; extra += 2) {
      const start = spans[extra]!;
      const end = spans[extra + 1]!;
      if (hole < start || hole >= end) {
        parts[length++] = this.#spellings.of(bytes, view, start, end);
      } else {
        parts[length++] = this.#spellings.of(bytes, view, start, hole);
        parts[length++] = OPEN_HOLE;
        parts[length++] = this.#spellings.of(bytes, view, spans[base + HOLE + 1]!, end);
      }
    }
    for (let index = 0; index < length; index++) if (parts[index] === UNUSUAL) return UNUSUAL;
    this.#place = { bytes, spans, base };
    return this.#surroundings.of(this.#partsBytes, this.#partsView, 0, 4 * length);
  }

  #surroundingsOf({ bytes, spans, base }: SurroundedPlace): number {
    const { layout } = this;
    const hole = spans[base + HOLE]!;
    const last = base + EXTRAS + 2 * spans[base + EXTRA_COUNT]!;
    const mapWith = (text: string) => {
      const members: Uint8Array[] = [];
      for (let extra = base + EXTRAS; extra < last; extra += 2) {
        const [start, end] = [spans[extra]!, spans[extra + 1]!];
        if (hole < start || hole >= end) members.push(bytes.subarray(start, end));
        else {
          const after = bytes.subarray(spans[base + HOLE + 1]!, end);
          members.push(Buffer.concat([bytes.subarray(start, hole), layout.holeOf(text), after]));
        }
      }
      return layout.mapOf(members);
    };
    const surround = (event: JsonMap) => (hole === -1 ? { ...mapWith(''), ...event } : mapWith(JSON.stringify(event)));
    return this.#samples.leavesEventAsIs(surround) ? nextId() : UNUSUAL;
  }

  /** @param factsOf what in an event depends on the member besides the fields of rules
   * @param isUsual whether an event can be outlined */
  #table<T>(
    name: Named,
    pick: (event: AuditEvent) => T,
    factsOf: (event: AuditEvent) => readonly unknown[] = () => [],
    isUsual: (event: AuditEvent) => boolean = () => true,
  ): InternTable<Member<T>> {
    const read = name === 'userAgent' ? this.layout.text : this.layout.value;
    return new InternTable((bytes, start, end) => this.#member(name, read(bytes, start, end), pick, factsOf, isUsual));
  }

  #member<T>(
    name: Named,
    logged: unknown,
    pick: (event: AuditEvent) => T,
    factsOf: (event: AuditEvent) => readonly unknown[] = () => [],
    isUsual: (event: AuditEvent) => boolean = () => true,
  ): Member<T> {
    const event = this.#samples.eventWith({ [name]: logged });
    if (event === undefined || !isUsual(event) || isMarked(event[name])) return { id: UNUSUAL, value: undefined as T };
    return { id: this.#classOf(name, event, factsOf(event)), value: pick(event) };
  }

  #namespace(text: string): Member<string> {
    const event = this.#samples.eventWith({})!;
    const objectRef = { ...event.objectRef!, namespace: text };
    return { id: this.#classOf('namespace', { ...event, objectRef }, [text === '']), value: text };
  }

  /** A table of a member of which each value is distinguished from any other. */
  #identities(name: 'impersonatedUser' | 'authenticationMetadata'): InternTable<number> {
    return new InternTable((bytes, start, end) => {
      const event = this.#samples.eventWith({ [name]: this.layout.value(bytes, start, end) });
      return event === undefined || isMarked(event[name]) ? UNUSUAL : nextId();
    });
  }
}
