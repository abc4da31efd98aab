/** Assembles the pipeline from the configuration. */
import type { Config } from './config/index.ts';
import { type Correlate, correlator } from './correlate/index.ts';
import { openDecisions } from './decisions/decisions.ts';
import type { Ruleset } from './detect.ts';
import type { NormalizeOptions } from './normalizers/index.ts';
import { eventKeys } from './outline/event-keys.ts';
import { OutlineOptions } from './outline/outlines.ts';
import { type Parts, readEventsOf } from './pipeline.ts';
import type { Sink, SinkDependencies } from './sinks/sink.ts';
import { memoryStore } from './state/memory.ts';
import { openTagger } from './tagger.ts';

/** What the pipeline is made of, according to the configuration; nothing in it is measured. */
export function partsOf(
  config: Config,
  ruleset: () => Ruleset,
  sinks: readonly Sink[],
  correlate: Correlate = correlator(memoryStore()),
): Parts {
  const { memberName, dateKey, limits, clearEventFields } = config;
  const normalize = normalizeOptions(config);
  return {
    ruleset,
    correlate,
    sinks,
    memberName,
    dateKey,
    limits,
    normalize,
    outlining: {
      options: new OutlineOptions(eventKeys(dateKey, memberName), limits.maxDepth),
      decisions: openDecisions(normalize),
    },
    tagger: openTagger({ clearEventFields }),
  };
}

/** Reads the events of a record for sinks, as they are read for the rules. */
export function eventReader(config: Config): SinkDependencies['eventsOf'] {
  const parts = { limits: config.limits, normalize: normalizeOptions(config) };
  return (batch, index) => readEventsOf(batch.records[index]!, batch, parts);
}

function normalizeOptions({ platform, cluster, trustedProxies, limits }: Config): NormalizeOptions {
  return { platform, cluster, trustedProxies, maxDepth: limits.maxDepth };
}
