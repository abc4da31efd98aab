/** Reads a configuration of Fluent Bit in either format, with included files, variables and parsers files. */
import { dirname, join } from 'node:path/posix';
import { quote } from '../sigma/rule-problem.ts';
import { readClassic } from './classic.ts';
import { type Files, type Reading, readingOf, refuse } from './files.ts';
import type { FluentBitConfig, Named, Property, Section } from './model.ts';
import { type Translated, translate } from './variables.ts';
import type { Written } from './written.ts';
import { readYaml } from './yaml.ts';

export type { Files } from './files.ts';
export type { FluentBitConfig, Named, Place, Property, Section, SectionKind } from './model.ts';
export { matchesTag } from './tags.ts';
export { boolOf, bytesOf, secondsOf } from './values.ts';

/** Bounds the work of comparing sections with each other. */
const MAX_SECTIONS = 1_000;
const MAX_PROPERTIES = 5_000;

/** The configuration as Fluent Bit 5.1.1 would read it.
 * @param environment values of `${NAME}` for names that the configuration does not set
 * @throws Problem `config.invalid` with `file:line:column: what; what to do` if Fluent Bit would not start with it */
export function readFluentBitConfig(
  path: string,
  files: Files,
  environment: Readonly<Record<string, string | undefined>>,
): FluentBitConfig {
  const reading = readingOf(files);
  const start = { path, line: 1, column: 1 };
  const text = reading.open(path, undefined);
  if (text === undefined) refuse(start, 'the file does not exist', 'name the file that Fluent Bit is started with');
  const format = formatOf(path);
  const written = read(path, text, reading);
  const inMain = written.sections.find(({ name }) => /^(multiline_)?parser$/i.test(name));
  if (format === 'classic' && inMain !== undefined) {
    refuse(
      inMain.place,
      `${quote(inMain.name)} is not allowed here`,
      'move it to a file, and name that by Parsers_File',
    );
  }

  const properties = written.sections.reduce((sum, section) => sum + section.properties.length, 0);
  if (written.sections.length > MAX_SECTIONS || properties > MAX_PROPERTIES) {
    refuse(start, `more than ${MAX_SECTIONS} sections or ${MAX_PROPERTIES} lines in them`, 'name another file');
  }

  const unset: Named[] = [];
  const find = (name: string) => {
    const set = written.variables.get(name)?.value;
    if (set?.startsWith('file://')) return null;
    if (set !== undefined) return set;
    // Fluent Bit sets this one itself.
    return name === 'HOSTNAME' && !environment[name] ? null : environment[name];
  };
  const put = (property: Property): Translated => {
    const translated = translate(property.value, find);
    for (const name of translated.unset) unset.push({ name, place: property.place });
    return translated;
  };
  const resolve = ({ properties, processors, ...section }: Section): Section => ({
    ...section,
    properties: properties.map((property) => ({ ...property, ...pick(put(property)) })),
    processors: processors.map(resolve),
  });
  const sections = written.sections.map(resolve);
  const absent: Named[] = [];
  sections.push(...parsersIn(path, sections, reading, absent).map(resolve));
  return { format, path, sections, unset, absent, files: reading.lines };
}

const pick = ({ value, isUnknown }: Translated) => ({ value, isUnknown });

/** Decided by the file extension; an unknown one means classic. */
function formatOf(path: string): FluentBitConfig['format'] {
  return /\.ya?ml$/i.test(path) ? 'yaml' : 'classic';
}

function read(path: string, text: string, reading: Reading): Written {
  return formatOf(path) === 'yaml' ? readYaml(path, text, reading) : readClassic(path, text, reading);
}

/** The parsers of the files that the service section names, relative to the working directory, or else to the folder of the
 * configuration. */
function parsersIn(main: string, sections: readonly Section[], reading: Reading, absent: Named[]): Section[] {
  const service = sections.find(({ kind }) => kind === 'service');
  const named = service?.properties.filter(({ key, isUnknown }) => key === 'parsers_file' && !isUnknown) ?? [];
  return named.flatMap(({ value, place }) => {
    let path = value;
    let text = reading.open(path, place);
    if (text === undefined && !value.startsWith('/')) {
      path = join(dirname(main), value);
      text = reading.open(path, place);
    }
    // An absolute path refers to the machine or image that Fluent Bit runs on.
    if (text === undefined && value.startsWith('/')) {
      absent.push({ name: value, place });
      return [];
    }
    if (text === undefined) return refuse(place, `${quote(value)} does not exist`, 'name the parsers file');
    return read(path, text, reading).sections.filter(({ kind }) => kind === 'parser' || kind === 'multiline_parser');
  });
}
