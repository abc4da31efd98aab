/** Decides most rules on most events without parsing them: what an outline says of an event is brought down to its profile,
 * and what the rules say of a profile is remembered. Exact, not a guess: a profile holds every member that the decision
 * depends on, and a rule that depends on more is evaluated for each event. */

import { isAnswered } from '../audit/request.ts';
import type { Ruleset, Step } from '../detect.ts';
import { fieldsOf } from '../fields/index.ts';
import type { Normalized, NormalizeOptions } from '../normalizers/index.ts';
import { NONE, UNCLEAR } from '../outline/find-member.ts';
import type { Outlines } from '../outline/outlines.ts';
import {
  ANNOTATIONS,
  API_VERSION,
  AUTHENTICATION,
  IMPERSONATED_USER,
  JSON_LAYOUT,
  KIND,
  LAYOUT,
  LEVEL,
  MSGPACK_LAYOUT,
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
  WRAPPER,
} from '../outline/slots.ts';
import { isUsualUri } from '../outline/uri.ts';
import type { AuditEvent } from '../record.ts';
import { type CompiledRule, evaluate, matchOf, type Program, type RuleMatch } from '../sigma/index.ts';
import { Classes } from './classes.ts';
import { OutlinedEvent, type OwnMembers, type Template } from './event.ts';
import { type Classed, type GuardedLookup, guardedLookup } from './guard.ts';
import { InternTable } from './intern.ts';
import { ABSENT, type ClassOf, MemberTables, UNUSUAL } from './member-tables.ts';
import { onlyEvent } from './members.ts';
import { jsonLayout, type Layout, msgpackLayout } from './notation.ts';
import { knownItems, Reductions } from './reductions.ts';

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

const KIND_OF_EVENT = Buffer.from('Event');
const AUDIT_V1 = Buffer.from('audit.k8s.io/v1');
const REQUEST_RECEIVED = Buffer.from('RequestReceived');
const NAMESPACES = Buffer.from('namespaces');
const CREATE = Buffer.from('create');
const DELETE = Buffer.from('delete');

const METADATA = Buffer.from('metadata');
const NAMESPACE = Buffer.from('namespace');
const DRY_RUN = Buffer.from('dryRun');

/** Stand for members that events of a profile need not share. */
const unshared = {
  user: { username: '', groups: [] },
  sourceIPs: [],
  clientIPs: [],
  annotations: {},
  responseStatus: null,
};

/** Numbers of a profile. */
const PROFILE = 19;

/** The decisions of the rules that are live: other rules, other decisions. */
export function openDecisions(options: NormalizeOptions): (ruleset: Ruleset) => Decisions {
  let live: Ruleset | undefined;
  let decisions: Decisions | undefined;
  return (ruleset) => {
    if (decisions === undefined || ruleset !== live) {
      live = ruleset;
      decisions = new Decisions(ruleset, options);
    }
    return decisions;
  };
}

export class Decisions {
  readonly #program: Program;
  readonly #classes = new Map<Classed, Classes>();

  readonly #reductions = new Reductions();
  readonly #tables: readonly MemberTables[];
  readonly #decisions: InternTable<Decision | undefined>;

  readonly #profile = new Int32Array(PROFILE);
  readonly #profileBytes = new Uint8Array(this.#profile.buffer);
  readonly #profileView = new DataView(this.#profile.buffer);
  #normalizeCurrent: (() => Normalized) | undefined;

  constructor(ruleset: Ruleset, options: NormalizeOptions) {
    this.#program = ruleset.program;
    const classOf: ClassOf = (member, event, facts) => this.#classesOf(member, event).idOf(event, facts);
    const tables: MemberTables[] = [];
    tables[JSON_LAYOUT] = new MemberTables(jsonLayout, options, classOf);
    tables[MSGPACK_LAYOUT] = new MemberTables(msgpackLayout, options, classOf);
    this.#tables = tables;
    this.#decisions = new InternTable(() => this.#decide());
  }

  /** The event of an outline and what is left to decide of it, or undefined where the record has to be normalized.
   * @param normalizeRecord normalizes the record */
  of(outlines: Outlines, outline: number, normalizeRecord: () => Normalized): Outlined | undefined {
    const { spans } = outlines;
    const base = outline * STRIDE;
    const { bytes, view } = outlines.textOf(base);
    if (!isText(bytes, spans, base + KIND, KIND_OF_EVENT) || !isText(bytes, spans, base + API_VERSION, AUDIT_V1)) {
      return undefined;
    }
    const has = (offset: number) => spans[base + offset] !== -1;
    if (!has(USER) || !has(SOURCE_IPS) || !has(RECEIVED) || !has(STAGED) || !has(STAGE) || !has(VERB)) return undefined;
    if (!has(REQUEST_URI) || spans[base + REQUEST_URI] === spans[base + REQUEST_URI + 1]) return undefined;
    if (!isUsualUri(bytes, spans, base)) return undefined;
    if (isText(bytes, spans, base + STAGE, REQUEST_RECEIVED) === has(STATUS)) return undefined;

    const tables = this.#tables[spans[base + LAYOUT]!]!;
    const { layout } = tables;
    const requestObject = bodyKind(layout, bytes, spans, base + REQUEST_OBJECT);
    const responseObject = bodyKind(layout, bytes, spans, base + RESPONSE_OBJECT);
    if (requestObject === MAP && !isUsualRequest(layout, bytes, view, spans, base)) return undefined;
    const isNamespace = isText(bytes, spans, base + REF_RESOURCE, NAMESPACES);
    const isNamed = spans[base + REF_NAME] !== spans[base + REF_NAME + 1];
    if (isNamespace && !isNamed && isText(bytes, spans, base + VERB, CREATE)) return undefined;

    const find = <T>(table: InternTable<T>, offset: number, absent: T) =>
      has(offset) ? table.of(bytes, view, spans[base + offset]!, spans[base + offset + 1]!) : absent;
    const user = tables.users.of(bytes, view, spans[base + USER]!, spans[base + USER + 1]!);
    const addresses = tables.addresses.of(bytes, view, spans[base + SOURCE_IPS]!, spans[base + SOURCE_IPS + 1]!);
    const agent = find(tables.agents, USER_AGENT, tables.noAgent);
    const annotations = find(tables.annotations, ANNOTATIONS, tables.noAnnotations);
    const status = find(tables.statuses, STATUS, tables.noStatus);
    const namespace = find(tables.namespaces, REF_NAMESPACE, tables.noNamespace);

    const profile = this.#profile;
    profile[0] = tables.surroundings(bytes, view, spans, base);
    profile[1] = this.#wrapperOf(outlines, base);
    profile[2] = find(tables.words, LEVEL, ABSENT);
    profile[3] = find(tables.words, STAGE, ABSENT);
    profile[4] = find(tables.words, VERB, ABSENT);
    profile[5] = user.id;
    profile[6] = find(tables.impersonated, IMPERSONATED_USER, ABSENT);
    profile[7] = find(tables.authentications, AUTHENTICATION, ABSENT);
    profile[8] = addresses.id;
    profile[9] = agent.id;
    profile[10] = find(tables.words, REF_RESOURCE, ABSENT);
    profile[11] = find(tables.words, REF_SUBRESOURCE, ABSENT);
    profile[12] = namespace.id;
    profile[13] = find(tables.words, REF_GROUP, ABSENT);
    profile[14] = find(tables.words, REF_VERSION, ABSENT);
    profile[15] = status.id;
    profile[16] = annotations.id;
    profile[17] = has(OBJECT_REF) ? ABSENT : find(tables.uris, REQUEST_URI, ABSENT);
    profile[18] = requestObject * 4 + responseObject;
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
    const place = { bytes, layout, spans, base };
    const event = new OutlinedEvent(place, template, own, () => onlyEvent(normalizeRecord())!);
    return { kind: 'outlined', event, steps };
  }

  /** What the rules say of the profile of the current record. */
  #decide(): Decision | undefined {
    const event = onlyEvent(this.#normalizeCurrent!());
    if (event === undefined) return undefined;
    const { requestObject, responseObject, ...kept } = event;
    const template = { ...kept, ...unshared };
    // A request that is not answered yet says nothing of what happened.
    if (!isAnswered(event.stage)) return { template, steps: [] };
    const covered = (member: Classed, field: string) => this.#classesOf(member, event).covers(field);
    const byMembers = guardedLookup(event, fieldsOf, covered, true);
    const byWords = guardedLookup(event, fieldsOf, covered, false);
    const known = knownItems(this.#program, byMembers, byWords);
    const steps: Step[] = [];
    for (const rule of this.#program.candidatesIn(byMembers.lookup)) {
      const guarded = this.#program.isOfItems(rule) ? byMembers : byWords;
      guarded.hasDeferred = false;
      const evaluation = evaluate(rule, guarded.lookup);
      if (!guarded.hasDeferred || (evaluation.truth === false && rule.decide(guarded.lookup) === false)) {
        if (evaluation.truth !== false || evaluation.silencedBy !== undefined) {
          const match = evaluation.truth === true ? sharedMatch(rule, guarded) : undefined;
          steps.push({ rule, evaluation, ...(match !== undefined && { match }) });
        }
      } else {
        steps.push({ rule, reduced: this.#reductions.of(rule, known) });
      }
    }
    return { template, steps };
  }

  #classesOf(member: Classed, sample: AuditEvent): Classes {
    let classes = this.#classes.get(member);
    if (classes === undefined) this.#classes.set(member, (classes = new Classes(member, this.#program.items, sample)));
    return classes;
  }

  #wrapperOf(outlines: Outlines, base: number): number {
    const { spans } = outlines;
    const wrapper = spans[base + WRAPPER]!;
    if (wrapper === -1) return ABSENT;
    const { bytes, view } = outlines.textOf(wrapper * STRIDE);
    return this.#tables[spans[wrapper * STRIDE + LAYOUT]!]!.surroundings(bytes, view, spans, wrapper * STRIDE);
  }
}

/** What the match of a rule comes to on all events of a profile; undefined where it depends on more than the profile, or on
 * what is within a list. */
function sharedMatch(rule: CompiledRule, guarded: GuardedLookup): RuleMatch | undefined {
  guarded.hasDeferred = false;
  const match = matchOf(rule, guarded.lookup);
  return guarded.hasDeferred || match.predicates.some(({ member }) => member !== undefined) ? undefined : match;
}

/** Whether a request body has no say in what is outlined: in the namespace where the objectRef has none, and in whether a
 * deletion is a dry run. */
function isUsualRequest(layout: Layout, bytes: Uint8Array, view: DataView, spans: Int32Array, base: number): boolean {
  const start = spans[base + REQUEST_OBJECT]!;
  if (spans[base + REF_NAMESPACE] === -1 || spans[base + REF_NAMESPACE] === spans[base + REF_NAMESPACE + 1]) {
    const metadata = layout.find(bytes, view, start, METADATA);
    if (metadata === UNCLEAR) return false;
    if (metadata !== NONE && layout.isMap(bytes[metadata]!)) {
      if (layout.find(bytes, view, metadata, NAMESPACE) !== NONE) return false;
    }
  }
  if (startsWith(bytes, spans[base + VERB]!, DELETE)) return layout.find(bytes, view, start, DRY_RUN) === NONE;
  return true;
}

const MAP = 1;
const LIST = 2;

function bodyKind(layout: Layout, bytes: Uint8Array, spans: Int32Array, offset: number): number {
  const start = spans[offset]!;
  return start === -1 ? ABSENT : layout.isMap(bytes[start]!) ? MAP : LIST;
}

/** Whether a member is a given text. */
function isText(bytes: Uint8Array, spans: Int32Array, offset: number, text: Uint8Array): boolean {
  const start = spans[offset]!;
  return start !== -1 && spans[offset + 1]! - start === text.length && startsWith(bytes, start, text);
}

function startsWith(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}
