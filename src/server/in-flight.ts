/** The requests in flight, which a stop waits for. */

export interface InFlight {
  /** Counts a request in; the returned function counts it out. */
  begin(): () => void;
  isClosing(): boolean;
  /** How many are not counted out yet. */
  count(): number;
  /** Resolves when the last request has been counted out. */
  close(): Promise<void>;
}

export function countInFlight(): InFlight {
  const idle = Promise.withResolvers<void>();
  let inFlight = 0;
  let closing = false;
  const settle = () => {
    if (closing && inFlight === 0) idle.resolve();
  };
  return {
    begin() {
      inFlight++;
      return () => {
        inFlight--;
        settle();
      };
    },
    isClosing: () => closing,
    count: () => inFlight,
    close() {
      closing = true;
      settle();
      return idle.promise;
    },
  };
}
