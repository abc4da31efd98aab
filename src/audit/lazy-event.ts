/** Events whose members are read when somebody asks for them. */
import type { AuditEvent } from '../record.ts';

/** Says that something is read which events have not in common. */
export class NotCommon extends Error {}

/** What some events have in common. */
export interface Common {
  /** Whoever reads anything else of it, a time or a body, has a NotCommon. */
  readonly event: AuditEvent;
  /** What is found in it: for those who look up fields. */
  answers?: object;
}

export type BodyName = 'requestObject' | 'responseObject';

/** Has the members of an AuditEvent, as getters: whoever lists the keys of an event, or looks for one, needs the whole. */
export abstract class LazyEvent {
  /** What this event has in common with others, the same object for all of these. Undefined where there are none. */
  abstract readonly common: Common | undefined;

  /** The event as plain data. */
  abstract whole(): AuditEvent;

  /** False where a body is known to hold no key in which the word stands.
   * @param word of ASCII letters alone */
  abstract mayName(body: BodyName, word: string): boolean;

  /** What is read of the bytes of `requestReceivedTimestamp`, as they stand in the record: no text is made of them. */
  abstract received(read: (bytes: Uint8Array, start: number, end: number) => number): number;
}

/** False where a body is known, without reading it, to hold no key in which the word stands. */
export function mayName(event: AuditEvent, body: BodyName, word: string): boolean {
  return !(event instanceof LazyEvent) || event.mayName(body, word);
}

/** The event as plain data, whose keys can be listed. */
export function wholeOf(event: AuditEvent): AuditEvent {
  return event instanceof LazyEvent ? event.whole() : event;
}
