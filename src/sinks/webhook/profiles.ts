/** The formats that receivers of webhooks accept, and how a message is written in each.
 *
 * Whatever came from a record goes into members that the receiver treats as plain text, if there are any. */
import type { Level } from '../../record.ts';
import { truncateText } from '../../truncate.ts';
import type { Message } from '../alerts/message.ts';
import { escapeSlack, type ProfileName } from './markup.ts';
import type { Render } from './template.ts';

export interface BodySettings {
  routingKey?: string;
}

/** The known facts about where and by whom, for a person. */
function facts(message: Message): [name: string, value: string][] {
  const { level, cluster, namespace, resource, name, user, impersonated, sourceIP, attack, owner, contact } = message;
  const all: [string, string][] = [
    ['Level', level],
    ['Rule', message.rule],
    ['Cluster', cluster || message.platform],
    ['User', impersonated === '' ? user : `${user} as ${impersonated}`],
    ['Address', sourceIP],
    ['Object', [namespace, resource, name].filter((part) => part !== '').join('/')],
    ['Seen', message.seen],
    ['ATT&CK', attack.join(', ')],
    ['Owner', contact === '' ? owner : `${owner} (${contact})`],
    ['Time', message.time],
  ];
  return all.filter(([, value]) => value !== '');
}

/** @see https://docs.slack.dev/reference/block-kit/blocks */
function slack(message: Message): unknown {
  const { level, title, summary, description, link, runbook } = message;
  const links = [
    ...(link === '' ? [] : [`<${escapeSlack(link)}|Open in the console>`]),
    ...(runbook === '' ? [] : [`<${escapeSlack(runbook)}|Runbook>`]),
  ];
  return {
    // Shown in notifications; not read as markup.
    text: slackText(`${level}: ${title}: ${summary}`, 1000),
    mrkdwn: false,
    blocks: [
      { type: 'header', text: plainText(title, 150) },
      { type: 'section', text: plainText(summary, 3000) },
      { type: 'section', fields: facts(message).map(([name, value]) => plainText(`${name}: ${value}`, 500)) },
      ...(description === '' ? [] : [{ type: 'context', elements: [plainText(description, 2000)] }]),
      ...(links.length === 0 ? [] : [{ type: 'context', elements: [{ type: 'mrkdwn', text: links.join('  ·  ') }] }]),
    ],
  };
}

const plainText = (text: string, length: number) => ({
  type: 'plain_text',
  text: slackText(text, length),
  emoji: false,
});

/** Slack counts characters after escaping: five for an ampersand. */
function slackText(text: string, length: number): string {
  const escaped = escapeSlack(truncateText(text, length));
  return escaped.length <= length ? escaped : escapeSlack(truncateText(text, Math.floor(length / 5)));
}

/** A card for a workflow of Teams ("When a Teams webhook request is received"). A TextRun, unlike a TextBlock, has no markup.
 * @see https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
function teams(message: Message): unknown {
  const { title, summary, description, link, runbook, level } = message;
  const text = (inlines: object[], given: object = {}) => ({ type: 'RichTextBlock', inlines, ...given });
  const run = (of: string, given: object = {}) => ({ type: 'TextRun', text: of, ...given });
  const color = {
    critical: 'Attention',
    high: 'Attention',
    medium: 'Warning',
    low: 'Default',
    informational: 'Default',
  };
  const open = (name: string, url: string) => (url === '' ? [] : [{ type: 'Action.OpenUrl', title: name, url }]);
  const actions = [...open('Open in the console', link), ...open('Runbook', runbook)];
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            text([run(title, { weight: 'Bolder', size: 'Large', color: color[level] })]),
            text([run(summary)]),
            ...facts(message).map(([name, value]) => {
              return text([run(`${name}: `, { weight: 'Bolder' }), run(value)], { spacing: 'None' });
            }),
            ...(description === '' ? [] : [text([run(description, { isSubtle: true })])]),
          ],
          ...(actions.length > 0 && { actions }),
        },
      },
    ],
  };
}

const severities: Record<Level, string> = {
  informational: 'info',
  low: 'info',
  medium: 'warning',
  high: 'error',
  critical: 'critical',
};

/** @see https://developer.pagerduty.com/docs/send-alert-event */
function pagerduty(message: Message, { routingKey }: BodySettings): unknown {
  const { kind, id, level, rule, title, summary, time, cluster, platform, link, runbook } = message;
  const head = { routing_key: routingKey, dedup_key: id.slice(0, 255) };
  if (kind === 'heard') return { ...head, event_action: 'resolve' };
  const links = [
    ...(link === '' ? [] : [{ href: link, text: 'Open in the console' }]),
    ...(runbook === '' ? [] : [{ href: runbook, text: 'Runbook' }]),
  ];
  return {
    ...head,
    event_action: 'trigger',
    payload: {
      summary: truncateText(`${title}: ${summary}`, 1024),
      source: cluster || platform || 'kubernetes',
      severity: severities[level],
      timestamp: time,
      component: [message.namespace, message.resource, message.name].filter((part) => part !== '').join('/'),
      group: cluster || platform,
      class: rule,
      custom_details: { ...Object.fromEntries(facts(message)), description: message.description },
    },
    client: 'Tripline',
    ...(link !== '' && { client_url: link }),
    ...(links.length > 0 && { links }),
  };
}

const types: Record<Message['kind'], string> = {
  finding: 'finding',
  report: 'report',
  more: 'findings.more',
  silent: 'source.silent',
  heard: 'source.heard',
};

/** As Standard Webhooks defines it; `data` is as in the tag of the record. */
const generic = ({ kind, time, data }: Message): unknown => ({ type: types[kind], timestamp: time, data });

const bodies: Record<ProfileName, (message: Message, settings: BodySettings) => unknown> = {
  ...{ slack, teams, pagerduty, generic },
};

/** Returns the function that makes the body of each message. */
export function bodyMaker(
  profile: ProfileName,
  settings: BodySettings,
  template: Render | undefined,
): (message: Message) => Buffer {
  const bodyOf = template ?? bodies[profile];
  return (message) => Buffer.from(JSON.stringify(bodyOf(message, settings)));
}
