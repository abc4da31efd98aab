/** The sink of messages. */
import { messageOf, messageOfMore, messageOfSilence } from '../alerts/message.ts';
import { openEndpoint } from '../request/endpoint.ts';
import { openPosting, type Piece, type Protocol } from '../request/records.ts';
import { verdictOf } from '../request/status.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import { openFound } from '../rows/found.ts';
import type { Sink, SinkDependencies } from '../sink.ts';
import { MINUTE_MILLISECONDS, openBudget } from './budget.ts';
import { escapes } from './markup.ts';
import { openOutbox } from './outbox.ts';
import { bodyMaker } from './profiles.ts';
import { remember } from './remembered.ts';
import { requestSettingsOf, type WebhookConfig } from './settings.ts';
import { signed } from './signature.ts';
import { compileTemplate } from './template.ts';

const contentType = 'application/json';

/** The message of a finding. */
interface One extends Piece {
  id: string;
}

/** A sink that has a batch once the receiver has a message for each of its findings, except those beyond the limit per minute:
 * they are counted, and one message at the end of the minute reports how many there are. */
export async function openMessages(config: WebhookConfig, dependencies: SinkDependencies): Promise<Sink> {
  const { name, profile, template, signingSecret, consoleUrl, messagesPerMinute, timeoutSeconds } = config;
  const { logger, listenForSilences } = dependencies;
  const foundOf = openFound(config.records, dependencies);
  const settings = requestSettingsOf(config);
  const sent = remember();
  const budget = openBudget(messagesPerMinute);
  const compiled = template === undefined ? undefined : compileTemplate(template, escapes[profile]);
  const bodyOf = bodyMaker(profile, config, compiled);
  const request = (id: string, body: Uint8Array) => {
    const seconds = Math.floor(Date.now() / 1000);
    return { contentType, body, headers: signed(id, body, seconds, signingSecret) };
  };

  const protocol: Protocol<One> = {
    piecesOf: (batch, index) =>
      foundOf(batch, index).flatMap(({ emitted, context }): One[] => {
        const { id } = emitted.finding;
        if (sent.has(id)) return [];
        if (budget.admit(id)) {
          return [{ index, id, bytes: bodyOf(messageOf(emitted, context, consoleUrl)) }];
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
  // A size of 0 sends each message in a request of its own.
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
