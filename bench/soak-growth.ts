/** Whether memory grows over a soak, and the records that would make it grow. */

export interface Sample {
  /** Sent so far. */
  records: number;
  mebibytes: number;
}

export interface Growth {
  /** MiB in the second half: the first fills caches and windows up to their bounds. */
  mean: number;
  /** MiB per million records: the slope of the best-fitting line. */
  perMillion: number;
  /** Whether the whole second half adds less than a twentieth. */
  isFlat: boolean;
}

const MOST = 0.05;

export function growthOf(samples: readonly Sample[]): Growth {
  const half = samples.slice(samples.length >> 1);
  const meanOf = (value: (sample: Sample) => number) => half.reduce((sum, one) => sum + value(one), 0) / half.length;
  const mean = meanOf(({ mebibytes }) => mebibytes);
  const middle = meanOf(({ records }) => records);
  const spread = meanOf(({ records }) => (records - middle) ** 2);
  const common = meanOf(({ records, mebibytes }) => (records - middle) * (mebibytes - mean));
  const slope = common / spread;
  const grown = slope * (half.at(-1)!.records - half[0]!.records);
  return { mean, perMillion: slope * 1e6, isFlat: grown < MOST * mean };
}

/** The record with a user and an agent of its own. */
export function newcomer(record: string, index: number): string {
  return record
    .replace(/"username":"[^"]*"/, `"username":"person-${index}@example.com"`)
    .replace(/"userAgent":"[^"]*"/, `"userAgent":"tool-${index}/1.0 (linux/amd64)"`);
}
