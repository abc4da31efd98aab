/** Compares what came back with what was sent: nothing lost, nothing changed, duplicates alike. */
import type { Arrival } from './forward-receiver.ts';

export interface Comparison {
  /** Records sent. */
  sent: number;
  /** The number of those that never came back. */
  lost: number;
  /** Arrivals beyond the first of each record. */
  duplicates: number;
  verdicts: Record<string, number>;
  /** The first few records that came back with another tag, time, metadata or body, or duplicates with other findings. */
  faults: string[];
}

/** @param sent what Fluent Bit delivers to a receiver without Tripline, more than once for a line that it read again
 * @param timeOf the time that the wire to Tripline can carry */
export function compare(
  sent: ReadonlyMap<string, readonly Arrival[]>,
  returned: ReadonlyMap<string, readonly Arrival[]>,
  timeOf: (eventTime: string) => string,
): Comparison {
  const comparison: Comparison = { sent: sent.size, lost: 0, duplicates: 0, verdicts: {}, faults: [] };
  const fault = (text: string) => comparison.faults.length < 10 && comparison.faults.push(text);

  for (const [key, originals] of sent) {
    const arrivals = returned.get(key);
    if (arrivals === undefined) {
      comparison.lost += 1;
      continue;
    }
    comparison.duplicates += arrivals.length - 1;
    const [{ verdict = 'none', findingIds }] = arrivals;
    comparison.verdicts[verdict] = (comparison.verdicts[verdict] ?? 0) + 1;
    const expected = originals.map((original) =>
      described({ ...original, fluentTag: `tripline.${original.fluentTag}`, eventTime: timeOf(original.eventTime) }),
    );
    for (const arrival of arrivals) {
      if (!expected.includes(described(arrival)))
        fault(`${key}: came back as ${described(arrival)}, was sent as ${expected}`);
      if (arrival.findingIds.join() !== findingIds.join()) {
        fault(`${key}: a duplicate has the findings ${arrival.findingIds}, not ${findingIds}`);
      }
    }
  }
  for (const key of returned.keys()) if (!sent.has(key)) fault(`${key}: came back without having been sent`);
  return comparison;
}

const described = ({ fluentTag, eventTime, metadata, body }: Arrival) =>
  `${fluentTag} ${eventTime} ${metadata} ${body}`;

/** The time as represented in MessagePack. */
export const exactTime = (eventTime: string) => eventTime;

/** The time as represented in Fluent Bit's JSON: a double, printed by C with six digits after the point. A value in the middle
 * is rounded to the even digit, where `toFixed` would choose the greater: of 100,000 times, one or two are affected. */
export function jsonTime(eventTime: string): string {
  const seconds = Number.parseInt(eventTime.slice(0, 8), 16);
  const nanoseconds = Number.parseInt(eventTime.slice(8), 16);
  const [whole, digits] = (seconds + nanoseconds / 1e9).toFixed(30).split('.');
  const micro = Number(digits.slice(0, 6));
  const rest = digits.slice(6);
  const isUp = /^50*$/.test(rest) ? micro % 2 === 1 : rest >= '5';
  const rounded = Number(whole) * 1e6 + micro + (isUp ? 1 : 0);
  return [Math.floor(rounded / 1e6), (rounded % 1e6) * 1000].map((part) => part.toString(16).padStart(8, '0')).join('');
}
