/** Decides whether a receiver is worth an attempt. While it is down, attempts are refused at once and not each after its
 * time-out; after a pause, one attempt finds out whether it is back. */
import type { SinkDependencies } from '../sink.ts';
import { backoff } from './backoff.ts';

/** An attempt that was let through. Only the first outcome that it reports counts. */
export interface Pass {
  /** What was sent arrived. */
  succeeded(): void;
  /** The receiver cannot be reached, or does not answer as it should.
   * @param reason a predicate whose subject is the receiver
   * @param pauseMilliseconds how long it asks not to be sent anything, of which at most a minute counts */
  failed(reason: string, pauseMilliseconds?: number): void;
  /** Nothing was learned about the receiver. */
  left(): void;
}

export interface Circuit {
  /** Why an attempt would be refused now, as a predicate whose subject is the receiver. */
  refusal(): string | undefined;
  /** Lets an attempt through, or gives why it is refused. */
  admit(): Pass | string;
  /** Whether an attempt that was let through may resend what was lost with its connection. Few may, in proportion to those
   * that arrive: a receiver that accepts connections and drops them gets little more than what is sent once. */
  mayRetry(): boolean;
}

export interface CircuitOptions {
  /** Its name in logs. */
  receiver: string;
  logger: SinkDependencies['logger'];
  /** Called when the receiver counts as down, and when it is back. */
  onChange(isDown: boolean): void;
  /** Milliseconds since some moment. */
  clock?: () => number;
  random?: () => number;
}

/** How many attempts may be repeated at once, and how many more for each that arrives. */
const MOST_RETRIES = 10;
const RETRIES_FOR_EACH = 0.125;
/** The longest pause, in milliseconds, that a receiver can ask for. */
const LONGEST_PAUSE = 60_000;

export function openCircuit({
  receiver,
  logger,
  onChange,
  clock = () => performance.now(),
  random,
}: CircuitOptions): Circuit {
  let failures = 0;
  let reason = '';
  let until = 0;
  let isProbing = false;
  /** Attempts that fail together are let through in the same lap, and count as one failure. */
  let lap = 0;
  let retries = MOST_RETRIES;

  function refusal(): string | undefined {
    if (failures === 0) return undefined;
    const pause = until - clock();
    if (pause > 0) return `${reason}; it is tried again in ${(pause / 1000).toFixed(1)} s`;
    return isProbing ? `${reason}; it is being tried again` : undefined;
  }

  function fail(why: string, pause: number): void {
    lap++;
    failures++;
    reason = why;
    until = clock() + Math.max(backoff(failures, random), Math.min(pause, LONGEST_PAUSE));
    isProbing = false;
    if (failures > 1) return;
    logger.warn({ receiver }, `${receiver} ${why}`);
    onChange(true);
  }

  function heal(): void {
    retries = Math.min(MOST_RETRIES, retries + RETRIES_FOR_EACH);
    if (failures === 0) return;
    logger.info({ receiver, failures }, `${receiver} is back`);
    lap++;
    failures = 0;
    isProbing = false;
    onChange(false);
  }

  return {
    refusal,
    admit() {
      const refused = refusal();
      if (refused !== undefined) return refused;
      const own = lap;
      const isProbe = failures > 0;
      isProbing ||= isProbe;
      let isOpen = true;
      const once = (report: () => void) => {
        if (isOpen) report();
        isOpen = false;
      };
      return {
        succeeded: () => once(heal),
        failed: (why, pause = 0) => once(() => own === lap && fail(why, pause)),
        left: () => once(() => own === lap && isProbe && (isProbing = false)),
      };
    },
    mayRetry() {
      if (retries < 1) return false;
      retries--;
      return true;
    },
  };
}
