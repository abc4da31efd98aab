/** The definition of a name in the taxonomy. */
import type { Databases } from '../enrichment/databases.ts';
import { CUT, type JsonMap } from '../json/map.ts';
import { type AuditEvent, Platform } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import type { BodyKeys } from './body-keys.ts';
import { missing } from './found.ts';
import type { PodSpec } from './pod-spec.ts';
import type { WrittenObject } from './written-object.ts';

/** Where platforms do not log what a field needs. */
export interface Unknown {
  platforms: readonly Platform[];
  /** Whether this applies to every event there, or to some. */
  extent: 'always' | 'sometimes';
  /** Requests that this applies to; all if absent. */
  verbs?: readonly string[];
  /** In words, for a table. */
  where: string;
}

/** One name of the taxonomy. */
export interface Field {
  /** One line: what it says. */
  doc: string;
  /** Where it is read from, in the terms of audit.k8s.io. */
  source: string;
  /** Where it is not known: a rule that depends on it is then undecided, not false. */
  unknown?: readonly Unknown[];
  /** Set if names continue below it: `podSpec.dnsPolicy`. */
  nested?: true;
  /** Set if it holds several values, and is shown as a list even of one. */
  many?: true;
  /** For a field that is read from bodies alone, where in them; undefined if that is not known for a path. */
  bodyKeys?(path: string): BodyKeys | undefined;
  /** @param path what follows the name and its dot; empty for the name alone
   * @param databases of addresses */
  read(event: AuditEvent, written: Written, path: string, databases: Databases): Found;
}

/** What an event writes. */
export interface Written {
  object: WrittenObject;
  pod: PodSpec;
}

export const everywhere = Platform.enum;

export function sometimes(platforms: readonly Platform[], where: string, ...verbs: string[]): readonly Unknown[] {
  return [{ platforms, extent: 'sometimes', where, ...(verbs.length > 0 && { verbs }) }];
}

export function always(platforms: readonly Platform[], where: string): readonly Unknown[] {
  return [{ platforms, extent: 'always', where }];
}

export const BODIES_UNKNOWN = sometimes(
  everywhere,
  "if the policy logs no bodies, such as OpenShift's by default, or if they were cut, truncated, skipped or split",
);

/** A text; an empty one is unknown if there is a gap. */
export function text(value: string, gap: string | undefined, empty: 'present' | 'absent' = 'present'): Found {
  if (value !== '') return { values: [value] };
  return gap === undefined && empty === 'present' ? { values: [''] } : missing(gap);
}

export function cutOf(part: object): string | undefined {
  return (part as JsonMap)[CUT];
}
