/** Events whose members are read when somebody asks for them. */
import type { AuditEvent } from '../record.ts';

/** Has the members of an AuditEvent, as getters: whoever lists the keys of an event, or looks for one, needs the whole. */
export abstract class LazyEvent {
  /** The event as plain data. */
  abstract whole(): AuditEvent;
}

/** The event as plain data, whose keys can be listed. */
export function wholeOf(event: AuditEvent): AuditEvent {
  return event instanceof LazyEvent ? event.whole() : event;
}
