/** Starts the thread that processes batches, and receives its reports. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Config } from '../config/index.ts';
import { countLetters, type LetterCount } from '../dead-letters/index.ts';
import { keepYoungObjectsFew, processingHeap } from '../heap.ts';
import type { RulesStatus, SpoolFault } from '../server/health.ts';
import { errorOf } from '../server/thread-messages.ts';
import type { Silence } from '../silence/index.ts';
import { type Measurement, measure, observeThread } from '../telemetry/index.ts';
import type { Instruction, News, Start } from './news.ts';

export interface Processing {
  /** Receives batches, as `processThere` sends them. */
  port: MessagePort;
  /** The rules that are live. */
  rules(): RulesStatus;
  /** Why spools accept no batches, by sink; empty if all do. */
  spools(): Readonly<Record<string, SpoolFault>>;
  /** When a set of rules last replaced another, or the first became live. */
  rulesSince(): Date;
  /** A port by which the console's thread gets what is kept for it. */
  watch(): MessagePort;
  /** The sources that are silent, the longest first. */
  silences(): readonly Silence[];
  /** Has the rule files checked now. */
  reload(): void;
  /** Waits for deliveries under way, writes the state, and ends the thread. */
  close(): Promise<void>;
}

export interface ProcessingParts {
  letterCount?: LetterCount;
  /** Receives what the thread has measured, in addition to the metrics. */
  measured?: (measurements: readonly Measurement[]) => void;
}

/** Resolves when the thread is ready. A defect that ends the thread ends the process, as one in any other part does.
 * @throws Problem `rule.invalid` or `config.invalid` */
export async function startProcessing(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
  { letterCount = countLetters(), measured = () => {} }: ProcessingParts = {},
): Promise<Processing> {
  const { port1: port, port2 } = new MessageChannel();
  const ready = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let rules: RulesStatus | undefined;
  let rulesSince = new Date();
  const spools = new Map<string, SpoolFault>();
  let silences: readonly Silence[] = [];

  // Works both from source and as built, where this is part of a file in a sibling folder.
  const file = new URL(`../processing/thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
  const start: Start = { config, environment, letterCount, port: port2 };
  // Metrics of both threads are sent by this one.
  const env = { ...environment, OTEL_METRICS_EXPORTER: 'none' };
  keepYoungObjectsFew();
  const worker = new Worker(file, {
    name: 'processing',
    workerData: start,
    transferList: [port2],
    env,
    resourceLimits: processingHeap(),
  });
  observeThread('processing', worker);
  worker.on('error', (error) => {
    throw error;
  });
  worker.once('exit', (code) => ready.reject(new Error(`the processing thread ended with ${code} during startup`)));
  worker.on('message', (news: News) => {
    switch (news.kind) {
      case 'ready':
        rules = news.rules;
        return ready.resolve();
      case 'refused':
        return ready.reject(errorOf(news.failure));
      case 'rules':
        if (rules!.ruleset !== news.rules.ruleset) rulesSince = new Date();
        rules = news.rules;
        return;
      case 'spool':
        if (news.fault === undefined) spools.delete(news.sink);
        else spools.set(news.sink, news.fault);
        return;
      case 'silences':
        silences = news.silences;
        return;
      case 'measured':
        measured(news.measurements);
        return measure(news.measurements);
      case 'log':
        return logger[news.level](
          { ...news.fields, ...(news.failure && { err: errorOf(news.failure) }) },
          news.message,
        );
      case 'closed':
        return closed.resolve();
    }
  });
  try {
    await ready.promise;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    port,
    rules: () => rules!,
    spools: () => Object.fromEntries(spools),
    silences: () => silences,
    rulesSince: () => rulesSince,
    watch() {
      const { port1, port2 } = new MessageChannel();
      worker.postMessage({ kind: 'watch', port: port1 } satisfies Instruction, [port1]);
      return port2;
    },
    reload: () => worker.postMessage('reload' satisfies Instruction),
    async close() {
      worker.postMessage('close' satisfies Instruction);
      await closed.promise;
      await worker.terminate();
    },
  };
}
