/** The bytes of an object, whatever happens to the connection: a read that breaks continues at the byte that it has reached. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scheme } from './address.ts';
import { storageProblem } from './failures.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';

/** Consecutive tries that yield nothing. */
const MAX_TRIES = 5;
const FIRST_WAIT = 200;
/** After this long without a byte, a connection counts as broken. */
const SILENT_MILLISECONDS = 60_000;

export interface Patience {
  firstWait: number;
  silentMilliseconds: number;
}

const patience: Patience = { firstWait: FIRST_WAIT, silentMilliseconds: SILENT_MILLISECONDS };

/** Yields all bytes of an object of one version, in order, each once.
 * @throws Problem `storage.failed`, which names the byte that was reached */
export async function* resumedRead(
  store: ObjectStore,
  scheme: Scheme,
  object: StoredObject,
  { firstWait, silentMilliseconds }: Patience = patience,
): AsyncGenerator<Uint8Array> {
  let reached = 0;
  for (let tries = 1; reached < object.size; tries++) {
    const before = reached;
    const reading = new AbortController();
    let error: unknown;
    try {
      const source = store.read(object, reached, reading.signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await withinSilence(source.next(), silentMilliseconds);
          if (next.done) break;
          if (reached + next.value.length > object.size) {
            const said = `it has more than the ${object.size} bytes that it was listed with`;
            throw storageProblem(scheme, { kind: 'changed', said }, `at byte ${reached}`);
          }
          reached += next.value.length;
          yield next.value;
        }
      } finally {
        reading.abort();
        // One that hangs does not end when asked to.
        void Promise.resolve(source.return?.()).catch(() => {});
      }
      if (reached === object.size) return;
      error = Object.assign(new Error('the answer ends early'), { code: 'ECONNRESET' });
    } catch (caught) {
      if ((caught as { code?: string }).code === 'storage.failed') throw caught;
      error = caught;
    }
    const failure = store.failureOf(error);
    if (reached > before) tries = 0;
    if (failure.kind !== 'passing' || tries >= MAX_TRIES) {
      throw storageProblem(scheme, failure, `at byte ${reached} of ${object.size}`, error);
    }
    await sleep(firstWait * 2 ** tries);
  }
}

async function withinSilence<T>(next: Promise<T>, milliseconds: number): Promise<T> {
  const silence = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `nothing has come for ${milliseconds / 1000} seconds`;
    silence.reject(Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
  }, milliseconds);
  try {
    return await Promise.race([next, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}
