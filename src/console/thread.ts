/** The thread of the console: it reads what the processing thread keeps, and answers from it. It is there while somebody looks. */
import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Problem } from '../problem.ts';
import { openAnswers } from './answers.ts';
import { jsonOf } from './explanations.ts';
import type { KeptBatch, Pull, Pulled } from './kept.ts';
import type { Failure, Question, Reply, Start } from './messages.ts';
import { queryOf } from './query.ts';
import { openStreams } from './streams.ts';

/** Between two questions to the processing thread, so that these cost it nothing that counts. */
const PULL_MILLISECONDS = 250;
/** Records that are read before questions have their turn. */
const SLICE = 20;

const { config, port } = workerData as Start;
const reply = (one: Reply) => parentPort!.postMessage(one);

const answers = openAnswers({ config, batches: askForBatches });
const { book } = answers;
const streams = openStreams(book, randomUUID().slice(0, 8));
setInterval(streams.tick, 1000).unref();

/** What is kept, and then what comes. */
async function pull(): Promise<void> {
  let seq = -1;
  for (;;) {
    const { kept, lost, isAll } = await askFor(seq);
    book.lostBefore ??= lost;
    for (const [index, one] of kept.entries()) {
      book.add(one);
      if (index % SLICE === SLICE - 1) await setImmediate();
    }
    seq = kept.at(-1)?.seq ?? Math.max(seq, 0);
    if (!isAll) continue;
    ready.resolve();
    await sleep(PULL_MILLISECONDS);
  }
}

/** Those who wait for what the processing thread answers. */
let hearKept: (pulled: Extract<Pulled, { kind: 'kept' }>) => void = () => {};
let hearBatches: ((batches: readonly KeptBatch[]) => void)[] = [];

port.on('message', (message: Pulled) => {
  if (message.kind === 'kept') return hearKept(message);
  for (const hear of hearBatches) hear(message.batches);
  hearBatches = [];
});

function askFor(seq: number): Promise<Extract<Pulled, { kind: 'kept' }>> {
  port.postMessage({ kind: 'after', seq } satisfies Pull);
  return new Promise((resolve) => {
    hearKept = resolve;
  });
}

function askForBatches(): Promise<readonly KeptBatch[]> {
  port.postMessage({ kind: 'batches' } satisfies Pull);
  return new Promise((resolve) => hearBatches.push(resolve));
}

const ready = Promise.withResolvers<void>();

parentPort!.on('message', (question: Question) => {
  switch (question.kind) {
    case 'ask':
      return void answer(question);
    case 'follow': {
      const { id, query, after } = question;
      return void ready.promise.then(() => {
        try {
          streams.open(id, queryOf(query), after, (last, event) =>
            reply({ kind: 'came', id, last, json: jsonOf(event) }),
          );
        } catch (error) {
          reply({ kind: 'failed', id, failure: failureOf(error) });
        }
      });
    }
    case 'leave':
      return void ready.promise.then(() => streams.close(question.id));
  }
});

async function answer({ id, ask, status }: Extract<Question, { kind: 'ask' }>): Promise<void> {
  try {
    await ready.promise;
    answers.follow(status.rules.ruleset);
    reply({ kind: 'answered', id, json: jsonOf(await answers.answer(ask, status)) });
  } catch (error) {
    reply({ kind: 'failed', id, failure: failureOf(error) });
  }
}

function failureOf(error: unknown): Failure {
  const { message, stack } = error as Error;
  return { code: error instanceof Problem ? error.code : undefined, message, stack };
}

void pull();
void ready.promise.then(() => reply({ kind: 'ready' }));
