/** What the events of a profile have in common, as an event from which nothing else may be read. */
import { type Common, NotCommon } from '../audit/lazy-event.ts';
import type { AuditEvent } from '../record.ts';
import type { OwnMembers, Template } from './event.ts';
import { viewOf } from './guard.ts';

const notCommon = new NotCommon();

/** Members that differ in each event, and those of its objectRef. */
const own: ReadonlySet<string> = new Set(['auditID', 'requestURI', 'requestReceivedTimestamp', 'stageTimestamp']);
const ownOfRef: ReadonlySet<string> = new Set(['namespace', 'name', 'uid', 'resourceVersion']);

/** @param members those that the profile has a number for
 * @param bodies whether each of them exists */
export function commonEvent(
  template: Template,
  members: OwnMembers,
  bodies: Readonly<Record<'requestObject' | 'responseObject', boolean>>,
): Common {
  const event: AuditEvent = { ...template, ...members };
  const { objectRef } = event;
  const ref =
    objectRef &&
    viewOf(objectRef, notCommon, (key) => {
      if (ownOfRef.has(key)) throw notCommon;
      return objectRef[key as keyof typeof objectRef];
    });
  const view = viewOf(event, notCommon, (key) => {
    if (own.has(key)) throw notCommon;
    if (key === 'objectRef') return ref;
    if (key === 'requestObject' || key === 'responseObject') {
      if (bodies[key]) throw notCommon;
      return undefined;
    }
    return event[key as keyof AuditEvent];
  });
  return { event: view, answers: undefined };
}
