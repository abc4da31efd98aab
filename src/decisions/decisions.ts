/** Decides most rules on most events without parsing them: what an outline says of an event is brought down to its profile,
 * and what the rules say of a profile is remembered. Exact, not a guess: a profile holds every member that the decision
 * depends on, and a rule that depends on more is evaluated for each event. */

import type { Ruleset, Step } from '../detect.ts';
import { fieldsOf } from '../fields.ts';
import { decisiveIn } from '../normalizers/event/outcome.ts';
import type { Normalized, NormalizeOptions } from '../normalizers/index.ts';
import { findMember, NONE, UNCLEAR } from '../outline/find-member.ts';
import { OPEN_BRACE } from '../outline/json-syntax.ts';
import type { Outlines } from '../outline/outlines.ts';
import {
  ANNOTATIONS,
  API_VERSION,
  AUTHENTICATION,
  EXTRA_COUNT,
  EXTRAS,
  IMPERSONATED_USER,
  KIND,
  LEVEL,
  OBJECT_REF,
  RECEIVED,
  REF_GROUP,
  REF_NAME,
  REF_NAMESPACE,
  REF_RESOURCE,
  REF_SUBRESOURCE,
  REF_VERSION,
  REQUEST_OBJECT,
  REQUEST_URI,
  RESPONSE_OBJECT,
  SOURCE_IPS,
  STAGE,
  STAGED,
  STATUS,
  STRIDE,
  USER,
  USER_AGENT,
  VERB,
} from '../outline/slots.ts';
import { isEmptyText, isUsualUri } from '../outline/uri.ts';
import type { AuditEvent } from '../record.ts';
import { type CompiledRule, candidatesAmong, evaluate, isOfItems, itemsOf, type ProgramItem } from '../sigma/index.ts';
import { Classes, nextId } from './classes.ts';
import { OutlinedEvent, type OwnMembers, type Template, textIn } from './event.ts';
import { type Classed, guardedLookup } from './guard.ts';
import { InternTable } from './intern.ts';
import { eventWith, isMarked, leavesEventAsIs, valueAt } from './members.ts';

/** What is known of all events of a profile. */
interface Decision {
  template: Template;
  steps: readonly Step[];
}

/** An event, and the rules that are left to evaluate on it. */
export interface Outlined {
  kind: 'outlined';
  event: OutlinedEvent;
  steps: readonly Step[];
}

/** One value of a member. */
interface Member<T> {
  /** The same for values between which the rules tell no difference; UNUSUAL for one whose event has to be normalized as a
   * whole. */
  id: number;
  value: T;
}

const UNUSUAL = -1;
const ABSENT = 0;

/** Bytes of a text that is told from others of its kind as it is. */
const LONGEST_WORD = 256;

const KIND_OF_EVENT = Buffer.from('"Event"');
const AUDIT_V1 = Buffer.from('"audit.k8s.io/v1"');
const REQUEST_RECEIVED = Buffer.from('"RequestReceived"');
const NAMESPACES = Buffer.from('"namespaces"');
const CREATE = Buffer.from('"create"');
const DELETE = Buffer.from('"delete');

const METADATA = Buffer.from('metadata');
const NAMESPACE = Buffer.from('namespace');
const DRY_RUN = Buffer.from('dryRun');
const LONGEST_EXTRAS = 4096;
const COMMA = Buffer.from(',');
const BACKSLASH = 0x5c;

/** Annotations that members of an event beside `annotations` depend on. */
const DECISIVE_ANNOTATIONS = ['authorization.k8s.io/decision', 'audit.k8s.io/truncated', 'command.gke.io/dryRun'];

/** Stand for members that events of a profile need not share. */
const unshared = {
  user: { username: '', groups: [] },
  sourceIPs: [],
  clientIPs: [],
  annotations: {},
  responseStatus: null,
};

/** Numbers of a profile. */
const PROFILE = 18;

/** The decisions of the rules that are live: other rules, other decisions. */
export function openDecisions(options: NormalizeOptions): (ruleset: Pick<Ruleset, 'rules'>) => Decisions {
  let live: Pick<Ruleset, 'rules'> | undefined;
  let decisions: Decisions | undefined;
  return (ruleset) => {
    if (decisions === undefined || ruleset !== live) {
      live = ruleset;
      decisions = new Decisions(ruleset.rules, options);
    }
    return decisions;
  };
}

export class Decisions {
  readonly #candidatesIn: ReturnType<typeof candidatesAmong>;
  readonly #options: NormalizeOptions;
  readonly #items: readonly ProgramItem[];
  readonly #classes = new Map<Classed, Classes>();
  readonly #ofItems: ReadonlySet<CompiledRule>;

  readonly #extras: InternTable<number>;
  readonly #words = new InternTable((_, start, end) => (end - start > LONGEST_WORD ? UNUSUAL : nextId()));
  readonly #users: InternTable<Member<AuditEvent['user']>>;
  readonly #agents: InternTable<Member<string>>;
  readonly #addresses: InternTable<Member<Pick<AuditEvent, 'sourceIPs' | 'clientIPs'>>>;
  readonly #annotations: InternTable<Member<AuditEvent['annotations']>>;
  readonly #statuses: InternTable<Member<AuditEvent['responseStatus']>>;
  readonly #namespaces: InternTable<Member<string>>;
  readonly #uris: InternTable<number>;
  readonly #impersonated: InternTable<number>;
  readonly #authentications: InternTable<number>;
  readonly #decisions: InternTable<Decision | undefined>;

  readonly #profile = new Int32Array(PROFILE);
  readonly #profileBytes = new Uint8Array(this.#profile.buffer);
  readonly #profileView = new DataView(this.#profile.buffer);
  #normalizeCurrent: (() => Normalized) | undefined;

  readonly #noAgent: Member<string>;
  readonly #noAnnotations: Member<AuditEvent['annotations']>;
  readonly #noStatus: Member<AuditEvent['responseStatus']>;
  readonly #noNamespace: Member<string>;

  constructor(rules: readonly CompiledRule[], options: NormalizeOptions) {
    this.#candidatesIn = candidatesAmong(rules);
    this.#options = options;
    this.#items = itemsOf(rules);
    this.#ofItems = new Set(rules.filter(isOfItems));

    this.#users = this.#member(
      'user',
      (event) => event.user,
      ({ platform }) => [platform],
    );
    this.#agents = this.#member('userAgent', (event) => event.userAgent);
    this.#addresses = this.#member('sourceIPs', ({ sourceIPs, clientIPs }) => ({ sourceIPs, clientIPs }));
    this.#annotations = this.#member(
      'annotations',
      (event) => event.annotations,
      ({ annotations }) => DECISIVE_ANNOTATIONS.map((key) => annotations[key] ?? null),
    );
    this.#statuses = this.#member(
      'responseStatus',
      (event) => event.responseStatus,
      ({ responseStatus }) => decisiveIn(responseStatus),
      ({ responseStatus }) => responseStatus?.code !== undefined,
    );
    this.#namespaces = new InternTable((bytes, start, end) => this.#namespaceOf(textIn(bytes, start, end)));
    this.#uris = new InternTable((bytes, start, end) => {
      const event = eventWith({ requestURI: textIn(bytes, start, end), objectRef: undefined }, options);
      return event === undefined || event.objectRef !== null ? UNUSUAL : this.#classOf('requestURI', event, []);
    });
    this.#impersonated = this.#word('impersonatedUser');
    this.#authentications = this.#word('authenticationMetadata');
    this.#extras = new InternTable((bytes, start, end) => this.#extrasOf(bytes, start, end));
    this.#decisions = new InternTable(() => this.#decide());

    this.#noAgent = this.#memberOf('userAgent', '', (event) => event.userAgent);
    this.#noAnnotations = { id: ABSENT, value: {} };
    this.#noStatus = { id: ABSENT, value: null };
    this.#noNamespace = this.#namespaceOf('');
  }

  /** The event of an outline and what is left to decide of it, or undefined where the record has to be normalized.
   * @param normalizeRecord normalizes the record */
  of(outlines: Outlines, outline: number, normalizeRecord: () => Normalized): Outlined | undefined {
    const { bytes, view, spans } = outlines;
    const base = outline * STRIDE;
    const profile = this.#profile;
    if (!isText(bytes, spans, base + KIND, KIND_OF_EVENT) || !isText(bytes, spans, base + API_VERSION, AUDIT_V1)) {
      return undefined;
    }
    const has = (offset: number) => spans[base + offset] !== -1;
    if (!has(USER) || !has(SOURCE_IPS) || !has(RECEIVED) || !has(STAGED) || !has(STAGE)) return undefined;
    if (!has(REQUEST_URI) || isEmptyText(bytes, spans[base + REQUEST_URI]!) || !has(VERB)) return undefined;
    if (!isUsualUri(bytes, spans, base)) return undefined;
    const isAnswered = !isText(bytes, spans, base + STAGE, REQUEST_RECEIVED);
    if (isAnswered !== has(STATUS)) return undefined;

    const requestObject = bodyKind(bytes, spans, base + REQUEST_OBJECT);
    const responseObject = bodyKind(bytes, spans, base + RESPONSE_OBJECT);
    if (requestObject === MAP && !this.#isUsualRequest(bytes, view, spans, base)) return undefined;
    const isNamespace = isText(bytes, spans, base + REF_RESOURCE, NAMESPACES);
    if (isNamespace && !has(REF_NAME) && isText(bytes, spans, base + VERB, CREATE)) return undefined;

    const user = this.#users.of(bytes, view, spans[base + USER]!, spans[base + USER + 1]!);
    const addresses = this.#addresses.of(bytes, view, spans[base + SOURCE_IPS]!, spans[base + SOURCE_IPS + 1]!);
    const agent = has(USER_AGENT)
      ? this.#agents.of(bytes, view, spans[base + USER_AGENT]!, spans[base + USER_AGENT + 1]!)
      : this.#noAgent;
    const annotations = has(ANNOTATIONS)
      ? this.#annotations.of(bytes, view, spans[base + ANNOTATIONS]!, spans[base + ANNOTATIONS + 1]!)
      : this.#noAnnotations;
    const status = has(STATUS)
      ? this.#statuses.of(bytes, view, spans[base + STATUS]!, spans[base + STATUS + 1]!)
      : this.#noStatus;
    const namespace = has(REF_NAMESPACE)
      ? this.#namespaces.of(bytes, view, spans[base + REF_NAMESPACE]!, spans[base + REF_NAMESPACE + 1]!)
      : this.#noNamespace;
    const word = (table: InternTable<number>, offset: number) =>
      has(offset) ? table.of(bytes, view, spans[base + offset]!, spans[base + offset + 1]!) : ABSENT;

    profile[0] = this.#extrasIn(bytes, spans, base);
    profile[1] = word(this.#words, LEVEL);
    profile[2] = word(this.#words, STAGE);
    profile[3] = word(this.#words, VERB);
    profile[4] = user.id;
    profile[5] = word(this.#impersonated, IMPERSONATED_USER);
    profile[6] = word(this.#authentications, AUTHENTICATION);
    profile[7] = addresses.id;
    profile[8] = agent.id;
    profile[9] = word(this.#words, REF_RESOURCE);
    profile[10] = word(this.#words, REF_SUBRESOURCE);
    profile[11] = namespace.id;
    profile[12] = word(this.#words, REF_GROUP);
    profile[13] = word(this.#words, REF_VERSION);
    profile[14] = status.id;
    profile[15] = annotations.id;
    profile[16] = has(OBJECT_REF) ? ABSENT : word(this.#uris, REQUEST_URI);
    profile[17] = requestObject * 4 + responseObject;
    for (let index = 0; index < PROFILE; index++) if (profile[index] === UNUSUAL) return undefined;

    this.#normalizeCurrent = normalizeRecord;
    const decision = this.#decisions.of(this.#profileBytes, this.#profileView, 0, 4 * PROFILE);
    if (decision === undefined) return undefined;
    const { template, steps } = decision;
    const own: OwnMembers = {
      user: user.value,
      sourceIPs: addresses.value.sourceIPs,
      clientIPs: addresses.value.clientIPs,
      userAgent: agent.value,
      annotations: annotations.value,
      responseStatus: status.value,
      namespace: namespace.value,
    };
    const event = new OutlinedEvent(outlines, base, template, own, () => firstEvent(normalizeRecord())!);
    return { kind: 'outlined', event, steps };
  }

  /** What the rules say of the profile of the current record. */
  #decide(): Decision | undefined {
    const event = firstEvent(this.#normalizeCurrent!());
    if (event === undefined) return undefined;
    const { requestObject, responseObject, ...kept } = event;
    const template = { ...kept, ...unshared };
    // A request that is not answered yet says nothing of what happened.
    if (event.stage === 'RequestReceived') return { template, steps: [] };
    const covered = (member: Classed, field: string) => this.#classesOf(member, event).covers(field);
    const byMembers = guardedLookup(event, fieldsOf, covered, true);
    const byWords = guardedLookup(event, fieldsOf, covered, false);
    const steps: Step[] = [];
    for (const rule of this.#candidatesIn(byMembers.lookup)) {
      const guarded = this.#ofItems.has(rule) ? byMembers : byWords;
      guarded.hasDeferred = false;
      const evaluation = evaluate(rule, guarded.lookup);
      if (!guarded.hasDeferred || (evaluation.truth === false && rule.decide(guarded.lookup) === false)) {
        if (evaluation.truth !== false || evaluation.silencedBy !== undefined) steps.push({ rule, evaluation });
      } else {
        steps.push({ rule });
      }
    }
    return { template, steps };
  }

  #classesOf(member: Classed, sample: AuditEvent): Classes {
    let classes = this.#classes.get(member);
    if (classes === undefined) this.#classes.set(member, (classes = new Classes(member, this.#items, sample)));
    return classes;
  }

  #classOf(member: Classed, event: AuditEvent, facts: readonly unknown[]): number {
    return this.#classesOf(member, event).idOf(event, facts);
  }

  /** @param factsOf what of an event depends on the member beside the fields of rules
   * @param isUsual tells an event that can be outlined */
  #member<T>(
    name: 'user' | 'userAgent' | 'sourceIPs' | 'annotations' | 'responseStatus',
    pick: (event: AuditEvent) => T,
    factsOf: (event: AuditEvent) => readonly unknown[] = () => [],
    isUsual: (event: AuditEvent) => boolean = () => true,
  ): InternTable<Member<T>> {
    return new InternTable((bytes, start, end) =>
      this.#memberOf(name, valueAt(bytes, start, end), pick, factsOf, isUsual),
    );
  }

  #memberOf<T>(
    name: 'user' | 'userAgent' | 'sourceIPs' | 'annotations' | 'responseStatus',
    logged: unknown,
    pick: (event: AuditEvent) => T,
    factsOf: (event: AuditEvent) => readonly unknown[] = () => [],
    isUsual: (event: AuditEvent) => boolean = () => true,
  ): Member<T> {
    const event = eventWith({ [name]: logged }, this.#options);
    if (event === undefined || !isUsual(event) || isMarked(event[name])) return { id: UNUSUAL, value: undefined as T };
    return { id: this.#classOf(name, event, factsOf(event)), value: pick(event) };
  }

  #namespaceOf(text: string): Member<string> {
    const event = eventWith({}, this.#options)!;
    const objectRef = { ...event.objectRef!, namespace: text };
    return { id: this.#classOf('namespace', { ...event, objectRef }, [text === '']), value: text };
  }

  /** Members of which each value is told from any other. */
  #word(name: 'impersonatedUser' | 'authenticationMetadata'): InternTable<number> {
    return new InternTable((bytes, start, end) => {
      const event = eventWith({ [name]: valueAt(bytes, start, end) }, this.#options);
      return event === undefined || isMarked(event[name]) ? UNUSUAL : nextId();
    });
  }

  #extrasIn(bytes: Uint8Array, spans: Int32Array, base: number): number {
    const count = spans[base + EXTRA_COUNT]!;
    if (count === 0) return ABSENT;
    const parts: Uint8Array[] = [];
    for (let index = 0; index < count; index++) {
      const at = base + EXTRAS + 2 * index;
      parts.push(bytes.subarray(spans[at], spans[at + 1]), COMMA);
    }
    const joined = Buffer.concat(parts);
    return this.#extras.of(joined, new DataView(joined.buffer, joined.byteOffset, joined.length), 0, joined.length);
  }

  #extrasOf(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > LONGEST_EXTRAS || bytes.includes(BACKSLASH)) return UNUSUAL;
    const extras = JSON.parse(`{${Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start - 1)}}`);
    return leavesEventAsIs(extras, this.#options) ? nextId() : UNUSUAL;
  }

  /** Whether a request body has no say in what is outlined: in the namespace where the objectRef has none, and in whether a
   * deletion is a dry run. */
  #isUsualRequest(bytes: Uint8Array, view: DataView, spans: Int32Array, base: number): boolean {
    const start = spans[base + REQUEST_OBJECT]!;
    const namespace = spans[base + REF_NAMESPACE]!;
    if (namespace === -1 || isEmptyText(bytes, namespace)) {
      const metadata = findMember(bytes, view, start, METADATA);
      if (metadata === UNCLEAR) return false;
      if (
        metadata !== NONE &&
        bytes[metadata] === OPEN_BRACE &&
        findMember(bytes, view, metadata, NAMESPACE) !== NONE
      ) {
        return false;
      }
    }
    if (startsWith(bytes, spans[base + VERB]!, DELETE)) return findMember(bytes, view, start, DRY_RUN) === NONE;
    return true;
  }
}

function firstEvent(normalized: Normalized): AuditEvent | undefined {
  const isAlone = normalized.kind === 'audit' && normalized.events.length === 1 && normalized.problem === undefined;
  return isAlone ? normalized.events[0] : undefined;
}

const MAP = 1;
const LIST = 2;

function bodyKind(bytes: Uint8Array, spans: Int32Array, offset: number): number {
  const start = spans[offset]!;
  return start === -1 ? ABSENT : bytes[start] === OPEN_BRACE ? MAP : LIST;
}

/** Whether a text is a given one, quotes included. */
function isText(bytes: Uint8Array, spans: Int32Array, offset: number, text: Uint8Array): boolean {
  const start = spans[offset]!;
  return start !== -1 && spans[offset + 1]! - start === text.length && startsWith(bytes, start, text);
}

function startsWith(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}
