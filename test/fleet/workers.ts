/** Workers of a fleet as processes, and audit records for them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, type Running, startProcess } from '../e2e/processes.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

export interface Worker extends Running {
  port: number;
  log: string;
}

let started = 0;

/** Starts a worker; resolves when it is ready.
 * @param settings without `listen` */
export async function startWorker(settings: object, folder: string): Promise<Worker> {
  const [port] = await freePorts(1);
  const name = `worker-${++started}`;
  const config = join(folder, `${name}.yaml`);
  const log = join(folder, `${name}.log`);
  writeFileSync(config, JSON.stringify({ listen: `127.0.0.1:${port}`, console: { enabled: false }, ...settings }));
  const running = startProcess(process.execPath, [main, '--config', config], log);
  for (let attempt = 0; attempt < 300 && !running.hasEnded(); attempt++) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (response?.ok) return { ...running, port: port!, log };
    await sleep(100);
  }
  throw new Error(`${name} is not ready: ${readFileSync(log, 'utf8')}`);
}

/** An audit record of a pod that was created, the n-th of a log.
 * @param pod its spec */
export function podCreated(n: number, { cluster, pod = {} }: { cluster?: string; pod?: object } = {}): string {
  const time = new Date(Date.UTC(2026, 0, 1) + n * 20).toISOString();
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: `audit-${n}`,
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/shop/pods',
    verb: 'create',
    user: { username: 'ann', groups: ['system:authenticated'] },
    sourceIPs: ['192.0.2.7'],
    objectRef: { resource: 'pods', namespace: 'shop', name: `pod-${n}`, apiVersion: 'v1' },
    responseStatus: { code: 201 },
    requestObject: { kind: 'Pod', apiVersion: 'v1', spec: { containers: [{ name: 'main', image: 'shop' }], ...pod } },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    ...(cluster && { cluster }),
  });
}
