/** Settings of the sink of messages. */
import Type, { type Static } from 'typebox';
import { consoleUrlSetting } from '../alerts/settings.ts';
import type { ChoiceSettings } from '../choice/settings.ts';
import { type RequestSettings, requestFaults, requestSettings } from '../request/settings.ts';
import type { SinkFault } from '../sink.ts';
import { escapes, profileNames } from './markup.ts';
import { compileTemplate } from './template.ts';

const PAGERDUTY = 'https://events.pagerduty.com/v2/enqueue';

export const webhookConfig = Type.Object(
  {
    type: Type.Literal('webhook'),
    name: Type.String({ minLength: 1, default: 'webhook', description: 'Name in logs and metrics.' }),
    profile: Type.Enum(profileNames, {
      description:
        'Who gets the messages. `slack`: an incoming webhook of Slack; `teams`: a workflow of Microsoft Teams; `pagerduty`: the ' +
        'Events API v2; `generic`: a program that accepts the finding as JSON.',
    }),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://',
        writeOnly: true,
        description:
          'Where messages are posted; a secret, because whoever knows it can post. Default for `pagerduty`: ' +
          `\`${PAGERDUTY}\`; the others need it.`,
      }),
    ),
    routingKey: Type.Optional(
      Type.String({ minLength: 1, writeOnly: true, description: 'Integration key of a service of PagerDuty.' }),
    ),
    template: Type.Optional(
      Type.String({
        minLength: 2,
        description:
          'A JSON object to post instead of that of the profile, best kept in a file of its own; in its texts, `{{summary}}` and ' +
          'similar placeholders stand for values of a finding, escaped as the profile requires.',
      }),
    ),
    signingSecret: Type.Optional(
      Type.String({
        pattern: '^whsec_[A-Za-z0-9+/]{32,}={0,2}$',
        writeOnly: true,
        description: 'Signs messages as specified by Standard Webhooks: `whsec_` and base64 of 24 bytes or more.',
      }),
    ),
    messagesPerMinute: Type.Integer({
      minimum: 2,
      maximum: 10_000,
      default: 20,
      description: 'How many messages are sent per minute; the last of them counts the findings that do not get one.',
    }),
    consoleUrl: consoleUrlSetting,
    ...requestSettings,
  },
  { additionalProperties: false, title: 'Webhook sink' },
);
export type WebhookConfig = Static<typeof webhookConfig> & { records?: ChoiceSettings };

/** The settings for posting. */
export function requestSettingsOf({ url, profile, ...config }: WebhookConfig): RequestSettings {
  return { ...config, url: url ?? (profile === 'pagerduty' ? PAGERDUTY : ''), compression: 'none', isUrlSecret: true };
}

export function webhookFaults(config: WebhookConfig): SinkFault[] {
  const { profile, url, routingKey, template } = config;
  const isPager = profile === 'pagerduty';
  const faults: SinkFault[] = [];
  if (url === undefined && !isPager) {
    faults.push({
      setting: ['profile'],
      message: `url is missing, and profile ${profile} needs it; write \${NAME} there`,
    });
  } else {
    faults.push(...requestFaults(requestSettingsOf(config)));
  }
  if (isPager && routingKey === undefined && template === undefined) {
    faults.push({ setting: ['profile'], message: 'routingKey is missing, and profile pagerduty needs it' });
  } else if (routingKey !== undefined && (!isPager || template !== undefined)) {
    const message = 'routingKey is for profile pagerduty without a template; leave it out';
    faults.push({ setting: ['routingKey'], message });
  }
  try {
    if (template !== undefined) compileTemplate(template, escapes[profile]);
  } catch (error) {
    faults.push({ setting: ['template'], message: `template ${(error as Error).message}` });
  }
  return faults;
}

export function webhookTarget(config: WebhookConfig): string {
  return `${config.profile} at ${new URL(requestSettingsOf(config).url).origin}`;
}
