/** Converts messages of OTLP from JSON to Protobuf. What OTLP does not know is left out. */
import { stringifyExactly } from '../../json/exact.ts';
import { isMap, member, textAt } from '../../json/map.ts';
import { double, fixed32, fixed64, integer, lengthDelimited } from '../../protobuf/write.ts';
import { ANY_VALUE, KEY_VALUE, LOG_RECORD, RESOURCE, RESOURCE_LOGS, SCOPE, SCOPE_LOGS, VALUES } from './fields.ts';

/** Lists inside lists that become messages, as deep as Protobuf's readers go; a deeper value becomes its text. */
const MAX_LISTS = 30;

export function logRecordFrom(json: unknown): Uint8Array {
  const time = (name: 'timeUnixNano' | 'observedTimeUnixNano') => {
    const value = integerAt(json, name);
    return value === undefined ? [] : [fixed64(LOG_RECORD[name], value)];
  };
  const flags = integerAt(json, 'flags');
  const body = member(json, 'body');
  return Buffer.concat([
    ...time('timeUnixNano'),
    ...numberOf(json, 'severityNumber', LOG_RECORD.severityNumber),
    ...textOf(json, 'severityText', LOG_RECORD.severityText),
    ...(isMap(body) ? [lengthDelimited(LOG_RECORD.body, anyValueFrom(body, 0))] : []),
    ...attributesOf(json, LOG_RECORD.attributes),
    ...numberOf(json, 'droppedAttributesCount', LOG_RECORD.droppedAttributesCount),
    ...(flags === undefined ? [] : [fixed32(LOG_RECORD.flags, Number(BigInt.asUintN(32, flags)))]),
    ...idOf(json, 'traceId', LOG_RECORD.traceId),
    ...idOf(json, 'spanId', LOG_RECORD.spanId),
    ...time('observedTimeUnixNano'),
    ...textOf(json, 'eventName', LOG_RECORD.eventName),
  ]);
}

/** A ScopeLogs without records. */
export function scopeLogsFrom(json: unknown): Uint8Array {
  const scope = member(json, 'scope');
  const fields = [
    ...textOf(scope, 'name', SCOPE.name),
    ...textOf(scope, 'version', SCOPE.version),
    ...attributesOf(scope, SCOPE.attributes),
    ...numberOf(scope, 'droppedAttributesCount', SCOPE.droppedAttributesCount),
  ];
  return Buffer.concat([
    ...(isMap(scope) ? [lengthDelimited(SCOPE_LOGS.scope, ...fields)] : []),
    ...textOf(json, 'schemaUrl', SCOPE_LOGS.schemaUrl),
  ]);
}

/** A ResourceLogs without scopes. */
export function resourceLogsFrom(json: unknown): Uint8Array {
  const resource = member(json, 'resource');
  const fields = [
    ...attributesOf(resource, RESOURCE.attributes),
    ...numberOf(resource, 'droppedAttributesCount', RESOURCE.droppedAttributesCount),
  ];
  return Buffer.concat([
    ...(isMap(resource) ? [lengthDelimited(RESOURCE_LOGS.resource, ...fields)] : []),
    ...textOf(json, 'schemaUrl', RESOURCE_LOGS.schemaUrl),
  ]);
}

function attributesOf(json: unknown, number: number): Uint8Array[] {
  const attributes = member(json, 'attributes');
  return Array.isArray(attributes) ? attributes.map((each) => lengthDelimited(number, keyValueFrom(each, 0))) : [];
}

function keyValueFrom(json: unknown, depth: number): Uint8Array {
  const key = textAt(json, 'key') ?? '';
  const value = anyValueFrom(member(json, 'value'), depth);
  return Buffer.concat([lengthDelimited(KEY_VALUE.key, Buffer.from(key)), lengthDelimited(KEY_VALUE.value, value)]);
}

function anyValueFrom(json: unknown, depth: number): Uint8Array {
  if (!isMap(json)) return nothing;
  const [[kind, value] = ['', null]] = Object.entries(json);
  switch (kind) {
    case 'stringValue':
      return lengthDelimited(ANY_VALUE.string, Buffer.from(String(value)));
    case 'boolValue':
      return integer(ANY_VALUE.bool, value === true || value === 'true' ? 1 : 0);
    case 'intValue': {
      const number = integerAt(json, kind);
      return number === undefined ? nothing : integer(ANY_VALUE.int, number);
    }
    case 'doubleValue':
      return double(ANY_VALUE.double, Number(value));
    case 'bytesValue':
      return lengthDelimited(ANY_VALUE.bytes, Buffer.from(String(value), 'base64'));
    case 'arrayValue':
    case 'kvlistValue': {
      const values = member(value, 'values');
      const items = Array.isArray(values) ? values : [];
      if (depth === MAX_LISTS) return lengthDelimited(ANY_VALUE.string, Buffer.from(stringifyExactly(json)));
      const from = kind === 'arrayValue' ? anyValueFrom : keyValueFrom;
      const messages = items.map((item) => lengthDelimited(VALUES, from(item, depth + 1)));
      return lengthDelimited(kind === 'arrayValue' ? ANY_VALUE.array : ANY_VALUE.kvlist, ...messages);
    }
    default:
      return nothing;
  }
}

/** An integer, or the text of one. */
function integerAt(json: unknown, name: string): bigint | undefined {
  const value = member(json, name);
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

function numberOf(json: unknown, name: string, number: number): Uint8Array[] {
  const value = integerAt(json, name);
  return value === undefined ? [] : [integer(number, value)];
}

function textOf(json: unknown, name: string, number: number): Uint8Array[] {
  const text = textAt(json, name);
  return text === undefined ? [] : [lengthDelimited(number, Buffer.from(text))];
}

/** Ids are hexadecimal, unlike other bytes. */
function idOf(json: unknown, name: string, number: number): Uint8Array[] {
  const text = textAt(json, name) ?? '';
  return text !== '' && /^(?:[0-9a-f]{2})+$/i.test(text) ? [lengthDelimited(number, Buffer.from(text, 'hex'))] : [];
}

const nothing = new Uint8Array();
