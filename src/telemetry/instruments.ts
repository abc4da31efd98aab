/** Every metric, with its name, unit and description. */
import { type Attributes, metrics, type ObservableGauge } from '@opentelemetry/api';
import { SCOPE, VERSION } from './scope.ts';

/** What Tripline measures about its work. Names follow OpenTelemetry, without the unit. */
export function makeInstruments() {
  const meter = metrics.getMeter(SCOPE, VERSION);
  return {
    receipts: meter.createCounter('tripline.receipts', {
      description: 'Records by Fluent tag and step: received, then tagged or unfinished; separately, joined.',
    }),
    records: meter.createCounter('tripline.records', { description: 'Records, by platform and verdict.' }),
    findings: meter.createCounter('tripline.findings', {
      description: 'Findings and reports, by rule, level and mode.',
    }),
    silenced: meter.createCounter('tripline.silenced', {
      description: 'Matches that an exception silenced, by rule and exception.',
    }),
    refused: meter.createCounter('tripline.requests.refused', { description: 'Requests refused, by problem.' }),
    batch: meter.createHistogram('tripline.batch.duration', {
      unit: 's',
      description: "From the request's headers to the end of its reply, by status code.",
      advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] },
    }),
    lag: meter.createHistogram('tripline.event.lag', {
      unit: 's',
      description: 'From the time of an audit event to its tag, for the first event of each platform in a batch.',
      advice: { explicitBucketBoundaries: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400] },
    }),
    sinkRecords: meter.createCounter('tripline.sink.records', {
      description:
        'Records given to a sink, by Fluent tag, sink and result: acknowledged, withheld, spooled or restored ' +
        '(counted again when they are sent), repeated (in the spool already), set_aside, failed or not_chosen.',
    }),
    sinkRetries: meter.createCounter('tripline.sink.retries', {
      description: 'Attempts of a sink to reach its target again, by sink.',
    }),
    sinkDown: meter.createGauge('tripline.sink.down', {
      description: '1 while the receiver of a sink counts as down and is only probed now and then, else 0, by sink.',
    }),
    spoolBytes: meter.createGauge('tripline.spool.usage', {
      unit: 'By',
      description: 'Bytes on disk of the spool of a sink, by sink and state: queued or set_aside.',
    }),
    spoolBatches: meter.createGauge('tripline.spool.batches', {
      description: 'Batches in the spool of a sink that are yet to be sent, by sink.',
    }),
    spoolAge: meter.createGauge('tripline.spool.age', {
      unit: 's',
      description: 'How long the oldest batch in the spool of a sink has waited, by sink.',
    }),
    spoolFault: meter.createGauge('tripline.spool.refusing', {
      description: '1 while the spool of a sink accepts no batches, else 0, by sink and reason: full or failing.',
    }),
    late: meter.createCounter('tripline.correlation.late', {
      description: 'Events that came too late to be correlated, by correlation.',
    }),
    evicted: meter.createCounter('tripline.correlation.evicted', {
      description: 'Events, groups and terms evicted for lack of space, by correlation.',
    }),
    state: meter.createGauge('tripline.state.entries', {
      description: 'Entries kept from one event to the next: events in windows, groups, terms and findings.',
    }),
    sourceSilence: meter.createGauge('tripline.source.silence', {
      unit: 's',
      description: 'How long ago a regular source sent its last audit records, by Fluent tag, platform and cluster.',
    }),
    stateUnwritten: meter.createGauge('tripline.state.unwritten', {
      description: '1 while the state cannot be written to its file, and a restart would lose recent state; else 0.',
    }),
    stateRequests: meter.createCounter('tripline.state.requests', {
      description:
        'Round trips to the server of the state, by result: written; same (compared before it is written); missing (not known here, asked for by them) or conflict ' +
        '(changed by others meanwhile), after which the records run again; failed.',
    }),
    stateUnavailable: meter.createGauge('tripline.state.unavailable', {
      description: '1 while the server of the state cannot be used, else 0.',
    }),
    rules: lastPointOf(
      meter.createObservableGauge('tripline.rules', {
        description: 'Rules and correlations that are live, by the hash of their set.',
      }),
    ),
    rulesBroken: meter.createGauge('tripline.rules.broken', {
      description:
        'Rules, correlations, exceptions, lists and overrides that cannot be used as they are written: left out, or live ' +
        'in their last good version.',
    }),
    reloads: meter.createCounter('tripline.rules.reloads', {
      description: 'Times that changed rule files were reloaded, by outcome: swapped, unchanged or refused.',
    }),
    rulesRefused: meter.createGauge('tripline.rules.refused', {
      description: '1 while the current rule files cannot be loaded at all, and an older set is live; else 0.',
    }),
  };
}

/** What is read from the process and its runtime whenever metrics are collected, named by the semantic conventions. */
export function makeRuntimeInstruments() {
  const meter = metrics.getMeter(SCOPE, VERSION);
  return {
    meter,
    build: meter.createObservableGauge('tripline.build.info', {
      description: 'Always 1; the attributes say which Tripline and which Node.js this is.',
    }),
    cpu: meter.createObservableCounter('process.cpu.time', {
      unit: 's',
      description: 'CPU time of all threads, by mode: user or system.',
    }),
    memory: meter.createObservableUpDownCounter('process.memory.usage', {
      unit: 'By',
      description: 'Resident memory of the process.',
    }),
    heapUsed: meter.createObservableUpDownCounter('v8js.memory.heap.used', {
      unit: 'By',
      description: 'Heap that is in use, by thread.',
    }),
    heapLimit: meter.createObservableUpDownCounter('v8js.memory.heap.limit', {
      unit: 'By',
      description: 'Heap at which the process ends because it is out of memory, by thread.',
    }),
    eventLoopTime: meter.createObservableCounter('nodejs.eventloop.time', {
      unit: 's',
      description: 'Time of the event loop, by thread and state: active or idle.',
    }),
    delayP99: meter.createObservableGauge('nodejs.eventloop.delay.p99', {
      unit: 's',
      description: 'Delay of the event loop that answers requests since metrics were last collected, 99th percentile.',
    }),
    delayMax: meter.createObservableGauge('nodejs.eventloop.delay.max', {
      unit: 's',
      description: 'Delay of the event loop that answers requests since metrics were last collected, longest.',
    }),
  };
}

/** What is measured about the input that reads Kafka. */
export function makeKafkaInstruments() {
  const meter = metrics.getMeter(SCOPE, VERSION);
  return {
    lag: meter.createObservableGauge('tripline.kafka.lag', {
      description: 'Messages that are yet to be read, by topic and partition, for the partitions that are read here.',
    }),
  };
}

/** A gauge of one point. One that is recorded, not observed, would keep showing each set of attributes that it ever had. */
function lastPointOf(gauge: ObservableGauge) {
  let last: [value: number, attributes: Attributes | undefined] | undefined;
  gauge.addCallback((result) => {
    if (last !== undefined) result.observe(...last);
  });
  return {
    record(value: number, attributes?: Attributes) {
      last = [value, attributes];
    },
  };
}
