/** An input, filter or output with its settings by name, and the defaults of those that are not set. */
import { RE2JS } from 're2js';
import {
  boolOf,
  bytesOf,
  matchesTag,
  type Place,
  type Property,
  type Section,
  secondsOf,
} from '../fluent-bit-config/index.ts';

export interface Plugin {
  section: Section;
  /** The name of the plugin, in lower case. */
  name: string;
  /** The last of the lines with a key, which is the one that counts. */
  property(key: string): Property | undefined;
  /** All lines of a setting that may occur several times. */
  all(key: string): Property[];
  /** Each of these returns the value that is set, or else the default; undefined if it is unknown or not a valid value. */
  text(key: string, otherwise: string): string | undefined;
  bool(key: string, otherwise: boolean): boolean | undefined;
  bytes(key: string, otherwise: number): number | undefined;
  seconds(key: string, otherwise: number): number | undefined;
  /** The place of a setting, or else of the section. */
  place(key: string): Place;
}

export function pluginOf(section: Section): Plugin {
  const byKey = Map.groupBy(section.properties, ({ key }) => key);
  const property = (key: string) => byKey.get(key)?.at(-1);
  const read = <T>(key: string, otherwise: T, parse: (text: string) => T | undefined): T | undefined => {
    const found = property(key);
    if (found?.isUnknown) return undefined;
    // An empty value counts as not set.
    return found === undefined || found.value === '' ? otherwise : parse(found.value);
  };
  return {
    section,
    name: (byKey.get('name')?.[0]?.value ?? '').toLowerCase(),
    property,
    all: (key) => byKey.get(key) ?? [],
    text: (key, otherwise) => read(key, otherwise, (text) => text),
    bool: (key, otherwise) => read(key, otherwise, boolOf),
    bytes: (key, otherwise) => read(key, otherwise, bytesOf),
    seconds: (key, otherwise) => read(key, otherwise, secondsOf),
    place: (key) => property(key)?.place ?? section.place,
  };
}

/** Characters of a tag or a pattern that are compared; no tag is that long. */
const MOST = 1_000;

const expressions = new WeakMap<Property, RE2JS | undefined>();

/** Whether a filter or an output matches a tag, as far as its `match` and `match_regex` can be read. */
export function takes(plugin: Plugin, tag: string): boolean {
  const match = plugin.property('match');
  if (match !== undefined && !match.isUnknown && matchesTag(match.value.slice(0, MOST), tag)) return true;
  const regex = plugin.property('match_regex');
  if (regex === undefined || regex.isUnknown) return false;
  if (!expressions.has(regex)) expressions.set(regex, compile(regex.value));
  // The match must start at the beginning of the tag and must not be empty.
  const matcher = expressions.get(regex)?.matcher(tag);
  return matcher?.find() === true && matcher.end() > 0;
}

/** Undefined for an expression that only Onigmo supports. */
function compile(source: string): RE2JS | undefined {
  if (source.length > MOST) return undefined;
  try {
    return RE2JS.compile(`^(?:${source})`);
  } catch {
    return undefined;
  }
}
