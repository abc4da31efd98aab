/** Two ways to do the same, measured side by side: machines differ and are noisy, the ratio of the two hardly. */

/** One round's work of one side; what it needs is ready. */
export type Work = () => unknown;

export interface Pair {
  /** What the reader is asked to believe in: `own` beside `other`. */
  own: Work;
  other: Work;
}

export interface Measured {
  own: number;
  other: number;
}

/** Rounds that warm up compilers, caches and the state of correlations, and that are not counted: a sidecar runs for days. */
const WARM = 40;
const ROUNDS = 15;

/** The median milliseconds of both sides, which take turns in who is first.
 * @param prepare makes the work of a round: its records are later ones than those of the round before */
export async function measurePair(prepare: (round: number) => Pair): Promise<Measured> {
  const own: number[] = [];
  const other: number[] = [];
  for (let round = 0; round < WARM + ROUNDS; round++) {
    const pair = prepare(round);
    const sides = [
      { work: pair.own, into: own },
      { work: pair.other, into: other },
    ];
    for (const { work, into } of round % 2 === 0 ? sides : sides.reverse()) {
      const started = performance.now();
      await work();
      if (round >= WARM) into.push(performance.now() - started);
    }
  }
  return { own: median(own), other: median(other) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!;
}
