/** Whether an Avro schema can replace a released one: readers of either have to be able to read what the other writes. */

type Schema = unknown;
interface Field {
  name: string;
  type: Schema;
  default?: unknown;
}
interface RecordSchema {
  type: 'record';
  name: string;
  namespace?: string;
  fields: Field[];
}

/** The reasons why it cannot, one per line. Matched by name, a record keeps each of its fields with the same type, and each
 * additional field, which a reader need not know about, has a default. Avro could resolve more than that. */
export function incompatibilities(released: Schema, now: Schema): string[] {
  const [before, after] = [recordsIn(released), recordsIn(now)];
  const faults: string[] = [];
  if (typeText(released) !== typeText(now)) faults.push(`${typeText(released)} is ${typeText(now)} now`);
  for (const [name, { fields }] of before) {
    const fieldsNow = after.get(name)?.fields;
    if (fieldsNow === undefined) {
      faults.push(`record ${name} is gone`);
      continue;
    }
    for (const { name: field, type } of fields) {
      const found = fieldsNow.find((one) => one.name === field);
      if (found === undefined) faults.push(`${name}.${field} is gone`);
      else if (typeText(found.type) !== typeText(type))
        faults.push(`${name}.${field} is of type ${typeText(found.type)} now, and was ${typeText(type)}`);
    }
    for (const { name: field, ...rest } of fieldsNow) {
      if (fields.some((one) => one.name === field) || 'default' in rest) continue;
      faults.push(`${name}.${field} is new and has no default`);
    }
  }
  return faults;
}

const isRecord = (schema: Schema): schema is RecordSchema => (schema as { type?: unknown })?.type === 'record';
const fullName = ({ namespace, name }: RecordSchema) => (namespace === undefined ? name : `${namespace}.${name}`);

function recordsIn(schema: Schema, found = new Map<string, RecordSchema>()): Map<string, RecordSchema> {
  if (Array.isArray(schema)) for (const branch of schema) recordsIn(branch, found);
  else if (isRecord(schema)) {
    found.set(fullName(schema), schema);
    for (const { type } of schema.fields) recordsIn(type, found);
  } else if (typeof schema === 'object' && schema !== null) {
    const { items, values } = schema as { items?: Schema; values?: Schema };
    recordsIn(items ?? values, found);
  }
  return found;
}

/** A type as shown to people, records by their name: `null or array of tripline.Finding`. */
function typeText(schema: Schema): string {
  if (Array.isArray(schema)) return schema.map(typeText).join(' or ');
  if (typeof schema === 'string') return schema;
  if (isRecord(schema)) return fullName(schema);
  const { type, items, values } = schema as { type: string; items?: Schema; values?: Schema };
  return `${type} of ${typeText(items ?? values)}`;
}
