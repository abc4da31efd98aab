/** The ids of what was sent, so that a finding is not sent again when its record is repeated. */

const MOST = 50_000;

export interface Remembered {
  has(id: string): boolean;
  add(id: string): void;
}

/** Forgets those that were added the longest ago. */
export function remember(most = MOST): Remembered {
  const ids = new Set<string>();
  return {
    has: (id) => ids.has(id),
    add(id) {
      ids.delete(id);
      ids.add(id);
      for (const oldest of ids) {
        if (ids.size <= most) break;
        ids.delete(oldest);
      }
    },
  };
}
