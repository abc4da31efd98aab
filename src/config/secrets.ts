/** Settings that are secrets: they are kept in files or the environment, and appear in no message. */
import Type, { type TSchema } from 'typebox';
import { isMap } from '../json/map.ts';
import { isSecretParameter } from '../sinks/request/settings.ts';
import type { Fault } from './schema-faults.ts';
import type { Setting } from './settings-file.ts';

/** Declares a secret. In JSON Schema, `writeOnly` says that a value is given and never shown. */
export const secret = (description: string, minLength = 1) => Type.String({ minLength, writeOnly: true, description });

interface Schema {
  writeOnly?: boolean;
  items?: Schema;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
}

/** Secrets whose text is in the configuration itself, from where it reaches repositories and whoever may read settings.
 * An empty one does not count.
 * @param isFromElsewhere whether the text of a setting comes from the environment or another file */
export function literalSecrets(
  schema: TSchema,
  value: unknown,
  at: Setting,
  isFromElsewhere: (setting: Setting) => boolean,
): Fault[] {
  const faults: Fault[] = [];
  const look = (of: Schema, found: unknown, setting: Setting): void => {
    const { writeOnly, items, properties = {}, patternProperties = {} } = of;
    if (writeOnly && typeof found === 'string' && found !== '' && !isFromElsewhere(setting)) {
      const name = setting.filter((step) => typeof step === 'string').join('.');
      const message = `${name} is a secret, but is in the configuration itself; write \${file:PATH} or \${NAME}, and put it into that file or variable`;
      faults.push({ setting, message });
    }
    const [parameter] = secretParametersOf(found);
    if (parameter !== undefined && !isFromElsewhere(setting)) {
      const name = setting.filter((step) => typeof step === 'string').join('.');
      const message = `${name} contains a secret, ${parameter}; write \${file:PATH} or \${NAME} there, and put it into that file or variable`;
      faults.push({ setting, message });
    }
    if (Array.isArray(found) && items !== undefined) {
      for (const [index, item] of found.entries()) look(items, item, [...setting, index]);
    }
    if (!isMap(found)) return;
    for (const [key, below] of Object.entries(properties)) look(below, found[key], [...setting, key]);
    // A map whose keys are free has one pattern.
    for (const below of Object.values(patternProperties)) {
      for (const key of Object.keys(found)) look(below, found[key], [...setting, key]);
    }
  };
  look(schema as Schema, value, at);
  return faults;
}

function secretParametersOf(value: unknown): string[] {
  const url = typeof value === 'string' && /^https?:/.test(value) ? URL.parse(value) : null;
  return [...(url?.searchParams ?? [])].flatMap(([name, text]) =>
    text !== '' && isSecretParameter(name) ? [name] : [],
  );
}
