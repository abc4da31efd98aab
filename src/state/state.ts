/** Carries the store across restarts: read when it is opened, written each minute and when it is closed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Problem } from '../problem.ts';
import type { MemoryStore } from './memory.ts';
import { loadState, saveState } from './snapshot.ts';

const SAVE_INTERVAL_MS = 60_000;

/** Since when the store could not be written, and by which error of the system. */
export interface Unwritten {
  since: Date;
  code: string;
}

export interface State {
  /** Undefined while the last attempt has succeeded. */
  unwritten(): Unwritten | undefined;
  /** Writes the store for the last time; resolves when it is on disk, or cannot be written, which is logged. */
  close(): Promise<void>;
}

export interface StateFile {
  path: string;
  /** Authenticates the file: one that was not written with it is set aside. */
  key?: string | undefined;
}

/** Errors of a disk that accepts nothing for now: what is remembered is useful without it. Any other error means that the
 * setting is wrong. */
const PASSING = ['ENOSPC', 'EDQUOT', 'EIO'];

/** Fills the store from the file, and keeps the file up to date.
 * @param onSave receives after each attempt whether the store was written
 * @param write writes the store; tests replace it with one that fails
 * @throws Problem `config.invalid` if there can be no such file */
export async function openState(
  { path, key }: StateFile,
  store: MemoryStore,
  logger: Logger,
  onSave: (isWritten: boolean) => void = () => {},
  write: typeof saveState = saveState,
): Promise<State> {
  const invalid = (error: Error) => {
    throw new Problem('config.invalid', `state.path: ${error.message}`, { cause: error });
  };
  const loaded = await loadState(path, store, key).catch(invalid);
  switch (loaded.kind) {
    case 'restored':
      logger.info({ path, entries: loaded.entries }, 'State restored: windows and terms continue');
      break;
    case 'none':
      logger.info({ path }, 'No state yet: windows and terms start empty');
      break;
    case 'set aside':
      logger.error(
        { path, reason: loaded.reason, movedTo: loaded.path },
        'The state cannot be used and was set aside: windows and terms start empty',
      );
      break;
  }

  const closing = new AbortController();
  let unwritten: Unwritten | undefined;
  const note = (error: NodeJS.ErrnoException) => {
    unwritten = { since: unwritten?.since ?? new Date(), code: error.code ?? 'unknown' };
    logger.error(
      { path, err: error },
      'The state could not be written: a restart would return to the last saved state',
    );
  };
  // What cannot be written now would be missed on the next start, when it is too late.
  await write(path, store, key).catch((error) => (PASSING.includes(error.code) ? note(error) : invalid(error)));
  if (unwritten !== undefined) onSave(false);
  const save = async () => {
    try {
      await write(path, store, key);
      if (unwritten !== undefined) logger.info({ path, since: unwritten.since }, 'The state is written again');
      unwritten = undefined;
    } catch (error) {
      note(error as Error);
    }
    onSave(unwritten === undefined);
  };
  const saving = (async () => {
    while (!closing.signal.aborted) {
      await sleep(SAVE_INTERVAL_MS, undefined, { signal: closing.signal, ref: false }).catch(() => {});
      if (!closing.signal.aborted) await save();
    }
  })();
  return {
    unwritten: () => unwritten,
    async close() {
      closing.abort();
      await saving;
      await save();
    },
  };
}
