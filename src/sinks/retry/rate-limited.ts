/** What the log would be told with each batch. */
import type { SinkDependencies } from '../sink.ts';

const INTERVAL_MILLISECONDS = 60_000;

/** Passes on one message in an interval, and with the next how many there were in between. */
export function rateLimited(
  logger: SinkDependencies['logger'],
  level: keyof SinkDependencies['logger'],
): (fields: object, message: string) => void {
  let notBefore = 0;
  let suppressed = 0;
  return (fields, message) => {
    if (performance.now() < notBefore) {
      suppressed++;
      return;
    }
    logger[level]({ ...fields, suppressed }, message);
    notBefore = performance.now() + INTERVAL_MILLISECONDS;
    suppressed = 0;
  };
}
