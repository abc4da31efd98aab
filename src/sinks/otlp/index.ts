/** Exports records to a receiver of OTLP logs, such as an OpenTelemetry Collector.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp */
import Type, { type Static } from 'typebox';
import { compressionSetting, maxRequestBytesSetting, requestSettings, urlSetting } from '../request/settings.ts';
import { type RowsSettings, rowsSetting } from '../rows/settings.ts';
import type { Sink, SinkDependencies } from '../sink.ts';

export const otlpConfig = Type.Object(
  {
    type: Type.Literal('otlp'),
    name: Type.String({ minLength: 1, default: 'otlp', description: 'Name in logs and metrics.' }),
    url: urlSetting('Where logs are posted, including the path, usually /v1/logs.', 'http://collector:4318/v1/logs'),
    resource: Type.Record(Type.String({ minLength: 1 }), Type.String(), {
      default: { 'service.name': 'tripline' },
      description:
        'Attributes of the resource, in addition to `k8s.cluster.name`, `cloud.provider` and `cloud.platform` of the record; ' +
        'records that came as OTLP keep their own.',
    }),
    rows: rowsSetting(['findings'], ' Each is a LogRecord.'),
    compression: compressionSetting(['gzip', 'zstd']),
    maxRequestBytes: maxRequestBytesSetting(3_000_000),
    ...requestSettings,
  },
  { additionalProperties: false, title: 'OTLP sink' },
);
export type OtlpConfig = Static<typeof otlpConfig> & Pick<RowsSettings, 'records'>;

/** A sink that sends each record, or each finding, as a LogRecord in Protobuf. */
export async function openOtlp(config: OtlpConfig, dependencies: SinkDependencies): Promise<Sink> {
  // Loaded on demand: few have such a sink, and it needs a Protobuf writer.
  const [{ openPosting }, { exports }] = await Promise.all([import('../request/records.ts'), import('./exports.ts')]);
  return openPosting(config, exports(config, dependencies), dependencies);
}
