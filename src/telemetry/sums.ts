import type { Attributes, Counter } from '@opentelemetry/api';

/** What a batch adds to a counter, summed up: a point for each finding would cost more than finding it. */
export class Sums {
  readonly #sums = new Map<string, { attributes: Attributes; times: number }>();

  /** @param attributes texts, always in the same order */
  add(attributes: Readonly<Record<string, string>>): void {
    const key = Object.values(attributes).join('\0');
    const sum = this.#sums.get(key);
    if (sum === undefined) this.#sums.set(key, { attributes, times: 1 });
    else sum.times++;
  }

  addTo(counter: Pick<Counter, 'add'>): void {
    for (const { attributes, times } of this.#sums.values()) counter.add(times, attributes);
  }
}
