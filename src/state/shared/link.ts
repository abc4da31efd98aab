/** The link to the server: a connection that is made anew when it breaks, and a breaker, so that batches do not wait, one
 * after another, for a server that is down. */
import type { Logger } from 'pino';
import type { Secret } from '../store.ts';
import type { Send } from './script.ts';
import { within } from './within.ts';

/** A connection to a server that accepts writes. */
export interface Connection {
  /** The secret of the server's keys. */
  secret: Secret;
  /** Which server it is, for the log. */
  server: string;
  /** @throws Error with the server's answer, or because it is no longer connected */
  send: Send;
  /** Closes at once: pending commands get no answer. */
  close(): void;
}

/** Connects to the first server that accepts writes.
 * @param onLost is called when an established connection breaks
 * @throws Error that says for each server why it does not */
export type Connect = (onLost: (error: Error) => void) => Promise<Connection>;

/** The server cannot be used now. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** Since when the server cannot be used, and why: a system error code or the first word of its answer. */
export interface Outage {
  since: Date;
  code: string;
}

export interface Link {
  /** The secret of the keys on the server.
   * @throws Unavailable */
  secret(): Secret;
  /** Sends a command, and waits for its answer for as long as is allowed.
   * @throws Unavailable; Error if the script is not there (NOSCRIPT) */
  send: Send;
  /** Gives up the connection for a reason, and makes a new one. */
  lose(error: Error): Unavailable;
  /** Undefined while it can be used. */
  outage(): Outage | undefined;
  close(): void;
}

export interface LinkOptions {
  /** Milliseconds that an answer may take. */
  timeout: number;
  logger: Logger;
  /** Called when the server becomes unavailable or available again, but not for the first attempt. */
  onChange?: (outage: Outage | undefined) => void;
  /** Milliseconds between attempts to connect; shorter in tests. */
  retryAfter?: number;
}

const RETRY_AFTER = 1000;

/** Resolves after the first attempt to connect, whatever its outcome. */
export async function openLink(connect: Connect, options: LinkOptions): Promise<Link> {
  const { timeout, logger, onChange = () => {}, retryAfter = RETRY_AFTER } = options;
  let connection: Connection | undefined;
  let outage: Outage | undefined;
  let why = '';
  let retrying: NodeJS.Timeout | undefined;
  let isOpen = false;
  let isClosed = false;

  async function attempt(): Promise<void> {
    try {
      const made: Connection = await connect((error) => {
        if (connection !== undefined && connection === made) lose(error);
      });
      if (isClosed) return made.close();
      connection = made;
      const { server } = made;
      if (outage === undefined) logger.info({ server }, 'The state is on this server');
      else logger.info({ server, since: outage.since }, 'The server of the state can be used again');
      const wasOut = outage !== undefined;
      outage = undefined;
      if (wasOut) onChange(undefined);
    } catch (error) {
      lose(error as Error);
    }
  }

  function lose(error: Error): Unavailable {
    connection?.close();
    connection = undefined;
    why = error.message;
    if (outage === undefined) {
      outage = { since: new Date(), code: codeOf(error) };
      logger.error({ err: error }, 'The server of the state cannot be used; retrying every second');
      if (isOpen) onChange(outage);
    }
    if (!isClosed && retrying === undefined) {
      retrying = setTimeout(() => {
        retrying = undefined;
        void attempt();
      }, retryAfter);
    }
    return new Unavailable(why, { cause: error });
  }

  function connected(): Connection {
    if (connection === undefined) throw new Unavailable(why);
    return connection;
  }

  async function send(command: readonly string[]): Promise<unknown> {
    const used = connected();
    try {
      return await within(used.send(command), timeout);
    } catch (error) {
      if ((error as Error).message.startsWith('NOSCRIPT')) throw error;
      // Another batch may have lost it, and connected again.
      throw used === connection ? lose(error as Error) : new Unavailable((error as Error).message, { cause: error });
    }
  }

  await attempt();
  isOpen = true;
  return {
    secret: () => connected().secret,
    send,
    lose,
    outage: () => outage,
    close() {
      isClosed = true;
      clearTimeout(retrying);
      connection?.close();
      connection = undefined;
      why = 'it is closed';
    },
  };
}

/** A server's answer begins with a code: `OOM command not allowed …`. */
function codeOf(error: Error & { code?: unknown }): string {
  if (typeof error.code === 'string') return error.code;
  return /^[A-Z]{3,}(?= )/.exec(error.message)?.[0] ?? 'unknown';
}
