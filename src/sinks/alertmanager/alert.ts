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

/** The severities that routing trees commonly use. */
const severities: Record<Level, string> = {
  informational: 'info',
  low: 'info',
  medium: 'warning',
  high: 'critical',
  critical: 'critical',
};

/** Alertmanager treats alerts with equal labels as one. `finding`, the finding's id, is among the labels: so each finding is
 * one alert, whether it is sent once or five times, and those of two people never become one, however their names are
 * truncated. The other labels serve to group, route, silence and inhibit alerts.
 * @param now in milliseconds of Unix time
 * @param endsAt likewise: when it counts as resolved, if it is not sent again */
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
    // Even with a clock that is ahead, an alert must not start after its end.
    startsAt: new Date(Math.min(Date.parse(time), now)).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    ...(link !== '' && { generatorURL: link }),
  };
}

/** Receivers of Alertmanager put values into HTML and into the markup of chats, some unescaped: `<!channel>` in the name of an
 * object would notify everybody, and `[text](url)` hide where a link leads. Empty values are left out, as Alertmanager does. */
function withoutMarkup(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, value.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('](', '] (')]),
  );
}
