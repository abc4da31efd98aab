/** What the processing thread is started with, and what it reports besides the fate of batches. */
import type { MessagePort } from 'node:worker_threads';
import type { Config } from '../config/index.ts';
import type { LetterCount } from '../dead-letters/index.ts';
import type { RulesStatus, SpoolFault } from '../server/health.ts';
import type { Failure } from '../server/thread-messages.ts';
import type { Silence } from '../silence/index.ts';
import type { Measurement } from '../telemetry/index.ts';

export interface Start {
  config: Config;
  environment: Readonly<Record<string, string | undefined>>;
  letterCount: LetterCount;
  /** Batches come in here, and go out. */
  port: MessagePort;
}

/** What the thread is asked to do besides batches: check the rule files now, end, or give what it keeps for the console to a
 * port. */
export type Instruction = 'reload' | 'close' | { kind: 'watch'; port: MessagePort };

export type LogLevel = 'info' | 'warn' | 'error';

export type News =
  | { kind: 'ready'; rules: RulesStatus }
  /** It cannot start, because of a problem with the configuration or the rules. */
  | { kind: 'refused'; failure: Failure }
  | { kind: 'rules'; rules: RulesStatus }
  /** `fault` is why the spool of a sink accepts no batches; undefined if it does. */
  | { kind: 'spool'; sink: string; fault: SpoolFault | undefined }
  /** The sources that are silent, the longest first. */
  | { kind: 'silences'; silences: readonly Silence[] }
  | { kind: 'measured'; measurements: readonly Measurement[] }
  /** `failure` is what the log shows as `err`. */
  | { kind: 'log'; level: LogLevel; fields: object; failure: Failure | undefined; message: string | undefined }
  | { kind: 'closed' };
