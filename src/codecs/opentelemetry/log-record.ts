/** Reads a LogRecord of OTLP for evaluation. */
import { CUT, type JsonMap } from '../../json/map.ts';
import { contentOf, eachField, type Field, LENGTH_DELIMITED } from '../../protobuf/scan.ts';
import { type List, type Message, pairIn } from './any-value.ts';
import { LOG_RECORD, RESOURCE, RESOURCE_LOGS } from './fields.ts';
import type { OtlpRecord, OtlpResourceLogs } from './otlp-record.ts';
import { readValue } from './read-value.ts';
import { CLUSTER_NAME, recordMap } from './record-map.ts';

/** @throws Problem `record.too_large` */
export function readLogRecord({ logRecord, scopeLogs }: OtlpRecord, limits: { maxDepth: number }): JsonMap {
  const attributes = readValue(pairsIn(logRecord, LOG_RECORD.attributes), limits) as JsonMap;
  const bodies = messagesIn(logRecord, LOG_RECORD.body);
  const body = bodies.at(-1);
  const map = recordMap(attributes, body && readValue(body, limits), clusterNameIn(scopeLogs.resourceLogs));
  // Protobuf would merge them.
  if (bodies.length > 1) map[CUT] = 'cut';
  return map;
}

/** The pairs of a message that has attributes.
 * @param number of the field of each of them */
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

const clusterNames = new WeakMap<OtlpResourceLogs, { name: string | undefined }>();

function clusterNameIn(resourceLogs: OtlpResourceLogs): string | undefined {
  let found = clusterNames.get(resourceLogs);
  if (found === undefined) {
    found = { name: undefined };
    const resource = messagesIn(resourceLogs.message, RESOURCE_LOGS.resource).at(-1);
    const key = Buffer.from(CLUSTER_NAME);
    const named = resource && messagesIn(bytesOf(resource), RESOURCE.attributes).map(pairIn);
    const value = named?.findLast((pair) => key.equals(pair.key))?.value;
    const name = value && readValue(value, { maxDepth: 0 });
    if (typeof name === 'string') found.name = name;
    clusterNames.set(resourceLogs, found);
  }
  return found.name;
}

function bytesOf({ bytes, start, end }: Message): Uint8Array {
  return bytes.subarray(start, end);
}
