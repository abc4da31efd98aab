/** The library does what the sidecar does. */
import { expect, test } from 'vitest';
import { openTripline } from '../src/index.ts';
import { loadRules } from '../src/rules/index.ts';
import { bundledRules, podEvent, testServer } from './server/app.ts';

/** The bundled rules that correlations count and that find nothing of their own. */
const { ruleset } = loadRules({ rules: [bundledRules] });
const records = [
  podEvent(),
  {
    ...podEvent({ auditID: 'b', hostPID: false }),
    verb: 'get',
    objectRef: { resource: 'secrets', namespace: 'a', name: 'b' },
  },
  { log: 'text' },
  5,
];

test('it returns the bytes of a reply by the server, with building blocks of correlations withheld', async () => {
  const body = JSON.stringify(records);
  const server = testServer({}, { rules: [bundledRules] });
  const replied = await server.app.inject({
    ...{ method: 'POST', url: '/v1/records', headers: { 'content-type': 'application/json' }, payload: body },
  });
  await server.app.close();
  const { bytes, tags } = await openTripline().tag({ bytes: Buffer.from(body) });
  expect(`${Buffer.from(bytes)}\n`).toBe(replied.body);
  expect(tags.map((tag) => tag?.verdict)).toEqual(['match', 'clear', 'not_audit', 'error']);
  expect(tags[0]).toMatchObject({ ruleset: ruleset.hash });
});

test('batches are processed in the order of the calls, and a refused one does not stop the next', async () => {
  const tripline = openTripline();
  const answers = await Promise.allSettled([
    tripline.tag({ bytes: Buffer.from('nothing at all') }),
    tripline.tag({ bytes: Buffer.from(JSON.stringify(podEvent())) }),
    tripline.tag({ bytes: Buffer.from('{}'), mediaType: 'text/x-unknown' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  expect(answers[2]).toMatchObject({ reason: { code: 'request.media_type' } });
});

test('problems are reported', () => {
  expect(() => openTripline({ overrides: { a: { level: 'hihg' as never } } })).toThrow("did you mean 'high'?");
  expect(openTripline({ overrides: { nope: { mode: 'off' } } }).problems).toEqual([expect.stringContaining("'nope'")]);
});
