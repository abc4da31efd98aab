/** The files of a configuration, and patterns that name several of them. */
import { basename, dirname, join } from 'node:path/posix';
import { Problem } from '../problem.ts';
import { quote } from '../sigma/rule-problem.ts';
import type { Place } from './model.ts';

export interface Files {
  /** The first bytes of a file; undefined if it does not exist. Relative paths start at the working directory.
   * @throws the system's error for a file that exists but cannot be read */
  read(path: string, most: number): Uint8Array | undefined;
  /** The names in a folder; none if it does not exist. */
  names(folder: string): readonly string[];
}

/** Rejects a configuration that Fluent Bit would not start with. */
export function refuse({ path, line, column }: Place, message: string, hint: string): never {
  throw new Problem('config.invalid', `${path}:${line}:${column}: ${message}; ${hint}`);
}

const MAX_FILES = 1000; // FLB_CF_FILE_NUM_LIMIT
const MAX_BYTES = 1024 * 1024;
const MAX_ALL_BYTES = 16 * MAX_BYTES;

/** Files that are read one after another as text, within the sensible limits of a configuration. */
export interface Reading {
  /** The text of a file.
   * @param from where the file is named; undefined for the first */
  open(path: string, from: Place | undefined): string | undefined;
  /** The files that match a pattern.
   * @see glob(3) */
  match(pattern: string): string[];
  lines: ReadonlyMap<string, readonly string[]>;
}

export function readingOf(files: Files): Reading {
  const lines = new Map<string, readonly string[]>();
  let opened = 0;
  let allBytes = 0;
  return {
    lines,
    open(path, from) {
      const place = from ?? { path, line: 1, column: 1 };
      const bytes = files.read(path, MAX_BYTES + 1);
      if (bytes === undefined) return undefined;
      opened++;
      allBytes += bytes.length;
      if (opened > MAX_FILES) refuse(place, `more than ${MAX_FILES} files are included`, 'include fewer');
      if (bytes.length > MAX_BYTES || allBytes > MAX_ALL_BYTES) {
        refuse(place, `${quote(path)} is too large for a configuration`, 'name another file');
      }
      if (bytes.includes(0)) refuse(place, `${quote(path)} is not a text file`, 'save it as UTF-8');
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
      lines.set(path, text.split(/\r?\n/));
      return text;
    },
    match: (pattern) => expand(files, pattern),
  };
}

function expand(files: Files, pattern: string): string[] {
  const root = pattern.startsWith('/') ? '/' : '.';
  const known = new Map<string, readonly string[]>();
  const namesIn = (folder: string) => {
    if (!known.has(folder)) known.set(folder, files.names(folder));
    return known.get(folder)!;
  };
  let folders = [root];
  const steps = pattern.split('/').filter((step) => step !== '' && step !== '.');
  for (const step of steps) {
    if (!/[*?[]/.test(step)) {
      folders = folders.map((folder) => join(folder, step));
      continue;
    }
    folders = folders
      .flatMap((folder) =>
        namesIn(folder)
          .filter((name) => (!name.startsWith('.') || step.startsWith('.')) && matchesName(step, name))
          .sort()
          .map((name) => join(folder, name)),
      )
      .slice(0, MAX_FILES + 1);
  }
  return folders.filter((path) => namesIn(dirname(path)).includes(basename(path)));
}

/** Whether a name matches a pattern of `*`, `?` and sets in brackets; in time proportional to the product of their lengths. */
function matchesName(pattern: string, name: string): boolean {
  const tokens = pattern.match(/\*+|\[[!^]?\]?[^\]]*\]|./gsu) ?? [];
  const fits = (token: string, character: string) => {
    if (token === '?') return true;
    if (token.length === 1 || !token.startsWith('[')) return token === character;
    const isNot = /^\[[!^]/.test(token);
    const set = token.slice(isNot ? 2 : 1, -1);
    let isIn = false;
    for (let i = 0; i < set.length; i++) {
      if (set[i + 1] === '-' && i + 2 < set.length) {
        isIn ||= set[i]! <= character && character <= set[i + 2]!;
        i += 2;
      } else isIn ||= set[i] === character;
    }
    return isIn !== isNot;
  };
  let token = 0;
  let star: { token: number; at: number } | undefined;
  let at = 0;
  while (at < name.length) {
    if (tokens[token]?.startsWith('*')) star = { token: token++, at };
    else if (token < tokens.length && fits(tokens[token]!, name[at]!)) {
      token++;
      at++;
    } else if (star !== undefined) {
      token = star.token + 1;
      at = ++star.at;
    } else return false;
  }
  while (tokens[token]?.startsWith('*')) token++;
  return token === tokens.length;
}
