/** Metrics: Prometheus' page, always, and OTLP if the environment asks for it. */
import { metrics } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  type AggregationTemporalitySelector,
  type IMetricReader,
  InstrumentType,
  MeterProvider,
  type MetricData,
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { serviceResource } from './resource.ts';
import { type Environment, endpoint } from './sdk.ts';

/** Milliseconds after which the page shows the previous values of a busy thread: during a parse or a garbage collection,
 * which takes hundreds, it does not answer. */
const observingMilliseconds = 20;

export function openPrometheus(): { reader: IMetricReader; page(): Promise<string> } {
  const reader = new PageReader();
  const serializer = new PrometheusSerializer();
  return {
    reader,
    async page() {
      const { resourceMetrics } = await reader.collect({ timeoutMillis: observingMilliseconds });
      return serializer.serialize(forPage(resourceMetrics));
    },
  };
}

/** Collects when a page is asked for. */
class PageReader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: withoutThePast(() => AggregationTemporality.CUMULATIVE) });
  }
  protected override async onForceFlush() {}
  protected override async onShutdown() {}
}

/** Observable gauges show what is observed now. With any temporality but delta, the SDK adds what was observed before. */
function withoutThePast(select: AggregationTemporalitySelector): AggregationTemporalitySelector {
  return (type) => (type === InstrumentType.OBSERVABLE_GAUGE ? AggregationTemporality.DELTA : select(type));
}

/** Makes the names of metrics end in their unit. */
function forPage({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map(withUnitInName) })),
  };
}

/** The base units as Prometheus writes them. */
const unitNames: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

function withUnitInName(metric: MetricData): MetricData {
  const unit = unitNames[metric.descriptor.unit];
  if (unit === undefined) return metric;
  return { ...metric, descriptor: { ...metric.descriptor, name: `${metric.descriptor.name}_${unit}`, unit } };
}

/** Measures without the rest of the SDK. */
export function startMetrics(reader: IMetricReader): MeterProvider {
  const provider = new MeterProvider({ resource: serviceResource(), readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  return provider;
}

const otlpMetricExporters: Record<string, () => Promise<new () => PushMetricExporter>> = {
  grpc: async () => (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter,
  'http/json': async () => (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter,
  'http/protobuf': async () => (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter,
};

export async function otlpMetricReaders(environment: Environment): Promise<IMetricReader[]> {
  const wanted = environment.OTEL_METRICS_EXPORTER
    ? environment.OTEL_METRICS_EXPORTER.split(',').includes('otlp')
    : endpoint(environment, 'METRICS');
  if (!wanted) return [];
  const protocol =
    environment.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL || environment.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  const load = otlpMetricExporters[protocol] ?? otlpMetricExporters['http/protobuf'];
  const Exporter = await load();
  const exportIntervalMillis = Number(environment.OTEL_METRIC_EXPORT_INTERVAL) || 60_000;
  const exporter = new Exporter();
  exporter.selectAggregationTemporality = withoutThePast(
    exporter.selectAggregationTemporality?.bind(exporter) ?? (() => AggregationTemporality.CUMULATIVE),
  );
  return [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis })];
}
