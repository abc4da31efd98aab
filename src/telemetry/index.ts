/**
 * Spans and metrics: the only part that knows OpenTelemetry.
 *
 * Metrics are always kept, for Prometheus on `/metrics`; spans and OTLP metrics are sent where the standard `OTEL_*`
 * variables say, and nowhere while none is set.
 */
import { type Attributes, context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Detection, Ruleset } from '../detect.ts';
import { judgedOf } from '../network.ts';
import type { AuditEvent, Finding, Platform, Report } from '../record.ts';
import type { Tag, Verdict } from '../tag.ts';
import { unixNanoFromRfc3339 } from '../time.ts';
import { truncate } from '../truncate.ts';
import { makeInstruments } from './instruments.ts';
import { type Measurement, relayed } from './relay.ts';
import { observeRuntime, observeThread } from './runtime.ts';
import { SCOPE, VERSION } from './scope.ts';
import { type Environment, isConfigured, logDiagnostics, startSdk, tracesWanted } from './sdk.ts';
import { openServerSpan, type ServerSpan } from './server-span.ts';
import { Sums } from './sums.ts';
import { openTagLabels } from './tag-labels.ts';

export { type Measurement, observeThread, VERSION };

const tracer = trace.getTracer(SCOPE, VERSION);

export interface Telemetry {
  /** The metrics of the process in Prometheus' text format. */
  prometheus(): Promise<string>;
  /** Sends what is still buffered. */
  shutdown(): Promise<void>;
}

/** Starts the SDK. Call it once, before anything is measured.
 * @param logger receives a warning if spans or metrics cannot be sent */
export async function startTelemetry(environment: Environment, logger: Logger): Promise<Telemetry> {
  logDiagnostics(logger);
  const { openPrometheus, otlpMetricReaders, startMetrics } = await import('./metric-readers.ts');
  const prometheus = openPrometheus();
  const sdk = isConfigured(environment)
    ? await startSdk(environment, [prometheus.reader, ...(await otlpMetricReaders(environment))])
    : startMetrics(prometheus.reader);
  instruments = makeInstruments();
  observeRuntime();
  return {
    async prometheus() {
      if (environment.OTEL_SDK_DISABLED === 'true') return '# OTEL_SDK_DISABLED is set: nothing is measured\n';
      return prometheus.page();
    },
    shutdown: () => sdk.shutdown(),
  };
}

/** Starts the SDK of a thread that does not serve metrics: its spans are sent from there, and its measurements go to the
 * thread that does.
 * @param relay receives what was measured, for `measure` in the other thread */
export async function startThreadTelemetry(
  environment: Environment,
  logger: Logger,
  relay: (measurements: readonly Measurement[]) => void,
): Promise<Pick<Telemetry, 'shutdown'>> {
  logDiagnostics(logger);
  instruments = relayed(Object.keys(instruments), relay) as unknown as typeof instruments;
  if (!tracesWanted(environment)) return { shutdown: async () => {} };
  return startSdk(environment, []);
}

/** Records measurements of another thread. */
export function measure(measurements: readonly Measurement[]): void {
  for (const [name, value, attributes] of measurements) {
    const instrument = instruments[name as keyof typeof instruments];
    if ('add' in instrument) instrument.add(value, attributes);
    else instrument.record(value, attributes);
  }
}

const labelOf = openTagLabels();

/** Until the SDK has started these do nothing, which is what tests and library users get. */
let instruments = makeInstruments();

/** Runs one step of the pipeline in a span of its name; a failure is recorded on it and rethrown. */
export function traced<T>(step: string, run: () => T | Promise<T>, attributes?: (result: T) => Attributes): Promise<T> {
  return tracer.startActiveSpan(step, async (span) => {
    try {
      const result = await run();
      if (attributes && span.isRecording()) span.setAttributes(attributes(result));
      return result;
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The headers of W3C Trace Context that identify the active span; none if nothing is traced. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** Runs what belongs to a span of another thread, with that span as its parent. */
export function belowTrace<T>(headers: Readonly<Record<string, string>>, run: () => T): T {
  return context.with(propagation.extract(context.active(), headers), run);
}

export type RequestSpan = Omit<ServerSpan, 'end'> & { end(statusCode: number): void };

/** Opens the server span of a request; it continues the trace of an incoming `traceparent`. */
export function startRequest(
  { method, protocol, headers }: { method: string; protocol: string; headers: Readonly<Record<string, unknown>> },
  route: string,
): RequestSpan {
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'url.path': route,
    'url.scheme': protocol,
    ...(typeof headers['user-agent'] === 'string' && { 'user_agent.original': headers['user-agent'] }),
  };
  const parent = propagation.extract(context.active(), headers);
  const span = openServerSpan(tracer, `${method} ${route}`, attributes, parent);
  return {
    ...span,
    end(statusCode) {
      const isFault = statusCode >= 500;
      const status = { 'http.response.status_code': statusCode };
      const { seconds } = span.end(isFault, { ...status, ...(isFault && { 'error.type': String(statusCode) }) });
      instruments.batch.record(seconds, status);
    },
  };
}

export type MessageSpan = Omit<ServerSpan, 'end'> & { end(isFault: boolean): void };

/** Opens the server span of what comes in over a protocol other than HTTP and carries no trace.
 * @param name of the protocol */
export function startMessage(name: 'forward' | 'kafka', attributes: Attributes): MessageSpan {
  const span = openServerSpan(tracer, name, attributes, context.active());
  return {
    ...span,
    end(isFault) {
      const { error, seconds } = span.end(isFault, {});
      instruments.batch.record(seconds, error === undefined ? {} : { 'error.type': error });
    },
  };
}

function fail(span: Span, error: unknown): void {
  const { code, name, message } = error as NodeJS.ErrnoException;
  span.recordException(error as Error);
  span.setAttribute('error.type', code ?? name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Makes one span for each finding and each report of a record, and returns the ids of the first, for the record's tag. */
export function findingSpans(detection: Detection): Tag['trace'] {
  if (!('findings' in detection)) return undefined;
  const { findings, reports, events, event } = detection;
  let first: Span | undefined;
  const add = (name: string, attributes: () => Attributes) => {
    const span = tracer.startSpan(name);
    // Most are recorded nowhere, and their attributes are large.
    if (span.isRecording()) span.setAttributes(truncate(attributes()));
    if (first === undefined && (span.isRecording() || trace.isSpanContextValid(span.spanContext()))) first = span;
    span.end();
  };
  for (const one of findings) add(`finding ${one.rule}`, () => findingAttributes(one, events[one.event]!));
  for (const one of reports) add(`report ${one.rule}`, () => foundAttributes(one, event));
  return first && { traceId: first.spanContext().traceId, spanId: first.spanContext().spanId };
}

/** What findings and reports have in common. A report has no more: the event that carries it belongs to somebody else. Names
 * are those of the semantic conventions if these have one, else ours. */
function foundAttributes(found: Finding | Report, { platform, cluster }: AuditEvent): Attributes {
  const { correlation } = found;
  return {
    'security_rule.name': found.rule,
    'security_rule.uuid': found.ruleId,
    'security_rule.description': found.title,
    'tripline.finding.id': found.id,
    'tripline.finding.level': found.level,
    'tripline.finding.summary': found.summary,
    'tripline.finding.techniques': found.attack.map(({ technique }) => technique),
    'tripline.finding.time': found.time,
    'tripline.platform': platform,
    'k8s.cluster.name': cluster?.name,
    ...(correlation && {
      'tripline.correlation.type': correlation.type,
      'tripline.correlation.group': correlation.group.map(({ field, values }) => `${field}=${values.join(',')}`),
      'tripline.correlation.from': correlation.from,
      'tripline.correlation.to': correlation.to,
    }),
  };
}

function findingAttributes(finding: Finding, event: AuditEvent): Attributes {
  const { objectRef, user } = event;
  return {
    ...foundAttributes(finding, event),
    'k8s.namespace.name': objectRef?.namespace || undefined,
    ...(objectRef?.resource === 'pods' && { 'k8s.pod.name': objectRef.name || undefined }),
    'tripline.audit.id': event.auditID,
    'tripline.audit.verb': event.verb,
    'tripline.audit.resource': objectRef?.resource,
    'tripline.audit.name': objectRef?.name || undefined,
    'user.name': user.username,
    'user_agent.original': event.userAgent || undefined,
    'client.address': judgedOf(event.clientIPs),
  };
}

/** Records of a batch with the same platform and verdict. */
interface Row {
  platform: Platform | 'none';
  verdict: Verdict;
  records: number;
}

/** Counts the records and findings of a batch, and measures its lag. */
export function countDetections(detections: readonly (Detection | undefined)[]): void {
  const rows: Row[] = [];
  const found = new Sums();
  const silenced = new Sums();
  let row: Row | undefined;
  for (const detection of detections) {
    if (detection === undefined) continue;
    const { verdict } = detection;
    const platform = 'event' in detection ? detection.event.platform : 'none';
    if (row?.verdict !== verdict || row.platform !== platform) row = rowOf(rows, platform, verdict);
    row.records++;
    if ('findings' in detection) addFindings(detection, found, silenced);
  }
  found.addTo(instruments.findings);
  silenced.addTo(instruments.silenced);
  for (const { platform, verdict, records } of rows) instruments.records.add(records, { platform, verdict });
  measureLag(detections);
}

function rowOf(rows: Row[], platform: Row['platform'], verdict: Verdict): Row {
  let row = rows.find((one) => one.platform === platform && one.verdict === verdict);
  if (row === undefined) rows.push((row = { platform, verdict, records: 0 }));
  return row;
}

type Found = Extract<Detection, { findings: unknown }>;

function addFindings({ findings, reports, shadow, shadowReports, silenced }: Found, found: Sums, without: Sums): void {
  for (const { rule, level } of findings) found.add({ rule, level, mode: 'live' });
  for (const { rule, level } of reports) found.add({ rule, level, mode: 'live' });
  for (const { rule, level } of shadow) found.add({ rule, level, mode: 'shadow' });
  for (const { rule, level } of shadowReports) found.add({ rule, level, mode: 'shadow' });
  for (const { rule, exception } of silenced) without.add({ rule, exception });
}

/** Records the lag of the first event of each platform, which has waited longest: records come in the order of the log. One
 * point for each record would cost more than most records do. */
function measureLag(detections: readonly (Detection | undefined)[]): void {
  const measured = new Set<Platform>();
  const now = Date.now() / 1000;
  for (const detection of detections) {
    if (detection === undefined || !('event' in detection)) continue;
    const { event } = detection;
    const { platform } = event;
    if (measured.has(platform)) continue;
    const time = unixNanoFromRfc3339(event.stageTimestamp || event.requestReceivedTimestamp);
    if (time === undefined) continue;
    instruments.lag.record(Math.max(0, now - Number(time) / 1e9), { platform });
    measured.add(platform);
  }
}

/** Counts a request that was refused whole. */
export function countRefused(problem: string): void {
  instruments.refused.add(1, { problem });
}

/** Counts what became of the records that a sink was given. */
export function countSinkRecords(sink: string, result: string, fluentTag: string | undefined, records: number): void {
  instruments.sinkRecords.add(records, { fluent_tag: labelOf(fluentTag), sink, result });
}

/** Counts the records of a batch when they are decoded, when they have their tags, or when their batch is abandoned before; and
 * those of a repeated batch that was answered by the first attempt. */
export function countReceipts(
  step: 'received' | 'tagged' | 'unfinished' | 'joined',
  fluentTag: string | undefined,
  records: number,
): void {
  instruments.receipts.add(records, { fluent_tag: labelOf(fluentTag), step });
}

/** Counts an attempt of a sink to reach its target again. */
export function countSinkRetry(sink: string): void {
  instruments.sinkRetries.add(1, { sink });
}

/** Records whether the receiver of a sink counts as down. */
export function gaugeSinkDown(sink: string, isDown: boolean): void {
  instruments.sinkDown.record(isDown ? 1 : 0, { sink });
}

/** Records how full the spool of a sink is. */
export function gaugeSpool(
  sink: string,
  level: { bytes: number; setAsideBytes: number; entries: number; oldestSeconds: number; fault?: { kind: string } },
): void {
  const { bytes, setAsideBytes, entries, oldestSeconds, fault } = level;
  instruments.spoolBytes.record(bytes - setAsideBytes, { sink, state: 'queued' });
  instruments.spoolBytes.record(setAsideBytes, { sink, state: 'set_aside' });
  instruments.spoolBatches.record(entries, { sink });
  instruments.spoolAge.record(oldestSeconds, { sink });
  for (const reason of ['full', 'failing']) {
    instruments.spoolFault.record(reason === fault?.kind ? 1 : 0, { sink, reason });
  }
}

/** Records how many rules and correlations are live. */
export function gaugeRules({ hash, rules, correlations }: Pick<Ruleset, 'hash' | 'rules' | 'correlations'>): void {
  instruments.rules.record(rules.length + correlations.length, { ruleset: hash });
}

/** Records how many items in the rule files cannot be used as they are written. */
export function gaugeBroken(broken: number): void {
  instruments.rulesBroken.record(broken);
}

/** Records whether the current rule files are refused. */
export function gaugeRefused(refused: boolean): void {
  instruments.rulesRefused.record(refused ? 1 : 0);
}

/** Counts what became of changed rule files. */
export function countReload(outcome: 'swapped' | 'unchanged' | 'refused'): void {
  instruments.reloads.add(1, { outcome });
}

/** Counts an event that came too late for a correlation. */
export function countLate(correlation: string): void {
  instruments.late.add(1, { correlation });
}

/** Counts what a correlation evicted for lack of space. */
export function countEvicted(correlation: string, entries: number): void {
  instruments.evicted.add(entries, { correlation });
}

/** Records how many entries the state has. */
export function gaugeState(entries: number): void {
  instruments.state.record(entries);
}

/** Records how many seconds ago a source last sent audit records. */
export function gaugeSilence(
  source: { fluentTag: string | undefined; platform: Platform; cluster: string | undefined },
  seconds: number,
): void {
  const { fluentTag, platform, cluster } = source;
  const attributes = { fluent_tag: fluentTag ?? 'untagged', platform, cluster: cluster ?? 'none' };
  instruments.sourceSilence.record(seconds, attributes);
}

/** Records whether the state could be written last time. */
export function gaugeStateWritten(isWritten: boolean): void {
  instruments.stateUnwritten.record(isWritten ? 0 : 1);
}

/** Counts a round trip to the state server. */
export function countStateRequest(result: 'written' | 'same' | 'missing' | 'conflict' | 'failed'): void {
  instruments.stateRequests.add(1, { result });
}

/** Records whether the state server can be used. */
export function gaugeStateUnavailable(isUnavailable: boolean): void {
  instruments.stateUnavailable.record(isUnavailable ? 1 : 0);
}
