/** Writes records to stdout as JSON lines, for pipes and containers. The log is on stderr. */

import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import Type, { type Static } from 'typebox';
import { isSystemError } from './disk/files.ts';
import { localSink } from './disk/local-sink.ts';
import { jsonLines } from './encode/json.ts';
import { openLines } from './rows/rows.ts';
import { jsonRowsSetting, type RowsSettings } from './rows/settings.ts';
import type { Sink, SinkDependencies } from './sink.ts';

export const stdoutConfig = Type.Object(
  {
    type: Type.Literal('stdout'),
    name: Type.String({ minLength: 1, default: 'stdout', description: 'Name in logs and metrics.' }),
    rows: jsonRowsSetting,
  },
  { additionalProperties: false, title: 'stdout sink' },
);
export type StdoutConfig = Static<typeof stdoutConfig> & RowsSettings;

const STDOUT = 1;
const LINE_FEED = 0x0a;
/** How long the reader of a full pipe may read nothing. Less than senders wait. */
const PATIENCE_MILLISECONDS = 30_000;
const LONGEST_PAUSE_MILLISECONDS = 64;

const writeSome = promisify(write);

/** A sink that has a batch when the system has accepted its lines: `process.stdout` of a thread would only pass them on to the
 * main thread, and not report what became of them.
 * @param patience in milliseconds */
export async function openStdout(
  config: StdoutConfig,
  dependencies: SinkDependencies,
  fd = STDOUT,
  patience = PATIENCE_MILLISECONDS,
): Promise<Sink> {
  const { name } = config;
  const linesOf = await openLines(config, dependencies);
  let turn: Promise<unknown> = Promise.resolve();
  let isLineOpen = false;

  /** Keeps batches from mixing. */
  function inTurn(act: () => Promise<void>): Promise<void> {
    const acted = turn.then(act);
    turn = acted.catch(() => {});
    return acted;
  }

  async function writeAll(bytes: Uint8Array): Promise<void> {
    let pause = 1;
    for (let at = 0, waited = 0; at < bytes.length; ) {
      try {
        const { bytesWritten } = await writeSome(fd, bytes, at, bytes.length - at);
        at += bytesWritten;
        if (bytesWritten > 0) isLineOpen = bytes[at - 1] !== LINE_FEED;
        waited = 0;
        pause = 1;
      } catch (error) {
        // A non-blocking pipe, as Node has them, is full.
        if (!isSystemError(error) || error.code !== 'EAGAIN') throw error;
        if (waited >= patience) throw error;
        await sleep(pause);
        waited += pause;
        pause = Math.min(LONGEST_PAUSE_MILLISECONDS, 2 * pause);
      }
    }
  }

  return localSink(
    {
      name,
      place: 'stdout',
      write: (batch) =>
        inTurn(async () => {
          // An incomplete line of a failed batch is ended, so that it does not run into the next.
          if (isLineOpen) await writeAll(Uint8Array.of(LINE_FEED));
          for (const lines of jsonLines(batch, linesOf)) await writeAll(lines);
        }),
      reasonOf: ({ code }) =>
        code === 'EAGAIN' ? `is full, and its reader has read nothing for ${patience / 1000} s` : undefined,
      close: async () => {
        await turn;
      },
    },
    dependencies,
  );
}
