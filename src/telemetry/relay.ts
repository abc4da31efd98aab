/** Measurements of a thread that has no metrics of its own, on their way to the one that has. */
import type { Attributes } from '@opentelemetry/api';

/** An instrument, a value and its attributes. */
export type Measurement = readonly [instrument: string, value: number, attributes: Attributes | undefined];

/** An instrument of either kind. */
interface Relay {
  add(value: number, attributes?: Attributes): void;
  record(value: number, attributes?: Attributes): void;
}

/** Instruments that buffer measurements until the next round of the event loop. Counters are summed, so that a record of
 * 100,000 findings costs the other thread as much as one of ten. */
export function relayed(
  names: readonly string[],
  relay: (measurements: readonly Measurement[]) => void,
): Record<string, Relay> {
  const sums = new Map<string, [string, number, Attributes | undefined]>();
  let waiting: Measurement[] = [];
  let isPlanned = false;
  const plan = () => {
    if (!isPlanned) setImmediate(flush);
    isPlanned = true;
  };
  function flush(): void {
    const measurements = [...waiting, ...sums.values()];
    waiting = [];
    sums.clear();
    isPlanned = false;
    relay(measurements);
  }
  const relayOf = (name: string) => ({
    add(value: number, attributes?: Attributes) {
      const key = JSON.stringify([name, attributes]);
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, [name, value, attributes]);
      else sum[1] += value;
      plan();
    },
    record(value: number, attributes?: Attributes) {
      waiting.push([name, value, attributes]);
      plan();
    },
  });
  return Object.fromEntries(names.map((name) => [name, relayOf(name)]));
}
