/** The way to a receiver that comes and goes: one connection at a time, opened when there is something to send, and a
 * pause that grows while it fails. */
import type { SinkDependencies } from '../sink.ts';
import { type Connection, type Opening, openConnection, type Target } from './connection.ts';

export interface Link {
  /** The open connection, or a new one; while the receiver is known to be down, at once the reason. Never rejects.
   * @param deadline when to give up, as performance.now() counts */
  connection(deadline: number): Promise<Opening>;
  /** Something sent over it arrived. */
  succeeded(): void;
  /** What was sent over this connection did not arrive. */
  failed(connection: Connection, reason: string): void;
  end(): Promise<void>;
}

const CONNECT_MILLISECONDS = 10_000;
/** The first failure is tried again at once, for a receiver that restarts; the second after this, then twice that. */
const FIRST_PAUSE_MILLISECONDS = 200;
const LONGEST_PAUSE_MILLISECONDS = 5_000;

/** @param receiver how logs call it */
export function openLink(target: Target, receiver: string, logger: SinkDependencies['logger']): Link {
  let current: { opening: Promise<Opening>; connection?: Connection } | undefined;
  let down = { failures: 0, reason: '', until: 0 };

  const countFailure = (reason: string) => {
    const failures = down.failures + 1;
    const pause = Math.min(LONGEST_PAUSE_MILLISECONDS, FIRST_PAUSE_MILLISECONDS * 2 ** (failures - 2));
    const jittered = failures === 1 ? 0 : pause * (0.5 + Math.random() / 2);
    down = { failures, reason, until: performance.now() + jittered };
    if (failures === 1) logger.warn({ receiver }, `${receiver} ${reason}`);
  };

  const open = async (deadline: number): Promise<Opening> => {
    const opening = await openConnection(target, Math.min(deadline, performance.now() + CONNECT_MILLISECONDS));
    if (opening.kind === 'open') {
      current = { opening: Promise.resolve(opening), connection: opening.connection };
    } else {
      current = undefined;
      countFailure(opening.reason);
    }
    return opening;
  };

  return {
    connection(deadline) {
      const isUsable = current !== undefined && (current.connection === undefined || current.connection.isOpen);
      if (current !== undefined && isUsable) return current.opening;
      const pause = down.until - performance.now();
      if (pause > 0) {
        const reason = `${down.reason}; it is tried again in ${(pause / 1000).toFixed(1)} s`;
        return Promise.resolve({ kind: 'failed', reason });
      }
      current = { opening: open(deadline) };
      return current.opening;
    },
    succeeded() {
      if (down.failures > 0) logger.info({ receiver, failures: down.failures }, `${receiver} is back`);
      down = { failures: 0, reason: '', until: 0 };
    },
    failed(connection, reason) {
      if (current?.connection !== connection) return;
      current = undefined;
      countFailure(reason);
    },
    async end() {
      const opening = await current?.opening;
      if (opening?.kind === 'open') await opening.connection.end();
    },
  };
}
