/** Bounds the bytes of all requests that are being answered. */
import { Problem } from '../problem.ts';

/** What one request has of the budget. */
export interface ByteShare {
  /** @throws Problem `server.overloaded` where others have taken too much; one alone takes what it needs */
  take(bytes: number): void;
  /** Does some work on the bytes. They are there until it is done, though the sender may have gone. */
  keep<T>(work: () => Promise<T>): Promise<T>;
  release(): void;
}

/** Gives each request a share of the bytes that may be worked on at once. */
export function byteBudget(maxBytes: number): () => ByteShare {
  let pendingBytes = 0;
  return () => {
    let own = 0;
    let users = 1;
    const release = () => {
      if (--users > 0) return;
      pendingBytes -= own;
      own = 0;
    };
    return {
      take(bytes) {
        if (pendingBytes > own && pendingBytes + bytes > maxBytes) {
          throw new Problem('server.overloaded', `${pendingBytes} bytes are being worked on`);
        }
        own += bytes;
        pendingBytes += bytes;
      },
      async keep(work) {
        users++;
        try {
          return await work();
        } finally {
          release();
        }
      },
      release,
    };
  };
}
