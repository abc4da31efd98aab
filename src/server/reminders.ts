/** Log lines about what happens with every batch alike: one now and then is enough. */

/** The least time between two lines about one subject. */
const INTERVAL_MILLISECONDS = 60_000;

/** Runs an action at most once a minute for each subject. */
export type Remind = (subject: string, action: (suppressed: number) => void) => void;

/** Makes a `Remind`, which gives the action the number suppressed since the last. */
export function reminders(): Remind {
  const last = new Map<string, { at: number; suppressed: number }>();
  return (subject, action) => {
    const now = performance.now();
    const before = last.get(subject);
    if (before !== undefined && now - before.at < INTERVAL_MILLISECONDS) {
      before.suppressed++;
      return;
    }
    last.set(subject, { at: now, suppressed: 0 });
    action(before?.suppressed ?? 0);
  };
}
