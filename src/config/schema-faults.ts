/** What is wrong with settings by their schema, in sentences. */
import { Ajv, type ErrorObject } from 'ajv';
import type { TSchema } from 'typebox';
import { didYouMean, quote } from '../sigma/rule-problem.ts';
import type { Setting } from './settings-file.ts';

export interface Fault {
  setting: Setting;
  /** What is wrong, and what to write. */
  message: string;
}

interface Schema {
  writeOnly?: boolean;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
}

// What it makes of a schema runs once or twice, so to make it is all that counts. That the declarations are schemas, tests
// see.
const quickly = { meta: false, validateSchema: false, code: { optimize: false } } as const;
const ajv = new Ajv({ useDefaults: true, allErrors: true, verbose: true, ...quickly });

/** Fills in the defaults of the schema, makes numbers and booleans of texts that come from the environment where the schema
 * wants them, and gives all that is wrong.
 * @param at where the value stands in the settings */
export function schemaFaults(
  schema: TSchema,
  value: unknown,
  at: Setting,
  isFromEnvironment: (setting: Setting) => boolean,
): Fault[] {
  const validate = ajv.compile(schema);
  const errorsOf = () => (validate(value) ? [] : (validate.errors ?? []));
  for (const error of errorsOf()) {
    if (error.keyword === 'type' && isFromEnvironment([...at, ...settingOf(error)])) convert(value, error);
  }
  return errorsOf().map((error) => {
    const local = settingOf(error);
    const { setting, message } = faultOf(error, local, nameOf([...at, ...local]), schema as Schema);
    return { setting: [...at, ...setting], message };
  });
}

/** Puts the number or boolean that a text spells in its place. */
function convert(root: unknown, error: ErrorObject): void {
  const path = settingOf(error);
  const key = path.pop();
  const parent = path.reduce<unknown>((map, step) => (map as Record<string, unknown>)[step], root);
  const text = String(error.data).trim();
  const meant =
    error.params.type === 'boolean' ? { true: true, false: false }[text] : text === '' ? undefined : Number(text);
  if (key === undefined || meant === undefined || Number.isNaN(meant)) return;
  (parent as Record<string, unknown>)[key] = meant;
}

function settingOf({ instancePath }: ErrorObject): (string | number)[] {
  return instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** A setting as messages call it: `sinks[0].host`. */
export function nameOf(setting: Setting): string {
  return setting.reduce<string>(
    (name, step) => (typeof step === 'number' ? `${name}[${step}]` : name === '' ? step : `${name}.${step}`),
    '',
  );
}

/** One sentence: which setting, what it is, what is allowed. */
function faultOf(
  { keyword, params, message, data }: ErrorObject,
  setting: Setting,
  name: string,
  schema: Schema,
): Fault {
  const prefix = name === '' ? '' : `${name}.`;
  const is = holdsSecret(schemaAt(schema, setting)) ? '' : `, and is ${shown(data)}`;
  switch (keyword) {
    case 'additionalProperties': {
      const key: string = params.additionalProperty;
      const known = Object.keys(schemaAt(schema, setting)?.properties ?? {});
      const hint = didYouMean(
        key,
        known,
        known.length > 0 && known.length < 10 ? `there are ${known.join(', ')}` : 'see docs/reference/configuration.md',
      );
      return { setting: [...setting, key], message: `${prefix}${key} is not a setting; ${hint}` };
    }
    case 'required':
      return { setting, message: `${prefix}${params.missingProperty} is missing; set it` };
    case 'minProperties':
      return { setting, message: `${name} is empty; set something in it, or leave it out` };
    case 'minLength':
      if (params.limit > 1) {
        return { setting, message: `${name} must have at least ${params.limit} characters; write a longer one` };
      }
      return { setting, message: `${name} must not be empty; write it, or leave the setting out` };
    case 'minItems':
      return { setting, message: `${name} is empty; name something, or leave the setting out` };
    case 'pattern':
      return { setting, message: `${name} must be HOST:PORT, as 127.0.0.1:9870${is}` };
    case 'enum': {
      const allowed: string[] = params.allowedValues;
      const hint = didYouMean(String(data), allowed, '');
      return { setting, message: `${name} must be one of ${allowed.join(', ')}${is}${hint && `; ${hint}`}` };
    }
    default:
      return { setting, message: `${name || 'the settings'} ${message}${is}` };
  }
}

/** Whether it is about a secret, or what has one in it: a secret may stand in the wrong place. */
function holdsSecret(schema: Schema | undefined): boolean {
  if (schema === undefined) return false;
  const { writeOnly = false, items, properties = {} } = schema;
  return writeOnly || holdsSecret(items) || Object.values(properties).some(holdsSecret);
}

/** The part of a schema that is about a setting. */
function schemaAt(schema: Schema, setting: Setting): Schema | undefined {
  return setting.reduce<Schema | undefined>((part, step) => {
    if (typeof step === 'number') return part?.items;
    return part?.properties?.[step] ?? Object.values(part?.patternProperties ?? {})[0];
  }, schema);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  return typeof value === 'string' ? quote(value) : String(value);
}
