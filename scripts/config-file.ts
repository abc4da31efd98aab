/** The JSON Schema of a configuration file as a person writes it: what has a default may be left out, and each sink is
 * checked by the settings of its kind. */
import { configSchema } from '../src/config/index.ts';
import { sinkKinds } from '../src/sinks/index.ts';

interface JsonSchema {
  default?: unknown;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: readonly string[];
}

const { properties, ...config } = configSchema as JsonSchema;

export const configFileSchema = {
  ...asWritten({
    ...config,
    properties: {
      ...properties,
      sinks: { ...properties?.sinks, items: { oneOf: sinkKinds.map(({ schema }) => schema as JsonSchema) } },
    },
  }),
  // Not even the rules, which come along.
  required: [],
};

function asWritten(schema: JsonSchema): JsonSchema {
  const { items, oneOf, properties, required } = schema;
  return {
    ...schema,
    ...(items && { items: asWritten(items) }),
    ...(oneOf && { oneOf: oneOf.map(asWritten) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, setting]) => [key, asWritten(setting)])),
    }),
    ...(required && { required: required.filter((key) => properties?.[key]?.default === undefined) }),
  };
}
