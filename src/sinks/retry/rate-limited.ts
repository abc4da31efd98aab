/** Messages that would otherwise be logged with each batch. */
import type { SinkDependencies } from '../sink.ts';

const INTERVAL_MILLISECONDS = 60_000;

/** Logs one message in an interval, and with the next one how many were suppressed in between. */
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
