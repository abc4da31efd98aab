/** Declarations of data that are JSON Schema and TypeScript type in one. The types are TypeBox's, and so is what these make;
 * its own builders come in 370 modules, which take longer to load than the HTTP server. */
import type TypeBox from 'typebox';

export type { Static, TSchema } from 'typebox';

/** What marks a property that need not be there; not part of the schema, so hidden from what prints it. */
const OPTIONAL = '~optional';

type Schema = Record<string, unknown>;
type Options = Readonly<Record<string, unknown>>;

function objectOf(properties: Readonly<Record<string, Schema>>, options: Options = {}): Schema {
  const required = Object.keys(properties).filter((name) => !(OPTIONAL in properties[name]!));
  return { type: 'object', ...(required.length > 0 && { required }), properties, ...options };
}

function optional(schema: Schema): Schema {
  return Object.defineProperty({ ...schema }, OPTIONAL, { value: true });
}

function partial({ properties }: { properties: Readonly<Record<string, Schema>> }, options: Options = {}): Schema {
  const all = Object.entries(properties).map(([name, schema]) => [name, optional(schema)]);
  return objectOf(Object.fromEntries(all), options);
}

const builders = {
  Array: (items: Schema, options: Options = {}) => ({ type: 'array', items, ...options }),
  Boolean: (options: Options = {}) => ({ type: 'boolean', ...options }),
  Enum: (values: readonly unknown[], options: Options = {}) => ({ enum: values, ...options }),
  Integer: (options: Options = {}) => ({ type: 'integer', ...options }),
  Literal: (value: unknown, options: Options = {}) => ({ type: typeof value, const: value, ...options }),
  Null: () => ({ type: 'null' }),
  Number: (options: Options = {}) => ({ type: 'number', ...options }),
  Object: objectOf,
  Optional: optional,
  Partial: partial,
  /** With any text as key. */
  Record: (_: Schema, values: Schema, options: Options = {}) => ({
    type: 'object',
    patternProperties: { '^.*$': values },
    ...options,
  }),
  String: (options: Options = {}) => ({ type: 'string', ...options }),
  Union: (anyOf: readonly Schema[], options: Options = {}) => ({ anyOf, ...options }),
  Unknown: (options: Options = {}) => ({ ...options }),
  Unsafe: (schema: Schema) => schema,
};

/** The builders, typed as TypeBox types its own of the same name. */
export const Type = builders as unknown as Pick<typeof TypeBox, keyof typeof builders>;
