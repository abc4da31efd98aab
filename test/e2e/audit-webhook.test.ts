/**
 * The audit webhook of a real kube-apiserver, on the shipped files of examples/audit-webhook.
 *
 *   CONTROL_PLANE=/folder/of/etcd/and/kube-apiserver npx vitest run test/e2e/audit-webhook.test.ts
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type ApiServer, controlPlaneFolder, startApiServer } from './control-plane/api-server.ts';
import { until } from './control-plane/until.ts';
import { freePorts, type Running, startProcess, stopAll } from './processes.ts';

const root = join(import.meta.dirname, '../..');
const example = (name: string) => readFileSync(join(root, 'examples/audit-webhook', name), 'utf8');
const auditPolicy = join(root, 'examples/audit-policy/policy.yaml');
const tls = (name: string) => join(root, 'test/fixtures/tls/listener', `${name}.pem`);

let folder: string;
let port: number;
let api: ApiServer;

if (controlPlaneFolder === undefined) {
  test.skip('there is no control plane: set CONTROL_PLANE to a folder with etcd and kube-apiserver (1.36 or later)');
} else {
  describe('the audit webhook', () => {
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tripline-audit-webhook-'));
      [port] = (await freePorts(1)) as [number];
    });
    afterEach(async () => {
      await stopAll();
      rmSync(folder, { recursive: true });
    });

    test('over HTTP, with a password in the URL: nothing is lost while Tripline restarts', overHttp, 180_000);
    test('over HTTPS, with a client certificate', () => overHttps({}, {}), 180_000);
    test(
      'over HTTPS, with a token, each event by itself',
      () => overHttps({ bearer: 'hook-token' }, { token: 'hook-token' }),
      180_000,
    );
  });
}

/** The shipped flags, with shorter delays for a test: a restart takes a second or two. */
function flags(changed: Record<string, string>): Record<string, string> {
  const shipped = example('flags.txt')
    .trim()
    .split('\n')
    .map((line) => /^--([\w-]+)=(.+)$/.exec(line)!.slice(1) as [string, string])
    .filter(([name]) => !name.endsWith('-file'));
  return { ...Object.fromEntries(shipped), ...changed };
}

/** @param change adapts the shipped configuration so that it can run here */
async function startTripline(name: string, change: (settings: Record<string, unknown>) => object): Promise<Running> {
  const settings = parse(example(name));
  const path = join(folder, 'tripline.yaml');
  const placed = {
    listen: `127.0.0.1:${port}`,
    deadLetterPath: join(folder, 'dead-letters'),
    sinks: [{ ...settings.sinks[0], path: join(folder, 'records') }],
  };
  writeFileSync(path, stringify({ ...settings, ...change(settings), ...placed }));
  const log = join(folder, `tripline-${Date.now()}.log`);
  const tripline = startProcess(process.execPath, [join(root, 'src/main.ts'), '--config', path], log);
  await until('Tripline listens', () => {
    if (tripline.hasEnded()) throw new Error(readFileSync(log, 'utf8'));
    return readFileSync(log, 'utf8').includes('listens on');
  });
  return tripline;
}

async function overHttp() {
  const password = join(folder, 'password');
  writeFileSync(password, 'webhook-password');
  const basic = { username: 'kube-apiserver', password: `\${file:${password}}` };
  const start = () => startTripline('tripline.yaml', () => ({ auth: { basic } }));
  const first = await start();
  const kubeconfig = parse(
    example('kubeconfig.yaml').replace('CHANGE-ME', 'webhook-password').replace(':9870', `:${port}`),
  );
  api = await startApiServer(folder, auditPolicy, {
    kubeconfig,
    flags: flags({ 'audit-webhook-batch-max-wait': '1s', 'audit-webhook-initial-backoff': '3s' }),
  });
  await createPod('before');
  await until('the pod before is found', () => isFound('before'));
  await first.stop('SIGTERM');
  await createPod('meanwhile');
  await refuseOnce();
  const second = await start();
  await createPod('after');
  await until('the pods are found', () => isFound('meanwhile') && isFound('after'));
  // Pending events are written.
  await api.stop();
  await second.stop('SIGTERM');
  expect(loggedKeys().filter((key) => !deliveredKeys().has(key))).toEqual([]);
}

async function overHttps(auth: object, user: { token?: string }) {
  const token = join(folder, 'token');
  writeFileSync(token, user.token ?? '');
  const tripline = await startTripline('tripline-tls.yaml', (settings) => ({
    tls: {
      ...(settings.tls as object),
      cert: tls('listener.cert'),
      key: tls('listener.key'),
      clientCa: tls('authority.cert'),
    },
    auth:
      user.token === undefined
        ? { certificates: [{ name: 'kube-apiserver', commonName: 'fluent-bit' }] }
        : { ...auth, bearer: `\${file:${token}}` },
    ...(user.token !== undefined && { tls: { cert: tls('listener.cert'), key: tls('listener.key') } }),
  }));
  const kubeconfig = parse(example('kubeconfig-tls.yaml'));
  const [{ cluster }] = kubeconfig.clusters;
  cluster.server = cluster.server.replace('tripline.example.com:9870', `127.0.0.1:${port}`);
  cluster['certificate-authority'] = tls('authority.cert');
  kubeconfig.users[0].user =
    user.token === undefined ? { 'client-certificate': tls('sender.cert'), 'client-key': tls('sender.key') } : user;
  const mode = user.token === undefined ? 'batch' : 'blocking';
  api = await startApiServer(folder, auditPolicy, {
    kubeconfig,
    flags: mode === 'batch' ? flags({ 'audit-webhook-batch-max-wait': '1s' }) : { 'audit-webhook-mode': mode },
  });
  await createPod('secured');
  await until('the pod is found', () => isFound('secured'));
  await api.stop();
  await tripline.stop('SIGTERM');
  expect(loggedKeys().filter((key) => !deliveredKeys().has(key))).toEqual([]);
}

async function createPod(name: string) {
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name } },
    spec: { hostPID: true, containers: [{ name: 'main', image: 'registry.example.com/debug:1' }] },
  };
  const { code, body } = await api.request('admin', 'POST /api/v1/namespaces/default/pods', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(pod),
  });
  expect(code, body).toBe(201);
}

interface Delivered {
  auditID: string;
  stage: string;
  objectRef?: { name?: string };
  tripline: { verdict: string; rules?: string[]; cluster?: string };
}

const linesIn = (text: string) => text.split('\n').filter((line) => line.endsWith('}'));

function delivered(): Delivered[] {
  const records = join(folder, 'records');
  const files = readdirSync(records, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .filter(({ name }) => name.includes('ndjson'))
    .flatMap(({ parentPath, name }) => linesIn(readFileSync(join(parentPath, name), 'utf8')))
    .map((line) => JSON.parse(line));
}

const isFound = (name: string) =>
  delivered().some(
    ({ objectRef, tripline }) =>
      objectRef?.name === name && tripline.rules?.includes('pod-host-pid') && tripline.cluster === 'prod',
  );
const keyOf = ({ auditID, stage }: Pick<Delivered, 'auditID' | 'stage'>) => `${auditID} ${stage}`;
const deliveredKeys = () => new Set(delivered().map(keyOf));
/** What the API server has written to its own log. */
const loggedKeys = () => linesIn(readFileSync(api.auditLog, 'utf8')).map((line) => keyOf(JSON.parse(line)));

/** Listens in place of Tripline: resolves after it has refused one attempt. */
async function refuseOnce() {
  const server = createServer((socket) => {
    socket.destroy();
    server.close();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'close');
}
