/** Fluent tags as labels of metrics. Senders choose them, so their number is limited. */

/** Even multiplied by sinks and results, well below the 2,000 series at which OpenTelemetry begins to drop labels. */
const MOST_LABELS = 50;
const MOST_CHARACTERS = 128;
/** Stands for each that came after those, or is unfit for a label. */
const OTHER = 'other';
/** Stands for none, as in the forward sink. */
const NONE = 'untagged';

/** Returns the label of a Fluent tag: the first `most` that come have their own, as long as the process lives. */
export function openTagLabels(most: number = MOST_LABELS): (fluentTag: string | undefined) => string {
  const labels = new Set<string>();
  return (fluentTag) => {
    if (fluentTag === undefined || fluentTag === '') return NONE;
    if (labels.has(fluentTag)) return fluentTag;
    if (labels.size >= most || fluentTag.length > MOST_CHARACTERS || /\p{C}/u.test(fluentTag)) return OTHER;
    labels.add(fluentTag);
    return fluentTag;
  };
}
