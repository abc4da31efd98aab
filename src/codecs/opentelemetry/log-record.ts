/** Reads a LogRecord of OTLP for evaluation. */
import { CUT, type JsonMap } from '../../json/map.ts';
import { contentOf, eachField, type Field, LENGTH_DELIMITED } from '../../protobuf/scan.ts';
import type { List, Message } from './any-value.ts';
import { LOG_RECORD, RESOURCE, RESOURCE_LOGS } from './fields.ts';
import type { OtlpRecord, OtlpResourceLogs } from './otlp-record.ts';
import { readValue } from './read-value.ts';

/** Body, attributes and the attributes of the resource, as `{body, attributes, resource: {attributes}}`.
 * @throws Problem `record.too_large` */
export function readLogRecord({ logRecord, scopeLogs }: OtlpRecord, limits: { maxDepth: number }): JsonMap {
  const map: JsonMap = {};
  const [first, ...more] = messagesIn(logRecord, LOG_RECORD.body);
  if (first !== undefined) map.body = readValue(more.at(-1) ?? first, limits);
  // Protobuf would merge them.
  if (more.length > 0) map[CUT] = 'cut';
  map.attributes = readValue(pairsIn(logRecord, LOG_RECORD.attributes), limits);
  map.resource = { attributes: resourceAttributes(scopeLogs.resourceLogs, limits) };
  return map;
}

/** The pairs of a message that has attributes.
 * @param number of the field that each of them is */
export function pairsIn(message: Uint8Array, number: number): List {
  return { kind: 'kvlist', field: number, bytes: message, start: 0, end: message.length };
}

/** The messages, texts or bytes of the fields of a number, in order. */
export function messagesIn(message: Uint8Array, number: number): Message[] {
  const found: Message[] = [];
  eachField(message, { start: 0, end: message.length }, (field: Field) => {
    if (field.number === number && field.wireType === LENGTH_DELIMITED)
      found.push({ bytes: message, ...contentOf(field) });
  });
  return found;
}

/** Records come one after another, and those of one resource together. */
let latest: { resourceLogs: OtlpResourceLogs; maxDepth: number; attributes: unknown } | undefined;

function resourceAttributes(resourceLogs: OtlpResourceLogs, { maxDepth }: { maxDepth: number }): unknown {
  if (latest?.resourceLogs !== resourceLogs || latest.maxDepth !== maxDepth) {
    const resource = messagesIn(resourceLogs.message, RESOURCE_LOGS.resource).at(-1);
    const message = resource === undefined ? nothing : resource.bytes.subarray(resource.start, resource.end);
    latest = { resourceLogs, maxDepth, attributes: readValue(pairsIn(message, RESOURCE.attributes), { maxDepth }) };
  }
  return latest.attributes;
}

const nothing = new Uint8Array();
