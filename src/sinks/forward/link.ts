/** The link to a receiver that may come and go: one connection at a time, opened when there is something to send. */
import { type Connection, type Opening, openConnection, type Target } from './connection.ts';

export interface Link {
  /** The open connection, or a new one. Never rejects.
   * @param deadline when to give up, as performance.now() counts */
  connection(deadline: number): Promise<Opening>;
  /** Abandons a connection over which records did not arrive: the next call gets a new one. */
  leave(connection: Connection): void;
  end(): Promise<void>;
}

const CONNECT_MILLISECONDS = 10_000;

export function openLink(target: Target): Link {
  let current: { opening: Promise<Opening>; connection?: Connection } | undefined;

  const open = async (deadline: number): Promise<Opening> => {
    const opening = await openConnection(target, Math.min(deadline, performance.now() + CONNECT_MILLISECONDS));
    current =
      opening.kind === 'open' ? { opening: Promise.resolve(opening), connection: opening.connection } : undefined;
    return opening;
  };

  return {
    connection(deadline) {
      const isUsable = current !== undefined && (current.connection === undefined || current.connection.isOpen);
      if (current !== undefined && isUsable) return current.opening;
      current = { opening: open(deadline) };
      return current.opening;
    },
    leave(connection) {
      if (current?.connection === connection) current = undefined;
    },
    async end() {
      const opening = await current?.opening;
      if (opening?.kind === 'open') await opening.connection.end();
    },
  };
}
