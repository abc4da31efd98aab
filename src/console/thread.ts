/** The console's thread: it decodes what the processing thread keeps, and answers from it. It runs while the console is in
 * use. */
import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Problem } from '../problem.ts';
import { openAnswers } from './answers.ts';
import { type Disk, openDisk } from './disk.ts';
import { jsonOf } from './explanations.ts';
import type { Kept, KeptBatch, Pull, Pulled } from './kept.ts';
import type { Failure, Question, Reply, Start } from './messages.ts';
import { queryOf } from './query.ts';
import { openStreams } from './streams.ts';

/** Between two requests to the processing thread, so that their cost to it is negligible. */
const PULL_MILLISECONDS = 250;
/** Records that are decoded before questions can be answered. */
const SLICE = 20;

const { config, port } = workerData as Start;
const reply = (one: Reply) => parentPort!.postMessage(one);

const answers = openAnswers({ config, batches: askForBatches });
const { book } = answers;
const disk = openStored();
const streams = openStreams(book, randomUUID().slice(0, 8));
setInterval(streams.tick, 1000).unref();

/** Gets what is kept, and then what arrives. */
async function pull(): Promise<void> {
  while (!(await pullOnce(true)));
  ready.resolve();
  for (;;) {
    if (await pullOnce(false)) await sleep(PULL_MILLISECONDS);
  }
}

/** The number of the last record that has arrived. */
let seq = 0;
/** @param now whether to return at once even if there is nothing
 * @returns whether there is no more at the moment */
async function pullOnce(now: boolean): Promise<boolean> {
  const { kept, lost, isAll } = await askFor(seq, now);
  book.lostBefore ??= lost;
  seq = kept.at(-1)?.seq ?? seq;
  const gone: Kept[] = [];
  const added: Kept[] = [];
  for (const [index, one] of kept.entries()) {
    const room = add(one);
    if (room !== undefined) {
      added.push(one);
      gone.push(...room);
    }
    if (index % SLICE === SLICE - 1) await setImmediate();
  }
  storeOnDisk(added, gone);
  return isAll;
}

/** Leaves out a record that cannot be decoded: the next may be readable. */
function add(one: Kept): readonly Kept[] | undefined {
  try {
    return book.add(one);
  } catch (error) {
    log('error', { err: failureOf(error) }, 'A record cannot be read for the console because of a defect');
    return undefined;
  }
}

function openStored(): Disk | undefined {
  const { path, maxFindingBytes } = config.console;
  if (path === undefined) return undefined;
  try {
    const opened = openDisk(path, maxFindingBytes, (movedTo, why) =>
      log('error', { path, movedTo }, `The console file was set aside, and a new one was started: ${why}`),
    );
    const stored = opened.stored();
    // Numbers of records from the processing thread begin at 1.
    const gone = stored.flatMap((one, index) => add({ ...one, seq: index - stored.length }) ?? []);
    opened.write([], gone);
    return opened;
  } catch (error) {
    log('error', { path, err: failureOf(error) }, 'What the console keeps cannot be on disk, and is in memory only');
    return undefined;
  }
}

let isFailing = false;
function storeOnDisk(added: readonly Kept[], gone: readonly Kept[]): void {
  try {
    disk?.write(added, gone);
    isFailing = false;
  } catch (error) {
    if (!isFailing) log('error', { err: failureOf(error) }, 'What the console keeps cannot be written to disk');
    isFailing = true;
  }
}

function log(level: 'info' | 'error', fields: object, message: string): void {
  reply({ kind: 'log', level, fields, message });
}

/** Callers that wait for an answer of the processing thread. */
let hearKept: (pulled: Extract<Pulled, { kind: 'kept' }>) => void = () => {};
let hearBatches: ((batches: readonly KeptBatch[]) => void)[] = [];

port.on('message', (message: Pulled) => {
  if (message.kind === 'kept') return hearKept(message);
  for (const hear of hearBatches) hear(message.batches);
  hearBatches = [];
});

function askFor(seq: number, now: boolean): Promise<Extract<Pulled, { kind: 'kept' }>> {
  port.postMessage({ kind: 'after', seq, now } satisfies Pull);
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
    case 'close':
      return void pullOnce(true)
        .finally(() => disk?.close())
        .finally(() => reply({ kind: 'closed' }));
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
