/** Events of which only some members may be read: what is decided on them does not depend on the others. */
import type { AuditEvent, ObjectRef } from '../record.ts';
import type { FieldLookup, Found } from '../sigma/index.ts';

/** Thrown if a field depends on what may not be read. */
class Unreadable extends Error {}

const unreadable = new Unreadable();

/** The gap of a field that cannot be decided without what may not be read. */
export const DEFERRED = 'deferred';

const deferred: Found = { values: [], gap: DEFERRED };

/** A view of an event, or of its objectRef, that checks for each member whether it may be read.
 * @param unreadable is thrown when the members are enumerated
 * @param read returns the value of a member, or throws */
export function viewOf<T extends object>(target: T, unreadable: Error, read: (key: string) => unknown): T {
  const get = (key: string | symbol) => (typeof key === 'symbol' ? Reflect.get(target, key) : read(key));
  return new Proxy<T>({} as T, {
    get: (_, key) => get(key),
    has: (_, key) => get(key) !== undefined,
    getOwnPropertyDescriptor(_, key) {
      const value = get(key);
      return value === undefined ? undefined : { value, configurable: true, enumerable: true, writable: true };
    },
    ownKeys() {
      throw unreadable;
    },
  });
}

/** Members of an event of which many values are the same to the rules, by the name of the value that represents them. */
export const classed = [
  'user',
  'sourceIPs',
  'userAgent',
  'annotations',
  'responseStatus',
  'namespace',
  'name',
  'requestURI',
] as const;
export type Classed = (typeof classed)[number];

/** Reads fields of an event for the members that its profile stands for. */
export interface GuardedLookup {
  lookup: FieldLookup;
  /** Whether a deferred field was asked for since this was set to false. */
  hasDeferred: boolean;
}

/** A look-up into an event by members that are the same for all events of one profile, and by classed members. A field that
 * depends on others, on two classed members, or on a classed one that the rules' items do not cover, is deferred.
 * @param fieldsOf makes the look-up of an event
 * @param covered whether a classed member represents everything that rules ask of a field
 * @param allows if false, everything that depends on a classed member is deferred */
export function guardedLookup(
  event: AuditEvent,
  fieldsOf: (event: AuditEvent) => FieldLookup,
  covered: (member: Classed, field: string) => boolean,
  allows: (member: Classed) => boolean,
): GuardedLookup {
  let read: Classed | undefined;
  let isMixed = false;
  const note = (member: Classed) => {
    if (!allows(member)) throw unreadable;
    if (read !== undefined && read !== member) isMixed = true;
    read = member;
  };
  const refOf = (ref: ObjectRef) =>
    viewOf(ref, unreadable, (key) => {
      if (key === 'uid' || key === 'resourceVersion') throw unreadable;
      if (key === 'namespace' || key === 'name') note(key);
      return ref[key as keyof ObjectRef];
    });
  const ref = event.objectRef && refOf(event.objectRef);
  const view = viewOf(event, unreadable, (key) => {
    const value = event[key as keyof AuditEvent];
    switch (key) {
      case 'auditID':
      case 'requestReceivedTimestamp':
      case 'stageTimestamp':
        throw unreadable;
      case 'requestObject':
      case 'responseObject':
        if (value !== undefined) throw unreadable;
        return undefined;
      case 'requestURI':
        note('requestURI');
        return value;
      case 'objectRef':
        return ref;
      case 'clientIPs':
        note('sourceIPs');
        return value;
      case 'user':
      case 'sourceIPs':
      case 'userAgent':
      case 'annotations':
      case 'responseStatus':
        note(key);
        return value;
      default:
        return value;
    }
  });
  const answers = new Map<string, Found>();
  const guarded: GuardedLookup = {
    hasDeferred: false,
    lookup(field) {
      let found = answers.get(field);
      if (found === undefined) answers.set(field, (found = answer(field)));
      if (found === deferred) guarded.hasDeferred = true;
      return found;
    },
  };
  return guarded;

  function answer(field: string): Found {
    read = undefined;
    isMixed = false;
    try {
      // A new look-up: one that remembers an answer would not read the member again.
      const found = fieldsOf(view)(field);
      return isMixed || (read !== undefined && !covered(read, field)) ? deferred : found;
    } catch (error) {
      if (error instanceof Unreadable) return deferred;
      throw error;
    }
  }
}

/** Looks up fields of events that depend on one classed member alone: undefined for a field that depends on anything else. */
export type MemberLookup = (event: AuditEvent, field: string) => Found | undefined;

export function memberLookup(member: Classed, fieldsOf: (event: AuditEvent) => FieldLookup): MemberLookup {
  const isOwn = (key: string) => key === member || (member === 'sourceIPs' && key === 'clientIPs');
  const isInRef = member === 'namespace' || member === 'name';
  // The views are made once: values are looked up more often than anything else.
  let current: AuditEvent;
  const gaps = viewOf({}, unreadable, (key) => {
    if (isOwn(key) || (isInRef && (key === 'objectRef' || key === `objectRef.${member}`))) return undefined;
    throw unreadable;
  });
  const ref = viewOf({} as ObjectRef, unreadable, (key) => {
    if (isOwn(key)) return current.objectRef![key as keyof ObjectRef];
    throw unreadable;
  });
  const view = viewOf({} as AuditEvent, unreadable, (key) => {
    if (key === 'gaps') return gaps;
    if (key === 'objectRef' && isInRef) return ref;
    if (isOwn(key) && !isInRef) return current[key as keyof AuditEvent];
    throw unreadable;
  });
  return (event, field) => {
    current = event;
    try {
      return fieldsOf(view)(field);
    } catch (error) {
      if (error instanceof Unreadable) return undefined;
      throw error;
    }
  };
}
