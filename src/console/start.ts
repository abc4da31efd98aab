/** Starts the console's thread on the first request, passes requests to it, and ends it when there have been none for a
 * while. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Config } from '../config/index.ts';
import { Problem } from '../problem.ts';
import type { Ask } from './answers.ts';
import type { Failure, Question, Reply, Start } from './messages.ts';
import type { Status } from './status.ts';

export interface Console {
  /** The answer as JSON.
   * @throws Problem */
  ask(ask: Ask): Promise<string>;
  /** Passes on new events until the returned function is called.
   * @param query as given in the URL
   * @param came receives the id of an event and its JSON
   * @param ended is called with the reason when there will be no more */
  follow(
    query: Readonly<Record<string, unknown>>,
    after: string | undefined,
    came: (last: string, json: string) => void,
    ended: (why: Problem) => void,
  ): () => void;
  close(): Promise<void>;
}

export interface ConsoleParts {
  config: Config;
  /** Opens a port on which the thread receives what is kept. */
  watch: () => MessagePort;
  status: () => Status;
  logger: Pick<Logger, 'error' | 'info'>;
  /** Called when the thread begins, and when it has ended. */
  onRunning?: (isRunning: boolean) => void;
  /** How long the thread is kept running without requests. */
  idleMilliseconds?: number;
}

/** Of all clients together. */
const MOST_QUESTIONS = 32;
const ANSWER_MILLISECONDS = 20_000;
/** Delay before the thread is restarted after it ended, if it writes to disk. */
const AGAIN_MILLISECONDS = 10_000;
const CLOSE_MILLISECONDS = 1000;
const IDLE_MILLISECONDS = 5 * 60_000;
/** Heap of the thread: kept records are decoded into it, at several times their size. */
const HEAP_MEBIBYTES = 512;

interface Waiting {
  resolve: (json: string) => void;
  reject: (error: Error) => void;
}

export function openConsole(parts: ConsoleParts): Console {
  const { config, watch, status, logger, onRunning = () => {}, idleMilliseconds = IDLE_MILLISECONDS } = parts;
  const asked = new Map<number, Waiting>();
  const followed = new Map<number, { came: (last: string, json: string) => void; ended: (why: Problem) => void }>();
  let lastId = 0;
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;
  const closed = Promise.withResolvers<void>();

  function running(): Worker {
    if (isClosed) throw new Problem('server.draining', 'stopping');
    worker ??= start();
    rest();
    return worker;
  }

  /** Restarts the idle timer. */
  function rest(): void {
    clearTimeout(idle);
    idle = setTimeout(() => {
      if (asked.size + followed.size > 0 || config.console.path !== undefined) return rest();
      void worker?.terminate();
    }, idleMilliseconds).unref();
  }

  function start(): Worker {
    // Works both from source and when built.
    const isSource = import.meta.url.endsWith('.ts');
    const file = new URL(isSource ? '../console/thread.ts' : '../processing/console.js', import.meta.url);
    const port = watch();
    const workerData: Start = { config, port };
    const started = new Worker(file, {
      name: 'console',
      workerData,
      transferList: [port],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
    });
    onRunning(true);
    started.on('message', hear);
    // A defect here interrupts those who use the console, and nothing else.
    started.on('error', (error) => {
      logger.error({ err: error }, 'The console stopped because of a defect, and will be restarted');
    });
    started.once('exit', () => {
      if (worker === started) worker = undefined;
      onRunning(worker !== undefined);
      const why = new Problem('console.unavailable', 'its thread has ended');
      for (const { reject } of asked.values()) reject(why);
      asked.clear();
      for (const { ended } of followed.values()) ended(why);
      followed.clear();
      closed.resolve();
      if (config.console.path !== undefined && !isClosed) setTimeout(running, AGAIN_MILLISECONDS).unref();
    });
    return started;
  }

  function hear(reply: Reply): void {
    switch (reply.kind) {
      case 'closed':
        closed.resolve();
        return;
      case 'log':
        logger[reply.level](reply.fields, reply.message);
        return;
      case 'came':
        followed.get(reply.id)?.came(reply.last, reply.json);
        return;
      case 'answered':
        asked.get(reply.id)?.resolve(reply.json);
        asked.delete(reply.id);
        return;
      case 'failed': {
        const error = problemOf(reply.failure);
        asked.get(reply.id)?.reject(error);
        asked.delete(reply.id);
        followed.get(reply.id)?.ended(error);
        followed.delete(reply.id);
      }
    }
  }

  function problemOf({ code, message, stack }: Failure): Problem {
    if (code !== undefined) return new Problem(code, message);
    const cause = Object.assign(new Error(message), { stack });
    logger.error({ err: cause }, 'The console failed to answer a question because of a defect');
    return new Problem('console.unavailable', message, { cause });
  }

  if (config.console.path !== undefined) running();

  return {
    async ask(ask) {
      if (asked.size >= MOST_QUESTIONS) {
        throw new Problem('console.unavailable', `${MOST_QUESTIONS} questions wait for their answers`);
      }
      const to = running();
      const id = ++lastId;
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      asked.set(id, { resolve, reject });
      const late = setTimeout(() => {
        asked.delete(id);
        reject(new Problem('console.unavailable', `no answer within ${ANSWER_MILLISECONDS / 1000} s`));
      }, ANSWER_MILLISECONDS).unref();
      to.postMessage({ kind: 'ask', id, ask, status: status() } satisfies Question);
      return promise.finally(() => clearTimeout(late));
    },
    follow(query, after, came, ended) {
      const to = running();
      const id = ++lastId;
      followed.set(id, { came, ended });
      to.postMessage({ kind: 'follow', id, query: { ...query }, after } satisfies Question);
      return () => {
        if (!followed.delete(id)) return;
        worker?.postMessage({ kind: 'leave', id } satisfies Question);
        rest();
      };
    },
    async close() {
      isClosed = true;
      clearTimeout(idle);
      if (worker !== undefined && config.console.path !== undefined) {
        worker.postMessage({ kind: 'close' } satisfies Question);
        await Promise.race([closed.promise, sleep(CLOSE_MILLISECONDS, undefined, { ref: false })]);
      }
      await worker?.terminate();
    },
  };
}
