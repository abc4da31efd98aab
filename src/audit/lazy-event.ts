/** Events whose members are read on demand. */
import type { AuditEvent } from '../record.ts';

/** Thrown when something is read that events do not have in common. */
export class NotCommon extends Error {}

/** What some events have in common. */
export interface Common {
  /** Reading anything else from it, a time or a body, throws NotCommon. */
  readonly event: AuditEvent;
  /** What has been found in it, for field look-ups. */
  answers?: object;
}

export type BodyName = 'requestObject' | 'responseObject';

/** Has the members of an AuditEvent as getters; to list the keys of an event, or look for one, use `whole`. */
export abstract class LazyEvent {
  /** What this event has in common with others, the same object for all of them; undefined if there are none. */
  abstract readonly common: Common | undefined;

  /** The event as plain data. */
  abstract whole(): AuditEvent;

  /** False if a body is known to hold no key that contains the word.
   * @param word ASCII letters only */
  abstract mayName(body: BodyName, word: string): boolean;

  /** Reads the bytes of `requestReceivedTimestamp` as they are in the record, without making a string of them. */
  abstract received(read: (bytes: Uint8Array, start: number, end: number) => number): number;
}

/** False if a body is known, without reading it, to hold no key that contains the word. */
export function mayName(event: AuditEvent, body: BodyName, word: string): boolean {
  return !(event instanceof LazyEvent) || event.mayName(body, word);
}

/** The event as plain data, whose keys can be listed. */
export function wholeOf(event: AuditEvent): AuditEvent {
  return event instanceof LazyEvent ? event.whole() : event;
}
