/** The firing alerts, which are resent to Alertmanager periodically, as Prometheus does: it keeps them in memory, so that one
 * that was restarted or unreachable would not know them. Resending causes no notification. */

/** A group waits for 30 s before its first notification, and a restart of Alertmanager loses what came in that time. */
export const RESEND_MILLISECONDS = 60_000;
/** Bytes of the alerts that are kept. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Bytes of one request. */
const REQUEST_BYTES = 512 * 1024;

interface Kept {
  /** As JSON. */
  alert: string;
  /** Milliseconds of Unix time. */
  endsAt: number;
}

export interface Firing {
  /** Whether it was put here, and has not ended. */
  has(id: string): boolean;
  /** Keeps an alert, replacing an earlier one with its id. Those that were put here the longest ago are evicted for it. */
  put(id: string, kept: Kept): void;
  delete(id: string): void;
  /** The alerts that have not ended, in bodies of requests. */
  bodies(): string[];
}

/** @param clock milliseconds of Unix time */
export function openFiring(clock: () => number = Date.now, mostBytes = MOST_BYTES): Firing {
  const kept = new Map<string, Kept>();
  let bytes = 0;

  function remove(id: string): void {
    bytes -= kept.get(id)?.alert.length ?? 0;
    kept.delete(id);
  }

  return {
    has: (id) => (kept.get(id)?.endsAt ?? 0) > clock(),
    put(id, one) {
      remove(id);
      kept.set(id, one);
      bytes += one.alert.length;
      for (const [oldest] of kept) if (bytes > mostBytes) remove(oldest);
    },
    delete: remove,
    bodies() {
      const now = clock();
      const bodies: string[][] = [];
      let length = Number.POSITIVE_INFINITY;
      for (const [id, { alert, endsAt }] of kept) {
        if (endsAt <= now) {
          remove(id);
          continue;
        }
        if (length > REQUEST_BYTES) {
          bodies.push([]);
          length = 0;
        }
        bodies.at(-1)!.push(alert);
        length += alert.length;
      }
      return bodies.map(bodyOf);
    },
  };
}

export const bodyOf = (alerts: readonly string[]): string => `[${alerts.join()}]`;
