/** Avro schemas from the declarations of record.ts, which are JSON Schemas. */
import type { Schema } from 'avsc';
import { stringifyExactly } from '../json/exact.ts';

/** The part of JSON Schema that the declarations use. */
interface JsonSchema {
  type?: string;
  title?: string;
  description?: string;
  format?: string;
  contentEncoding?: string;
  enum?: string[];
  const?: unknown;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  patternProperties?: Record<string, JsonSchema>;
  required?: string[];
}

const namespace = 'tripline';

/** The Avro schema of a declaration. Choices among words are strings, so that today's readers can read future
 * words; a value of any type is a string that holds JSON; what is optional is null if it is absent. */
export function avroSchema(declaration: object): Schema {
  const named = new Set<string>();
  return typeOf(declaration as JsonSchema, 'Value', named) as Schema;
}

function typeOf(schema: JsonSchema, name: string, named: Set<string>): unknown {
  if (schema.anyOf) {
    const others = schema.anyOf.filter(({ type }) => type !== 'null');
    if (others.length !== 1) throw new Error(`${name}: only a type or null can be expressed`);
    return ['null', typeOf(others[0], name, named)];
  }
  if (schema.enum) return 'string';
  switch (schema.type) {
    case 'string':
      return schema.contentEncoding === 'base64' ? 'bytes' : 'string';
    case 'boolean':
      return 'boolean';
    case 'integer':
      return schema.format === 'int64' ? 'long' : 'int';
    case 'number':
      return 'double';
    case 'array':
      return { type: 'array', items: typeOf(schema.items ?? {}, `${name}Item`, named) };
    case 'object': {
      if (schema.patternProperties) {
        return { type: 'map', values: typeOf(Object.values(schema.patternProperties)[0], `${name}Value`, named) };
      }
      const title = schema.title ?? name;
      if (named.has(title)) return `${namespace}.${title}`;
      named.add(title);
      return record(schema, title, named);
    }
    case undefined:
      return 'string';
    default:
      throw new Error(`${name}: no Avro type for ${schema.type}`);
  }
}

function record({ description, properties = {}, required = [] }: JsonSchema, title: string, named: Set<string>) {
  const fields = Object.entries(properties).map(([key, value]) => {
    const type = typeOf(value, capital(key), named);
    const doc = value.description && { doc: value.description };
    if (required.includes(key)) return { name: key, ...doc, type };
    return { name: key, ...doc, type: Array.isArray(type) ? type : ['null', type], default: null };
  });
  return { type: 'record', name: title, namespace, ...(description && { doc: description }), fields };
}

function capital(key: string): string {
  return key[0].toUpperCase() + key.slice(1);
}

/** A value in the form that its Avro schema asks for: JSON text for what may be of any type, null for what is absent. */
export function avroValue(declaration: object, value: unknown): unknown {
  return avroOf(declaration as JsonSchema, value);
}

function avroOf(schema: JsonSchema, value: unknown): unknown {
  if (value === undefined) return null;
  // A value of any type: JSON null is text too.
  if (schema.type === undefined && !schema.enum && !schema.anyOf) return stringifyExactly(value);
  if (value === null) return null;
  if (schema.anyOf) return avroOf(schema.anyOf.find(({ type }) => type !== 'null') ?? {}, value);
  if (schema.type === 'array') return (value as unknown[]).map((item) => avroOf(schema.items ?? {}, item));
  if (schema.patternProperties) {
    const [values] = Object.values(schema.patternProperties);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, avroOf(values, item)]));
  }
  if (schema.properties) {
    const { properties } = schema;
    return Object.fromEntries(
      Object.keys(properties).map((key) => [key, avroOf(properties[key], (value as Record<string, unknown>)[key])]),
    );
  }
  return value;
}
