/** A message as an alert of Alertmanager (POST /api/v2/alerts). */
import type { Level } from '../../record.ts';
import type { Message } from '../alerts/message.ts';

export interface Alert {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** RFC 3339. */
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
}

/** The words by which trees of routes are written. */
const severities: Record<Level, string> = {
  informational: 'info',
  low: 'info',
  medium: 'warning',
  high: 'critical',
  critical: 'critical',
};

/** Alertmanager takes alerts with equal labels for one. `finding`, the finding's id, is among them: so each finding is an alert, be it
 * sent once or five times, and those of two people never become one, however their names are cut. By the others alerts are grouped,
 * routed, silenced and inhibited.
 * @param now in milliseconds of Unix time
 * @param endsAt the same: when it counts as resolved, if nothing else is sent of it */
export function alertOf(message: Message, now: number, endsAt: number): Alert {
  const { kind, id, rule, level, platform, time, link } = message;
  const isFinding = kind === 'finding' || kind === 'report';
  const labels = {
    ...{ alertname: rule, severity: severities[level], level, cluster: message.cluster, platform },
    ...{ namespace: message.namespace, resource: message.resource, name: message.name },
    ...{ workload: message.workload, user: message.user, fluent_tag: message.fluentTag },
    finding: isFinding ? id : '',
  };
  const annotations = {
    ...{ summary: message.summary, title: message.title, description: message.description },
    ...{ impersonated: message.impersonated, source_ip: message.sourceIP, attack: message.attack.join(', ') },
    ...{ owner: message.owner, contact: message.contact, seen: message.seen, runbook_url: message.runbook, link },
  };
  return {
    labels: withoutMarkup(labels),
    annotations: withoutMarkup(annotations),
    // A clock that is ahead must not have it begin after its end.
    startsAt: new Date(Math.min(Date.parse(time), now)).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    ...(link !== '' && { generatorURL: link }),
  };
}

/** Receivers of Alertmanager put what it has into HTML and into the markup of chats, some as it is: `<!channel>` in the name of an
 * object would call everybody, and `[text](url)` hide where a link leads. Values that are empty are left out, as Alertmanager does. */
function withoutMarkup(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, value.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('](', '] (')]),
  );
}
