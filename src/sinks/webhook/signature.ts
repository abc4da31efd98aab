/** Signs messages as Standard Webhooks specifies, for which there are libraries in most languages.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
import { createHmac } from 'node:crypto';

/** The id of a message is the same each time that it is sent; its time is not, so that a receiver can refuse old messages:
 * whoever has seen one could send it again.
 * @param seconds of Unix time
 * @param secret without it there is no signature */
export function signed(
  id: string,
  body: Uint8Array,
  seconds: number,
  secret: string | undefined,
): Record<string, string> {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(seconds) };
  if (secret === undefined) return headers;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
