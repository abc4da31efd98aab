/** The findings and reports of a record, for a sink that writes these. */
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import type { FindingContext } from '../../findings/context.ts';
import { type Emitted, emittedOf } from '../../findings/emitted.ts';
import { findingChooser } from '../choice/choice.ts';
import type { ChoiceSettings } from '../choice/settings.ts';
import type { SinkDependencies } from '../sink.ts';

export interface Found {
  emitted: Emitted;
  context: FindingContext;
}

export type FoundOf = (batch: TaggedBatch, index: number) => Found[];

/** Excludes those of rules in shadow mode: whoever reads a row assumes that it is an alert. If the sink asks for a level, for
 * rules or for what is new, the others are left out, even on a record that it gets. */
export function openFound(
  records: ChoiceSettings | undefined,
  { eventsOf, contextOf }: Pick<SinkDependencies, 'eventsOf' | 'contextOf'>,
): FoundOf {
  const isChosen = findingChooser(records ?? {});
  return (batch, index) =>
    emittedOf(batch, index, (at) => eventsOf(batch, at))
      .filter(({ mode }) => mode === 'live')
      .map((emitted) => ({ emitted, context: contextOf(emitted) }))
      .filter(({ emitted, context }) => isChosen(emitted, context));
}
