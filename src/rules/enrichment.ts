/** Reads the files of the enrichment: databases of addresses, and owners. */
import { readFileSync, statSync } from 'node:fs';
import { type Database, databasesOf } from '../enrichment/databases.ts';
import { type Enrichment, noEnrichment } from '../enrichment/index.ts';
import { databaseIn } from '../enrichment/mmdb.ts';
import { noOwners, type Owners, parseOwners } from '../enrichment/owners.ts';
import type { RuleProblem } from '../sigma/index.ts';

/** Several times the size of the largest databases that are sold. */
const MAX_DATABASE_BYTES = 1024 * 1024 * 1024;
const MAX_OWNERS_BYTES = 2 * 1024 * 1024;

/** The files that it is read from. */
export interface EnrichmentSources {
  /** Databases of addresses. */
  mmdb?: readonly string[];
  owners?: string;
}

export interface LoadedEnrichment {
  enrichment: Enrichment;
  /** What is wrong with files that are not used as they are. */
  problems: RuleProblem[];
  /** The files for which what was loaded before is used. */
  kept: string[];
  /** Whether the system did not let something be read, which may resolve itself. */
  isUnread: boolean;
}

/** @param before what was loaded before: it replaces a file that cannot be used by now */
export function loadEnrichment(sources: EnrichmentSources = {}, before = noEnrichment): LoadedEnrichment {
  const loaded: Omit<LoadedEnrichment, 'enrichment'> = { problems: [], kept: [], isUnread: false };
  const files = (sources.mmdb ?? []).flatMap((path) => loadDatabase(path, before, loaded) ?? []);
  const isSame =
    files.length === before.databases.files.length && files.every((file, i) => file === before.databases.files[i]);
  const databases = isSame ? before.databases : databasesOf(files);
  const owners = sources.owners === undefined ? noOwners : loadOwners(sources.owners, before.owners, loaded);
  return { enrichment: { databases, owners }, ...loaded };
}

type Notes = Omit<LoadedEnrichment, 'enrichment'>;

function loadDatabase(path: string, { databases }: Enrichment, notes: Notes): Database | undefined {
  const old = databases.files.find((file) => file.path === path);
  try {
    const { size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    const stamp = `${size} ${mtimeNs} ${ctimeNs}`;
    if (old?.stamp === stamp) return old;
    if (size > MAX_DATABASE_BYTES) throw new Error(`it is larger than ${MAX_DATABASE_BYTES} bytes`);
    return { path, stamp, ...databaseIn(readFileSync(path)) };
  } catch (error) {
    note(path, error, 'replace it with a complete .mmdb file, in one step (rename)', notes);
    if (old !== undefined) notes.kept.push(path);
    return old;
  }
}

function loadOwners(path: string, before: Owners, notes: Notes): Owners {
  try {
    if (statSync(path).size > MAX_OWNERS_BYTES) throw new Error(`it is larger than ${MAX_OWNERS_BYTES} bytes`);
    const text = readFileSync(path, 'utf8');
    if (text === before.text) return before;
    const { owners, problems } = parseOwners(text, path);
    notes.problems.push(...problems);
    if (owners !== undefined) return owners;
  } catch (error) {
    note(path, error, `let Tripline read it, or remove 'enrichment.owners'`, notes);
  }
  if (before !== noOwners) notes.kept.push(path);
  return before;
}

function note(path: string, error: unknown, hint: string, notes: Notes): void {
  const { message, code } = error as NodeJS.ErrnoException;
  notes.isUnread ||= code !== undefined;
  notes.problems.push({ path, line: 1, column: 1, message: `it cannot be used: ${message}`, hint });
}
