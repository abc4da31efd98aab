/** What is emitted on a record, as findings and reports. */
import { type Current, lookupIn } from './current-event.ts';
import { type Emitted, findingOf, idOf, reportOf } from './emitted.ts';
import type { Planned } from './plan.ts';
import type { Remembered } from './replay.ts';

/** Raises what has been emitted on the event before. */
export function replay(before: readonly Remembered[], current: Current): void {
  for (const one of before) {
    const planned = current.plan.bySpace.get(one.space);
    if (planned !== undefined) raise(planned, one, current);
  }
}

/** Raises a finding, or a report if it is about events other than the current one. */
export function raise({ compiled: { correlation }, isRaised }: Planned, one: Emitted, current: Current): void {
  if (!isRaised) return;
  const { name, mode } = correlation;
  const id = idOf(name, current.place, one);
  if (one.fields === undefined) {
    const { event, index } = current;
    const finding = findingOf(correlation, one, id, { event, index, lookup: lookupIn(current) });
    current.results.raised ??= new Map();
    current.results.raised.set(id, { mode, finding });
  } else {
    current.results.reported ??= new Map();
    current.results.reported.set(id, { mode, report: reportOf(correlation, one, id) });
  }
}
