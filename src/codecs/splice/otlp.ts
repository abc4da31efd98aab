/** Splices an attribute into a LogRecord of OTLP in Protobuf, at its end. */
import { contentOf, eachField, type Field, fieldAt, LENGTH_DELIMITED, numberAt } from '../../protobuf/scan.ts';
import { lengthDelimited, varint } from '../../protobuf/write.ts';
import type { LogRecord } from '../../record.ts';
import type { Edit } from '../codec.ts';
import { pairIn } from '../opentelemetry/any-value.ts';
import { scopesIn } from '../opentelemetry/export.ts';
import { LOG_RECORD } from '../opentelemetry/fields.ts';
import { keyValue } from '../opentelemetry/write-value.ts';
import { encodedOnce } from './encoded.ts';

/** Adds the edits that give a record its tag. Existing attributes with the key are replaced: the last one in place, the
 * others are removed. */
export function spliceRecord(
  bytes: Uint8Array,
  { map }: LogRecord & { kind: 'map' },
  name: string,
  tag: object,
  edits: Edit[],
): void {
  const logRecord = fieldAt(bytes, map.start, map.end) as Field;
  const insert = encodedAttribute(name, tag);
  const changes: Edit[] = attributesNamed(bytes, logRecord, name).map(({ start, end }) => ({
    start,
    end,
    insert: nothing,
  }));
  const last = changes.at(-1);
  if (last !== undefined) last.insert = insert;
  else changes.push({ start: logRecord.end, end: logRecord.end, insert });
  addLengthEdit(bytes, logRecord, growthBy(changes), edits);
  for (const change of changes) edits.push(change);
}

/** The edits of the lengths of ScopeLogs and ResourceLogs around records that have changed.
 * @param edits of records, in order */
export function lengthEdits(bytes: Uint8Array, edits: readonly Edit[]): Edit[] {
  const lengths: Edit[] = [];
  let next = 0;
  let resourceLogs: Field | undefined;
  let growth = 0;
  let ofScopes: Edit[] = [];
  const finish = () => {
    if (resourceLogs !== undefined) addLengthEdit(bytes, resourceLogs, growth + growthBy(ofScopes), lengths);
    for (const edit of ofScopes) lengths.push(edit);
    growth = 0;
    ofScopes = [];
  };
  for (const scopeLogs of scopesIn(bytes)) {
    if (scopeLogs.resourceLogs !== resourceLogs) finish();
    resourceLogs = scopeLogs.resourceLogs;
    let inScope = 0;
    for (; next < edits.length && edits[next]!.end <= scopeLogs.end; next++) inScope += growthBy([edits[next]!]);
    growth += inScope;
    addLengthEdit(bytes, scopeLogs, inScope, ofScopes);
  }
  finish();
  return lengths;
}

/** The attributes of a record that have a name. */
function attributesNamed(bytes: Uint8Array, logRecord: Field, name: string): Field[] {
  const key = Buffer.from(name);
  const found: Field[] = [];
  eachField(bytes, contentOf(logRecord), (field) => {
    if (field.number !== LOG_RECORD.attributes || field.wireType !== LENGTH_DELIMITED) return;
    if (key.equals(pairIn({ bytes, ...contentOf(field) }).key)) found.push(field);
  });
  return found;
}

function growthBy(edits: readonly Edit[]): number {
  return edits.reduce((sum, { start, end, insert }) => sum + insert.length - (end - start), 0);
}

/** Adds the edit of a length that grows: as wide as before, or wider if necessary. */
function addLengthEdit(bytes: Uint8Array, { lengthStart, valueStart }: Field, growth: number, edits: Edit[]): void {
  if (growth === 0) return;
  const length = numberAt(bytes, lengthStart, valueStart) + growth;
  edits.push({ start: lengthStart, end: valueStart, insert: varint(length, valueStart - lengthStart) });
}

const nothing = new Uint8Array();

const encodedAttribute = encodedOnce((name, value) => lengthDelimited(LOG_RECORD.attributes, ...keyValue(name, value)));
