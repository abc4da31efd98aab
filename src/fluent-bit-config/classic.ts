/** Reads the classic format, by the rules of Fluent Bit's own reader: indentation counts, a key ends at the first space, and
 * `#` begins a comment only at the start of a line.
 * @see flb_cf_fluentbit.c of Fluent Bit 5.1.1 */
import { dirname, join } from 'node:path/posix';
import { quote } from '../sigma/rule-problem.ts';
import { type Reading, refuse } from './files.ts';
import type { Place, Section, SectionKind } from './model.ts';
import { addSection, nothing, property, section, type Written } from './written.ts';

/** A section name may be abbreviated to any prefix; the first match in this order counts. */
const kinds: readonly (readonly [string, SectionKind])[] = [
  ['service', 'service'],
  ['parser', 'parser'],
  ['multiline_parser', 'multiline_parser'],
  ['stream_processor', 'stream_processor'],
  ['plugins', 'plugins'],
  ['upstream_servers', 'upstream_servers'],
  ['customs', 'custom'],
  ['inputs', 'input'],
  ['filters', 'filter'],
  ['outputs', 'output'],
];

/** Reads a file and those that it includes.
 * @throws Problem `config.invalid` if Fluent Bit would not start */
export function readClassic(path: string, text: string, reading: Reading): Written {
  const written = nothing();
  const context = { root: dirname(path), seen: new Set([join(path)]), written, reading };
  readText(path, text, context);
  return written;
}

interface Context {
  /** The folder of the first file, to which the paths of included files are relative. */
  root: string;
  seen: Set<string>;
  written: Written;
  reading: Reading;
}

function readText(path: string, text: string, context: Context): void {
  const { written } = context;
  let current: Section | undefined;
  /** Whether the lines belong to a group within the section; nothing in groups is examined. */
  let isInGroup = false;
  let indent: string | undefined;
  for (const [index, whole] of text.split('\n').entries()) {
    const line = whole.endsWith('\r') ? whole.slice(0, -1) : whole;
    const place = (column: number): Place => ({ path, line: index + 1, column });
    if (line === '' || line.startsWith('#')) continue;
    if (/^@include .+/i.test(line)) {
      include(line.slice(9), place(10), context);
      continue;
    }
    if (line.startsWith('@') && line.length > 3) {
      readMeta(line, place(1), written);
      continue;
    }
    if (line.startsWith('[')) {
      const end = line.indexOf(']');
      if (end === -1) refuse(place(1), "a section without ']'", `write ${line}]`);
      const name = line.slice(1, end);
      current = addSection(written, section(kindOf(name), name, place(1)));
      isInGroup = false;
      continue;
    }

    if (indent === undefined) {
      // The first character counts as indentation, whatever it is.
      indent = line[0]! + (/^[ \t]*/.exec(line.slice(1))?.[0] ?? '');
      if (indent.length === line.length) continue;
    }
    const start = startOf(line, indent, place);
    if (start === indent.length) isInGroup = false;
    if (start === line.length || line[start] === '#') continue;
    const space = line.indexOf(' ', start);
    const key = line.slice(start, space === -1 ? undefined : space);
    if (space === -1) {
      // Text after a tab may be a password.
      const [name, ...more] = key.split('\t');
      const hint = more.length > 0 ? 'write a space instead of the tab' : 'write one after a space';
      refuse(place(start + 1), `${quote(name!)} has no value`, hint);
    }
    if (current === undefined)
      refuse(place(start + 1), `${quote(key)} is in no section`, 'write [INPUT] or another above');
    if (key.startsWith('[')) {
      isInGroup = true;
      continue;
    }
    if (space + 1 === line.length)
      refuse(place(start + 1), `${quote(key)} has an empty value`, 'write one, or drop the line');
    if (isInGroup) continue;
    current.properties.push(property(key.toLowerCase().trim(), line.slice(space + 1).trim(), place(start + 1)));
  }
}

/** Where the text of a line begins after its indentation. */
function startOf(line: string, indent: string, place: (column: number) => Place): number {
  if (!line.startsWith(indent)) {
    const indented = /^[ \t]*/.exec(line)![0];
    const what = indented.length < indent.length ? 'is indented less than' : 'mixes tabs and spaces differently from';
    refuse(place(1), `the line ${what} the first of the file`, `indent it by the same ${quote(indent)}`);
  }
  const more = /^[ \t]*/.exec(line.slice(indent.length))![0].length;
  if (more === 0 || more === indent.length) return indent.length + more;
  return refuse(place(1), 'the line is indented more than the first of the file', `indent it by ${indent.length}`);
}

function include(named: string, place: Place, context: Context): void {
  const { root, seen, reading } = context;
  const found = named.includes('*') ? reading.match(named.startsWith('/') ? named : join(root, named)) : [named];
  if (found.length === 0) refuse(place, `no file matches ${quote(named)}`, 'Fluent Bit does not start without one');
  for (const candidate of found) {
    const isPlain = !named.includes('*');
    let path = join(candidate);
    let text = reading.open(path, place);
    if (text === undefined && isPlain && !candidate.startsWith('/')) {
      path = join(root, candidate);
      text = reading.open(path, place);
    }
    if (text === undefined)
      refuse(place, `${quote(candidate)} does not exist`, 'name it relative to the folder of the first file');
    if (seen.has(path)) refuse(place, `${quote(path)} is included twice`, 'include it once');
    seen.add(path);
    readText(path, text, context);
  }
}

function readMeta(line: string, place: Place, { variables }: Written): void {
  const space = line.indexOf(' ');
  if (space === -1) refuse(place, 'the line has no value', 'write @SET NAME=value');
  if (line.slice(1, space).toLowerCase() !== 'set') return;
  const [, name, value] = /^([^=]*)=(.*)$/.exec(line.slice(space + 1).trim()) ?? [];
  if (name !== undefined) variables.set(name, { value: value!, place });
}

function kindOf(name: string): SectionKind {
  const found = kinds.find(([kind]) => name !== '' && kind.startsWith(name.toLowerCase()));
  return found?.[1] ?? 'other';
}
