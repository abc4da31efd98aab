/** Findings and reports as LogRecords of OTLP that are events. */
import protobuf from 'protobufjs/minimal.js';
import { ANY_VALUE, LOG_RECORD, SCOPE_LOGS } from '../../codecs/opentelemetry/fields.ts';
import { finding as form } from '../../findings/forms/finding.ts';
import { unixNanoOf } from '../../findings/forms/row.ts';
import type { Found } from '../rows/found.ts';
import { lengthDelimitedKey, writeAttribute } from './any-value.ts';
import type { Surroundings } from './around.ts';
import { type Attributes, eventAttributes, OWN_PREFIX } from './attributes.ts';
import { type LogRecord, writeSeverity, writeTime, writeTrace } from './log-record.ts';

const ATTRIBUTES = lengthDelimitedKey(LOG_RECORD.attributes);

/** A finding as an event: what happened is its name, the summary its body, and its attributes are those of its span, named by
 * the semantic conventions where these have a name, plus the whole finding as `tripline.finding`.
 * @see https://opentelemetry.io/docs/specs/semconv/general/events/ */
export function findingRecordOf(found: Found, surroundings: Surroundings): LogRecord {
  const { emitted } = found;
  const { finding, kind, trace, platform, cluster, receivedUnixNano } = emitted;
  const writer = protobuf.Writer.create().uint32(lengthDelimitedKey(SCOPE_LOGS.logRecords)).fork();
  writeTime(writer, LOG_RECORD.timeUnixNano, unixNanoOf(emitted));
  writeTime(writer, LOG_RECORD.observedTimeUnixNano, receivedUnixNano);
  writeSeverity(writer, finding.level);
  writer.uint32(lengthDelimitedKey(LOG_RECORD.eventName)).string(OWN_PREFIX + kind);
  writer.uint32(lengthDelimitedKey(LOG_RECORD.body)).fork();
  writer.uint32(lengthDelimitedKey(ANY_VALUE.string)).bytes(Buffer.from(finding.summary)).ldelim();
  if (trace !== undefined) writeTrace(writer, trace);
  for (const [key, value] of attributesOf(found)) {
    if (value !== undefined) writeAttribute(writer, ATTRIBUTES, key, value);
  }
  const ofCluster = { ...(platform && { platform }), ...(cluster !== undefined && { cluster }) };
  return { bytes: writer.ldelim().finish(), scopeLogs: surroundings.ofCluster(ofCluster) };
}

function attributesOf({ emitted, context }: Found): Attributes {
  const { finding, platform, fluentTag } = emitted;
  const { correlation } = finding;
  return [
    ['security_rule.name', finding.rule],
    ['security_rule.uuid', finding.ruleId],
    ['security_rule.description', finding.title],
    ['security_rule.reference', context.rule?.references[0]],
    [`${OWN_PREFIX}finding.id`, finding.id],
    [`${OWN_PREFIX}finding.level`, finding.level],
    [`${OWN_PREFIX}finding.techniques`, finding.attack.map(({ technique }) => technique)],
    [`${OWN_PREFIX}platform`, platform],
    [`${OWN_PREFIX}fluent.tag`, fluentTag],
    [`${OWN_PREFIX}correlation.type`, correlation?.type],
    [`${OWN_PREFIX}correlation.from`, correlation?.from],
    [`${OWN_PREFIX}correlation.to`, correlation?.to],
    ...eventAttributes((emitted.kind === 'finding' && emitted.event) || {}),
    [`${OWN_PREFIX}finding`, form.of(emitted, context)],
  ];
}
