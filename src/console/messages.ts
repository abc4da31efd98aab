/** Messages between the thread of the HTTP server and the console's thread. */
import type { MessagePort } from 'node:worker_threads';
import type { Config } from '../config/index.ts';
import type { ProblemCode } from '../problem.ts';
import type { Ask } from './answers.ts';
import type { Status } from './status.ts';

export interface Start {
  config: Config;
  /** To the thread that keeps the records. */
  port: MessagePort;
}

export type Question =
  | { kind: 'ask'; id: number; ask: Ask; status: Status }
  /** Subscribes to new findings as events of a stream. `after` is the id of the last event that the client claims to have. */
  | { kind: 'follow'; id: number; query: Readonly<Record<string, unknown>>; after: string | undefined }
  | { kind: 'leave'; id: number }
  /** Writes what is kept to disk, and ends. */
  | { kind: 'close' };

export type Reply =
  /** After `close`. */
  | { kind: 'closed' }
  | { kind: 'log'; level: 'info' | 'error'; fields: object; message: string }
  | { kind: 'answered'; id: number; json: string }
  | { kind: 'failed'; id: number; failure: Failure }
  /** For the stream of this id; `last` is the id of the event. */
  | { kind: 'came'; id: number; last: string; json: string };

/** `code` is undefined for a defect. */
export interface Failure {
  code: ProblemCode | undefined;
  message: string;
  stack: string | undefined;
}
