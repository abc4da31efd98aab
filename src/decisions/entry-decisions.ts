/** Decides rules on events from Cloud Audit Logs, as decisions.ts does on those from kube-apiserver. */
import type { Normalized, NormalizeOptions } from '../normalizers/index.ts';
import { CREATED, IS_FIRST, IS_LAST, METHOD } from '../outline/gke-outline.ts';
import type { Text } from '../outline/outlines.ts';
import {
  PROFILE as PROFILE_NUMBER,
  RECEIVED,
  REF_GROUP,
  REF_NAME,
  REF_NAMESPACE,
  REF_RESOURCE,
  REF_SUBRESOURCE,
  REF_VERSION,
  REQUEST_OBJECT,
  RESPONSE_OBJECT,
  VERB,
} from '../outline/slots.ts';
import { isText } from '../outline/spans.ts';
import type { AuditEvent } from '../record.ts';
import type { ProgramItem } from '../sigma/index.ts';
import { Ages } from './ages.ts';
import { bodyKind, isUsualRequest, MAP } from './bodies.ts';
import { Classes, type FieldsOf } from './classes.ts';
import { Credit } from './credit.ts';
import type { Decision, Outlined } from './decision.ts';
import { EntryEvent } from './entry-event.ts';
import { entrySamples } from './entry-samples.ts';
import type { EventPlace } from './event.ts';
import type { Classed } from './guard.ts';
import { InternTable } from './intern.ts';
import { ABSENT, MemberTables, UNUSUAL } from './member-tables.ts';
import { onlyEvent, type Samples } from './members.ts';
import { entryLayout, jsonLayout } from './notation.ts';
import { ByProfile, find, foundIn, ownOf, type SharedMembers } from './shared-members.ts';

const NAMESPACES = Buffer.from('namespaces');
const CREATE = Buffer.from('create');
const UPDATE = Buffer.from('update');
const PATCH = Buffer.from('patch');

/** Numbers of a profile. */
const PROFILE = 15;

/** Whether values of one class of a member are the same for everything that a rule asks of the field. */
export type Covers = (member: Classed, field: string) => boolean;

/** What is known about all events of a profile; the status applies to requests that did not fail. */
interface EntryDecision extends Decision {
  responseStatus: AuditEvent['responseStatus'];
}

/** The members that entries of a profile share; the status applies to requests that failed. */
interface Shared extends SharedMembers {
  isFailure: boolean;
}

export class EntryDecisions {
  readonly #samples: Samples;
  readonly #items: readonly ProgramItem[];
  readonly #fieldsOf: FieldsOf;
  readonly #decisions: InternTable<EntryDecision | undefined>;
  readonly #classes = new Map<Classed, Classes>();
  readonly #ages = new Ages();
  /** A decision costs more than parsing a record. */
  readonly #credit = new Credit();
  #isMade = false;
  #tables: MemberTables | undefined;

  /** By the number of the profile's bytes. */
  readonly #shared = new ByProfile<Shared>();
  readonly #profile = new Int32Array(PROFILE);
  readonly #profileBytes = new Uint8Array(this.#profile.buffer);
  readonly #profileView = new DataView(this.#profile.buffer);
  #normalizeCurrent: (() => Normalized) | undefined;

  /** @param items of the rules
   * @param decide returns what the rules decide on the profile of an event */
  constructor(
    items: readonly ProgramItem[],
    options: NormalizeOptions,
    fieldsOf: FieldsOf,
    decide: (event: AuditEvent, covers: Covers) => Decision,
  ) {
    this.#items = items;
    this.#fieldsOf = fieldsOf;
    this.#samples = entrySamples(options);
    this.#decisions = new InternTable(() => {
      this.#isMade = true;
      const event = this.#credit.spend() ? onlyEvent(this.#normalizeCurrent!()) : undefined;
      if (event === undefined) return undefined;
      const decision = decide(event, (member, field) => this.#classesOf(member).covers(field));
      return { ...decision, responseStatus: event.responseStatus };
    });
  }

  /** The event of an outline and what is left to decide about it, or undefined if the record has to be normalized.
   * @param normalizeRecord normalizes the record */
  of({ bytes, view }: Text, spans: Int32Array, base: number, normalizeRecord: () => Normalized): Outlined | undefined {
    const tables = (this.#tables ??= this.#makeTables());
    const place: EventPlace = { bytes, view, layout: entryLayout, spans, base };
    const number = spans[base + PROFILE_NUMBER]!;
    let shared = this.#shared.get(number);
    if (shared === undefined) {
      shared = this.#sharedOf(tables, place);
      if (shared === undefined) return undefined;
      this.#shared.set(number, shared);
    }
    const requestObject = bodyKind(jsonLayout, bytes, spans, base + REQUEST_OBJECT);
    const responseObject = bodyKind(jsonLayout, bytes, spans, base + RESPONSE_OBJECT);
    if (requestObject === MAP && !isUsualRequest(jsonLayout, bytes, view, spans, base)) return undefined;
    if (shared.isNamespaceCreated && spans[base + REF_NAME] === -1) return undefined;
    const { isFailure } = shared;
    if (!isFailure && this.#mayMake(bytes, view, spans, base)) return undefined;

    const surroundings = tables.surroundings(bytes, view, spans, base);
    const namespace = find(tables.namespaces, place, REF_NAMESPACE, tables.noNamespace);
    if (surroundings === UNUSUAL || namespace.id === UNUSUAL) return undefined;
    const profile = this.#profile;
    profile.set(shared.profile);
    profile[0] = surroundings;
    profile[1] = namespace.id;
    profile[2] = requestObject * 4 + responseObject;
    this.#normalizeCurrent = normalizeRecord;
    this.#isMade = false;
    const decision = this.#decisions.of(this.#profileBytes, this.#profileView, 0, 4 * PROFILE);
    if (decision === undefined) return undefined;
    if (!this.#isMade) this.#credit.earn();
    const { template, steps, responseStatus } = decision;
    const own = isFailure ? shared.own : { ...shared.own, responseStatus };
    const event = new EntryEvent(place, template, own, namespace.value, normalizeRecord);
    return { kind: 'outlined', event, steps };
  }

  /** What entries have in common if all their numbered members are the same bytes; undefined if they have to be
   * normalized. */
  #sharedOf(tables: MemberTables, place: EventPlace): Shared | undefined {
    const { bytes, spans, base } = place;
    const found = foundIn(tables, place);
    const { user, addresses, agent, annotations, status } = found;
    // The first three are set for each entry: what is around it, its namespace, and the kinds of its bodies.
    const profile = new Int32Array(PROFILE);
    profile[3] = find(tables.words, place, METHOD, ABSENT);
    profile[4] = find(tables.words, place, IS_FIRST, ABSENT);
    profile[5] = find(tables.words, place, IS_LAST, ABSENT);
    profile[6] = user.id;
    profile[7] = addresses.id;
    profile[8] = agent.id;
    profile[9] = find(tables.words, place, REF_RESOURCE, ABSENT);
    profile[10] = find(tables.words, place, REF_SUBRESOURCE, ABSENT);
    profile[11] = find(tables.words, place, REF_GROUP, ABSENT);
    profile[12] = find(tables.words, place, REF_VERSION, ABSENT);
    profile[13] = status.id;
    profile[14] = annotations.id;
    for (let index = 3; index < PROFILE; index++) if (profile[index] === UNUSUAL) return undefined;
    return {
      profile,
      own: ownOf(found),
      isNamespaceCreated:
        isText(bytes, spans, base + REF_RESOURCE, NAMESPACES) && isText(bytes, spans, base + VERB, CREATE),
      isFailure: status.value?.status === 'Failure',
    };
  }

  /** Whether a request that did not fail may have created the object that it changes: entries show that only by the times.
   * False for an update without an answer, about which nothing is known. */
  #mayMake(bytes: Uint8Array, view: DataView, spans: Int32Array, base: number): boolean {
    const isPatch = isText(bytes, spans, base + VERB, PATCH);
    if (!isPatch && !isText(bytes, spans, base + VERB, UPDATE)) return false;
    if (spans[base + REF_SUBRESOURCE] !== -1) return false;
    if (spans[base + RESPONSE_OBJECT] === -1) return isPatch;
    return !this.#ages.areApart(bytes, view, spans, base + CREATED, base + RECEIVED);
  }

  #makeTables(): MemberTables {
    return new MemberTables(jsonLayout, this.#samples, {
      classOf: (member, event, facts) => this.#classesOf(member).idOf(event, facts) ?? UNUSUAL,
      classOfPlain: (member, ...text) => this.#classesOf(member).idOfPlain(...text),
    });
  }

  #classesOf(member: Classed): Classes {
    let classes = this.#classes.get(member);
    if (classes === undefined) {
      const usual = this.#samples.eventWith({})!;
      this.#classes.set(member, (classes = new Classes(member, this.#items, usual, this.#fieldsOf)));
    }
    return classes;
  }
}
