/** OTLP's messages for logs, with a different writer and reader than the product's. */
import protobuf from 'protobufjs';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message InstrumentationScope {
    string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
  }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1; fixed64 observed_time_unix_nano = 11; int32 severity_number = 2; string severity_text = 3;
    AnyValue body = 5; repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8;
    bytes trace_id = 9; bytes span_id = 10; string event_name = 12;
  }
  message ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
  message ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1; }
  message ExportLogsServiceResponse { ExportLogsPartialSuccess partial_success = 1; }
  message ExportLogsPartialSuccess { int64 rejected_log_records = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; }
`);

/** @param message in protobufjs's conventions: camel case, int64 as text or number */
export function encodeOtlp(type: string, message: object): Buffer {
  const found = root.lookupType(type);
  return Buffer.from(found.encode(found.fromObject(message)).finish());
}

/** The contents of a message, without unset fields. */
export function decodeOtlp(type: string, bytes: Uint8Array): Record<string, unknown> {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: String, oneofs: true });
}

/** A JSON value as an AnyValue; Uint8Array for bytes. */
export function anyValue(value: unknown): object {
  if (value === null || value === undefined) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? { intValue: value } : { doubleValue: value };
  }
  if (value instanceof Uint8Array) return { bytesValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: keyValues(value as object) } };
}

export function keyValues(map: object): object[] {
  return Object.entries(map).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** The value of an AnyValue: integers beyond 2^53 as bigint, bytes as text. */
export function valueIn(any: unknown): unknown {
  const value = (any ?? {}) as Record<string, any>;
  switch (value.value) {
    case 'stringValue':
    case 'boolValue':
    case 'doubleValue':
      return value[value.value];
    case 'intValue':
      return Number.isSafeInteger(Number(value.intValue)) ? Number(value.intValue) : BigInt(value.intValue);
    case 'bytesValue':
      return Buffer.from(value.bytesValue).toString();
    case 'arrayValue':
      return (value.arrayValue.values ?? []).map(valueIn);
    case 'kvlistValue':
      return mapOf(value.kvlistValue.values);
    default:
      return null;
  }
}

export function mapOf(pairs: readonly any[] | undefined): object {
  return Object.fromEntries((pairs ?? []).map(({ key = '', value }) => [key, valueIn(value)]));
}
