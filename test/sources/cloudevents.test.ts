import { afterEach, expect, test } from 'vitest';
import { podEvent, type TestServer } from '../server/app.ts';
import { base64, keepingServer } from './sent.ts';

let server: TestServer | undefined;
afterEach(() => server?.app.close());

const attributes = { specversion: '1.0', type: 'audit', source: '/clusters/prod', id: '1' };
const post = (app: TestServer['app'], headers: Record<string, string>, body: unknown, url = '/v1/cloudevents') =>
  app.inject({ method: 'POST', url, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const type = (mediaType: string) => ({ 'content-type': mediaType });
/** A diagnostic record of AKS, as Event Hubs delivers it. */
const aks = {
  category: 'kube-audit',
  resourceId: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/SHOP',
  properties: { log: JSON.stringify(podEvent()) },
};

test('structured and batched: each event is a record, whatever its data is', async () => {
  const kept = keepingServer();
  server = kept;
  const one = { ...attributes, datacontenttype: 'application/json', data: podEvent() };
  const batch = [
    { ...attributes, data: podEvent({ hostPID: false }) },
    { ...attributes, data_base64: base64(JSON.stringify(podEvent())) },
    { ...attributes, data: { records: [aks] } },
  ];
  expect((await post(kept.app, type('application/cloudevents+json; charset=utf-8'), one)).statusCode).toBe(204);
  expect((await post(kept.app, type('application/cloudevents-batch+json'), batch)).statusCode).toBe(204);
  expect(kept.delivered.map(({ record }) => record.tripline)).toMatchObject([
    { verdict: 'match' },
    { verdict: 'clear' },
    { verdict: 'match' },
    { verdict: 'match', platform: 'aks', cluster: 'shop' },
  ]);
  expect(kept.delivered[0]!.record.source).toBe('/clusters/prod');
});

test('binary: the body is the data, and the attributes are not part of the record', async () => {
  const kept = keepingServer();
  server = kept;
  const headers = { 'ce-specversion': '1.0', 'ce-type': 'audit', 'ce-source': '/clusters/prod', 'ce-id': '1' };
  expect((await post(kept.app, { ...headers, ...type('application/json') }, podEvent())).statusCode).toBe(204);
  const { tripline, ...record } = kept.delivered[0]!.record;
  expect([tripline, record]).toEqual([expect.objectContaining({ verdict: 'match' }), podEvent()]);
});

test('whoever may send is given permission to, and nobody else', async () => {
  const kept = keepingServer({ auth: { bearer: [{ token: 'hook-token' }] } });
  server = kept;
  const ask = (url: string, headers = {}) => kept.app.inject({ method: 'OPTIONS', url, headers });
  const asking = { 'webhook-request-origin': 'eventgrid.azure.net', 'webhook-request-rate': '120' };
  expect(await ask('/v1/cloudevents?access_token=hook-token', asking)).toMatchObject({
    statusCode: 200,
    headers: { allow: 'POST', 'webhook-allowed-origin': 'eventgrid.azure.net', 'webhook-allowed-rate': '*' },
  });
  const others = [
    await ask('/v1/cloudevents', asking),
    await ask('/v1/cloudevents?access_token=hook-token'),
    await ask('/v1/records', { ...asking, authorization: 'Bearer hook-token' }),
  ];
  expect(others.map(({ headers }) => headers['webhook-allowed-origin'])).toEqual([undefined, undefined, undefined]);
  const sent = await post(
    kept.app,
    type('application/cloudevents+json'),
    attributes,
    '/v1/cloudevents?access_token=hook-token',
  );
  expect(sent.statusCode).toBe(204);
  expect(JSON.stringify(kept.log)).not.toContain('hook-token');
});
