/** The JSON Schema of a configuration file as a person writes it: whatever has a default may be left out, and each sink is
 * checked against the settings of its type. */
import { configSchema } from '../src/config/index.ts';
import { sinkKinds } from '../src/sinks/index.ts';

interface JsonSchema {
  anyOf?: JsonSchema[];
  default?: unknown;
  description?: string;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: readonly string[];
}

const { properties, ...config } = configSchema as JsonSchema;
const auth = properties!.auth!;
const { basic, bearer } = auth.properties!;

/** A list, or what could take the place of one. */
function orOne({ description, ...list }: JsonSchema, ...others: JsonSchema[]): JsonSchema {
  return { anyOf: [list, list.items!, ...others], ...(description !== undefined && { description }) };
}

export const configFileSchema = {
  ...asWritten({
    ...config,
    properties: {
      ...properties,
      auth: {
        ...auth,
        properties: {
          ...auth.properties,
          basic: orOne(basic!),
          bearer: orOne(bearer!, bearer!.items!.properties!.token!),
        },
      },
      sinks: { ...properties?.sinks, items: { oneOf: sinkKinds.map(({ schema }) => schema as JsonSchema) } },
    },
  }),
  // Not even the rules are required: some are bundled.
  required: [],
};

function asWritten(schema: JsonSchema): JsonSchema {
  const { items, anyOf, oneOf, properties, required } = schema;
  return {
    ...schema,
    ...(items && { items: asWritten(items) }),
    ...(anyOf && { anyOf: anyOf.map(asWritten) }),
    ...(oneOf && { oneOf: oneOf.map(asWritten) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, setting]) => [key, asWritten(setting)])),
    }),
    ...(required && { required: required.filter((key) => properties?.[key]?.default === undefined) }),
  };
}
