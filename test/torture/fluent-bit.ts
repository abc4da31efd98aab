/** A real Fluent Bit as the sender, on the shipped file of the collector: it reads an audit log that grows. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Running, startFluentBit } from '../e2e/processes.ts';
import type { Oracle } from './oracle.ts';
import { bodyOf, CHUNK } from './records.ts';
import type { Sender } from './replayer.ts';

const config = join(import.meta.dirname, '../../fluent-bit/two-process/collector.yaml');

export interface FluentBitParts {
  port: number;
  records: number;
  oracle: Oracle;
  folder: string;
}

export function openFluentBit({ port, records, oracle, folder }: FluentBitParts): Sender {
  const log = join(folder, 'audit.log');
  const counts = { starts: 0 };
  const environment = {
    AUDIT_LOG: log,
    TRIPLINE_PORT: String(port),
    FLUENT_BIT_DATA: join(folder, 'fluent-bit'),
  };
  let written = 0;
  writeFileSync(log, '');

  function start(): Running {
    counts.starts++;
    return startFluentBit({ config, environment, copies: [], folder });
  }
  let running = start();
  const orphan = () => void running.stop('SIGKILL');
  process.once('exit', orphan);

  return {
    allow(upTo) {
      for (const end = Math.min(upTo, records); written < end; ) {
        const next = Math.min(written + CHUNK, end);
        appendFileSync(log, bodyOf(written, next, 'log'));
        written = next;
      }
    },
    done: () => oracle.distinct,
    kill: () => running.stop('SIGKILL'),
    async start() {
      running = start();
    },
    freeze: () => running.signal('SIGSTOP'),
    thaw: () => running.signal('SIGCONT'),
    async interrupt() {
      await running.stop('SIGTERM');
      running = start();
    },
    async close() {
      process.off('exit', orphan);
      await running.stop('SIGKILL');
      // It keeps unacknowledged records indefinitely: all that it read has to arrive.
      oracle.acknowledge(0, written);
    },
    counts: () => counts,
  };
}
