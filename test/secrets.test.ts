/** What comes out of a sidecar that has every kind of secret contains none of them; and where it connects to. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run } from './commands/run.ts';
import { built } from './program.ts';
import { hostPidRules, podEvent } from './server/app.ts';
import { openSender, pingFor } from './server/forward/sender.ts';
import { type SidecarProcess, startSidecar } from './sidecar.ts';

const tls = join(import.meta.dirname, 'fixtures/tls/listener');
const folder = mkdtempSync(join(tmpdir(), 'tripline-secrets-'));
const at = (name: string) => join(folder, name);

/** Each is found by its own text, in whatever encoding it is looked for. */
const canaries = {
  password: 'canary-password-1f0c',
  oldPassword: 'canary-password-2f0c',
  token: 'canary-token-3f0c',
  scrape: 'canary-token-4f0c',
  stateKey: 'canary-state-key-5f0c',
  sharedKey: 'canary-shared-6f0c',
  sinkPassword: 'canary-sink-7f0c',
  sinkToken: 'canary-sink-token-bf0c',
  sinkHeader: 'canary-sink-header-cf0c',
  sinkQuery: 'canary-sink-query-df0c',
  inputKey: 'canary-input-key-ef0c',
  inputPassword: 'canary-input-ff0c',
  kafkaPassword: 'canary-kafka-0f1c',
  guessed: 'canary-guess-8f0c',
  changed: 'canary-changed-9f0c canary-changed-af0c',
};

/** Writes to a file each connection and each name look-up that a thread of the process starts. */
const connections = `data:text/javascript,${encodeURIComponent(`
  import { appendFileSync } from 'node:fs';
  import net from 'node:net';
  import dns from 'node:dns';
  import dgram from 'node:dgram';
  const note = (what) => appendFileSync(process.env.CONNECTIONS, what + '\\n');
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const [options] = args.flat();
    note(typeof options === 'object' && options !== null ? options.path ?? options.host + ':' + options.port : args.join(':'));
    return connect.apply(this, args);
  };
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
    const found = dns[name];
    dns[name] = (host, ...rest) => (net.isIP(host) || note('name ' + host), found(host, ...rest));
  }
  const { send } = dgram.Socket.prototype;
  dgram.Socket.prototype.send = function (...args) { note('datagram'); return send.apply(this, args); };
`)}`;

let sidecar: SidecarProcess;
/** What came out, by place. */
const out: Record<string, string> = {};
let allowed: string[] = [];
const close: (() => void)[] = [];
afterAll(async () => {
  await sidecar?.stop('SIGKILL');
  for (const each of close) each();
});

interface Asked {
  path: string;
  method?: string;
  authorization?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

let answers = '';
function ask({ path, method = 'GET', authorization, headers = {}, body }: Asked): Promise<void> {
  const { hostname, port } = new URL(sidecar.url);
  const all = { 'content-type': 'application/json', ...(authorization && { authorization }), ...headers };
  const ca = readFileSync(join(tls, 'authority.cert.pem'));
  return new Promise((resolve, reject) => {
    secureRequest({ hostname, port, path, method, headers: all, ca }, async (reply) => {
      answers += `${reply.statusCode} ${JSON.stringify(reply.rawHeaders)} ${(await buffer(reply)).toString('latin1')}\n`;
      resolve();
    })
      .on('error', reject)
      .end(body);
  });
}

beforeAll(async () => {
  const collected: Buffer[] = [];
  const collector = createServer(async (incoming, response) => {
    collected.push(Buffer.from(JSON.stringify(incoming.url)), await buffer(incoming));
    response.end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  close.push(
    () => collector.closeAllConnections(),
    () => collector.close(),
  );
  const { port } = collector.address() as AddressInfo;
  for (const [name, text] of Object.entries(canaries)) writeFileSync(at(name), `${text}\n`);
  mkdirSync(at('out'));
  const secret = (name: string) => `"\${file:${name}}"`;
  const settings = [
    `rules: [${hostPidRules.join(', ')}]`,
    'logLevel: trace',
    `tls: { cert: ${tls}/listener.cert.pem, key: ${tls}/listener.key.pem }`,
    'auth:',
    `  basic: [{ username: ann, password: ${secret('password')} }, { username: ann, password: ${secret('oldPassword')} }]`,
    `  bearer: [{ name: vector, token: ${secret('token')} }, { name: scraper, token: ${secret('scrape')}, endpoints: [metrics] }]`,
    `  jwt: [{ name: pubsub, issuer: "https://a", audience: b, claims: { email: c }, keys: "https://127.0.0.1:2/keys" }]`,
    `forward: { listen: 127.0.0.1:0, sharedKey: ${secret('inputKey')}, users: [{ username: eve, password: ${secret('inputPassword')} }] }`,
    `state: { path: ${at('out/state')}, key: ${secret('stateKey')} }`,
    `deadLetterPath: ${at('out/letters')}`,
    // Nothing listens there.
    `kafka: { brokers: ["127.0.0.1:1"], topics: [audit], sasl: { mechanism: SCRAM-SHA-512, username: ann, password: ${secret('kafkaPassword')} } }`,
    `sinks: [{ type: forward, host: 127.0.0.1, port: 1, sharedKey: ${secret('sharedKey')}, username: bob, password: "\${SINK}" },`,
    `  { type: http, url: "http://127.0.0.1:1/in?key=\${QUERY}", auth: { bearer: ${secret('sinkToken')} },`,
    `    secretHeaders: { X-Key: ${secret('sinkHeader')} } }]`,
  ];
  const config = at('tripline.yaml');
  writeFileSync(config, settings.join('\n'));
  const environment = { SINK: canaries.sinkPassword, QUERY: canaries.sinkQuery };
  const checked = await run(['check', '--config', config], { environment });
  expect(checked.status, checked.stderr).toBe(0);
  out.check = checked.stdout + checked.stderr;

  allowed = [`127.0.0.1:${port}`, '127.0.0.1:1'];
  const endpoint = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  };
  sidecar = await startSidecar(
    ['--config', config],
    { ...environment, ...endpoint, CONNECTIONS: at('connections'), OTEL_METRIC_EXPORT_INTERVAL: '500' },
    [process.execPath, '--import', connections, built],
  );
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const records = { path: '/v1/records', method: 'POST', body: JSON.stringify([podEvent()]) };
  const right = `Bearer ${canaries.token}`;
  for (const authorization of [
    right,
    basic(`ann:${canaries.password}`),
    basic(`ann:${canaries.guessed}`),
    `Bearer ${canaries.guessed}`,
  ]) {
    await ask({ ...records, authorization });
  }
  await ask({ ...records, authorization: right, headers: { 'content-encoding': 'gzip' } });
  await ask({ ...records, authorization: right, headers: { 'content-type': canaries.guessed.slice(0, 3) } });
  await ask({ path: '/nowhere', authorization: right });
  // Secrets outside that header, and bodies that are kept.
  for (const secret of [canaries.token, canaries.guessed]) {
    for (const path of ['/v1/pubsub?token=', '/v1/cloudevents?access_token=', '/v1/pubsub%?token=', '/nowhere?token='])
      await ask({ path: path + secret, method: 'POST', body: '{"a":' });
    const headers = { 'x-amz-firehose-access-key': secret };
    await ask({ path: '/v1/firehose', method: 'POST', headers, body: '{"records":[' });
  }
  for (const path of ['/healthz', '/readyz', '/metrics'])
    await ask({ path, authorization: `Bearer ${canaries.scrape}` });
  const forwardPort = Number(/ and 127\.0\.0\.1:(\d+)/.exec(sidecar.stdout())![1]);
  const sender = await openSender({ host: '127.0.0.1', port: forwardPort });
  sender.write(pingFor({ nonce: Buffer.of(1), auth: Buffer.of(2) }, { sharedKey: canaries.guessed }));
  await sender.closed;
  answers += Buffer.concat(sender.received).toString('latin1');
  // A token of two words is refused, and the previous one stays in use.
  writeFileSync(at('token'), canaries.changed);
  sidecar.child.kill('SIGHUP');
  await vi.waitFor(() => expect(sidecar.stderr()).toContain('The changed settings are not applied'), {
    timeout: 20_000,
  });
  await vi.waitFor(() => expect(`${Buffer.concat(collected)}`).toContain('resourceMetrics'), { timeout: 20_000 });
  await ask({ ...records, authorization: right });
  await sidecar.stop();

  Object.assign(out, {
    log: sidecar.stderr(),
    greeting: sidecar.stdout(),
    answers,
    telemetry: `${Buffer.concat(collected)}`,
  });
  for (const name of readdirSync(at('out'), { recursive: true, encoding: 'utf8' })) {
    if (statSync(at(`out/${name}`)).isFile()) out[name] = readFileSync(at(`out/${name}`), 'latin1');
  }
});

test('no secret is in anything that comes out', () => {
  for (const part of ['log', 'answers', 'telemetry', 'check', 'state']) expect(out[part], part).toBeTruthy();
  expect(Object.keys(out).some((name) => name.startsWith('letters/'))).toBe(true);
  expect(out.telemetry).toContain('POST /v1/records');
  for (const [where, text] of Object.entries(out)) {
    for (const secret of Object.values(canaries).flatMap((one) => one.split(' '))) {
      const forms = [
        secret,
        ...['base64', 'hex'].map((form) =>
          Buffer.from(secret)
            .toString(form as 'hex')
            .slice(0, -4),
        ),
      ];
      // As the password is encoded in the header of basic credentials.
      forms.push(Buffer.from(`ann:${secret}`).toString('base64').slice(0, -4));
      for (const form of forms) expect(text.includes(form), `${form} of ${secret} in ${where}`).toBe(false);
    }
    expect(text, where).not.toContain('PRIVATE KEY');
  }
});

test('it connects to nothing that is not configured', () => {
  const connected = new Set(readFileSync(at('connections'), 'utf8').trim().split('\n'));
  expect([...connected].toSorted()).toEqual(allowed.toSorted());
});

test('the OpenTelemetry resource has no host, process or command line', async () => {
  const keys = [...out.telemetry!.matchAll(/"key":"((?:host|process|os|service\.instance)\.[^"]*)"/g)].map(
    ([, key]) => key,
  );
  // Attributes of metrics have such names too.
  expect([...new Set(keys)].filter((key) => !['process.cpu.time'].includes(key!))).toEqual([]);
  expect(out.telemetry).not.toContain(built);
});
