/** The store of several processes, on a server of Redis or Valkey.
 *
 * A slice of a batch runs on a view of what is known here; what is not known counts as absent. Everything that it has
 * read is then compared on the server and, if it is unchanged, everything that it has changed is written: one round trip
 * if nothing else has written meanwhile, or if keys are new. Otherwise the answer has the current values, and the slice
 * runs again from its start. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../problem.ts';
import type { Secret, Space } from '../store.ts';
import { Cache, type Known } from './cache.ts';
import { secretText } from './handshake.ts';
import type { Link } from './link.ts';
import { type Answer, exchange, type Item } from './script.ts';
import { type KeyNames, read, VERSION_LENGTH, versions } from './stored.ts';
import { asRead, itemOf, type Slot, View } from './view.ts';

/** Times that a slice runs before its batch is left to be sent again. */
const MAX_RUNS = 64;
/** The most milliseconds to wait for others before a slice runs again. */
const MAX_BACKOFF = 50;

export interface SharedStore {
  /** Runs a step on the store until what it has read and changed is written atomically. Each run begins anew, and only
   * the result of the last counts. The caller ensures that one runs at a time.
   * @throws Unavailable if the server cannot be used now: nothing is written, or it is not known whether it is. Problem
   * `state.unavailable` if others write without end */
  transaction<T>(step: (view: View) => Promise<T>): Promise<T>;
}

/** The outcome of an exchange: `written`; `same`: compared, and yet to be written; `missing`: not known here, so that the
 * slice had to run again; `conflict`: changed by another process meanwhile; `failed`. */
export type ExchangeResult = 'written' | 'same' | 'missing' | 'conflict' | 'failed';

type Written = Exclude<Answer, { kind: 'secret' }>;

export interface SharedStoreParts {
  link: Link;
  names: KeyNames;
  /** Characters of JSON that are remembered here. */
  maxCharacters?: number;
  onExchange?: (result: ExchangeResult) => void;
  /** Called for a value that is dropped: a slice reads more than fits, or the value is not one of Tripline's. */
  onForgotten?: (space: string, why: 'room' | 'foreign', name: string) => void;
}

export function sharedStore({
  link,
  names,
  maxCharacters,
  onExchange = () => {},
  onForgotten = () => {},
}: SharedStoreParts): SharedStore {
  const cache = new Cache(maxCharacters);
  const nextVersion = versions();
  let secret: Secret | undefined;
  /** Whether what was known was out of date the last time. If so, it is compared before anything is written: serializing
   * and sending what will be refused takes longer than a further round trip. */
  let isOutdated = false;

  /** If the store is another than before, nothing is known of it. */
  function adopt(other: Secret): Secret {
    if (secret?.[0] !== other[0] || secret[1] !== other[1]) {
      cache.clear();
      secret = other;
    }
    return secret;
  }

  const onUnusable = (name: string, space: Space, { version, json }: Known) =>
    onForgotten(space.name, version.length === VERSION_LENGTH && json === undefined ? 'room' : 'foreign', name);

  async function run<T>(step: (view: View) => Promise<T>): Promise<T> {
    /** What the server has answered in this transaction, whatever the capacity of the cache. */
    const answered = new Map<string, Known | undefined>();
    const known = (name: string) => (answered.has(name) ? answered.get(name) : cache.get(name));
    for (let conflicts = 0, runs = 0; runs < MAX_RUNS; runs++) {
      const view = new View({ secret: adopt(link.secret()), names, known, onUnusable });
      const result = await step(view);
      const slots = view.slots();
      let answer: Written | undefined;
      if (slots.length > 0) {
        if (runs === 0 && isOutdated) answer = await compare(view, slots);
        if (answer?.kind !== 'conflict') answer = await write(view, slots);
        if (runs === 0) isOutdated = answer.kind === 'conflict';
      }
      if (answer === undefined || answer.kind === 'written') {
        view.settle();
        return result;
      }
      for (const [index, text] of answer.found) {
        const { name } = slots[index]!;
        answered.set(name, text === undefined ? undefined : read(text));
        cache.delete(name);
      }
      const isConflict = answer.found.some(([index]) => slots[index]!.known !== undefined);
      onExchange(isConflict ? 'conflict' : 'missing');
      // A conflict in the first run does not mean that others are writing now. Whoever wins does not wait, so that one of
      // several always proceeds.
      if (isConflict && runs > 0) await sleep(Math.random() * Math.min(2 ** conflicts++, MAX_BACKOFF));
    }
    throw new Problem(
      'state.unavailable',
      `others have changed the same groups ${MAX_RUNS} times while this batch was being processed`,
    );
  }

  async function ask(view: View, items: readonly Item[]): Promise<Written> {
    const sent = { secret: secretText(view.secret), items };
    const answer = await exchange(link.send, names, sent).catch((error) => {
      onExchange('failed');
      throw error;
    });
    if (answer.kind === 'secret') throw link.lose(new Error('the keys on the server have a different secret now'));
    return answer;
  }

  async function compare(view: View, slots: readonly Slot[]): Promise<Written> {
    const answer = await ask(view, slots.map(asRead));
    if (answer.kind === 'written') onExchange('same');
    return answer;
  }

  async function write(view: View, slots: readonly Slot[]): Promise<Written> {
    const version = nextVersion();
    const items = slots.map((slot) => itemOf(slot, version));
    const answer = await ask(view, items);
    if (answer.kind === 'conflict') return answer;
    onExchange('written');
    for (const [index, { name, value, change, known }] of slots.entries()) {
      if (change === 'none') {
        if (known !== undefined) cache.set(name, { ...known, live: value });
      } else if (change === 'drop') {
        cache.delete(name);
      } else {
        cache.set(name, { ...read(items[index]!.text), live: value });
      }
    }
    return answer;
  }

  return { transaction: run };
}
