/** The contract of a check: what it looks at, and how it tells of what it finds. */
import type { Place } from '../fluent-bit-config/index.ts';
import type { Flow } from './flow.ts';

/** What comes of it, in the words of the reference page. */
export const effects = {
  loses: 'records are lost',
  loops: 'records go round in a circle',
  alters: 'records are not as they were',
  repeats: 'records come twice',
  stops: 'nothing goes on until somebody mends it',
  delays: 'records come late',
  exposes: 'others can read or send records',
  ignored: 'Fluent Bit does not do what the line says',
} as const;

export type Effect = keyof typeof effects;

/** Tells of something found.
 * @param message what is lost or altered, and when
 * @param fix what to write, or do */
export type Report = (place: Place, message: string, fix: string) => void;

export interface Check {
  effect: Effect;
  /** One line: what is found, and why it is wrong. */
  doc: string;
  /** Looks at a whole configuration. */
  run(flow: Flow, report: Report): void;
}

/** A line as the format of a configuration has it. */
export function lineOf({ config }: Flow, key: string, value: string): string {
  // What begins with * is an alias in YAML.
  if (config.format === 'yaml') return `${key}: ${value.startsWith('*') ? `'${value}'` : value}`;
  const name = key.includes('.') ? key : key.replaceAll(/(?<=^|_)[a-z]/g, (letter) => letter.toUpperCase());
  return `${name} ${value}`;
}
