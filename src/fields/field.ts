/** What a name of the taxonomy is. */
import type { Databases } from '../enrichment/databases.ts';
import { CUT, type JsonMap } from '../json/map.ts';
import { type AuditEvent, Platform } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import type { BodyKeys } from './body-keys.ts';
import { missing } from './found.ts';
import type { PodSpec } from './pod-spec.ts';
import type { WrittenObject } from './written-object.ts';

/** Where platforms do not tell what a field says. */
export interface Unknown {
  platforms: readonly Platform[];
  /** Whether it is so for every event there, or for some. */
  extent: 'always' | 'sometimes';
  /** Requests that it is so for; all if absent. */
  verbs?: readonly string[];
  /** In words, for a table. */
  where: string;
}

/** One name of the taxonomy. */
export interface Field {
  /** One line: what it says. */
  doc: string;
  /** Where it is read, in the words of audit.k8s.io. */
  source: string;
  /** Where it is not known: a rule that turns on it is then undecided, not false. */
  unknown?: readonly Unknown[];
  /** Tells whether names go on below it: `podSpec.dnsPolicy`. */
  nested?: true;
  /** Tells that it holds several values, and is shown as a list even of one. */
  many?: true;
  /** Of one that is read from bodies alone, where in them; undefined where that is not known of a path. */
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
  "where the policy logs no bodies, as OpenShift's by default, or they were cut, truncated, skipped or split",
);

/** A text: one that is empty is unknown where there is a gap. */
export function text(value: string, gap: string | undefined, empty: 'present' | 'absent' = 'present'): Found {
  if (value !== '') return { values: [value] };
  return gap === undefined && empty === 'present' ? { values: [''] } : missing(gap);
}

export function cutOf(part: object): string | undefined {
  return (part as JsonMap)[CUT];
}
