/** Metrics: Prometheus' page, always, and OTLP where the environment asks for it. */
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { type Environment, endpoint } from './sdk.ts';

export function openPrometheus(): { reader: IMetricReader; page(): Promise<string> } {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer();
  return {
    reader,
    async page() {
      const { resourceMetrics } = await reader.collect();
      // The SDK warns of each look at attributes that are still being found out.
      await resourceMetrics.resource.waitForAsyncAttributes?.();
      return serializer.serialize(resourceMetrics);
    },
  };
}

/** Measures without the rest of the SDK. */
export function startMetrics(reader: IMetricReader): MeterProvider {
  const resource = defaultResource().merge(resourceFromAttributes({ 'service.name': 'tripline' }));
  const provider = new MeterProvider({ resource, readers: [reader] });
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
  return [new PeriodicExportingMetricReader({ exporter: new Exporter(), exportIntervalMillis })];
}
