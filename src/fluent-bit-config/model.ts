/** A Fluent Bit configuration as one list of sections, whichever format its files are in. */

export interface Place {
  path: string;
  /** Both count from 1. */
  line: number;
  column: number;
}

export interface Property {
  /** In lower case, as Fluent Bit compares keys; what YAML has in camelCase is in snake_case. */
  key: string;
  /** After variables. A list in YAML is a property for each of its members. */
  value: string;
  /** Whether the value has a variable in it of which it is not known here what Fluent Bit will put in. */
  isUnknown: boolean;
  place: Place;
}

export type SectionKind =
  | 'service'
  | 'custom'
  | 'input'
  | 'filter'
  | 'output'
  | 'parser'
  | 'multiline_parser'
  | 'stream_processor'
  | 'plugins'
  | 'upstream_servers'
  /** One that Fluent Bit has no use for. */
  | 'other';

export interface Section {
  kind: SectionKind;
  /** As it is written, as in `[INPUT]`. */
  name: string;
  place: Place;
  /** In their order in the file. */
  properties: Property[];
  /** Processors for logs, each with its properties; on inputs and outputs in YAML alone. */
  processors: Section[];
  /** Where `routes` stands, if it does; in YAML alone. */
  routes?: Place;
}

/** What a value names, and where. */
export interface Named {
  name: string;
  place: Place;
}

export interface FluentBitConfig {
  /** Of the first file. */
  format: 'classic' | 'yaml';
  path: string;
  /** In the order in which Fluent Bit reads them, those of included files and of parsers files among them. */
  sections: Section[];
  /** The variables that are set neither here nor by a default. */
  unset: Named[];
  /** The files of parsers with a whole path that are not on this machine. */
  absent: Named[];
  /** The lines of each file that was read. */
  files: ReadonlyMap<string, readonly string[]>;
}
