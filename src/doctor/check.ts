/** The contract of a check: what it examines, and how it reports what it finds. */
import type { Place } from '../fluent-bit-config/index.ts';
import type { Flow } from './flow.ts';

/** The effects of a finding, in the words of the reference page. */
export const effects = {
  loses: 'records are lost',
  loops: 'records circulate without end',
  alters: 'records are altered',
  repeats: 'records arrive twice',
  stops: 'nothing continues until somebody fixes it',
  delays: 'records arrive late',
  exposes: 'others can read or send records',
  ignored: 'Fluent Bit does not do what the line says',
} as const;

export type Effect = keyof typeof effects;

/** Reports a finding.
 * @param message what is lost or altered, and when
 * @param fix what to write, or do */
export type Report = (place: Place, message: string, fix: string) => void;

export interface Check {
  effect: Effect;
  /** One line: what is found, and why it is wrong. */
  doc: string;
  /** Examines a whole configuration. */
  run(flow: Flow, report: Report): void;
}

/** A line in the format of the configuration. */
export function lineOf({ config }: Flow, key: string, value: string): string {
  // In YAML, a value that begins with * is an alias.
  if (config.format === 'yaml') return `${key}: ${value.startsWith('*') ? `'${value}'` : value}`;
  const name = key.includes('.') ? key : key.replaceAll(/(?<=^|_)[a-z]/g, (letter) => letter.toUpperCase());
  return `${name} ${value}`;
}
