/** The places that tagged records go to. */

import Type, { type Static, type TSchema } from 'typebox';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { Problem } from '../problem.ts';
import { forwardConfig, forwardFaults, openForward } from './forward/index.ts';
import type { DeliveryResult, Sink, SinkDependencies, SinkFault } from './sink.ts';

/** One row for each kind of sink. */
const sinks = {
  forward: { config: forwardConfig, faults: forwardFaults, open: openForward },
};

export type SinkConfig = Static<(typeof sinks)[keyof typeof sinks]['config']>;
/** A sink of the configuration, of which this checks the type alone: sinkSchema has the rest. */
export const SinkConfig = Type.Unsafe<SinkConfig>(
  Type.Object({ type: Type.Enum(Object.keys(sinks) as SinkConfig['type'][], { description: 'Kind of sink.' }) }),
);

/** The kinds with the schema, defaults and descriptions of their configuration. */
export const sinkKinds = Object.entries(sinks).map(([type, { config }]) => ({ type, schema: config }));

/** The schema of a kind of sink's configuration, with defaults; undefined where there is no such kind. */
export function sinkSchema(type: unknown): TSchema | undefined {
  return Object.hasOwn(sinks, String(type)) ? sinks[type as SinkConfig['type']].config : undefined;
}

/** What no schema says of a sink's settings: which go together, and whether their files can be used. */
export function sinkFaults(config: SinkConfig): SinkFault[] {
  return sinks[config.type].faults(config);
}

/** Opens a sink; it connects when there is something to send.
 * @throws Problem `config.invalid` */
export function openSink(config: SinkConfig, dependencies: SinkDependencies): Sink {
  const { open }: { open(config: SinkConfig, dependencies: SinkDependencies): Sink } = sinks[config.type];
  return open(config, dependencies);
}

/** Receives what became of the records that a sink was given. */
export type CountSinkRecords = (sink: string, result: DeliveryResult['kind'] | 'failed', records: number) => void;

/** Resolves when every sink has the batch safely.
 * @throws Problem `sink.unavailable` after all have been tried, if one may not have it; it names each that may not */
export async function deliver(batch: TaggedBatch, to: readonly Sink[], count: CountSinkRecords): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    to.map(async (sink) => {
      try {
        const result = await sink.deliver(batch);
        count(sink.name, result.kind, result.records);
      } catch (error) {
        const records = batch.records.filter(({ kind }) => kind !== 'group').length;
        count(sink.name, 'failed', records);
        failures.push(error);
      }
    }),
  );
  const defect = failures.find((error) => !(error instanceof Problem));
  if (defect !== undefined) throw defect;
  if (failures.length > 0) {
    throw new Problem('sink.unavailable', failures.map((error) => (error as Problem).message).join('; '));
  }
}
