/** A Fluent Bit configuration as one list of sections, whichever format its files are in. */

export interface Place {
  path: string;
  /** Both count from 1. */
  line: number;
  column: number;
}

export interface Property {
  /** In lower case, as Fluent Bit compares keys; camelCase keys from YAML are converted to snake_case. */
  key: string;
  /** With variables replaced. A list in YAML becomes one property for each of its members. */
  value: string;
  /** Whether the value contains a variable whose value in Fluent Bit is not known here. */
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
  /** One that Fluent Bit does not use. */
  | 'other';

export interface Section {
  kind: SectionKind;
  /** As written in the file, such as in `[INPUT]`. */
  name: string;
  place: Place;
  /** In their order in the file. */
  properties: Property[];
  /** Processors for logs, each with its properties; only for inputs and outputs in YAML. */
  processors: Section[];
  /** The place of `routes`, if present; only in YAML. */
  routes?: Place;
}

/** A name in a value, and its place. */
export interface Named {
  name: string;
  place: Place;
}

export interface FluentBitConfig {
  /** Of the first file. */
  format: 'classic' | 'yaml';
  path: string;
  /** In the order in which Fluent Bit reads them, including those of included files and parsers files. */
  sections: Section[];
  /** The variables that are set neither here nor by a default. */
  unset: Named[];
  /** The parsers files with an absolute path that do not exist on this machine. */
  absent: Named[];
  /** The lines of each file that was read. */
  files: ReadonlyMap<string, readonly string[]>;
}
