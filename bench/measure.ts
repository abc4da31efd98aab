/** Two ways to do the same, measured side by side: machines differ and are noisy, the ratio of the two hardly varies. */

/** The work of one side in one round; its input is ready. */
export type Work = () => unknown;

export interface Pair {
  /** The subject of the claim: `own` compared with `other`. */
  own: Work;
  other: Work;
}

export interface Measured {
  own: number;
  other: number;
}

/** Rounds that are not counted, to warm up compilers, caches and the state of correlations: a sidecar runs for days. */
const WARM = 40;
const ROUNDS = 15;

/** The median milliseconds of both sides, which take turns in going first.
 * @param prepare makes the work of a round: its records are later than those of the round before */
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
