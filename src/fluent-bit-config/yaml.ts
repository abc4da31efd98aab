/** Reads the YAML format, by the rules of Fluent Bit's own reader: every value is text, and there are no aliases.
 * @see flb_cf_yaml.c of Fluent Bit 5.1.1 */
import { dirname, join } from 'node:path/posix';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseAllDocuments, visit } from 'yaml';
import { quote } from '../sigma/rule-problem.ts';
import { truncateText } from '../truncate.ts';
import { type Reading, refuse } from './files.ts';
import type { Place, Property, Section, SectionKind } from './model.ts';
import { addSection, nothing, property, section, type Written } from './written.ts';

const MAX_DEPTH = 100;

const lists: Readonly<Record<string, SectionKind>> = {
  parsers: 'parser',
  multiline_parsers: 'multiline_parser',
  stream_processor: 'stream_processor',
  upstream_servers: 'upstream_servers',
  customs: 'custom',
};
const components: Readonly<Record<string, SectionKind>> = { inputs: 'input', filters: 'filter', outputs: 'output' };

/** Reads a file and those that it includes.
 * @throws Problem `config.invalid` if Fluent Bit would not start */
export function readYaml(path: string, text: string, reading: Reading): Written {
  const written = nothing();
  readText(path, text, { seen: new Set([join(path)]), written, reading });
  return written;
}

interface Context {
  seen: Set<string>;
  written: Written;
  reading: Reading;
}

/** Reads nodes of a document, and rejects unexpected ones with their place. */
interface Reader {
  at(node: Node | null | undefined): Place;
  entries(node: Node | null | undefined, what: string): { key: string; place: Place; value: Node | null }[];
  items(node: Node | null | undefined, what: string): Node[];
  text(node: Node | null | undefined, what: string): string;
}

function readText(path: string, text: string, context: Context): void {
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { path, line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (text.includes('\uFFFD')) refuse(placeOf(0), 'the file has bytes that are not UTF-8', 'save it as UTF-8');
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
  });
  for (const document of documents) {
    for (const { pos, message } of document.errors) {
      const isDeep = message.includes('call stack');
      const what = isDeep ? 'the file nests too deep' : `not valid YAML: ${truncateText(message.split('\n')[0]!, 200)}`;
      refuse(placeOf(pos[0]), what, isDeep ? 'flatten it' : 'fix the YAML');
    }
    const reader = readerOf(path, placeOf);
    if (document.contents === null) continue;
    visit(document, (_, node, ancestors) => {
      if (isAlias(node))
        refuse(placeOf(node.range![0]), 'an alias, which Fluent Bit refuses', 'write out what it stands for');
      if (ancestors.length > MAX_DEPTH) refuse(placeOf(0), 'the file nests too deep', 'flatten it');
    });
    for (const { key, place, value } of reader.entries(document.contents as Node, 'sections')) {
      readSection(key, place, value, reader, path, context);
    }
  }
}

function readerOf(path: string, placeOf: (offset: number) => Place): Reader {
  const at = (node: Node | null | undefined) => (node?.range ? placeOf(node.range[0]) : { path, line: 1, column: 1 });
  return {
    at,
    entries(node, what) {
      if (!isMap(node)) return refuse(at(node), `expected ${what}`, 'write `key: value` lines');
      return (node.items as Pair<Node, Node | null>[]).map(({ key, value }) => {
        if (!isScalar(key)) return refuse(at(key), 'a key that is not text', 'write a word');
        return { key: String(key.value ?? ''), place: at(key), value };
      });
    },
    items(node, what) {
      if (!isSeq(node)) return refuse(at(node), `expected a list of ${what}`, 'begin each with `- `');
      return node.items as Node[];
    },
    text(node, what) {
      if (node === null || node === undefined) return '';
      if (!isScalar(node)) return refuse(at(node), `expected text for ${what}`, 'write one value');
      return String(node.value ?? '');
    },
  };
}

function readSection(
  key: string,
  place: Place,
  value: Node | null,
  reader: Reader,
  path: string,
  context: Context,
): void {
  const { written } = context;
  const name = key.toLowerCase();
  if (name === 'env') {
    readVariables(value, reader, written);
    return;
  }
  if (name === 'includes') {
    for (const item of reader.items(value, 'files'))
      include(reader.text(item, 'a file'), reader.at(item), path, context);
    return;
  }
  if (name === 'pipeline') {
    for (const part of reader.entries(value, 'inputs, filters and outputs')) {
      const kind = components[part.key.toLowerCase()];
      if (kind === undefined) refuse(part.place, `a pipeline has no ${quote(part.key)}`, 'inputs, filters or outputs');
      readPlugins(kind, part.value, reader, written);
    }
    return;
  }
  const kind = Object.hasOwn(lists, name) ? lists[name] : undefined;
  if (kind !== undefined) {
    readPlugins(kind, value, reader, written);
    return;
  }
  if (name === 'plugins') {
    addSection(written, section('plugins', key, place));
    return;
  }
  if (name === 'service' && written.service !== undefined) {
    refuse(place, 'a second service section', 'write its lines into the first');
  }
  const added = addSection(written, section(name === 'service' ? 'service' : 'other', key, place));
  // Nested settings of extensions and of the service are not examined here.
  if (name === 'extensions') return;
  for (const entry of reader.entries(value, `the settings of ${quote(key)}`)) {
    if (isMap(entry.value) && name === 'service' && entry.key.toLowerCase() === 'telemetry') continue;
    added.properties.push(property(keyOf(entry.key), reader.text(entry.value, quote(entry.key)).trim(), entry.place));
  }
}

function readPlugins(kind: SectionKind, value: Node | null, reader: Reader, { sections }: Written): void {
  for (const item of reader.items(value, `maps, each of one ${kind}`)) {
    const added = section(kind, kind, reader.at(item));
    sections.push(added);
    const isPlugin = kind === 'input' || kind === 'filter' || kind === 'output' || kind === 'custom';
    for (const entry of reader.entries(item, `the settings of one ${kind}`)) {
      if (isPlugin && entry.key === 'routes') added.routes = entry.place;
      else if (isPlugin && entry.key === 'processors') added.processors.push(...processorsOf(entry.value, reader));
      else if (!isScalar(entry.value) && entry.value !== null && !isPlugin) continue;
      else if (kind === 'input' && entry.key === 'telemetry' && isMap(entry.value)) continue;
      else added.properties.push(...propertiesOf(entry, reader));
    }
  }
}

function processorsOf(value: Node | null, reader: Reader): Section[] {
  return reader.entries(value, 'logs, metrics and traces').flatMap(({ key, place, value: list }) => {
    const signal = key.toLowerCase();
    if (!['logs', 'metrics', 'traces'].includes(signal)) {
      refuse(place, `there are no processors for ${quote(key)}`, 'write logs, metrics or traces');
    }
    const processors = reader.items(list, 'processors').map((item) => {
      const added = section('filter', 'processor', reader.at(item));
      for (const entry of reader.entries(item, 'the settings of one processor')) {
        // Conditions and the like are maps or lists of maps, which are not examined here.
        const isText =
          isScalar(entry.value) || (isSeq(entry.value) && entry.value.items.every((each) => isScalar(each)));
        added.properties.push(
          ...(isText ? propertiesOf(entry, reader) : [property(keyOf(entry.key), '', entry.place)]),
        );
      }
      return added;
    });
    return signal === 'logs' ? processors : [];
  });
}

function propertiesOf({ key, place, value }: ReturnType<Reader['entries']>[number], reader: Reader): Property[] {
  const values = isSeq(value) ? (value.items as Node[]) : [value];
  return values.map((each) => property(keyOf(key), reader.text(each, quote(key)).trim(), place));
}

function readVariables(value: Node | null, reader: Reader, { variables }: Written): void {
  if (!isSeq(value)) {
    for (const { key, place, value: text } of reader.entries(value, 'variables')) {
      variables.set(key, { value: reader.text(text, quote(key)), place });
    }
    return;
  }
  for (const item of value.items as Node[]) {
    const entries = reader.entries(item, 'the settings of one variable');
    const of = (name: string) => entries.find(({ key }) => key.toLowerCase() === name);
    const named = of('name');
    // Without `name`, the first entry gives name and value.
    const [entry] = entries;
    if (named === undefined && entry === undefined) continue;
    const name = named === undefined ? entry!.key : reader.text(named.value, 'name');
    const text = reader.text(
      (of('uri') ?? of('value') ?? (named === undefined ? entry : undefined))?.value,
      quote(name),
    );
    variables.set(name, { value: text, place: (named ?? entry!).place });
  }
}

function include(named: string, place: Place, from: string, context: Context): void {
  const { seen, reading } = context;
  const whole = named.startsWith('/') ? named : join(dirname(from), named);
  // Unlike in the classic format, a pattern may match nothing.
  const found = named.includes('*') ? reading.match(whole) : [whole];
  for (const path of found) {
    if (seen.has(path)) refuse(place, `${quote(path)} is included twice`, 'include it once');
    const text = reading.open(path, place);
    if (text === undefined) refuse(place, `${quote(path)} does not exist`, 'name it relative to this file');
    seen.add(path);
    readText(path, text, context);
  }
}

/** Converts camelCase to snake_case, unless the key begins with an upper-case letter or has an underscore. */
function keyOf(key: string): string {
  const isCamel = /^[a-z]/.test(key) && !key.includes('_');
  return (isCamel ? key.replace(/(?<=.)[A-Z]/gs, '_$&') : key).toLowerCase().trim();
}
