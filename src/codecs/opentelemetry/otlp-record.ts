/** A record of OTLP and what is around it, as messages of Protobuf that stand on their own. */
import { eachField, type Field, fieldAt, LENGTH_DELIMITED } from '../../protobuf/scan.ts';
import { lengthDelimited } from '../../protobuf/write.ts';
import type { Span } from '../../record.ts';
import { type ScopeLogs, scopeOf } from './export.ts';
import { EXPORT, RESOURCE_LOGS, SCOPE_LOGS } from './fields.ts';

export interface OtlpRecord {
  /** A LogRecord. */
  logRecord: Uint8Array;
  /** The same object for all records of a scope. */
  scopeLogs: OtlpScopeLogs;
}

export interface OtlpScopeLogs {
  /** A ScopeLogs without records. */
  message: Uint8Array;
  /** The same object for all scopes of a resource. */
  resourceLogs: OtlpResourceLogs;
}

export interface OtlpResourceLogs {
  /** A ResourceLogs without scopes. */
  message: Uint8Array;
}

/** An ExportLogsServiceRequest, or a part of one: the bytes of several are one request.
 * @param logRecords fields of ScopeLogs */
export function exportOf({ message, resourceLogs }: OtlpScopeLogs, logRecords: readonly Uint8Array[]): Uint8Array {
  const scopeLogs = lengthDelimited(RESOURCE_LOGS.scopeLogs, message, ...logRecords);
  return lengthDelimited(EXPORT.resourceLogs, resourceLogs.message, scopeLogs);
}

/** @param span a field that is a LogRecord, in a request */
export function otlpRecordAt(bytes: Uint8Array, span: Span): OtlpRecord {
  const { valueStart, end } = fieldAt(bytes, span.start, span.end) as Field;
  return { logRecord: bytes.subarray(valueStart, end), scopeLogs: aroundAt(bytes, span) };
}

/** What is around a place in a request. */
export function aroundAt(bytes: Uint8Array, span: Span): OtlpScopeLogs {
  const scopeLogs = scopeOf(bytes, span);
  return scopeLogs === undefined ? nothingAround : around(bytes, scopeLogs);
}

export const nothingAround: OtlpScopeLogs = { message: new Uint8Array(), resourceLogs: { message: new Uint8Array() } };

const scopes = new WeakMap<Field, OtlpScopeLogs>();
const resources = new WeakMap<Field, OtlpResourceLogs>();

function around(bytes: Uint8Array, scopeLogs: ScopeLogs): OtlpScopeLogs {
  let found = scopes.get(scopeLogs);
  if (found === undefined) {
    const { resourceLogs } = scopeLogs;
    let resource = resources.get(resourceLogs);
    if (resource === undefined) {
      resource = { message: without(bytes, resourceLogs, RESOURCE_LOGS.scopeLogs) };
      resources.set(resourceLogs, resource);
    }
    found = { message: without(bytes, scopeLogs, SCOPE_LOGS.logRecords), resourceLogs: resource };
    scopes.set(scopeLogs, found);
  }
  return found;
}

/** The bytes of a message as far as they can be read, without the fields of one number. */
function without(bytes: Uint8Array, { valueStart, end }: Field, number: number): Uint8Array {
  const kept: Uint8Array[] = [];
  eachField(bytes, { start: valueStart, end: Math.min(end, bytes.length) }, (field) => {
    if (field.number !== number || field.wireType !== LENGTH_DELIMITED)
      kept.push(bytes.subarray(field.start, field.end));
  });
  return Buffer.concat(kept);
}
