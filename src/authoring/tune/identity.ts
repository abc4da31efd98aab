/** Who a finding is about, to distinguish identities. */
import type { AuditEvent, Finding, Report } from '../../record.ts';

/** Whether the user of an event is no one in particular. */
export function isAnybody({ user: { username } }: AuditEvent): boolean {
  return username === '' || username === 'system:anonymous';
}

/** The user, or the address if the user is no one in particular. */
export function identityOf(event: AuditEvent): string {
  return isAnybody(event) ? (event.sourceIPs.at(-1) ?? '') : event.user.username;
}

/** The same for a finding without its event, as far as the finding shows it. */
export function identityShown({ correlation, context }: Finding | Report): string | undefined {
  const shown = [...(correlation?.group ?? []), ...context].find(({ field }) => field === 'username');
  return shown?.values.length === 1 ? shown.values[0] : undefined;
}
