/** The SDK of OpenTelemetry, as the standard `OTEL_*` variables say, and no more of it than they ask for. */
import { DiagLogLevel, diag, metrics } from '@opentelemetry/api';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { Logger } from 'pino';

export type Environment = Readonly<Record<string, string | undefined>>;

export function logDiagnostics(logger: Logger): void {
  const warn = (message: string) => logger.warn(`OpenTelemetry: ${plainMessage(message)}`);
  const ignore = () => {};
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
}

/** Whether anything but Prometheus' page is asked for: the whole SDK takes a quarter of a second to load. */
export function isConfigured(environment: Environment): boolean {
  return Object.keys(environment).some((name) => name.startsWith('OTEL_'));
}

export async function startSdk(
  environment: Environment,
  metricReaders: IMetricReader[],
): Promise<{ shutdown(): Promise<void> }> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    serviceName: environment.OTEL_SERVICE_NAME ?? 'tripline',
    metricReaders,
    // Left out, the processors are those of the environment; and there it is OTLP by default, wanted or not.
    ...(!tracesWanted(environment) && { spanProcessors: [] }),
    logRecordProcessors: [],
  });
  sdk.start();
  return sdk;
}

export function startMetrics(reader: IMetricReader): MeterProvider {
  const resource = defaultResource().merge(resourceFromAttributes({ 'service.name': 'tripline' }));
  const provider = new MeterProvider({ resource, readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  return provider;
}

/** What the SDK says of an error is its JSON with the stack; its message is what an operator needs. */
function plainMessage(text: string): string {
  try {
    return String(JSON.parse(text).message ?? text);
  } catch {
    return text;
  }
}

const endpoint = (environment: Environment, signal: 'TRACES' | 'METRICS') =>
  environment[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] || environment.OTEL_EXPORTER_OTLP_ENDPOINT;

export function tracesWanted(environment: Environment): boolean {
  return Boolean(environment.OTEL_TRACES_EXPORTER || endpoint(environment, 'TRACES'));
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
