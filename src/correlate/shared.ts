/** Correlates on a store that several processes share and, if configured, on one of this process while that cannot be
 * used. */
import type { Correlated } from '../detect.ts';
import { Problem } from '../problem.ts';
import { Unavailable } from '../state/shared/link.ts';
import type { SharedStore } from '../state/shared/store.ts';
import type { View } from '../state/shared/view.ts';
import type { Change, Space, Store } from '../state/store.ts';
import { type Correlate, type CorrelationLosses, correlator } from './index.ts';

export interface SharedCorrelation {
  /** To be called within a step of `correlateIn`. */
  correlate: Correlate;
  /** Runs the correlation of a slice; further ones wait. A step may run more than once.
   * @throws Problem `state.unavailable`: the batch is to be sent again */
  correlateIn: <T>(step: () => Promise<T>) => Promise<T>;
}

export interface SharedCorrelationParts {
  shared: SharedStore;
  /** What correlations continue on while the server cannot be used; if it is left out, their batches fail. */
  local?: Store | undefined;
  losses: CorrelationLosses;
}

export function sharedCorrelation({ shared, local, losses }: SharedCorrelationParts): SharedCorrelation {
  let view: View | undefined;
  /** For keys made with the shared store's secret. */
  let onShared: { secret: Store['secret']; correlate: Correlate } | undefined;
  const onLocal = local && marked(correlator(local, losses));
  let current: Correlate | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const inView = () => {
    if (view === undefined) throw new Error('correlations are asked outside of a transaction');
    return view;
  };
  // Losses count once, however often a slice runs.
  const onceWritten: CorrelationLosses = {
    late: (name) => inView().effect(() => losses.late(name)),
    evicted: (name, entries) => inView().effect(() => losses.evicted(name, entries)),
  };

  function correlatorOf(secret: Store['secret']): Correlate {
    if (onShared?.secret !== secret) {
      const store: Store = {
        secret,
        load: (space: Space, key: string, place?: string) => inView().load(space, key, place),
        commit: (change: Change) => inView().commit(change),
        drop: (space: Space, key: string) => inView().drop(space, key),
      };
      onShared = { secret, correlate: correlator(store, onceWritten) };
    }
    return onShared.correlate;
  }

  async function run<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await shared.transaction((one) => {
        view = one;
        current = correlatorOf(one.secret);
        return step();
      });
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (onLocal === undefined) throw new Problem('state.unavailable', error.message, { cause: error });
      current = onLocal;
      return await step();
    } finally {
      view = undefined;
      current = undefined;
    }
  }

  return {
    correlate(...given) {
      if (current === undefined) throw new Error('correlations are asked outside of a transaction');
      return current(...given);
    },
    correlateIn(step) {
      const done = last.then(() => run(step));
      last = done.catch(() => {});
      return done;
    },
  };
}

/** The same, with its results marked as known to this process alone. */
function marked(correlate: Correlate): Correlate {
  /** Records in which nothing is found share one result. */
  let nothing: { found: Correlated; marked: Correlated } | undefined;
  return (...given) => {
    const found = correlate(...given);
    if (found.raised.length + found.reported.length > 0) return { ...found, state: 'local' };
    if (nothing?.found !== found) nothing = { found, marked: { ...found, state: 'local' } };
    return nothing.marked;
  };
}
