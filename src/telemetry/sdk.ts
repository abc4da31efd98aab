/** The OpenTelemetry SDK as the standard `OTEL_*` variables configure it, and no more of it than they ask for. */
import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
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
  // Each by itself, so that the build sees which of its parts are needed.
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { resourceDetectors, serviceResource } = await import('./resource.ts');
  const sdk = new NodeSDK({
    resource: serviceResource(),
    resourceDetectors,
    metricReaders,
    // If left out, the environment chooses the processors, and its default is OTLP, wanted or not.
    ...(!tracesWanted(environment) && { spanProcessors: [] }),
    logRecordProcessors: [],
  });
  sdk.start();
  return sdk;
}

/** The SDK logs an error as JSON with the stack; its message is what an operator needs. */
function plainMessage(text: string): string {
  try {
    return String(JSON.parse(text).message ?? text);
  } catch {
    return text;
  }
}

export const endpoint = (environment: Environment, signal: 'TRACES' | 'METRICS') =>
  environment[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] || environment.OTEL_EXPORTER_OTLP_ENDPOINT;

export function tracesWanted(environment: Environment): boolean {
  return Boolean(environment.OTEL_TRACES_EXPORTER || endpoint(environment, 'TRACES'));
}
