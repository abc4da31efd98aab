/** What is wrong with settings according to their schema, in sentences. */
import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Errors } from 'typebox/schema';
import { Settings } from 'typebox/system';
import { Default } from 'typebox/value';
import { didYouMean, quote } from '../sigma/rule-problem.ts';
import type { Setting } from './settings-file.ts';

export interface Fault {
  setting: Setting;
  /** What is wrong, and what to write. */
  message: string;
}

interface Schema {
  writeOnly?: boolean;
  examples?: readonly string[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  type?: string;
}

// Everything that is wrong is reported at once; the default stops after 8.
Settings.Set({ maxErrors: 1000 });

/** Fills in the defaults of the schema, converts texts that come from the environment to numbers and booleans where the
 * schema wants them, and returns everything that is wrong.
 * @param at where the value is in the settings */
export function schemaFaults(
  schema: TSchema,
  value: unknown,
  at: Setting,
  isFromEnvironment: (setting: Setting) => boolean,
): Fault[] {
  Default(schema, value);
  for (const error of errorsIn(schema, value)) {
    if (error.keyword === 'type' && isFromEnvironment([...at, ...settingOf(error)])) convert(value, error);
  }
  return errorsIn(schema, value).flatMap((error) => {
    const local = settingOf(error);
    return faultsOf(error, local, nameOf([...at, ...local]), value, schema as Schema).map(({ setting, message }) => ({
      setting: [...at, ...setting],
      message,
    }));
  });
}

/** What is wrong according to the schema, except for members that no schema allows, which are named with the map that has
 * them, and for each of several types that a value may have, which are named together. */
function errorsIn(schema: TSchema, value: unknown): TLocalizedValidationError[] {
  const [, errors] = Errors(schema, value);
  const unions = new Set(errors.flatMap(({ keyword, instancePath }) => (keyword === 'anyOf' ? [instancePath] : [])));
  return errors.filter(
    ({ keyword, instancePath }) => keyword !== 'boolean' && !(keyword === 'type' && unions.has(instancePath)),
  );
}

/** Replaces a text with the number or boolean that it spells. */
function convert(root: unknown, error: TLocalizedValidationError & { keyword: 'type' }): void {
  const path = settingOf(error);
  const key = path.pop();
  const parent = valueAt(root, path);
  if (key === undefined) return;
  const text = String((parent as Record<string, unknown>)[key]).trim();
  const meant =
    error.params.type === 'boolean' ? { true: true, false: false }[text] : text === '' ? undefined : Number(text);
  if (meant === undefined || Number.isNaN(meant)) return;
  (parent as Record<string, unknown>)[key] = meant;
}

function valueAt(root: unknown, setting: Setting): unknown {
  return setting.reduce<unknown>((map, step) => (map as Record<string, unknown>)[step], root);
}

function settingOf({ instancePath }: TLocalizedValidationError): (string | number)[] {
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

/** A sentence for each: which setting, what it is, what is allowed. */
function faultsOf(
  error: TLocalizedValidationError,
  setting: Setting,
  name: string,
  root: unknown,
  schema: Schema,
): Fault[] {
  const prefix = name === '' ? '' : `${name}.`;
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys(schemaAt(schema, setting)?.properties ?? {});
      const all = known.length > 0 && known.length < 10 ? `there are ${known.join(', ')}` : seeReference;
      return error.params.additionalProperties.map((key) => ({
        setting: [...setting, key],
        message: `${prefix}${key} is not a setting; ${didYouMean(key, known, all)}`,
      }));
    }
    case 'required':
      return error.params.requiredProperties.map((key) => ({ setting, message: `${prefix}${key} is missing; set it` }));
    default:
      return [{ setting, message: messageOf(error, name, schemaAt(schema, setting), valueAt(root, setting)) }];
  }
}

const seeReference = 'see docs/reference/configuration.md';

function messageOf(error: TLocalizedValidationError, name: string, schema: Schema | undefined, value: unknown): string {
  const is = holdsSecret(schema) ? '' : `, but is ${shown(value)}`;
  switch (error.keyword) {
    case 'minProperties':
      return `${name} is empty; set something in it, or leave it out`;
    case 'maxProperties':
      return `${name} has more than ${error.params.limit} of its settings; leave one out`;
    case 'minLength':
      return error.params.limit > 1
        ? `${name} must have at least ${error.params.limit} characters; write a longer one`
        : `${name} must not be empty; write it, or leave the setting out`;
    case 'minItems':
      return `${name} is empty; add an entry, or leave the setting out`;
    case 'pattern':
      return `${name} must be written as ${schema?.examples?.join(' or ')}${is}`;
    case 'anyOf':
      return `${name} must be ${schema?.anyOf?.map(({ type }) => type).join(' or ')}${is}`;
    case 'enum': {
      const allowed = error.params.allowedValues.map(String);
      const hint = didYouMean(String(value), allowed, '');
      return `${name} must be one of ${allowed.join(', ')}${is}${hint && `; ${hint}`}`;
    }
    default:
      return `${name || 'the settings'} ${error.message}${is}`;
  }
}

/** Whether it describes a secret, or something that contains one: a secret may be in the wrong place. */
function holdsSecret(schema: Schema | undefined): boolean {
  if (schema === undefined) return false;
  const { writeOnly = false, items, properties = {} } = schema;
  return writeOnly || holdsSecret(items) || Object.values(properties).some(holdsSecret);
}

/** The part of a schema that describes a setting. */
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
