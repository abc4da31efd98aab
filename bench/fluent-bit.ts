/** A real Fluent Bit that reads a log file and forwards it, and how long that takes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { cpuOf } from './server.ts';

export interface FluentBit {
  pid: number;
  port: number;
  /** Resolves with the figures of its metrics once they show that it is done. */
  until(isDone: (metrics: Metrics) => boolean): Promise<Metrics>;
  stop(): Promise<void>;
}

export interface Metrics {
  input: Record<string, Record<string, number>>;
  output: Record<string, Record<string, number>>;
}

/** @param pipeline as in Fluent Bit's YAML */
export async function startFluentBit(program: string, folder: string, pipeline: object): Promise<FluentBit> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const service = {
    flush: 1,
    log_level: 'info',
    http_server: 'on',
    http_listen: '127.0.0.1',
    http_port: port,
    'scheduler.base': 1,
    'scheduler.cap': 30,
  };
  const config = join(folder, 'fluent-bit.yaml');
  const parsers = [{ name: 'audit', format: 'json' }];
  writeFileSync(config, stringify({ service, parsers, pipeline }));
  const log = openSync(join(folder, 'log'), 'a');
  const child: ChildProcess = spawn(program, ['-c', config], { stdio: ['ignore', log, log] });
  return {
    pid: child.pid!,
    port,
    async until(isDone) {
      for (;;) {
        if (child.exitCode !== null) throw new Error(`Fluent Bit ended with ${child.exitCode}: see ${folder}/log`);
        const metrics = await metricsOf(port);
        if (metrics !== undefined && isDone(metrics)) return metrics;
        await sleep(50);
      }
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

async function metricsOf(port: number): Promise<Metrics | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/metrics`);
    return (await response.json()) as Metrics;
  } catch {
    // It does not listen yet.
    return undefined;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await once(server.close(), 'close');
  return port;
}

/** The input that reads the whole log, with buffers that do not slow it down. */
export const tailOf = (path: string) => ({
  name: 'tail',
  path,
  tag: 'kube.audit',
  parser: 'audit',
  read_from_head: true,
  exit_on_eof: false,
  buffer_chunk_size: '1M',
  buffer_max_size: '8M',
  mem_buf_limit: '64M',
});

export const httpTo = (port: number) => ({
  name: 'http',
  match: '*',
  host: '127.0.0.1',
  port,
  uri: '/v1/records',
  format: 'msgpack',
  header_tag: 'X-Fluent-Tag',
  retry_limit: 'no_limits',
  'http.response_timeout': '60s',
});

export interface Sent {
  seconds: number;
  /** Milliseconds of CPU that Fluent Bit used. */
  cpu: number;
  /** Requests that had to be sent again because they were refused or not answered in time. */
  retries: number;
  /** Retries of requests that were not answered in time. */
  timeouts: number;
}

/** Sends a log, and resolves when its output has processed the last record. */
export async function sendLog(program: string, folder: string, pipeline: object, records: number): Promise<Sent> {
  const started = performance.now();
  const sender = await startFluentBit(program, folder, pipeline);
  try {
    const metrics = await sender.until(({ output }) =>
      Object.values(output).some((one) => one.proc_records! >= records),
    );
    const seconds = (performance.now() - started) / 1000;
    const retries = Object.values(metrics.output).reduce((sum, one) => sum + (one.retries ?? 0), 0);
    const timeouts = readFileSync(join(folder, 'log'), 'utf8').match(/ timed out after /g)?.length ?? 0;
    return { seconds, cpu: cpuOf(sender.pid), retries, timeouts };
  } finally {
    await sender.stop();
  }
}
