/** The rows that compare Tripline with rsigma, both with SigmaHQ's rules about Kubernetes and on one core. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { corpora } from './corpora/index.ts';
import { freePort } from './fluent-bit.ts';
import { formats } from './formats.ts';
import type { Row } from './row.ts';
import { builtProgram, cpuOf, startSidecar } from './server.ts';

const RECORDS = 50_000;
const BODY = 500;
const { mediaType, bodyOf } = formats.ndjson;

/** @param writeLog writes a log of that many records, and returns its path */
export function rsigmaRows(program: string, sigmaHq: string, writeLog: (records: number) => string): Row[] {
  const rules = join(sigmaHq, 'rules/application/kubernetes');
  if (readdirSync(rules).length === 0) throw new Error(`there is no rule in ${rules}`);
  return [
    {
      name: 'rsigma: its daemon over HTTP, by CPU',
      beside: 'rsigma, alerts alone',
      unit: 'fast',
      least: 1,
      aim: 2,
      async run() {
        const own = await sidecarCpu(rules);
        const other = await daemonCpu(program, rules);
        const micros = (milliseconds: number) => ((milliseconds / RECORDS) * 1000).toFixed(1);
        return { value: other / own, note: `${micros(own)} µs a record beside ${micros(other)}` };
      },
    },
    {
      name: 'rsigma: scan of 200 MB, findings alone',
      beside: 'rsigma eval',
      unit: 'fast',
      least: 1,
      aim: 2,
      async run() {
        const log = writeLog(95_000);
        const own = elapsed(process.execPath, [builtProgram(), 'scan', '--show', 'findings', '--rules', rules, log]);
        const other = elapsed(program, ['engine', 'eval', '-r', rules, '-e', `@${log}`]);
        const rate = (milliseconds: number) => (statSync(log).size / 1000 / milliseconds).toFixed(0);
        return { value: other / own, note: `${rate(own)} MB/s beside ${rate(other)}` };
      },
    },
  ];
}

function bodiesOf(first: number): Buffer {
  return bodyOf(corpora.ordinary(BODY, 9, first));
}

async function sidecarCpu(rules: string): Promise<number> {
  const server = await startSidecar(['--rules', rules]);
  const before = cpuOf(server.pid);
  for (let first = 0; first < RECORDS; first += BODY) await server.post(bodiesOf(first), mediaType);
  const spent = cpuOf(server.pid) - before;
  await server.stop();
  return spent;
}

/** rsigma answers before it has evaluated: it is done when it no longer uses CPU. */
async function daemonCpu(program: string, rules: string): Promise<number> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const args = ['engine', 'daemon', '-r', rules, '--input', 'http', '--batch-size', '128', '--api-addr', address];
  const child = spawn('taskset', ['-c', '0', program, ...args], { stdio: 'ignore' });
  const isReady = () =>
    fetch(`http://${address}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`rsigma ended with ${child.exitCode}`);
    await sleep(50);
  }
  const before = cpuOf(child.pid!);
  for (let first = 0; first < RECORDS; first += BODY) {
    const body = new Uint8Array(bodiesOf(first));
    const response = await fetch(`http://${address}/api/v1/events`, { method: 'POST', body });
    if (!response.ok) throw new Error(`rsigma: ${response.status} ${await response.text()}`);
  }
  let spent = cpuOf(child.pid!) - before;
  for (let last = -1; spent - last > 1; spent = cpuOf(child.pid!) - before) {
    last = spent;
    await sleep(500);
  }
  const ended = once(child, 'exit');
  child.kill();
  await ended;
  return spent;
}

function elapsed(program: string, args: readonly string[]): number {
  const started = performance.now();
  try {
    execFileSync('taskset', ['-c', '0', program, ...args], { stdio: 'ignore' });
  } catch (error) {
    // Both exit with 1 if there are findings.
    if ((error as { status?: number | null }).status !== 1) throw error;
  }
  return performance.now() - started;
}
