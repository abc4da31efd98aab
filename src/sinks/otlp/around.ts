/** The resource and the scope under which a record is sent. */
import protobuf from 'protobufjs/minimal.js';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { isGroupStart, logEventAt } from '../../codecs/fluent/log-event.ts';
import { RESOURCE, RESOURCE_LOGS, SCOPE, SCOPE_LOGS } from '../../codecs/opentelemetry/fields.ts';
import type { OtlpScopeLogs } from '../../codecs/opentelemetry/otlp-record.ts';
import type { LogRecord, Span } from '../../record.ts';
import type { Tag } from '../../tag.ts';
import { SCOPE as NAME, VERSION } from '../../telemetry/scope.ts';
import { lengthDelimitedKey, varintKey, writeAttribute, writePairs } from './any-value.ts';
import { clusterAttributes } from './attributes.ts';
import { contentAt, lastIn, mapIn, naturalAt } from './members.ts';

export interface Surroundings {
  /** Those of Tripline's own records: one resource for each cluster, and its own scope. The same object for the same cluster,
   * as long as it is remembered. */
  ofCluster(tag: Partial<Tag>): OtlpScopeLogs;
}

/** Clusters whose resource is remembered. */
const MAX_CLUSTERS = 1_000;

/** @param resource attributes of each */
export function openSurroundings(resource: Readonly<Record<string, string>>): Surroundings {
  const known = new Map<string, OtlpScopeLogs>();
  return {
    ofCluster(tag) {
      const cluster = clusterAttributes(tag);
      const key = JSON.stringify(cluster);
      let found = known.get(key);
      if (found === undefined) {
        if (known.size === MAX_CLUSTERS) known.clear();
        const attributes = new Map([...Object.entries(resource), ...cluster]);
        found = { message: ownScope, resourceLogs: { message: resourceOf(attributes) } };
        known.set(key, found);
      }
      return found;
    },
  };
}

function resourceOf(attributes: ReadonlyMap<string, unknown>): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(lengthDelimitedKey(RESOURCE_LOGS.resource)).fork();
  for (const [key, value] of attributes) writeAttribute(writer, lengthDelimitedKey(RESOURCE.attributes), key, value);
  return writer.ldelim().finish();
}

const ownScope: Uint8Array = protobuf.Writer.create()
  .uint32(lengthDelimitedKey(SCOPE_LOGS.scope))
  .fork()
  .uint32(lengthDelimitedKey(SCOPE.name))
  .string(NAME)
  .uint32(lengthDelimitedKey(SCOPE.version))
  .string(VERSION)
  .ldelim()
  .finish();

const groups = new WeakMap<readonly LogRecord[], readonly (OtlpScopeLogs | undefined)[]>();

/** The resource and scope of the OpenTelemetry group that a log event is in; undefined if it is in none. Computed once for a
 * batch. */
export function groupOf({ bytes, records }: TaggedBatch, index: number): OtlpScopeLogs | undefined {
  let found = groups.get(records);
  if (found === undefined) {
    let group: OtlpScopeLogs | undefined;
    found = records.map((record) => {
      if (record.kind === 'group') group = isGroupStart(bytes, record) ? groupFrom(bytes, record) : undefined;
      return group;
    });
    groups.set(records, found);
  }
  return found[index];
}

/** The resource and scope in a marker that opens a group, as Fluent Bit's input for OTLP writes them. */
function groupFrom(source: Uint8Array, marker: Span): OtlpScopeLogs | undefined {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
  const { body } = logEventAt(bytes, marker)!;
  const resource = mapIn(bytes, body, 'resource');
  const scope = mapIn(bytes, body, 'scope');
  if (resource === undefined && scope === undefined) return undefined;
  const ofResource = protobuf.Writer.create().uint32(lengthDelimitedKey(RESOURCE_LOGS.resource)).fork();
  writeMembers(ofResource, bytes, resource, RESOURCE);
  ofResource.ldelim();
  writeMembers(ofResource, bytes, resource, { schemaUrl: RESOURCE_LOGS.schemaUrl });
  const ofScope = protobuf.Writer.create().uint32(lengthDelimitedKey(SCOPE_LOGS.scope)).fork();
  writeMembers(ofScope, bytes, scope, SCOPE);
  ofScope.ldelim();
  writeMembers(ofScope, bytes, scope, { schemaUrl: SCOPE_LOGS.schemaUrl });
  return { message: ofScope.finish(), resourceLogs: { message: ofResource.finish() } };
}

/** Writes those members of a resource or scope that are among these fields. */
function writeMembers(
  writer: protobuf.Writer,
  bytes: Buffer,
  map: Span | undefined,
  fields: Partial<Record<'attributes' | 'name' | 'version' | 'schemaUrl' | 'droppedAttributesCount', number>>,
): void {
  if (map === undefined) return;
  const { attributes, name, version, schemaUrl, droppedAttributesCount } = fields;
  for (const [member, field] of Object.entries({ name, version, schema_url: schemaUrl })) {
    const value = field === undefined ? undefined : lastIn(bytes, map, member);
    const text = value && contentAt(bytes, value);
    if (text) writer.uint32(lengthDelimitedKey(field!)).string(Buffer.from(text).toString());
  }
  const pairsOf = attributes && mapIn(bytes, map, 'attributes');
  if (pairsOf) writePairs(writer, lengthDelimitedKey(attributes), bytes, pairsOf.start, pairsOf.end);
  const dropped = droppedAttributesCount && lastIn(bytes, map, 'dropped_attributes_count');
  const count = dropped && naturalAt(bytes, dropped);
  if (count) writer.uint32(varintKey(droppedAttributesCount)).uint32(Number(BigInt.asUintN(32, count)));
}
