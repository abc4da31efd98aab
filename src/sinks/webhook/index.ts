/** Sends each finding as a message: to a chat, a pager, or a program of the operator's own. */
import Type, { type Static } from 'typebox';
import { chosenFindings } from '../alerts/chosen.ts';
import { consoleUrlSetting, messageOf, messageOfMore, messageOfSilence } from '../alerts/message.ts';
import { remember } from '../alerts/remembered.ts';
import type { ChoiceSettings } from '../choice/settings.ts';
import type { Piece, Protocol } from '../request/records.ts';
import { type RequestSettings, requestFaults, requestSettings } from '../request/settings.ts';
import { verdictOf } from '../request/status.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import type { Sink, SinkDependencies, SinkFault } from '../sink.ts';
import { MINUTE_MILLISECONDS, openBudget } from './budget.ts';
import { openOutbox } from './outbox.ts';
import { bodyMaker, profiles } from './profiles.ts';
import { SECRET_PATTERN, signed } from './signature.ts';
import { compileTemplate } from './template.ts';

const PAGERDUTY = 'https://events.pagerduty.com/v2/enqueue';

export const webhookConfig = Type.Object(
  {
    type: Type.Literal('webhook'),
    name: Type.String({ minLength: 1, default: 'webhook', description: 'Name in logs and metrics.' }),
    profile: Type.Enum(Object.keys(profiles) as (keyof typeof profiles)[], {
      description:
        'Who gets the messages. `slack`: an incoming webhook of Slack; `teams`: a workflow of Microsoft Teams; `pagerduty`: the ' +
        'Events API v2; `generic`: a program that takes the finding as JSON.',
    }),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://',
        writeOnly: true,
        description:
          'Where messages are posted; a secret, as whoever knows it may post. Default for `pagerduty`: ' +
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
          'A JSON object to be posted instead of that of the profile, best in a file of its own; in its texts `{{summary}}` and ' +
          'the like stand for what is known of a finding, escaped as the profile asks.',
      }),
    ),
    signingSecret: Type.Optional(
      Type.String({
        pattern: SECRET_PATTERN,
        writeOnly: true,
        description: 'Signs messages as Standard Webhooks says: `whsec_` and base64 of 24 bytes or more.',
      }),
    ),
    messagesPerMinute: Type.Integer({
      minimum: 2,
      maximum: 10_000,
      default: 20,
      description:
        'How many messages are sent in a minute; the last of them counts the findings for which there is none.',
    }),
    consoleUrl: consoleUrlSetting,
    ...requestSettings,
  },
  { additionalProperties: false, title: 'Webhook sink' },
);
export type WebhookConfig = Static<typeof webhookConfig> & { records?: ChoiceSettings };

function requestOf({ url, profile, ...config }: WebhookConfig): RequestSettings {
  return { ...config, url: url ?? (profile === 'pagerduty' ? PAGERDUTY : ''), compression: 'none', isUrlSecret: true };
}

export function webhookFaults(config: WebhookConfig): SinkFault[] {
  const { profile, url, routingKey, template } = config;
  const isPager = profile === 'pagerduty';
  const faults: SinkFault[] = [];
  if (url === undefined && !isPager) {
    faults.push({
      setting: ['profile'],
      message: `url is missing, which profile ${profile} needs; write \${NAME} there`,
    });
  } else {
    faults.push(...requestFaults(requestOf(config)));
  }
  if (isPager && routingKey === undefined && template === undefined) {
    faults.push({ setting: ['profile'], message: 'routingKey is missing, which profile pagerduty needs' });
  } else if (routingKey !== undefined && (!isPager || template !== undefined)) {
    const message = 'routingKey is for profile pagerduty without a template; leave it out';
    faults.push({ setting: ['routingKey'], message });
  }
  try {
    if (template !== undefined) compileTemplate(template, profiles[profile].escape);
  } catch (error) {
    faults.push({ setting: ['template'], message: `template ${(error as Error).message}` });
  }
  return faults;
}

export function webhookTarget(config: WebhookConfig): string {
  return `${config.profile} at ${new URL(requestOf(config).url).origin}`;
}

const contentType = 'application/json';

/** The message of a finding. */
interface One extends Piece {
  id: string;
}

/** A sink that has a batch when the receiver has a message for each of its findings, but for those that are more than may be sent in
 * a minute: they are counted, and one message at its end says how many there are. */
export async function openWebhook(config: WebhookConfig, dependencies: SinkDependencies): Promise<Sink> {
  const [{ openPosting }, { openEndpoint }] = await Promise.all([
    import('../request/records.ts'),
    import('../request/endpoint.ts'),
  ]);
  const { name, profile, template, signingSecret, consoleUrl, messagesPerMinute, timeoutSeconds } = config;
  const { logger, contextOf, listenForSilences } = dependencies;
  const findingsOf = chosenFindings(config.records, dependencies);
  const settings = requestOf(config);
  const sent = remember();
  const budget = openBudget(messagesPerMinute);
  const compiled = template === undefined ? undefined : compileTemplate(template, profiles[profile].escape);
  const bodyOf = bodyMaker(profile, config, compiled);
  const request = (id: string, body: Uint8Array) => {
    const seconds = Math.floor(Date.now() / 1000);
    return { contentType, body, headers: signed(id, body, seconds, signingSecret) };
  };

  const protocol: Protocol<One> = {
    pieceOf: (batch, index) =>
      findingsOf(batch, index).flatMap((emitted): One[] => {
        const { id } = emitted.finding;
        if (sent.has(id)) return [];
        if (budget.admit(id)) {
          return [{ index, id, bytes: bodyOf(messageOf(emitted, contextOf(emitted), consoleUrl)) }];
        }
        sent.add(id);
        budget.count(emitted);
        planMore();
        return [];
      }),
    requestOf: (_, [one]) => request(one!.id, one!.bytes),
    verdictOf(answer, [one]) {
      const verdict = verdictOf(answer);
      if (verdict.kind === 'taken') sent.add(one!.id);
      return verdict;
    },
  };
  // Each message is a request.
  const posting = await openPosting({ ...settings, name, maxRequestBytes: 0 }, protocol, dependencies);
  const endpoint = await openEndpoint(settings, `sink ${name}`, logger);

  const outbox = openOutbox(
    async (message) => {
      const deadline = performance.now() + timeoutSeconds * 1000;
      const verdict = verdictOf(
        await endpoint.post({
          ...request(`${message.id}-${message.kind}-${Date.parse(message.time)}`, bodyOf(message)),
          deadline,
        }),
      );
      if (verdict.kind === 'taken') return false;
      warn({ sink: name }, `A message (${message.title}) was not sent: ${endpoint.address} ${verdict.reason}`);
      return verdict.kind === 'unavailable';
    },
    ({ title }) => logger.error({ sink: name }, `A message (${title}) is not sent any more`),
  );
  const warn = rateLimited(logger, 'warn');

  let timer: NodeJS.Timeout | undefined;
  function planMore(): void {
    timer ??= setTimeout(sendMore, MINUTE_MILLISECONDS).unref();
  }
  function sendMore(): void {
    clearTimeout(timer);
    timer = undefined;
    const more = budget.take();
    if (more !== undefined) outbox.put(messageOfMore(more, consoleUrl));
  }

  const stopListening = listenForSilences?.((silence, isOver) => outbox.put(messageOfSilence(silence, isOver)));

  return {
    ...posting,
    async close() {
      stopListening?.();
      await posting.close();
      sendMore();
      await outbox.close();
      endpoint.close();
    },
  };
}
