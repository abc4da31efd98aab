/**
 * The forward input with the forward output of a real Fluent Bit, in every form that it sends, and with a real fluentd;
 * tagged records continue through a second Fluent Bit, and come back as they were sent, byte for byte.
 *
 *   FLUENT_BIT=/path/to/fluent-bit FLUENTD=/path/to/fluentd npx vitest run test/e2e/forward-input.test.ts
 */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/index.ts';
import { Problem } from '../../src/problem.ts';
import { type ForwardServer, openForwardServer } from '../../src/server/forward/index.ts';
import { openForward } from '../../src/sinks/forward/index.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { type TestServer, testServer } from '../server/app.ts';
import { recorder } from '../sinks/contract.ts';
import { auditLines, keyPattern } from './audit-log.ts';
import { compare, exactTime } from './compare.ts';
import { type ForwardReceiver, startForwardReceiver } from './forward-receiver.ts';
import { fluentBit, freePorts, type Running, startProcess, stopAll } from './processes.ts';

const fluentd = process.env.FLUENTD;
const parsers = join(import.meta.dirname, '../../fluent-bit/parsers.conf');
const pem = (name: string) => join(import.meta.dirname, `../fixtures/tls/listener/${name}.pem`);
const tls = { cert: pem('listener.cert'), key: pem('listener.key'), clientCa: pem('authority.cert') };
const count = 500;

let folder: string;
/** What the second Fluent Bit passes on, and the copy that a sender sends. */
let returned: ForwardReceiver;
let sent: ForwardReceiver;
let receiverPort: number;
let sink: Sink;
let recorded: ReturnType<typeof recorder>;
/** How many deliveries fail first. */
let failing = 0;
let server: TestServer;
let forward: ForwardServer;

const keyOf = (body: Buffer) => keyPattern.exec(body.toString('latin1'))?.[0];

async function openInput(settings: Partial<NonNullable<Config['forward']>>): Promise<number> {
  const [port] = await freePorts(1);
  const config = {
    listen: settings.unixPath ? undefined : `127.0.0.1:${port}`,
    unixMode: '0600',
    ...settings,
  } as const;
  forward = await openForwardServer({
    ...server.shared,
    forward: config,
    limits: server.config.limits,
    logger: server.logger,
  });
  return port!;
}

async function allBack(): Promise<void> {
  await expect.poll(() => returned.arrivals.size, { timeout: 30_000, interval: 100 }).toBe(count);
}

if (fluentBit === undefined) {
  test.skip('there is no Fluent Bit: set FLUENT_BIT to one of 5.0.6 or later, or put it on PATH as fluent-bit');
} else {
  beforeAll(async () => {
    const ports = await freePorts(3);
    receiverPort = ports[0]!;
    returned = await startForwardReceiver(ports[1]!, keyOf);
    sent = await startForwardReceiver(ports[2]!, keyOf);
    const log = join(tmpdir(), `forward-input-receiver-${receiverPort}.log`);
    const input = ['-i', 'forward', '-p', 'listen=127.0.0.1', '-p', `port=${receiverPort}`];
    const output = [
      '-o',
      'forward',
      '-m',
      '*',
      '-p',
      'host=127.0.0.1',
      '-p',
      `port=${ports[1]}`,
      '-p',
      'require_ack_response=on',
    ];
    startProcess(fluentBit!, ['-f', '0.2', ...input, ...output], log);
  });
  afterAll(async () => {
    await stopAll();
    await Promise.all([returned.close(), sent.close()]);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'forward-input-'));
    recorded = recorder();
    const target = { host: '127.0.0.1', port: receiverPort, tagPrefix: 'tripline.', mode: 'forward' } as const;
    const bounds = { ackTimeoutSeconds: 30, maxFrameBytes: 1_000_000 };
    sink = openForward({ type: 'forward', name: 'forward', ...target, ...bounds }, recorded);
    const deliver: Sink['deliver'] = async (batch) => {
      if (failing-- > 0) throw new Problem('sink.unavailable', 'down for the test');
      return sink.deliver(batch);
    };
    server = testServer({}, { sinks: [{ ...sink, deliver }] });
  });
  afterEach(async () => {
    failing = 0;
    await Promise.all([forward.drain(), server.drain()]);
    await sink.close();
    returned.arrivals.clear();
    sent.arrivals.clear();
    rmSync(folder, { recursive: true });
  });

  const common = (output: Record<string, string>) =>
    Object.entries(output).flatMap(([key, value]) => ['-p', `${key}=${value}`]);

  /** A Fluent Bit that sends the lines of a file to Tripline, and a copy in the same form to `sent`. */
  function sendLines(target: Record<string, string>, form: Record<string, string>): Running {
    const log = join(folder, 'audit.log');
    appendFileSync(log, auditLines(0, count));
    const input = [
      '-R',
      parsers,
      '-i',
      'tail',
      '-t',
      'kube.audit',
      ...common({ path: log, parser: 'kubernetes_audit', read_from_head: 'on' }),
    ];
    const output = ['-o', 'forward', '-m', '*', ...common({ retry_limit: 'no_limits', ...form, ...target })];
    const { tag, time_as_integer } = form;
    const same = { require_ack_response: 'on', ...(tag && { tag }), ...(time_as_integer && { time_as_integer }) };
    const copy = ['-o', 'forward', '-m', '*', ...common({ host: '127.0.0.1', port: String(sent.port), ...same })];
    return startProcess(
      fluentBit!,
      ['-f', '0.2', ...input, ...output, ...(tag || time_as_integer ? [] : copy)],
      join(folder, 'sender.log'),
    );
  }

  describe('a real Fluent Bit', () => {
    const ack = { require_ack_response: 'on' };
    test.each<[string, Partial<NonNullable<Config['forward']>>, Record<string, string>]>([
      ['as it is without settings', {}, {}],
      ['acknowledged', {}, ack],
      ['gzip', {}, { ...ack, compress: 'gzip' }],
      ['without metadata', {}, { ...ack, retain_metadata_in_forward_mode: 'false' }],
      ['a shared key', { sharedKey: 'sesame' }, { ...ack, shared_key: 'sesame', self_hostname: 'collector.test' }],
      [
        'a user',
        { sharedKey: 'sesame', users: [{ username: 'ann', password: 's3cret' }] },
        { ...ack, shared_key: 'sesame', self_hostname: 'collector.test', username: 'ann', password: 's3cret' },
      ],
      [
        'TLS, with a certificate of its own',
        { tls: { ...tls, minVersion: 'TLSv1.2' } },
        {
          ...ack,
          tls: 'on',
          'tls.ca_file': pem('authority.cert'),
          'tls.crt_file': pem('sender.cert'),
          'tls.key_file': pem('sender.key'),
        },
      ],
    ])('%s', async (_, settings, form) => {
      const port = await openInput(settings);
      const sender = sendLines({ host: '127.0.0.1', port: String(port) }, form);
      await allBack();
      await expect.poll(() => sent.arrivals.size, { timeout: 20_000 }).toBe(count);
      await sender.stop('SIGTERM');
      expect(compare(sent.arrivals, returned.arrivals, exactTime)).toMatchObject({
        sent: count,
        lost: 0,
        duplicates: 0,
        faults: [],
      });
    });

    test('a Unix socket', async () => {
      const unixPath = join(folder, 's');
      await openInput({ unixPath });
      const sender = sendLines({ unix_path: unixPath }, ack);
      await allBack();
      await sender.stop('SIGTERM');
    });

    test('a tag for each record', async () => {
      const port = await openInput({});
      const sender = sendLines({ host: '127.0.0.1', port: String(port) }, { ...ack, tag: 'per.$verb' });
      await allBack();
      await sender.stop('SIGTERM');
      const tags = new Set([...returned.arrivals.values()].flat().map(({ fluentTag }) => fluentTag));
      // Lines of text have no verb.
      expect([...tags].toSorted()).toEqual(['tripline.per.', 'tripline.per.create', 'tripline.per.update']);
    });

    test('times as integers', async () => {
      const port = await openInput({});
      const sender = sendLines({ host: '127.0.0.1', port: String(port) }, { ...ack, time_as_integer: 'on' });
      await allBack();
      await sender.stop('SIGTERM');
      for (const { eventTime } of [...returned.arrivals.values()].flat()) expect(eventTime.slice(8)).toBe('00000000');
    });

    test('what a sink refused is sent again, soon and once', async () => {
      failing = 1;
      const port = await openInput({});
      const started = performance.now();
      const sender = sendLines({ host: '127.0.0.1', port: String(port) }, ack);
      await allBack();
      console.log(`sent again after ${((performance.now() - started) / 1000).toFixed(1)} s`);
      await sender.stop('SIGTERM');
      expect([...returned.arrivals.values()].flat().length).toBe(count);
    });

    test('a wrong key: nothing arrives, and the log names the reason', async () => {
      const port = await openInput({ sharedKey: 'sesame' });
      const sender = sendLines(
        { host: '127.0.0.1', port: String(port) },
        { ...ack, shared_key: 'open', self_hostname: 'c.test' },
      );
      await expect
        .poll(() => server.log.map(({ problem }) => problem), { timeout: 15_000 })
        .toContain('forward.unauthorized');
      await sender.stop('SIGKILL');
      expect(returned.arrivals.size).toBe(0);
    });

    test('records that come back with the prefix of the sink are acknowledged, and not sent on', async () => {
      const port = await openInput({});
      const sender = sendLines({ host: '127.0.0.1', port: String(port) }, { ...ack, tag: 'tripline.kube' });
      const loops = () => recorded.lines.filter(({ message }) => message.includes('would make a loop'));
      await expect.poll(() => loops().length, { timeout: 15_000 }).toBeGreaterThan(0);
      await sender.stop('SIGTERM');
      expect(returned.arrivals.size).toBe(0);
    });
  });
}

if (fluentd === undefined) {
  test.skip('there is no fluentd: set FLUENTD to the program');
} else if (fluentBit !== undefined) {
  describe('a real fluentd', () => {
    const security = '<security>\n self_hostname sender.test\n shared_key sesame\n</security>';
    const userServer = 'username ann\n password s3cret';
    test.each<[string, Partial<NonNullable<Config['forward']>>, string, string]>([
      ['without acknowledgement', {}, '', ''],
      ['acknowledged', {}, 'require_ack_response true', ''],
      ['gzip', {}, 'require_ack_response true\n compress gzip', ''],
      ['times as integers', {}, 'require_ack_response true\n time_as_integer true', ''],
      ['connections kept', {}, 'require_ack_response true\n keepalive true', ''],
      ['a shared key', { sharedKey: 'sesame' }, `require_ack_response true\n${security}`, ''],
      [
        'a user',
        { sharedKey: 'sesame', users: [{ username: 'ann', password: 's3cret' }] },
        `require_ack_response true\n${security}`,
        userServer,
      ],
      [
        'TLS, with a certificate of its own',
        { tls: { ...tls, minVersion: 'TLSv1.2' } },
        `require_ack_response true\n transport tls\n tls_verify_hostname false\n tls_cert_path ${pem('authority.cert')}\n tls_client_cert_path ${pem('sender.cert')}\n tls_client_private_key_path ${pem('sender.key')}`,
        '',
      ],
    ])('%s', async (_, settings, form, target) => {
      const port = await openInput(settings);
      const log = join(folder, 'audit.log');
      appendFileSync(log, auditLines(0, count));
      const config = join(folder, 'fluentd.conf');
      writeFileSync(
        config,
        `<source>
 @type tail\n tag kube.audit\n path ${log}\n pos_file ${folder}/pos\n read_from_head true
 <parse>\n @type none\n </parse>
</source>
<match kube.**>
 @type forward\n ${form}
 <buffer>\n flush_mode interval\n flush_interval 1s\n chunk_limit_records 150\n </buffer>
 <server>\n host 127.0.0.1\n port ${port}\n ${target}\n </server>
</match>\n`,
      );
      const sender = startProcess(fluentd!, ['-c', config], join(folder, 'fluentd.log'));
      await allBack();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await sender.stop('SIGKILL');
      const all = [...returned.arrivals.values()].flat();
      expect(all.length).toBe(count);
      for (const { fluentTag } of all) expect(fluentTag).toBe('tripline.kube.audit');
    });
  });
}
