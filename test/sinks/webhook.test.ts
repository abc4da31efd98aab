import { randomBytes } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { SilenceListener } from '../../src/silence/index.ts';
import { signed } from '../../src/sinks/webhook/signature.ts';
import { fencesOf } from '../fences.ts';
import { finding, foundBatch, reportTag, tagOf } from './alerts/found.ts';
import { problemOf, recorder, sinkContract } from './contract.ts';
import { openPeer, type Posted } from './request/peer.ts';
import { openConfigured, openLetters } from './request/posting.ts';

const generic = (url: string) => ({ type: 'webhook', profile: 'generic', url: `${url}/hooks/T0123/SECRET` });
const bodyIn = ({ body }: Posted) => JSON.parse(String(body));
const idsIn = (posted: readonly Posted[]) => posted.map((one) => bodyIn(one).data.id);

// Each record has a finding whose id is the record in hex.
sinkContract('webhook', async () => {
  const peer = await openPeer();
  const choice = { records: { verdicts: ['clear', 'match'] }, messagesPerMinute: 10_000 };
  const { sink } = await openConfigured({ ...generic(peer.url), ...choice, template: '{"id": "{{id}}"}' });
  const tagged: typeof sink.deliver = (batch) => {
    const texts = batch.records.map(({ start, end }) => Buffer.from(batch.bytes.subarray(start, end)).toString('hex'));
    return sink.deliver({ ...batch, tags: texts.map((text) => tagOf([finding(text)])) });
  };
  return {
    sink: { ...sink, deliver: tagged },
    arrived: () => peer.posted.map((one) => numberIn(bodyIn(one).id)),
    stop: () => peer.stop(),
    address: peer.url,
  };
});

/** The member `n` of a record as the contract makes it. */
function numberIn(hex: string): number {
  const record = Buffer.from(hex, 'hex');
  const at = record.indexOf('a16e', 'hex') + 2;
  const head = record[at]!;
  if (head < 0x80) return head;
  return head === 0xcc ? record[at + 1]! : record.readUInt16BE(at + 1);
}

async function open(settings: object = {}, letters?: Awaited<ReturnType<typeof openLetters>>, given: object = {}) {
  const peer = await openPeer();
  const { sink, lines } = await openConfigured({ ...generic(peer.url), ...settings }, letters, {
    ...recorder(),
    ...given,
  });
  return { peer, sink, lines, send: (...tags: Parameters<typeof foundBatch>[0]) => sink.deliver(foundBatch(tags)) };
}

describe('a finding is one message', () => {
  test('however often its record arrives, also for several in a record and for a report', async () => {
    const { peer, send } = await open();
    for (let times = 0; times < 3; times++) await send(tagOf([finding('1'), finding('2')]), reportTag('3'));
    expect(idsIn(peer.posted)).toEqual(['1', '2', '3']);
    expect(peer.posted[2]!.headers['webhook-id']).toBe('3');
  });

  test('also when a part of its batch failed', async () => {
    const { peer, send } = await open();
    peer.respond = (_, response, index) => {
      response.writeHead(index === 1 ? 503 : 200, index === 1 ? { 'retry-after': '0' } : {}).end();
    };
    const tags = [tagOf([finding('1'), finding('2'), finding('3')]), tagOf([finding('4')])];
    expect(await problemOf(send(...tags))).toMatchObject({ code: 'sink.unavailable' });
    await expect.poll(async () => send(...tags).catch(() => 'again')).toEqual({ kind: 'acknowledged', records: 2 });
    expect(idsIn(peer.posted)).toEqual(['1', '2', '2', '3', '4']);
  });

  test('that waits if the receiver asks for it by Retry-After', async () => {
    const { peer, send } = await open();
    peer.respond = (_, response) => void response.writeHead(429, { 'retry-after': '30' }).end('slow down');
    expect((await problemOf(send(tagOf([finding('1')])))).message).toMatch(/answered 429: "slow down"/);
    expect((await problemOf(send(tagOf([finding('1')])))).message).toMatch(/it is tried again in (29|30)\./);
    expect(peer.posted).toHaveLength(1);
  });

  test('from a spool', async () => {
    const { path } = await openLetters();
    const { peer, send } = await open({ spool: { path: `${path}/s` }, profile: 'slack' });
    await send(tagOf([finding('1')]));
    await expect.poll(() => peer.posted.length).toBe(1);
    expect(bodyIn(peer.posted[0]!).text).toMatch(/^high: Pod uses the host PID namespace: \[ann\] created pod/);
  });
});

test('the record of a refused finding becomes a dead letter', async () => {
  const letters = await openLetters();
  const { peer, send } = await open({}, letters);
  peer.respond = (posted, response) => void response.writeHead(bodyIn(posted).data.id === '2' ? 400 : 200).end();
  const tags = ['1', '2', '3'].map((id) => tagOf([finding(id), finding(`${id}b`)]));
  expect(await send(...tags)).toEqual({ kind: 'acknowledged', records: 2, setAside: 1 });
  expect(idsIn(peer.posted)).toEqual(['1', '1b', '2', '2b', '3', '3b']);
  expect(letters.read().map(({ body }) => JSON.parse(String(body)).map(({ n }: any) => n))).toEqual([[1]]);
});

describe('findings beyond messagesPerMinute', () => {
  test('are counted in one message, which is retried until it arrives', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    try {
      const { peer, send } = await open({ messagesPerMinute: 3 });
      const many = Array.from({ length: 30 }, (_, index) => tagOf([finding(`${index}`)]));
      expect(await send(...many)).toEqual({ kind: 'acknowledged', records: 30 });
      // Repeated findings are counted once.
      await send(...many, tagOf([finding('x', { rule: 'exec-in-pod', level: 'critical' })]));
      expect(idsIn(peer.posted)).toEqual(['0', '1']);
      peer.respond = (_, response) => void response.writeHead(503).end();
      await vi.advanceTimersByTimeAsync(60_000);
      await vi.waitFor(() => expect(peer.posted).toHaveLength(3));
      peer.respond = (_, response) => void response.end();
      await vi.advanceTimersByTimeAsync(30_000);
      await vi.waitFor(() => expect(peer.posted).toHaveLength(4));
      expect(bodyIn(peer.posted[3]!)).toMatchObject({
        type: 'findings.more',
        data: { count: 29, level: 'critical', rules: { 'pod-host-pid': 28, 'exec-in-pod': 1 } },
      });
      await send(tagOf([finding('y')]));
      expect(idsIn(peer.posted).at(-1)).toBe('y');
    } finally {
      vi.useRealTimers();
    }
  });

  test('are reported when the sink closes earlier', async () => {
    const { peer, send, sink } = await open({ messagesPerMinute: 2, profile: 'slack' });
    await send(...['1', '2', '3'].map((id) => tagOf([finding(id)])));
    await sink.close();
    expect(peer.posted.map((one) => bodyIn(one).blocks[0].text.text)).toEqual([
      'Pod uses the host PID namespace',
      'And 2 more findings',
    ]);
  });
});

test('a source that falls silent is a message, and another when it is heard again', async () => {
  let tell: SilenceListener = () => {};
  const listenForSilences = (listener: SilenceListener) => {
    tell = listener;
    return () => {};
  };
  const pager = { profile: 'pagerduty', routingKey: 'key', records: { level: 'critical' } };
  const { peer } = await open(pager, undefined, { listenForSilences });
  const since = new Date('2026-01-02T03:04:05Z');
  const silence = { fluentTag: 'kübe', platform: 'eks', cluster: 'orchid', since } as const;
  tell(silence, false);
  tell(silence, true);
  await expect.poll(() => peer.posted.length).toBe(2);
  const [silent, heard] = peer.posted.map(bodyIn);
  expect(silent).toMatchObject({ event_action: 'trigger', payload: { severity: 'critical', source: 'orchid' } });
  expect(heard).toEqual({ routing_key: 'key', event_action: 'resolve', dedup_key: silent.dedup_key });
  expect(new Set(peer.posted.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
});

describe('a signature follows Standard Webhooks', () => {
  test('as in their example', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const body = Buffer.from('{"test": 2432232314}');
    expect(signed('msg_p5jXN8AQM9LWM0D4loKWxJek', body, 1614265330, secret)['webhook-signature']).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  test('and only a genuine one passes the function in the docs', async () => {
    const [text] = fencesOf('docs/sinks.md').flatMap((fence) => (fence.language === 'js' ? [fence.text] : []));
    const { isGenuine } = await import(`data:text/javascript,${encodeURIComponent(text!)}`);
    const [secret, other] = [randomBytes(32), randomBytes(32)].map((key) => `whsec_${key.toString('base64')}`);
    const { peer, send } = await open({ signingSecret: secret });
    await send(tagOf([finding('1')]));
    const [{ headers, body }] = peer.posted as [Posted];
    expect(isGenuine(headers, body, secret)).toBe(true);
    expect(isGenuine(headers, body, other)).toBe(false);
    expect(isGenuine(headers, Buffer.concat([body, Buffer.from(' ')]), secret)).toBe(false);
    expect(isGenuine({ ...headers, 'webhook-id': '2' }, body, secret)).toBe(false);
    const old = signed('1', body, Math.floor(Date.now() / 1000) - 400, secret);
    expect(isGenuine(old, body, secret)).toBe(false);
  });
});

test('no log message contains the path of the URL', async () => {
  const { peer, send, lines } = await open();
  peer.respond = (posted, response) => void response.writeHead(302, { location: `https://x${posted.url}` }).end();
  const { message } = await problemOf(send(tagOf([finding('1')])));
  expect(message).toMatch(/answered 302 and redirects to "https:\/\/x\/…"/);
  expect(message).toContain(peer.url);
  peer.respond = (posted, response) => void response.writeHead(400).end(`no such hook: ${posted.url}`);
  await expect.poll(async () => (await problemOf(send(tagOf([finding('1')])))).message).toMatch(/no such hook: \*+/);
  expect(JSON.stringify(lines)).not.toMatch(/SECRET|T0123/);
});

test('the body follows the template, if there is one', async () => {
  const template = JSON.stringify({ msg: '{{level}} {{summary}}', by: '{{user}}', tactics: '{{attack}}' });
  const { peer, send } = await open({ template });
  await send(tagOf([finding('1', { summary: 'a "b" \\ }' })]));
  expect(bodyIn(peer.posted[0]!)).toEqual({ msg: 'high a "b" \\ }', by: 'ann', tactics: ['T1611'] });
});

test.each([
  [{ profile: 'generic' }, /url is missing/],
  [{ profile: 'slack', url: 'ftp://a' }, /url/],
  [{ profile: 'pagerduty' }, /routingKey is missing/],
  [{ profile: 'slack', url: 'https://a', routingKey: 'x' }, /routingKey is for profile pagerduty/],
  [
    { profile: 'slack', url: 'https://a', template: '{"a":"{{usr}}"}' },
    /template has the unknown placeholder \{\{usr\}\}/,
  ],
  [{ profile: 'slack', url: 'https://a', signingSecret: 'whsec_short' }, /signingSecret/],
  [{ profile: 'discord', url: 'https://a' }, /profile/],
])('settings %j are refused', async (settings, message) => {
  await expect(openConfigured({ type: 'webhook', ...settings })).rejects.toThrow(message);
});
