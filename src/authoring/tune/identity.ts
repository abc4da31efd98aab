/** Who a finding is about, to tell one identity from another. */
import type { AuditEvent, Finding, Report } from '../../record.ts';

/** Whether the user of an event is no one in particular. */
export function isAnybody({ user: { username } }: AuditEvent): boolean {
  return username === '' || username === 'system:anonymous';
}

/** The user, or the address of one who is nobody in particular. */
export function identityOf(event: AuditEvent): string {
  return isAnybody(event) ? (event.sourceIPs.at(-1) ?? '') : event.user.username;
}

/** The same of a finding away from its event, as far as it shows it. */
export function identityShown({ correlation, context }: Finding | Report): string | undefined {
  const shown = [...(correlation?.group ?? []), ...context].find(({ field }) => field === 'username');
  return shown?.values.length === 1 ? shown.values[0] : undefined;
}
