/** What many events have in common: the members that their profile has a number for, see outline/profiles.ts. */
import {
  ANNOTATIONS,
  API_VERSION,
  AUTHENTICATION,
  IMPERSONATED_USER,
  KIND,
  LEVEL,
  OBJECT_REF,
  REF_GROUP,
  REF_RESOURCE,
  REF_SUBRESOURCE,
  REF_VERSION,
  REQUEST_URI,
  SOURCE_IPS,
  STAGE,
  STATUS,
  USER,
  USER_AGENT,
  VERB,
} from '../outline/slots.ts';
import { isText } from '../outline/spans.ts';
import type { EventPlace, OwnMembers } from './event.ts';
import type { InternTable } from './intern.ts';
import { ABSENT, type MemberTables, UNUSUAL } from './member-tables.ts';

const KIND_OF_EVENT = Buffer.from('Event');
const AUDIT_V1 = Buffer.from('audit.k8s.io/v1');
const REQUEST_RECEIVED = Buffer.from('RequestReceived');
const NAMESPACES = Buffer.from('namespaces');
const CREATE = Buffer.from('create');

/** Most profiles that are remembered in each generation. */
const MOST = 4096;

/** Count of the numbers of a profile, and of those that are set for each event: what is around it, what it is wrapped in, the
 * kinds of its bodies, and its namespace. */
export const PROFILE = 19;
const OF_EACH = 4;

export interface SharedMembers {
  /** Numbers that stand for the members; those that are set for each event are left out. */
  profile: Int32Array;
  own: OwnMembers;
  isNamespaceCreated: boolean;
}

/** What is known about profiles, by their numbers: there are two generations, and the older is dropped when the younger is
 * full, so that what is still in use stays. */
export class ByProfile<T> {
  #young = new Map<number, T>();
  #old = new Map<number, T>();

  get(number: number): T | undefined {
    const young = this.#young.get(number);
    if (young !== undefined) return young;
    const old = this.#old.get(number);
    if (old !== undefined) this.set(number, old);
    return old;
  }

  /** @param number 0 for a profile that has no number and is not remembered */
  set(number: number, value: T): void {
    if (number === 0) return;
    if (this.#young.size === MOST) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(number, value);
  }
}

/** What an event has in common with all events of its profile; undefined if these have to be normalized. */
export function sharedMembers(tables: MemberTables, place: EventPlace): SharedMembers | undefined {
  const { bytes, spans, base } = place;
  if (!isText(bytes, spans, base + KIND, KIND_OF_EVENT) || !isText(bytes, spans, base + API_VERSION, AUDIT_V1)) {
    return undefined;
  }
  const has = (offset: number) => spans[base + offset] !== -1;
  if (!has(USER) || !has(SOURCE_IPS) || !has(STAGE) || !has(VERB)) return undefined;
  if (isText(bytes, spans, base + STAGE, REQUEST_RECEIVED) === has(STATUS)) return undefined;

  const found = foundIn(tables, place);
  const { user, addresses, agent, annotations, status } = found;
  const profile = new Int32Array(PROFILE);
  profile[4] = find(tables.words, place, LEVEL, ABSENT);
  profile[5] = find(tables.words, place, STAGE, ABSENT);
  profile[6] = find(tables.words, place, VERB, ABSENT);
  profile[7] = user.id;
  profile[8] = find(tables.impersonated, place, IMPERSONATED_USER, ABSENT);
  profile[9] = find(tables.authentications, place, AUTHENTICATION, ABSENT);
  profile[10] = addresses.id;
  profile[11] = agent.id;
  profile[12] = find(tables.words, place, REF_RESOURCE, ABSENT);
  profile[13] = find(tables.words, place, REF_SUBRESOURCE, ABSENT);
  profile[14] = find(tables.words, place, REF_GROUP, ABSENT);
  profile[15] = find(tables.words, place, REF_VERSION, ABSENT);
  profile[16] = status.id;
  profile[17] = annotations.id;
  profile[18] = has(OBJECT_REF) ? ABSENT : find(tables.uris, place, REQUEST_URI, ABSENT);
  for (let index = OF_EACH; index < PROFILE; index++) if (profile[index] === UNUSUAL) return undefined;
  const isOfNamespaces = isText(bytes, spans, base + REF_RESOURCE, NAMESPACES);
  return {
    profile,
    own: ownOf(found),
    isNamespaceCreated: isOfNamespaces && isText(bytes, spans, base + VERB, CREATE),
  };
}

/** Those of its members that are more than numbers, as the tables have them. */
export function foundIn(tables: MemberTables, place: EventPlace) {
  const { bytes, view, spans, base } = place;
  return {
    user: tables.users.of(bytes, view, spans[base + USER]!, spans[base + USER + 1]!),
    addresses: tables.addresses.of(bytes, view, spans[base + SOURCE_IPS]!, spans[base + SOURCE_IPS + 1]!),
    agent: find(tables.agents, place, USER_AGENT, tables.noAgent),
    annotations: find(tables.annotations, place, ANNOTATIONS, tables.noAnnotations),
    status: find(tables.statuses, place, STATUS, tables.noStatus),
  };
}

/** The values of these. */
export function ownOf({ user, addresses, agent, annotations, status }: ReturnType<typeof foundIn>): OwnMembers {
  return {
    user: user.value,
    sourceIPs: addresses.value.sourceIPs,
    clientIPs: addresses.value.clientIPs,
    userAgent: agent.value,
    annotations: annotations.value,
    responseStatus: status.value,
  };
}

/** What a table has for the member at an offset of the outline.
 * @param absent for an event without that member */
export function find<T>(table: InternTable<T>, { bytes, view, spans, base }: EventPlace, offset: number, absent: T): T {
  const start = spans[base + offset]!;
  return start === -1 ? absent : table.of(bytes, view, start, spans[base + offset + 1]!);
}
