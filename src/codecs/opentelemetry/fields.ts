/** Numbers of the fields of OTLP that Tripline knows.
 * @see https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto */

export const EXPORT = { resourceLogs: 1 } as const;
export const RESOURCE_LOGS = { resource: 1, scopeLogs: 2, schemaUrl: 3 } as const;
export const SCOPE_LOGS = { scope: 1, logRecords: 2, schemaUrl: 3 } as const;
export const LOG_RECORD = {
  timeUnixNano: 1,
  severityNumber: 2,
  severityText: 3,
  body: 5,
  attributes: 6,
  droppedAttributesCount: 7,
  flags: 8,
  traceId: 9,
  spanId: 10,
  observedTimeUnixNano: 11,
  eventName: 12,
} as const;
export const RESOURCE = { attributes: 1, droppedAttributesCount: 2 } as const;
export const SCOPE = { name: 1, version: 2, attributes: 3, droppedAttributesCount: 4 } as const;
export const KEY_VALUE = { key: 1, value: 2 } as const;
export const ANY_VALUE = { string: 1, bool: 2, int: 3, double: 4, array: 5, kvlist: 6, bytes: 7 } as const;
/** Of ArrayValue and KeyValueList. */
export const VALUES = 1;
