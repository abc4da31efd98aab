import { describe, expect, test, vi } from 'vitest';
import type { SilenceListener } from '../../src/silence/index.ts';
import type { Tag } from '../../src/tag.ts';
import fc from '../properties.ts';
import { event, finding, foundBatch, reportTag, tagOf } from './alerts/found.ts';
import { type numberedBatch, problemOf, recorder, sinkContract } from './contract.ts';
import { openPeer, type Posted } from './request/peer.ts';
import { openConfigured, openLetters } from './request/posting.ts';

type Labels = Record<string, string>;
interface Alert {
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
}

const alertsIn = ({ body }: Posted): Alert[] => JSON.parse(String(body));
const settingsFor = (...urls: string[]) => ({ type: 'alertmanager', urls });
const idsIn = (posted: readonly Posted[]) => posted.map((one) => alertsIn(one).map(({ labels }) => labels.finding));

// Records that are not sent are acknowledged too, and in order: here each record has a finding that contains its number.
sinkContract('alertmanager', async () => {
  const peer = await openPeer();
  const { sink } = await openConfigured({ ...settingsFor(peer.url), records: { verdicts: ['clear', 'match'] } });
  return {
    sink: {
      ...sink,
      deliver: (batch) => {
        const tags = batch.records.map((_, index) =>
          tagOf([finding(`${batch.bytes.length}-${numberOf(batch, index)}`)]),
        );
        return sink.deliver({ ...batch, tags });
      },
    },
    arrived: () => peer.posted.flatMap(alertsIn).map(({ labels }) => Number(labels.finding!.split('-')[1])),
    stop: () => peer.stop(),
    address: `${peer.url}/api/v2/alerts`,
  };
});

/** The member `n` of a record in a numbered batch: batches of the contract are numbered consecutively. */
function numberOf({ bytes, records }: ReturnType<typeof numberedBatch>, index: number): number {
  const { start, end } = records[index]!;
  const record = Buffer.from(bytes.subarray(start, end));
  // {n, pad} in MessagePack: n follows its key.
  const at = record.indexOf('a16e', 'hex') + 2;
  const head = record[at]!;
  if (head < 0x80) return head;
  return head === 0xcc ? record[at + 1]! : record.readUInt16BE(at + 1);
}

async function open(settings: object = {}, given: Parameters<typeof openConfigured>[1] = undefined, contextOf?: any) {
  const peer = await openPeer();
  const recorded = { ...recorder(), ...(contextOf && { contextOf }) };
  const { sink, lines, settled } = await openConfigured({ ...settingsFor(peer.url), ...settings }, given, recorded);
  return {
    peer,
    sink,
    lines,
    settled,
    send: (...tags: Parameters<typeof foundBatch>[0]) => sink.deliver(foundBatch(tags)),
  };
}

describe('an alert', () => {
  test('says what was found, in labels to group by and annotations to read', async () => {
    const contextOf = () => ({
      rule: { description: 'A pod\n  sees processes.', falsepositives: [], references: [], ruleTags: [] },
      novelty: { times: 0, since: null },
      owner: { name: 'Shop', contact: '#shop', runbook: 'https://wiki/shop' },
    });
    const { peer, send } = await open({ consoleUrl: 'https://tripline.example.com/x/' }, undefined, contextOf);
    const before = Date.now();
    await send(tagOf([finding('f1')]));
    const [alert] = alertsIn(peer.posted[0]!) as [Alert];
    expect(peer.posted[0]!.url).toBe('/api/v2/alerts');
    expect(alert).toEqual({
      labels: {
        ...{ alertname: 'pod-host-pid', severity: 'critical', level: 'high', cluster: 'orchid', platform: 'eks' },
        ...{ namespace: 'shop', resource: 'pods', name: 'web', workload: 'shop/Deployment/web', user: 'ann' },
        ...{ fluent_tag: 'kube.audit', finding: 'f1' },
      },
      annotations: {
        ...{ summary: '[ann] created pod [shop/web] (f1)', title: 'Pod uses the host PID namespace', attack: 'T1611' },
        ...{ description: 'A pod sees processes.', source_ip: '198.51.100.9', seen: 'the first known' },
        ...{ owner: 'Shop', contact: '#shop', runbook_url: 'https://wiki/shop' },
        link: 'https://tripline.example.com/x/findings/f1',
      },
      startsAt: '2026-01-02T03:04:05.000Z',
      endsAt: expect.any(String),
      generatorURL: 'https://tripline.example.com/x/findings/f1',
    });
    const seconds = (Date.parse(alert.endsAt) - before) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(3600);
    expect(seconds).toBeLessThan(3660);
  });

  test('of a report is about what its events have in common', async () => {
    const { peer, send } = await open();
    await send(reportTag('r1'));
    expect(alertsIn(peer.posted[0]!)[0]!.labels).toEqual({
      ...{ alertname: 'token-not-used', severity: 'warning', level: 'medium', cluster: 'orchid', platform: 'eks' },
      ...{ user: 'bob', fluent_tag: 'kube.audit', finding: 'r1' },
    });
  });

  test('does not begin in the future, whatever the event says', async () => {
    const { peer, send } = await open();
    await send(tagOf([finding('f', { time: '2999-01-01T00:00:00Z' })]));
    const [{ startsAt, endsAt }] = alertsIn(peer.posted[0]!) as [Alert];
    expect(Date.parse(startsAt)).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(endsAt)).toBeGreaterThan(Date.now());
  });
});

describe('a finding is one alert', () => {
  test('however often its record arrives', async () => {
    const { peer, send } = await open();
    for (let times = 0; times < 5; times++) await send(tagOf([finding('f1')]));
    await send(tagOf([finding('f1'), finding('f2')]));
    expect(idsIn(peer.posted)).toEqual([['f1'], ['f2']]);
  });

  test('and is sent again with the same labels by a sink that does not remember it', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    for (const { send } of [one, other]) await send(tagOf([finding('f1')]));
    expect(alertsIn(one.peer.posted[0]!)[0]!.labels).toEqual(alertsIn(other.peer.posted[0]!)[0]!.labels);
  });

  test('and all of a batch go in one request, also several of one record', async () => {
    const { peer, send } = await open();
    expect(await send(tagOf([finding('1'), finding('2')]), tagOf([finding('3')]))).toEqual({
      kind: 'acknowledged',
      records: 2,
    });
    expect(idsIn(peer.posted)).toEqual([['1', '2', '3']]);
  });

  test('from a spool as well', async () => {
    const { path } = await openLetters();
    const { peer, send, settled } = await open({ spool: { path: `${path}/s` } });
    await send(tagOf([finding('f1')]));
    await expect.poll(() => settled).toEqual([['acknowledged', 1]]);
    expect(alertsIn(peer.posted[0]!)[0]!.labels).toMatchObject({ finding: 'f1', user: 'ann', namespace: 'shop' });
  });
});

describe('what is sent', () => {
  test('excludes what is clear, in shadow mode or silenced', async () => {
    const { peer, sink, settled } = await open();
    const shadow: Tag = { v: 2, verdict: 'clear', shadow: [finding('s')] };
    const silenced: Tag = {
      v: 2,
      verdict: 'clear',
      silenced: [{ rule: 'exec-in-pod', exception: 'admins', event: 0 }],
    };
    const batch = foundBatch([{ v: 2, verdict: 'clear' }, shadow, silenced]);
    expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: 0 });
    expect(settled).toEqual([['not_chosen', 3]]);
    expect(peer.posted).toEqual([]);
  });

  test('is chosen per finding', async () => {
    const { peer, send } = await open({ records: { level: 'high' } });
    const low = finding('low', { level: 'low', rule: 'exec-in-pod' });
    await send(tagOf([finding('high'), low]));
    expect(idsIn(peer.posted)).toEqual([['high']]);
  });
});

/** Text that must not reach a receiver of Alertmanager unchanged. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom('<', '>', '!', '@', '|', '[', ']', '(', ')', '{{', '\u202e', '\ud800', '\n', '"'),
    fc.string(),
  ),
  size: 'medium',
});

test('labels and annotations are text of bounded size, whatever names contain', async () => {
  const { peer, send } = await open();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(hostile, fc.integer({ min: 1, max: 20_000 }), async (text, times) => {
      const name = text.repeat(Math.ceil(times / (text.length + 1)));
      const tag = tagOf([finding(`f${count++}`, { summary: name, workload: name })], {
        cluster: name,
        event: { ...event, username: name, name, namespace: name, sourceIPs: [name] },
      });
      await send(tag);
      const { body } = peer.posted.at(-1)!;
      expect(body.length).toBeLessThan(20_000);
      const [{ labels, annotations }] = alertsIn(peer.posted.at(-1)!) as [Alert];
      for (const value of Object.values({ ...labels, ...annotations })) {
        expect(value).not.toBe('');
        expect(value.isWellFormed()).toBe(true);
        expect(value).not.toMatch(/[<>]|\]\(|[\p{Cc}\p{Cf}]/u);
      }
    }),
    { numRuns: 50 },
  );
});

test('two users are two alerts even if the shown part of their names is the same', async () => {
  const { peer, send } = await open();
  const by = (id: string, username: string) => tagOf([finding(id)], { event: { ...event, username } });
  const long = 'x'.repeat(2000);
  await send(by('1', `${long}1`), by('2', `${long}2`));
  const [one, other] = alertsIn(peer.posted[0]!) as [Alert, Alert];
  expect(one.labels.user).toBe(other.labels.user);
  expect(one.labels).not.toEqual(other.labels);
});

describe('of several Alertmanagers', () => {
  test('each gets the alerts', async () => {
    const peers = await Promise.all([openPeer(), openPeer(), openPeer()]);
    const { sink } = await openConfigured(settingsFor(...peers.map(({ url }) => url)));
    await sink.deliver(foundBatch([tagOf([finding('f1')])]));
    expect(peers.map(({ posted }) => idsIn(posted))).toEqual([[['f1']], [['f1']], [['f1']]]);
  });

  test('one that is down gets them later and holds up nothing; all of them down fail the batch', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const [one, other] = await Promise.all([openPeer(), openPeer()]);
      other.respond = (_, response) => void response.writeHead(503).end('not now');
      const { sink, downs } = await openConfigured(settingsFor(one.url, other.url));
      expect(await sink.deliver(foundBatch([tagOf([finding('f1')])]))).toEqual({ kind: 'acknowledged', records: 1 });
      expect(downs).toEqual([false]);
      other.respond = (_, response) => void response.end();
      vi.advanceTimersByTime(60_000);
      await expect.poll(() => other.posted.length).toBe(2);
      expect(other.posted[1]!.body).toEqual(one.posted[0]!.body);
      expect(one.posted[1]!.body).toEqual(one.posted[0]!.body);

      for (const peer of [one, other]) await peer.stop();
      const problem = await problemOf(sink.deliver(foundBatch([tagOf([finding('f2')])])));
      expect(problem).toMatchObject({ code: 'sink.unavailable', message: expect.stringContaining(one.url) });
      expect(downs.at(-1)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});

test('an alert that is refused among others becomes a dead letter', async () => {
  const letters = await openLetters();
  const { peer, send } = await open({}, letters);
  peer.respond = (posted, response) => {
    const isBad = alertsIn(posted).some(({ labels }) => labels.finding === 'bad');
    response.writeHead(isBad ? 400 : 200).end(isBad ? '"bad label"' : '');
  };
  const tags = ['1', 'bad', '3'].map((id) => tagOf([finding(id)]));
  expect(await send(...tags)).toEqual({ kind: 'acknowledged', records: 2, setAside: 1 });
  expect(letters.read().map(({ body }) => JSON.parse(String(body)).map(({ n }: any) => n))).toEqual([[1]]);
});

test('a source that falls silent is an alert until it is heard again', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const peer = await openPeer();
    let tell: SilenceListener = () => {};
    const recorded = {
      ...recorder(),
      listenForSilences: (listener: SilenceListener) => {
        tell = listener;
        return () => {};
      },
    };
    await openConfigured(settingsFor(peer.url), undefined, recorded);
    const since = new Date('2026-01-02T03:04:05Z');
    const silence = { fluentTag: 'kube.audit', platform: 'eks', cluster: 'orchid', since } as const;
    const isFiring = (at: number) => Date.parse(alertsIn(peer.posted[at]!)[0]!.endsAt) > Date.now();
    tell(silence, false);
    await expect.poll(() => peer.posted.length).toBe(1);
    expect(alertsIn(peer.posted[0]!)).toMatchObject([
      {
        labels: {
          ...{ alertname: 'source-silent', severity: 'critical', cluster: 'orchid', platform: 'eks' },
          fluent_tag: 'kube.audit',
        },
        annotations: { summary: expect.stringMatching(/^orchid \(eks\), kube\.audit, has sent no audit record since/) },
        startsAt: since.toISOString(),
      },
    ]);
    vi.advanceTimersByTime(60_000);
    await expect.poll(() => peer.posted.length).toBe(2);
    tell(silence, true);
    await expect.poll(() => peer.posted.length).toBe(3);
    expect([0, 1, 2].map(isFiring)).toEqual([true, true, false]);
    expect(alertsIn(peer.posted[2]!)[0]!.labels).toEqual(alertsIn(peer.posted[0]!)[0]!.labels);
    vi.advanceTimersByTime(60_000);
    expect(peer.posted).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  [{ urls: [] }, /urls/],
  [{ urls: ['http://a:1:2'] }, /url/],
  [{ urls: ['http://a', 'http://b'], headers: { Host: 'x' } }, /^[^\n]*headers: Host is set by the sink[^\n]*$/],
  [{ urls: ['http://a'], consoleUrl: 'ftp://a' }, /consoleUrl/],
  [{ urls: ['http://a'], firingSeconds: 1 }, /firingSeconds/],
])('settings %j are refused', async (settings, message) => {
  await expect(openConfigured({ type: 'alertmanager', ...settings })).rejects.toThrow(message);
});
