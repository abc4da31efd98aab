/** The places that tagged records go to. */

import Type, { type Static, type TSchema } from 'typebox';
import { countRecords } from '../batch/count.ts';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { Problem } from '../problem.ts';
import { alertmanagerConfig, alertmanagerFaults, alertmanagerTarget, openAlertmanager } from './alertmanager/index.ts';
import { avroConfig, avroFaults, avroTarget, openAvro } from './avro.ts';
import { bestEffort } from './best-effort/best-effort.ts';
import { choice } from './choice/choice.ts';
import { choiceSettings } from './choice/settings.ts';
import { clickhouseConfig, openClickhouse } from './clickhouse.ts';
import { elasticsearchConfig, openElasticsearch } from './elasticsearch.ts';
import { ofLogEvents } from './encode/log-event/of-log-events.ts';
import { forwardConfig, forwardFaults, forwardTarget, openForward } from './forward/index.ts';
import { httpConfig, httpFaults, openHttp } from './http.ts';
import { kafkaConfig, kafkaFaults, kafkaTarget, openKafka } from './kafka/index.ts';
import { lokiConfig, lokiFaults, openLoki } from './loki.ts';
import { ndjsonConfig, openNdjson } from './ndjson.ts';
import { openOtlp, otlpConfig } from './otlp/index.ts';
import { type RedactSettings, redactFaults, redactSettings } from './redact/settings.ts';
import { requestFaults, requestTarget } from './request/settings.ts';
import { choiceOf, type RowsSettings } from './rows/settings.ts';
import { countsOf, type Settled, type Sink, type SinkDependencies, type SinkFault } from './sink.ts';
import { type SpoolSettings, spoolSettings } from './spool/settings.ts';
import { openStdout, stdoutConfig } from './stdout.ts';
import { openWebhook, webhookConfig, webhookFaults, webhookTarget } from './webhook/index.ts';

/** What those that post over HTTP share. */
const posting = { faults: requestFaults, target: requestTarget, folders: [] };

const pathTarget = ({ path }: { path: string }) => path;

/** One row for each kind of sink: its settings, what is wrong with them beyond what their schema checks, where it sends to
 * (for a person to read), which settings name a folder that it alone writes to, and how it is opened. `takesOtlp` is set for
 * a kind that accepts batches of OTLP as they are, `isOfFindings` for one that gets findings for people and no records. */
const sinks = {
  alertmanager: {
    config: alertmanagerConfig,
    faults: alertmanagerFaults,
    target: alertmanagerTarget,
    folders: [],
    open: openAlertmanager,
    isOfFindings: true,
  },
  avro: { config: avroConfig, faults: avroFaults, target: avroTarget, folders: ['path'], open: openAvro },
  clickhouse: { ...posting, config: clickhouseConfig, open: openClickhouse },
  elasticsearch: { ...posting, config: elasticsearchConfig, open: openElasticsearch },
  forward: { config: forwardConfig, faults: forwardFaults, target: forwardTarget, folders: [], open: openForward },
  http: { ...posting, config: httpConfig, faults: httpFaults, open: openHttp },
  kafka: { config: kafkaConfig, faults: kafkaFaults, target: kafkaTarget, folders: [], open: openKafka },
  loki: { ...posting, config: lokiConfig, faults: lokiFaults, open: openLoki },
  ndjson: { config: ndjsonConfig, faults: () => [], target: pathTarget, folders: ['path'], open: openNdjson },
  otlp: { ...posting, config: otlpConfig, open: openOtlp, takesOtlp: true },
  stdout: { config: stdoutConfig, faults: () => [], target: () => 'stdout', folders: [], open: openStdout },
  webhook: {
    config: webhookConfig,
    faults: webhookFaults,
    target: webhookTarget,
    folders: [],
    open: openWebhook,
    isOfFindings: true,
  },
};

/** Settings of every kind, besides its own. */
const common = {
  required: Type.Boolean({
    default: true,
    description:
      'Whether the answer waits for this sink, so that the sender keeps what the sink did not accept. `false`: such ' +
      'records are lost to the sink, counted, and logged.',
  }),
  spool: Type.Optional(spoolSettings),
  records: Type.Optional(choiceSettings),
  redact: Type.Optional(redactSettings),
};
type Common = Static<ReturnType<typeof Type.Object<typeof common>>>;

export type SinkConfig = Static<(typeof sinks)[keyof typeof sinks]['config']> & Common;
/** A sink of the configuration, of which this checks only the type: sinkSchema has the rest. */
export const SinkConfig = Type.Unsafe<SinkConfig>(
  Type.Object({ type: Type.Enum(Object.keys(sinks) as SinkConfig['type'][], { description: 'Kind of sink.' }) }),
);

const titleOf = (schema: TSchema) => (schema as { title?: string }).title;

interface Kind {
  faults(config: SinkConfig): SinkFault[];
  target(config: SinkConfig): string;
  open(config: SinkConfig, dependencies: SinkDependencies): Sink | Promise<Sink>;
}

function kindOf({ type }: SinkConfig): Kind {
  return sinks[type] as Kind;
}

/** The kinds with the schema, defaults and descriptions of their configuration. */
export const sinkKinds = Object.entries(sinks).map(([type, { config }]) => ({
  type,
  schema: Type.Object({ ...config.properties, ...common }, { additionalProperties: false, title: titleOf(config) }),
}));

/** The configuration schema of a kind of sink, with defaults; undefined if there is no such kind. */
export function sinkSchema(type: unknown): TSchema | undefined {
  return sinkKinds.find((kind) => kind.type === type)?.schema;
}

/** Faults in a sink's settings that no schema finds: which go together, and whether their files can be used. */
export function sinkFaults(config: SinkConfig): SinkFault[] {
  const faults = kindOf(config).faults(config);
  return config.redact === undefined ? faults : [...faults, ...redactFaults(config.redact)];
}

/** Where a sink sends to, for a person to read. */
export function sinkTarget(config: SinkConfig): string {
  const target = kindOf(config).target(config);
  const rows = rowsOf(config);
  return 'rows' in config && rows !== 'records' ? `${target} (${rows})` : target;
}

/** The settings of a kind that name a folder which only this sink may write to. */
export function folderSettings(type: unknown): readonly string[] {
  return Object.hasOwn(sinks, String(type)) ? sinks[type as SinkConfig['type']].folders : [];
}

/** Opens a sink, with its spool if it has one; it connects when there is something to send. What it is not meant to get is left
 * out before the spool, so that it is not on disk either.
 * @throws Problem `config.invalid` */
export async function openSink(config: SinkConfig, dependencies: SinkDependencies): Promise<Sink> {
  const place = await kindOf(config).open(config, dependencies);
  const sink = config.spool === undefined ? place : await spooled(place, config.spool, dependencies);
  const taking = config.required ? sink : bestEffort(sink, dependencies);
  const shown = config.redact === undefined ? taking : await redacted(taking, config.redact, dependencies);
  const ofAny = 'takesOtlp' in sinks[config.type] && config.redact === undefined ? shown : ofLogEvents(shown);
  const chosen = choiceOf({ rows: rowsOf(config), ...(config.records && { records: config.records }) });
  return chosen === undefined ? ofAny : choice(ofAny, chosen, dependencies);
}

/** What a sink writes; those without the setting write records, or findings for people. */
function rowsOf(config: SinkConfig): RowsSettings['rows'] {
  if ('rows' in config) return config.rows;
  return 'isOfFindings' in sinks[config.type] ? 'findings' : 'records';
}

async function spooled(sink: Sink, settings: SpoolSettings, dependencies: SinkDependencies): Promise<Sink> {
  // Loaded on demand: few sinks have one, and it needs a part of Node that others do not.
  const { openSpool } = await import('./spool/index.ts');
  return openSpool(sink, settings, dependencies).catch((error) => {
    throw new Problem('config.invalid', `sink ${sink.name}: spool.path: ${error.message}`, { cause: error });
  });
}

async function redacted(sink: Sink, settings: RedactSettings, dependencies: SinkDependencies): Promise<Sink> {
  // Loaded on demand: few ask for it, and it is large.
  const { redact } = await import('./redact/redact.ts');
  return redact(sink, settings, dependencies);
}

/** Receives the outcome of the records that a sink was given. */
export type CountSinkRecords = (sink: string, result: Settled, records: number) => void;

/** Checks whether each sink would accept a batch now, as far as known: what will be refused need not be evaluated.
 * @param bytes of the batch as received
 * @throws Problem `sink.unavailable` if one would not */
export function expectDelivery(bytes: number, to: readonly Sink[]): void {
  const refusals = to.map((sink) => sink.refusal?.(bytes)).filter((reason) => reason !== undefined);
  if (refusals.length > 0) throw new Problem('sink.unavailable', refusals.join('; '));
}

/** Resolves when every sink, or its spool, safely has the batch.
 * @throws Problem `sink.unavailable` after all have been tried, if any may not have it; it names each of these */
export async function deliver(batch: TaggedBatch, to: readonly Sink[], count: CountSinkRecords): Promise<void> {
  const failures: unknown[] = [];
  const deliverTo = async (sink: Sink) => {
    try {
      const result = await sink.deliver(batch);
      for (const [kind, records] of countsOf(result)) count(sink.name, kind, records);
    } catch (error) {
      const records = countRecords(batch.records);
      count(sink.name, 'failed', records);
      failures.push(error);
    }
  };
  await Promise.all(to.filter(({ commits }) => !commits).map(deliverTo));
  // What it commits is not read again: if another sink had failed, the batch would be lost to that one.
  if (failures.length === 0) for (const sink of to) if (sink.commits) await deliverTo(sink);
  const defect = failures.find((error) => !(error instanceof Problem));
  if (defect !== undefined) throw defect;
  if (failures.length > 0) {
    throw new Problem('sink.unavailable', failures.map((error) => (error as Problem).message).join('; '));
  }
}
