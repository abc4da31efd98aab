/** Groups what arrives at the same time, so that one call to the disk makes all of it durable. */

/** Bytes of a group, at most, except for a single item that has more. */
const GROUP_BYTES = 16 * 1024 * 1024;

export interface Groups<T> {
  /** Resolves when the group of an item is written, and rejects if that write does. */
  add(item: T): Promise<void>;
  /** Bytes that wait or are being written. */
  readonly bytes: number;
  /** Resolves when nothing is waiting or being written. */
  settled(): Promise<void>;
}

/** @param write called with one group after another, in the order in which the items arrived */
export function inGroups<T extends { bytes: number }>(write: (group: readonly T[]) => Promise<void>): Groups<T> {
  const waiting: { item: T; written: PromiseWithResolvers<void> }[] = [];
  let waitingBytes = 0;
  let committing: Promise<void> | undefined;

  async function commit(): Promise<void> {
    while (waiting.length > 0) {
      let bytes = 0;
      const count = waiting.findIndex(({ item }) => (bytes += item.bytes) > GROUP_BYTES);
      const group = waiting.splice(0, count === -1 ? waiting.length : Math.max(1, count));
      try {
        await write(group.map(({ item }) => item));
        for (const { written } of group) written.resolve();
      } catch (error) {
        for (const { written } of group) written.reject(error);
      } finally {
        for (const { item } of group) waitingBytes -= item.bytes;
      }
    }
    committing = undefined;
  }

  return {
    add(item) {
      const written = Promise.withResolvers<void>();
      waiting.push({ item, written });
      waitingBytes += item.bytes;
      committing ??= commit();
      return written.promise;
    },
    get bytes() {
      return waitingBytes;
    },
    async settled() {
      await committing;
    },
  };
}
