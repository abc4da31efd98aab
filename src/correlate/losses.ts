/** Receives what does not count. */
export interface CorrelationLosses {
  /** An event was too old for the windows that are kept. */
  late(correlation: string): void;
  /** Entries were forgotten for lack of capacity. */
  evicted(correlation: string, entries: number): void;
}
