import { afterEach, expect, test } from 'vitest';
import { podEvent, type TestServer } from '../server/app.ts';
import { keepingServer } from './sent.ts';

let server: TestServer | undefined;
afterEach(() => server?.app.close());

/** As the API server writes it: its items have neither kind nor apiVersion. */
const eventList = (...events: object[]) => {
  const items = events.map((event) => ({ ...event, kind: undefined, apiVersion: undefined }));
  return `${JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items })}\n`;
};
const post = (app: TestServer['app'], body: string, headers: Record<string, string> = {}, url = '/v1/audit') =>
  app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, body });

test('each event of a list has its own verdict, and the answer has no body', async () => {
  const kept = keepingServer({ cluster: 'prod' });
  server = kept;
  const body = eventList(podEvent({ hostPID: false }), podEvent({ auditID: 'a-2' }));
  const { statusCode, payload } = await post(
    kept.app,
    body,
    { 'user-agent': 'kube-apiserver/v1.37.0' },
    '/v1/audit?timeout=30s',
  );
  expect([statusCode, payload]).toEqual([204, '']);
  expect(kept.delivered.map(({ record }) => [record.auditID, record.tripline])).toEqual([
    ['a-1', expect.objectContaining({ verdict: 'clear', platform: 'kubernetes', cluster: 'prod' })],
    ['a-2', expect.objectContaining({ verdict: 'match', rules: ['pod-host-pid'], cluster: 'prod' })],
  ]);
});

test('with ?reply=records the list comes back, with a tag in each event', async () => {
  const kept = keepingServer();
  server = kept;
  const { payload } = await post(kept.app, eventList(podEvent(), podEvent()), {}, '/v1/audit?reply=records');
  const { kind, items } = JSON.parse(payload);
  expect([kind, items.map((item: { tripline: { verdict: string } }) => item.tripline.verdict)]).toEqual([
    'EventList',
    ['match', 'match'],
  ]);
});

test('the matches of a list are an array, whether none, some or all of it', async () => {
  const kept = keepingServer();
  server = kept;
  for (const [events, found] of [
    [[podEvent({ hostPID: false })], 0],
    [[podEvent(), podEvent({ hostPID: false })], 1],
    [[podEvent(), podEvent()], 2],
  ] as const) {
    const { payload } = await post(kept.app, eventList(...events), {}, '/v1/audit?reply=matches');
    expect(JSON.parse(payload)).toHaveLength(found);
  }
});

test('what a setting can fix is refused with 503, as it is then retried with more patience', async () => {
  const kept = keepingServer({ auth: { basic: [{ username: 'audit', password: 'right' }] } });
  server = kept;
  const { statusCode, headers } = await post(kept.app, eventList(podEvent()));
  expect([statusCode, headers['retry-after']]).toEqual([503, '5']);
  const authorization = `Basic ${Buffer.from('audit:right').toString('base64')}`;
  expect((await post(kept.app, eventList(podEvent()), { authorization })).statusCode).toBe(204);
  expect((await post(kept.app, '<xml/>', { authorization, 'content-type': 'text/xml' })).statusCode).toBe(503);
  const cut = await post(kept.app, '{"kind":"EventList","items":[', { authorization });
  expect([cut.statusCode, cut.payload]).toEqual([400, expect.stringContaining('body.unreadable')]);
});
