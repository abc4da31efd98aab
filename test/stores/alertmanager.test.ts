/** examples/alertmanager: a server notifies once for a finding, however often it is sent. ALERTMANAGER names the program, of
 * 0.27 or later; amtool may be beside it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { SilenceListener } from '../../src/silence/index.ts';
import { startProcess } from '../e2e/processes.ts';
import { event, finding, foundBatch, tagOf } from '../sinks/alerts/found.ts';
import { recorder } from '../sinks/contract.ts';
import { openPeer, type Peer } from '../sinks/request/peer.ts';
import { openConfigured } from '../sinks/request/posting.ts';
import { root, snippets } from './snippets.ts';

const program = process.env.ALERTMANAGER;
const amtool = program === undefined ? '' : join(dirname(program), 'amtool');
const readme = 'examples/alertmanager/README.md';
const example = join(root, 'examples/alertmanager/alertmanager.yaml');

interface Notification {
  receiver: string;
  status: string;
  groupLabels: Record<string, string>;
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

describe.skipIf(program === undefined)(`a real Alertmanager (ALERTMANAGER is ${program ? 'set' : 'not set'})`, () => {
  let folder: string;
  let process: ReturnType<typeof startProcess>;
  let url: string;

  /** With the routes of the example, which wait for a second instead of minutes. */
  async function start(receiver: Peer) {
    const config = parse(readFileSync(example, 'utf8'));
    const shorten = (route: any) => {
      Object.assign(route, { group_wait: '1s', group_interval: '1s', repeat_interval: '1h' });
      for (const below of route.routes ?? []) shorten(below);
    };
    shorten(config.route);
    for (const one of config.receivers) {
      for (const kind of Object.keys(one).filter((key) => key !== 'name')) delete one[kind];
      one.webhook_configs = [{ url: `${receiver.url}/${one.name}`, send_resolved: true }];
    }
    folder = mkdtempSync(join(tmpdir(), 'tripline-alertmanager-'));
    const path = join(folder, 'alertmanager.yaml');
    writeFileSync(path, stringify(config));
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    url = `http://127.0.0.1:${port}`;
    const args = [`--config.file=${path}`, `--storage.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`];
    process = startProcess(program!, [...args, '--cluster.listen-address='], join(folder, 'log'));
    await expect
      .poll(
        () =>
          fetch(`${url}/-/ready`).then(
            ({ ok }) => ok,
            () => false,
          ),
        { timeout: 20_000 },
      )
      .toBe(true);
  }

  afterEach(async () => {
    await process?.stop('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const notified = (peer: Peer): Notification[] => peer.posted.map(({ body }) => JSON.parse(String(body)));
  const by = (id: string, username: string, given = {}) =>
    tagOf([finding(id, given)], { event: { ...event, username } });

  it('notifies once for a finding sent five times, and twice for two people', { timeout: 60_000 }, async () => {
    const peer = await openPeer();
    await start(peer);
    const [settings] = parse(snippets(readme, 'yaml')[0]!).sinks;
    for (let times = 0; times < 5; times++) {
      // As after a restart: the new sink does not know what was sent.
      const { sink } = await openConfigured({ ...settings, urls: [url] });
      await sink.deliver(foundBatch([by('f1', 'ann')]));
      await sink.deliver(foundBatch([by('f1', 'ann')]));
      await sleep(300);
    }
    await sleep(3000);
    const first = notified(peer);
    expect(first.map(({ receiver, status, alerts }) => [receiver, status, alerts.length])).toEqual([
      ['page', 'firing', 1],
    ]);
    expect(first[0]).toMatchObject({
      groupLabels: { alertname: 'pod-host-pid', cluster: 'orchid' },
      alerts: [{ labels: { user: 'ann', finding: 'f1', severity: 'critical' } }],
    });

    const { sink } = await openConfigured({ type: 'alertmanager', urls: [url], firingSeconds: 60 });
    await sink.deliver(foundBatch([by('f2', 'bob')]));
    await expect.poll(() => peer.posted.length, { timeout: 10_000 }).toBe(2);
    expect(
      notified(peer)[1]!
        .alerts.map(({ labels }) => labels.user)
        .sort(),
    ).toEqual(['ann', 'bob']);
    const held = (await (await fetch(`${url}/api/v2/alerts`)).json()) as { labels: Record<string, string> }[];
    expect(held.map(({ labels }) => labels.finding).sort()).toEqual(['f1', 'f2']);
  });

  it('sends non-critical findings elsewhere, and silenced ones nowhere', { timeout: 60_000 }, async () => {
    const peer = await openPeer();
    await start(peer);
    const [silence] = snippets(readme, 'sh');
    const environment = {
      ...globalThis.process.env,
      ALERTMANAGER_URL: url,
      PATH: `${dirname(program!)}:/usr/bin:/bin`,
    };
    const made = spawnSync('sh', ['-c', silence!], { encoding: 'utf8', env: environment });
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const { sink } = await openConfigured({ type: 'alertmanager', urls: [url] });
    await sink.deliver(foundBatch([by('f1', 'ann'), by('f2', 'bob', { level: 'medium', rule: 'exec-in-pod' })]));
    await sleep(3000);
    expect(
      notified(peer).map(({ receiver, alerts }) => [receiver, alerts.map(({ labels }) => labels.finding)]),
    ).toEqual([['chat', ['f2']]]);
  });

  it('resolves the alert when a source is heard again', { timeout: 60_000 }, async () => {
    const peer = await openPeer();
    await start(peer);
    let tell: SilenceListener = () => {};
    const listenForSilences = (listener: SilenceListener) => {
      tell = listener;
      return () => {};
    };
    await openConfigured({ type: 'alertmanager', urls: [url] }, undefined, { ...recorder(), listenForSilences });
    const silence = { fluentTag: 'kube.audit', platform: 'eks', cluster: 'orchid', since: new Date() } as const;
    tell(silence, false);
    await expect.poll(() => peer.posted.length, { timeout: 10_000 }).toBe(1);
    tell(silence, true);
    await expect.poll(() => peer.posted.length, { timeout: 10_000 }).toBe(2);
    expect(notified(peer).map(({ status, receiver }) => [receiver, status])).toEqual([
      ['source', 'firing'],
      ['source', 'resolved'],
    ]);
  });

  it('accepts labels of any text, and resolves a finding that is over', { timeout: 120_000 }, async () => {
    const peer = await openPeer();
    await start(peer);
    const { sink } = await openConfigured({ type: 'alertmanager', urls: [url], firingSeconds: 60 });
    const name = '<!channel> "\\\n\u0000\u202e\ud800{{ . }}ü'.repeat(50);
    await sink.deliver(foundBatch([by('f1', name, { summary: name, workload: name })]));
    await expect.poll(() => peer.posted.length, { timeout: 10_000 }).toBe(1);
    await expect.poll(() => peer.posted.length, { timeout: 90_000 }).toBe(2);
    const [firing, resolved] = notified(peer) as [Notification, Notification];
    expect([firing.status, resolved.status]).toEqual(['firing', 'resolved']);
    expect(firing.alerts[0]!.annotations.summary).toMatch(/^‹!channel› "\\��/);
  });
});

describe.skipIf(!existsSync(amtool))(`examples/alertmanager (ALERTMANAGER is ${program ? 'set' : 'not set'})`, () => {
  const run = (...args: string[]) => spawnSync(amtool, args, { encoding: 'utf8' });
  beforeAll(() => expect(existsSync(amtool)).toBe(true));

  it('is a valid configuration', () => expect(run('check-config', example)).toMatchObject({ status: 0 }));

  it.each([
    ['page', ['alertname=pod-host-pid', 'severity=critical', 'cluster=a', 'finding=1']],
    ['source', ['alertname=source-silent', 'severity=critical', 'cluster=a']],
    ['chat', ['alertname=exec-in-pod', 'severity=warning', 'cluster=a', 'finding=1']],
    ['none', ['alertname=exec-in-pod', 'severity=info', 'cluster=a', 'finding=1']],
  ])('routes to %s', (receiver, labels) => {
    expect(run('config', 'routes', 'test', `--config.file=${example}`, ...labels).stdout.trim()).toBe(receiver);
  });
});
