/** Sends each finding as a message: to a chat, a pager, or a program of the operator's own. */
import type { Sink, SinkDependencies } from '../sink.ts';
import type { WebhookConfig } from './settings.ts';

export { webhookConfig, webhookFaults, webhookTarget } from './settings.ts';

export async function openWebhook(config: WebhookConfig, dependencies: SinkDependencies): Promise<Sink> {
  // Loaded on demand: few have such a sink.
  const { openMessages } = await import('./messages.ts');
  return openMessages(config, dependencies);
}
