/** Decides rules on events that Cloud Audit Logs tell, as decisions.ts does on those of kube-apiserver. */
import type { Normalized, NormalizeOptions } from '../normalizers/index.ts';
import { CREATED, IS_FIRST, IS_LAST, METHOD } from '../outline/gke-outline.ts';
import type { Text } from '../outline/outlines.ts';
import {
  ANNOTATIONS,
  RECEIVED,
  REF_GROUP,
  REF_NAME,
  REF_NAMESPACE,
  REF_RESOURCE,
  REF_SUBRESOURCE,
  REF_VERSION,
  REQUEST_OBJECT,
  RESPONSE_OBJECT,
  SOURCE_IPS,
  STATUS,
  USER,
  USER_AGENT,
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
import type { Classed } from './guard.ts';
import { InternTable } from './intern.ts';
import { ABSENT, MemberTables, UNUSUAL } from './member-tables.ts';
import { onlyEvent, type Samples } from './members.ts';
import { entryLayout, jsonLayout } from './notation.ts';

const NAMESPACES = Buffer.from('namespaces');
const CREATE = Buffer.from('create');
const UPDATE = Buffer.from('update');
const PATCH = Buffer.from('patch');

/** Numbers of a profile. */
const PROFILE = 15;

/** Whether values of one class of a member are the same to whatever a rule asks of the field. */
export type Covers = (member: Classed, field: string) => boolean;

/** What is known of all events of a profile; the status is that of requests that did not fail. */
interface EntryDecision extends Decision {
  responseStatus: AuditEvent['responseStatus'];
}

export class EntryDecisions {
  readonly #samples: Samples;
  readonly #items: readonly ProgramItem[];
  readonly #fieldsOf: FieldsOf;
  readonly #decisions: InternTable<EntryDecision | undefined>;
  readonly #classes = new Map<Classed, Classes>();
  readonly #ages = new Ages();
  /** A decision costs more than to parse a record. */
  readonly #credit = new Credit();
  #isMade = false;
  #tables: MemberTables | undefined;

  readonly #profile = new Int32Array(PROFILE);
  readonly #profileBytes = new Uint8Array(this.#profile.buffer);
  readonly #profileView = new DataView(this.#profile.buffer);
  #normalizeCurrent: (() => Normalized) | undefined;

  /** @param items of the rules
   * @param decide says what the rules say of the profile of an event */
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

  /** The event of an outline and what is left to decide of it, or undefined where the record has to be normalized.
   * @param normalizeRecord normalizes the record */
  of({ bytes, view }: Text, spans: Int32Array, base: number, normalizeRecord: () => Normalized): Outlined | undefined {
    const has = (offset: number) => spans[base + offset] !== -1;
    const requestObject = bodyKind(jsonLayout, bytes, spans, base + REQUEST_OBJECT);
    const responseObject = bodyKind(jsonLayout, bytes, spans, base + RESPONSE_OBJECT);
    if (requestObject === MAP && !isUsualRequest(jsonLayout, bytes, view, spans, base)) return undefined;
    const isNamespace = isText(bytes, spans, base + REF_RESOURCE, NAMESPACES);
    if (isNamespace && !has(REF_NAME) && isText(bytes, spans, base + VERB, CREATE)) return undefined;

    const tables = (this.#tables ??= this.#makeTables());
    const find = <T>(table: InternTable<T>, offset: number, absent: T) =>
      has(offset) ? table.of(bytes, view, spans[base + offset]!, spans[base + offset + 1]!) : absent;
    const user = tables.users.of(bytes, view, spans[base + USER]!, spans[base + USER + 1]!);
    const addresses = tables.addresses.of(bytes, view, spans[base + SOURCE_IPS]!, spans[base + SOURCE_IPS + 1]!);
    const agent = find(tables.agents, USER_AGENT, tables.noAgent);
    const annotations = find(tables.annotations, ANNOTATIONS, tables.noAnnotations);
    const status = tables.statuses.of(bytes, view, spans[base + STATUS]!, spans[base + STATUS + 1]!);
    const namespace = find(tables.namespaces, REF_NAMESPACE, tables.noNamespace);

    const profile = this.#profile;
    profile[0] = tables.surroundings(bytes, view, spans, base);
    profile[1] = find(tables.words, METHOD, ABSENT);
    profile[2] = find(tables.words, IS_FIRST, ABSENT);
    profile[3] = find(tables.words, IS_LAST, ABSENT);
    profile[4] = user.id;
    profile[5] = addresses.id;
    profile[6] = agent.id;
    profile[7] = find(tables.words, REF_RESOURCE, ABSENT);
    profile[8] = find(tables.words, REF_SUBRESOURCE, ABSENT);
    profile[9] = namespace.id;
    profile[10] = find(tables.words, REF_GROUP, ABSENT);
    profile[11] = find(tables.words, REF_VERSION, ABSENT);
    profile[12] = status.id;
    profile[13] = annotations.id;
    profile[14] = requestObject * 4 + responseObject;
    for (let index = 0; index < PROFILE; index++) if (profile[index] === UNUSUAL) return undefined;
    const isFailure = status.value?.status === 'Failure';
    if (!isFailure && this.#mayMake(bytes, view, spans, base)) return undefined;

    this.#normalizeCurrent = normalizeRecord;
    this.#isMade = false;
    const decision = this.#decisions.of(this.#profileBytes, this.#profileView, 0, 4 * PROFILE);
    if (decision === undefined) return undefined;
    if (!this.#isMade) this.#credit.earn();
    const { template, steps, responseStatus } = decision;
    const own = {
      user: user.value,
      sourceIPs: addresses.value.sourceIPs,
      clientIPs: addresses.value.clientIPs,
      userAgent: agent.value,
      annotations: annotations.value,
      responseStatus: isFailure ? status.value : responseStatus,
    };
    const place = { bytes, view, layout: entryLayout, spans, base };
    const event = new EntryEvent(place, template, own, namespace.value, normalizeRecord);
    return { kind: 'outlined', event, steps };
  }

  /** Whether a request that did not fail may have made the object that it changes: entries tell it by the times alone. Not
   * so where there is no answer to an update, of which nothing is known then. */
  #mayMake(bytes: Uint8Array, view: DataView, spans: Int32Array, base: number): boolean {
    const isPatch = isText(bytes, spans, base + VERB, PATCH);
    if (!isPatch && !isText(bytes, spans, base + VERB, UPDATE)) return false;
    if (spans[base + REF_SUBRESOURCE] !== -1) return false;
    if (spans[base + RESPONSE_OBJECT] === -1) return isPatch;
    return !this.#ages.areApart(bytes, view, spans, base + CREATED, base + RECEIVED);
  }

  #makeTables(): MemberTables {
    return new MemberTables(
      jsonLayout,
      this.#samples,
      (member, event, facts) => this.#classesOf(member).idOf(event, facts) ?? UNUSUAL,
    );
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
