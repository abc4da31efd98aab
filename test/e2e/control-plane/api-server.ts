/** A control plane of etcd and kube-apiserver, as far as it is needed to have requests stored and logged. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { freePorts, startProcess } from '../processes.ts';
import { type UserName, users } from './acts.ts';
import { until } from './until.ts';

/** The folder of the programs `etcd` and `kube-apiserver`, or undefined if none is named. */
export const controlPlaneFolder = process.env.CONTROL_PLANE;

export interface Answer {
  code: number;
  body: string;
}

export interface RequestOptions {
  body?: string | Uint8Array;
  headers?: Record<string, string>;
}

export interface ApiServer {
  auditLog: string;
  /** The y of its version x.y. */
  minor: number;
  /** @param line method and path */
  request(as: UserName, line: string, options?: RequestOptions): Promise<Answer>;
  /** Shuts it down cleanly, so that what waits for the log or the webhook is written. */
  stop(): Promise<void>;
}

/** How audit events are sent to a webhook. */
export interface AuditWebhook {
  kubeconfig: object;
  /** In addition to its file. */
  flags: Record<string, string>;
}

/** A webhook without credentials, with short waits for tests. */
export function webhookAt(server: string): AuditWebhook {
  return {
    kubeconfig: {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'tripline' },
      clusters: [{ name: 'tripline', cluster: { server } }],
      users: [{ name: 'tripline', user: {} }],
      contexts: [{ name: 'tripline', context: { cluster: 'tripline', user: 'tripline' } }],
    },
    flags: { 'audit-webhook-batch-max-wait': '1s', 'audit-webhook-initial-backoff': '100ms' },
  };
}

/** @param folder for its files and logs
 * @param auditPolicy path of a policy */
export async function startApiServer(
  folder: string,
  auditPolicy: string,
  { kubeconfig, flags: webhookFlags }: AuditWebhook,
): Promise<ApiServer> {
  const [port, etcdPort, peerPort] = await freePorts(3);
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signingKey = file('sa.key', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  const tokens = Object.entries(users)
    .filter(([name]) => name !== 'nobody' && name !== 'stranger')
    .map(([name, { username, groups }]) => `${name}-token,${username},uid-${name},"${groups.join()}"\n`);
  const auditLog = file('audit.log', '');
  const certificate = join(folder, 'certificates/apiserver.crt');
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;

  const etcd = startProcess(
    join(controlPlaneFolder!, 'etcd'),
    flags({
      'data-dir': join(folder, 'etcd'),
      name: 'e2e',
      'unsafe-no-fsync': 'true',
      'listen-client-urls': etcdUrl,
      'advertise-client-urls': etcdUrl,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': `e2e=${peerUrl}`,
    }),
    join(folder, 'etcd.log'),
  );
  const server = startProcess(
    join(controlPlaneFolder!, 'kube-apiserver'),
    flags({
      'etcd-servers': etcdUrl,
      'bind-address': '127.0.0.1',
      'secure-port': String(port),
      'cert-dir': join(folder, 'certificates'),
      'endpoint-reconciler-type': 'none',
      'service-cluster-ip-range': '10.0.0.0/24',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-signing-key-file': signingKey,
      'service-account-key-file': file('sa.pub', publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      'token-auth-file': file('tokens.csv', tokens.join('')),
      'authorization-mode': 'Node,RBAC',
      // Without a controller manager, no namespace gets its default service account.
      'disable-admission-plugins': 'ServiceAccount',
      'allow-privileged': 'true',
      'feature-gates': 'CBORServingAndStorage=true',
      'audit-policy-file': auditPolicy,
      'audit-log-path': auditLog,
      'audit-webhook-config-file': file('webhook.yaml', stringify(kubeconfig)),
      ...webhookFlags,
    }),
    join(folder, 'kube-apiserver.log'),
  );

  let agent: Agent | undefined;
  const request: ApiServer['request'] = (as, line, { body, headers = {} } = {}) => {
    const [method, path] = line.split(' ');
    agent ??= new Agent({ keepAlive: true, ca: readFileSync(certificate) });
    const authorization = as === 'nobody' ? {} : { authorization: `Bearer ${as}-token` };
    return new Promise((resolve, reject) => {
      const sent = httpsRequest({
        ...{ host: '127.0.0.1', port, agent, method, path },
        headers: {
          ...{ 'user-agent': users[as].userAgent, ...authorization, ...headers },
          // Node sends the body of a DELETE without one, and the API server reads it as the next request.
          ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        },
      });
      sent.on('response', async (response) => resolve({ code: response.statusCode!, body: await text(response) }));
      sent.on('upgrade', (response, socket) => {
        socket.on('error', () => {}).destroy();
        resolve({ code: response.statusCode!, body: '' });
      });
      sent.on('error', reject).end(body);
    });
  };

  await until('the API server is ready', async () => {
    for (const [name, part] of Object.entries({ etcd, 'kube-apiserver': server })) {
      if (part.hasEnded()) throw new Error(`${name} has ended:\n${endOf(join(folder, `${name}.log`))}`);
    }
    const ready = existsSync(certificate) && (await request('admin', 'GET /readyz').catch(() => undefined));
    return ready !== false && ready?.code === 200;
  });
  const { minor } = JSON.parse((await request('admin', 'GET /version')).body);
  return {
    auditLog,
    minor: Number.parseInt(minor, 10),
    request,
    async stop() {
      agent?.destroy();
      await server.stop('SIGTERM');
      await etcd.stop('SIGTERM');
    },
  };
}

const endOf = (log: string) => readFileSync(log, 'utf8').slice(-2000);

const flags = (settings: Record<string, string>) =>
  Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
