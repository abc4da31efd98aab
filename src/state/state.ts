/** Carries the store over restarts: read when it is opened, written each minute and when it is closed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Problem } from '../problem.ts';
import type { MemoryStore } from './memory.ts';
import { loadState, saveState } from './snapshot.ts';

const SAVE_INTERVAL_MS = 60_000;

export interface State {
  /** Writes the store for the last time; resolves when it is on disk, or cannot be written, which the log tells. */
  close(): Promise<void>;
}

/** Fills the store from the file, and keeps the file.
 * @throws Problem `config.invalid` where there can be no such file */
export async function openState(path: string, store: MemoryStore, logger: Logger): Promise<State> {
  const loaded = await loadState(path, store)
    // What cannot be written now would be missed on the next start, when it is too late.
    .then((loaded) => saveState(path, store).then(() => loaded))
    .catch((error) => {
      throw new Problem('config.invalid', `state.path: ${error.message}`, { cause: error });
    });
  switch (loaded.kind) {
    case 'restored':
      logger.info({ path, entries: loaded.entries }, 'State restored: windows and terms go on');
      break;
    case 'none':
      logger.info({ path }, 'No state yet: windows and terms begin anew');
      break;
    case 'set aside':
      logger.error(
        { path, reason: loaded.reason, movedTo: loaded.path },
        'The state cannot be used and was set aside: windows and terms begin anew',
      );
      break;
  }

  const closing = new AbortController();
  const save = () =>
    saveState(path, store).catch((error) => {
      logger.error({ path, err: error }, 'The state could not be written: a restart would go back to what is there');
    });
  const saving = (async () => {
    while (!closing.signal.aborted) {
      await sleep(SAVE_INTERVAL_MS, undefined, { signal: closing.signal, ref: false }).catch(() => {});
      if (!closing.signal.aborted) await save();
    }
  })();
  return {
    async close() {
      closing.abort();
      await saving;
      await save();
    },
  };
}
