/** Every metric, with its name, unit and description. */
import { metrics } from '@opentelemetry/api';

/** The name of Tripline's tracer and meter. */
export const SCOPE = 'tripline';

export function makeInstruments() {
  const meter = metrics.getMeter(SCOPE);
  return {
    records: meter.createCounter('tripline.records', { description: 'Records, by platform and verdict.' }),
    findings: meter.createCounter('tripline.findings', {
      description: 'Findings and reports, by rule, level and mode.',
    }),
    silenced: meter.createCounter('tripline.silenced', {
      description: 'Matches for which an exception left no finding, by rule and exception.',
    }),
    refused: meter.createCounter('tripline.requests.refused', { description: 'Requests refused, by problem.' }),
    batch: meter.createHistogram('tripline.batch.duration', {
      unit: 's',
      description: "From the request's headers to the end of its reply, by status code.",
      advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] },
    }),
    lag: meter.createHistogram('tripline.event.lag', {
      unit: 's',
      description: 'From the time of an audit event to its tag, of the first event of each platform in a batch.',
      advice: { explicitBucketBoundaries: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400] },
    }),
    sinkRecords: meter.createCounter('tripline.sink.records', {
      description: 'Records given to a sink, by sink and result: acknowledged, withheld or failed.',
    }),
    sinkRetries: meter.createCounter('tripline.sink.retries', {
      description: 'Attempts of a sink to reach its target again, by sink.',
    }),
    late: meter.createCounter('tripline.correlation.late', {
      description: 'Events that came too late to be correlated, by correlation.',
    }),
    evicted: meter.createCounter('tripline.correlation.evicted', {
      description: 'Events, groups and terms forgotten for want of room, by correlation.',
    }),
    state: meter.createGauge('tripline.state.entries', {
      description: 'What is remembered from one event to the next: events in windows, groups and terms.',
    }),
    rules: meter.createGauge('tripline.rules', {
      description: 'Rules that are live, by rule set; 0 for a set that was replaced.',
    }),
    reloads: meter.createCounter('tripline.rules.reloads', {
      description: 'Times that changed rule files were taken up, by outcome: swapped, unchanged or refused.',
    }),
    rulesRefused: meter.createGauge('tripline.rules.refused', {
      description: '1 while the rule files as they are now are refused, and an older set is live; else 0.',
    }),
  };
}
