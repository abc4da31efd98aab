/** Decides most rules on most events without parsing them: the outline of an event is reduced to its profile, and what the
 * rules decide on a profile is remembered. This is exact, not a guess: a profile holds every member that the decision
 * depends on, and a rule that depends on more is evaluated for each event. */

import type { Common } from '../audit/lazy-event.ts';
import { isAnswered } from '../audit/request.ts';
import { lookupOf, type Ruleset, type Step } from '../detect.ts';
import { isMap } from '../json/map.ts';
import type { Normalized, NormalizeOptions } from '../normalizers/index.ts';
import type { Outlines } from '../outline/outlines.ts';
import {
  GKE_LAYOUT,
  JSON_LAYOUT,
  LAYOUT,
  MSGPACK_LAYOUT,
  PROFILE as PROFILE_NUMBER,
  RECEIVED,
  REF_NAME,
  REF_NAMESPACE,
  REQUEST_OBJECT,
  REQUEST_URI,
  RESPONSE_OBJECT,
  STAGED,
  STRIDE,
  USUAL_URI,
  VERB,
  WRAPPER,
} from '../outline/slots.ts';
import { isText } from '../outline/spans.ts';
import type { AuditEvent, ObjectRef } from '../record.ts';
import type { Program } from '../sigma/index.ts';
import { bodyKind, isUsualRequest, LIST, MAP } from './bodies.ts';
import { BodyScreen } from './body-screen.ts';
import { Classes, type FieldsOf, nextId } from './classes.ts';
import { commonEvent } from './common-event.ts';
import { createdName } from './created-name.ts';
import { Credit } from './credit.ts';
import type { Decision, Outlined } from './decision.ts';
import { type Covers, EntryDecisions } from './entry-decisions.ts';
import { type EventPlace, OutlinedEvent, type Template } from './event.ts';
import type { Classed } from './guard.ts';
import { InternTable } from './intern.ts';
import { ABSENT, type ClassNumbers, MemberTables, UNUSUAL } from './member-tables.ts';
import { eventSamples, onlyEvent } from './members.ts';
import { jsonLayout, msgpackLayout } from './notation.ts';
import { Reductions } from './reductions.ts';
import { RuledOut } from './ruled-out.ts';
import { ByProfile, find, PROFILE, type SharedMembers, sharedMembers } from './shared-members.ts';
import { Steps } from './steps.ts';

/** A decision that can be refined by what its rules ask for beyond the profile. */
interface RefinableDecision extends Decision {
  id: number;
  /** What the rules that are left to evaluate ask for. */
  asks: Asks;
}

type Asks = Record<'name' | 'uri' | 'request' | 'response', boolean>;

const CREATE = Buffer.from('create');

/** Placeholders for members that events of a profile need not share. */
const unshared = {
  user: { username: '', groups: [] },
  sourceIPs: [],
  clientIPs: [],
  annotations: {},
  responseStatus: null,
};

const nothing: Asks = { name: false, uri: false, request: false, response: false };

/** The members that events of a profile share, and the rest of the profile of the last event with its decision. */
interface Shared extends SharedMembers {
  surroundings: number;
  wrapper: number;
  bodies: number;
  namespace: number;
  last: RefinableDecision | undefined;
  /** What its events have in common. */
  common: Common | undefined;
}

/** A body that was not screened or holds what rules ask for, and one that does not hold it. */
const OPEN = 0;
const CLEAR = 1;

/** Numbers that stand for a decision and for what its rules ask for beyond the profile. */
const DETAILS = 5;

/** The decisions of the live rules; other rules get new decisions. */
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
  readonly #fieldsOf: FieldsOf;
  readonly #classes = new Map<Classed, Classes>();
  readonly #usual: AuditEvent;
  readonly #request: BodyScreen;
  readonly #response: BodyScreen;

  readonly #reductions = new Reductions();
  readonly #ruledOut = new RuledOut();
  readonly #tables: readonly MemberTables[];
  readonly #decisions: InternTable<RefinableDecision | undefined>;
  readonly #entries: EntryDecisions;

  /** By the number of the profile's bytes. */
  readonly #shared = new ByProfile<Shared>();
  readonly #profile = new Int32Array(PROFILE);
  readonly #profileBytes = new Uint8Array(this.#profile.buffer);
  readonly #profileView = new DataView(this.#profile.buffer);
  /** By decision, name, URI and screened bodies. */
  readonly #refined: InternTable<readonly Step[] | undefined>;
  /** Each value of the two tables costs more than parsing a record. */
  readonly #credit = new Credit();
  #isMade = false;
  readonly #details = new Int32Array(DETAILS);
  readonly #detailBytes = new Uint8Array(this.#details.buffer);
  readonly #detailView = new DataView(this.#details.buffer);
  /** Of the current record. */
  #normalizeCurrent: (() => Normalized) | undefined;
  #event: AuditEvent | undefined;
  #decision: RefinableDecision | undefined;

  constructor(ruleset: Ruleset, options: NormalizeOptions) {
    this.#program = ruleset.program;
    this.#fieldsOf = (event) => lookupOf(event, ruleset);
    const samples = eventSamples(options);
    this.#usual = samples.eventWith({})!;
    this.#request = new BodyScreen('requestObject', this.#program.items);
    this.#response = new BodyScreen('responseObject', this.#program.items);
    const classes: ClassNumbers = {
      classOf: (member, event, facts) => this.#classesOf(member).idOf(event, facts) ?? UNUSUAL,
      classOfPlain: (member, ...text) => this.#classesOf(member).idOfPlain(...text),
    };
    const tables: MemberTables[] = [];
    tables[JSON_LAYOUT] = new MemberTables(jsonLayout, samples, classes);
    tables[MSGPACK_LAYOUT] = new MemberTables(msgpackLayout, samples, classes);
    this.#tables = tables;
    this.#decisions = new InternTable(() => this.#made(() => this.#decide()));
    this.#refined = new InternTable(() => this.#made(() => this.#refine()));
    this.#entries = new EntryDecisions(this.#program.items, options, this.#fieldsOf, (event, covers) =>
      this.#decideEntry(event, covers),
    );
  }

  /** The event of an outline and what is left to decide about it, or undefined if the record has to be normalized.
   * @param normalizeRecord normalizes the record */
  of(outlines: Outlines, outline: number, normalizeRecord: () => Normalized): Outlined | undefined {
    const { spans } = outlines;
    const base = outline * STRIDE;
    if (spans[base + LAYOUT] === GKE_LAYOUT) {
      return this.#entries.of(outlines.textOf(base), spans, base, normalizeRecord);
    }
    const { bytes, view } = outlines.textOf(base);
    const tables = this.#tables[spans[base + LAYOUT]!]!;
    const place: EventPlace = { bytes, view, layout: tables.layout, spans, base };
    const number = spans[base + PROFILE_NUMBER]!;
    let shared = this.#shared.get(number);
    if (shared === undefined) {
      const members = sharedMembers(tables, place);
      if (members === undefined) return undefined;
      shared = {
        ...members,
        surroundings: ABSENT,
        wrapper: ABSENT,
        bodies: 0,
        namespace: ABSENT,
        last: undefined,
        common: undefined,
      };
      this.#shared.set(number, shared);
    }
    if (spans[base + RECEIVED] === -1 || spans[base + STAGED] === -1) return undefined;
    if (spans[base + REQUEST_URI] === -1 || spans[base + REQUEST_URI] === spans[base + REQUEST_URI + 1])
      return undefined;
    if (spans[base + USUAL_URI] !== 1) return undefined;
    const { layout } = tables;
    const requestObject = bodyKind(layout, bytes, spans, base + REQUEST_OBJECT);
    const responseObject = bodyKind(layout, bytes, spans, base + RESPONSE_OBJECT);
    if (requestObject === MAP && !isUsualRequest(layout, bytes, view, spans, base)) return undefined;
    if (shared.isNamespaceCreated && spans[base + REF_NAME] === spans[base + REF_NAME + 1]) return undefined;

    const surroundings = tables.surroundings(bytes, view, spans, base);
    const wrapper = this.#wrapperOf(outlines, base);
    const namespace = find(tables.namespaces, place, REF_NAMESPACE, tables.noNamespace);
    const bodies = requestObject * 4 + responseObject;
    let decision: RefinableDecision | undefined;
    this.#normalizeCurrent = normalizeRecord;
    this.#event = undefined;
    this.#isMade = false;
    const { last } = shared;
    if (
      last !== undefined &&
      shared.surroundings === surroundings &&
      shared.wrapper === wrapper &&
      shared.bodies === bodies &&
      shared.namespace === namespace.id
    ) {
      decision = last;
      if (shared.common === undefined && number !== 0) {
        const has = { requestObject: requestObject !== ABSENT, responseObject: responseObject !== ABSENT };
        shared.common = commonEvent(decision.template, shared.own, has);
      }
    } else {
      if (surroundings === UNUSUAL || wrapper === UNUSUAL || namespace.id === UNUSUAL) return undefined;
      const profile = this.#profile;
      profile.set(shared.profile);
      profile[0] = surroundings;
      profile[1] = wrapper;
      profile[2] = bodies;
      profile[3] = namespace.id;
      decision = this.#decisions.of(this.#profileBytes, this.#profileView, 0, 4 * PROFILE);
      if (decision === undefined) return undefined;
      shared.surroundings = surroundings;
      shared.wrapper = wrapper;
      shared.bodies = bodies;
      shared.namespace = namespace.id;
      shared.last = decision;
      // Most profiles that occur once do not recur.
      shared.common = undefined;
    }
    const { template, asks } = decision;
    let { steps } = decision;
    if (asks !== nothing) {
      const details = this.#details;
      details[0] = decision.id;
      details[1] = asks.name ? nameIn(tables, place, requestObject === LIST || responseObject === LIST) : ABSENT;
      details[2] = asks.uri ? find(tables.objectUris, place, REQUEST_URI, ABSENT) : ABSENT;
      details[3] = asks.request ? screen(this.#request, place, REQUEST_OBJECT) : OPEN;
      details[4] = asks.response ? screen(this.#response, place, RESPONSE_OBJECT) : OPEN;
      this.#decision = decision;
      steps = this.#refined.of(this.#detailBytes, this.#detailView, 0, 4 * DETAILS) ?? steps;
    }
    if (!this.#isMade) this.#credit.earn();
    const event = new OutlinedEvent(place, template, shared.own, namespace.value, normalizeRecord, shared.common);
    return { kind: 'outlined', event, steps: this.#ruledOut.left(steps, place, template) };
  }

  /** What the rules decide on the profile of the current record. */
  #decide(): RefinableDecision | undefined {
    const event = this.#parsed();
    if (event === undefined) return undefined;
    const { requestObject, responseObject } = event;
    const template = templateOf(event);
    // A request that is not answered yet does not show what happened.
    if (!isAnswered(event.stage)) {
      return { id: nextId(), template, steps: [], asks: nothing };
    }
    const isOfObject = event.objectRef !== null;
    const left = this.#stepsOf(event, (member) => member !== 'name' && !(isOfObject && member === 'requestURI'));
    const steps: Step[] = [];
    const asked = new Set<string>();
    for (const rule of left.candidates()) {
      const step = left.of(rule);
      if (step === undefined) continue;
      steps.push(step);
      if (step.evaluation === undefined) for (const field of this.#program.fieldsOf(rule)) asked.add(field);
    }
    const doAsk = (screen: { covers(field: string): boolean }) => [...asked].some((field) => screen.covers(field));
    const asks = {
      name: isOfObject && doAsk(this.#classesOf('name')),
      uri: isOfObject && doAsk(this.#classesOf('requestURI')),
      request: isMap(requestObject) && doAsk(this.#request),
      response: isMap(responseObject) && doAsk(this.#response),
    };
    if (Object.values(asks).some(Boolean)) return { id: nextId(), template, steps, asks };
    return { id: nextId(), template, steps: steps.map((step) => left.reduced(step)), asks: nothing };
  }

  /** What the rules decide on the profile of an entry's event. */
  #decideEntry(event: AuditEvent, covers: Covers): Decision {
    const template = templateOf(event);
    if (!isAnswered(event.stage)) return { template, steps: [] };
    const allows = (member: Classed) => member !== 'name' && member !== 'requestURI';
    const known = { covers, allows, isEmpty: () => false };
    const left = new Steps(this.#program, this.#reductions, event, this.#fieldsOf, known);
    const steps = left.candidates().flatMap((rule) => left.of(rule) ?? []);
    return { template, steps: steps.map((step) => left.reduced(step)) };
  }

  #made<T>(make: () => T): T | undefined {
    this.#isMade = true;
    return this.#credit.spend() ? make() : undefined;
  }

  /** The event of the current record. */
  #parsed(): AuditEvent | undefined {
    return (this.#event ??= onlyEvent(this.#normalizeCurrent!()));
  }

  /** The steps that are left of a decision once what its rules ask for is known. */
  #refine(): readonly Step[] {
    const { steps, asks } = this.#decision!;
    const event = this.#parsed();
    if (event === undefined) return steps;
    const [, name, uri, request, response] = this.#details;
    const isEmpty = (field: string) =>
      (request === CLEAR && this.#request.covers(field)) || (response === CLEAR && this.#response.covers(field));
    const left = this.#stepsOf(
      event,
      (member) => {
        if (member === 'name') return asks.name && name !== UNUSUAL;
        return member !== 'requestURI' || event.objectRef === null || (asks.uri && uri !== UNUSUAL);
      },
      isEmpty,
    );
    return steps
      .flatMap((step) => (step.evaluation === undefined ? (left.of(step.rule) ?? []) : step))
      .map((step) => left.reduced(step));
  }

  /** @param isEmpty as in `Known` */
  #stepsOf(event: AuditEvent, allows: (member: Classed) => boolean, isEmpty = (_field: string) => false): Steps {
    const covers = (member: Classed, field: string) => this.#classesOf(member).covers(field);
    return new Steps(this.#program, this.#reductions, event, this.#fieldsOf, { covers, allows, isEmpty });
  }

  #classesOf(member: Classed): Classes {
    let classes = this.#classes.get(member);
    if (classes === undefined)
      this.#classes.set(member, (classes = new Classes(member, this.#program.items, this.#usual, this.#fieldsOf)));
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

function templateOf({ requestObject, responseObject, ...kept }: AuditEvent): Template {
  return { ...kept, ...unshared, objectRef: kept.objectRef && sharedRef(kept.objectRef) };
}

function sharedRef({ uid, resourceVersion, ...shared }: ObjectRef): ObjectRef {
  return shared;
}

/** The number of the object's name; a created object may have its name only in a body. */
function nameIn(tables: MemberTables, place: EventPlace, hasListAsBody: boolean): number {
  const { bytes, view, layout, spans, base } = place;
  if (!isEmptyText(spans, base + REF_NAME)) return find(tables.names, place, REF_NAME, ABSENT);
  if (!isText(bytes, spans, base + VERB, CREATE)) return ABSENT;
  if (hasListAsBody) return UNUSUAL;
  const name = createdName(layout, bytes, view, spans, [base + RESPONSE_OBJECT, base + REQUEST_OBJECT]);
  if (name === 'none') return ABSENT;
  return name === 'unusual' ? UNUSUAL : tables.names.of(bytes, view, name.start, name.end);
}

function screen(body: BodyScreen, { bytes, layout, spans, base }: EventPlace, offset: number): number {
  return body.isClear(layout, bytes, spans[base + offset]!, spans[base + offset + 1]!) ? CLEAR : OPEN;
}

function isEmptyText(spans: Int32Array, offset: number): boolean {
  return spans[offset] === -1 || spans[offset] === spans[offset + 1];
}
