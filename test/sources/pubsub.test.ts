/** Requests as the documentation of Pub/Sub shows them; the service itself cannot be run locally. */
import { afterEach, expect, test } from 'vitest';
import { podEvent, type TestServer } from '../server/app.ts';
import { base64, keepingServer } from './sent.ts';

let server: TestServer | undefined;
afterEach(() => server?.app.close());

const wrapped = (data: string) =>
  JSON.stringify({
    message: {
      data,
      messageId: '1',
      publishTime: '2026-01-02T03:04:05.1Z',
      attributes: { 'logging.googleapis.com/timestamp': 't' },
    },
    subscription: 'projects/p/subscriptions/audit',
  });
const post = (app: TestServer['app'], url: string, body: string, headers = {}) =>
  app.inject({ method: 'POST', url, headers: { 'user-agent': 'CloudPubSub-Google', ...headers }, body });

test('a message is a record, wrapped or bare, and 204 acknowledges it', async () => {
  const kept = keepingServer();
  server = kept;
  const event = JSON.stringify(podEvent());
  const answers = [
    await post(kept.app, '/v1/pubsub', wrapped(base64(event)), { 'content-type': 'application/json' }),
    await post(kept.app, '/v1/pubsub', event, {
      'content-type': 'application/octet-stream',
      'x-goog-pubsub-message-id': '1',
      'x-goog-pubsub-subscription-name': 'projects/p/subscriptions/audit',
    }),
  ];
  expect(answers.map(({ statusCode, payload }) => [statusCode, payload])).toEqual([
    [204, ''],
    [204, ''],
  ]);
  expect(kept.delivered.map(({ record }) => record.tripline!.verdict)).toEqual(['match', 'match']);
});

test('the token of the URL opens the door, and stands in no line of the log', async () => {
  const kept = keepingServer({ auth: { bearer: [{ name: 'pubsub', token: 'url-token' }] } });
  server = kept;
  const statusOf = async (url: string) => (await post(kept.app, url, wrapped(base64('{}')))).statusCode;
  expect(await statusOf('/v1/pubsub?token=url-token')).toBe(204);
  expect(await statusOf('/v1/pubsub?token=url-tokem')).toBe(401);
  expect(await statusOf('/v1/pubsub')).toBe(401);
  expect(await statusOf('/v1/pubsub?token=url-token&token=url-token')).toBe(401);
  // Not for the other sources.
  expect(await statusOf('/v1/audit?token=url-token')).toBe(503);
  kept.renew({ auth: undefined, tls: undefined });
  expect(await statusOf('/v1/pubsubs?token=url-token')).toBe(404);
  expect(await statusOf('/v1/pubsub%?token=url-token')).toBe(400);
  expect(JSON.stringify(kept.log)).toMatch(/pubsubs/);
  expect(JSON.stringify(kept.log)).not.toMatch(/url-toke/);
});
