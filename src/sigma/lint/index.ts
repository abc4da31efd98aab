/** Reports what is legal in a rule file but wrong all the same. */
import type { Node, YAMLMap } from 'yaml';
import type { Position } from '../ast.ts';
import { type ParseOptions, parseDocuments } from '../parse/index.ts';
import { MAX_PROBLEMS, openFile, positionOf, type RuleFile } from '../parse/rule-file.ts';
import { membersOf } from '../parse/rule-head.ts';
import { type Edit, excerptOf, quote, type RuleProblem } from '../rule-problem.ts';
import type { Check } from './check.ts';
import { checks } from './checks.ts';
import { type SourceMap, sourceMapOf } from './source-map.ts';

/** A problem of a rule file: an error if what is meant cannot happen, because the document cannot be used or names a field
 * that no event has. */
export type LintProblem = RuleProblem & { severity: 'error' | 'warning'; check?: string };

export interface LintOptions extends ParseOptions {
  /** More checks, by name, for what the fields of the events mean. */
  checks?: Readonly<Record<string, Check>>;
  /** Whether events have a list at the end of a path; without it none does. */
  isList?: (path: string) => boolean;
}

const MAX_FOUND = 50;

/** The check of field names, which `parse` makes: a comment uses this name to accept what it reports. */
const FIELD_CHECK = 'field-name';

/** Everything that is wrong with a file, in order of position: documents that cannot be used, names of fields that no event
 * has, and what else is legal but wrong, as far as it can be read. `# lint: allow <check>` on a line, or on the one before
 * it, accepts what that check reports for it.
 * @param text the whole file, decoded as UTF-8 */
export function lint(text: string, path: string, options: LintOptions = {}): LintProblem[] {
  const file = openFile(text, path);
  const documents = parseDocuments(file, options);
  const lines = file.text.split('\n');
  // Rules of a collection share what a template says.
  const found = new Map<string, Found>();
  for (const { line, column, message, hint } of file.warnings()) {
    const position = { line, column };
    found.set(`${line} ${column} ${message}`, { severity: 'error', check: FIELD_CHECK, position, message, hint });
  }
  const named = new Set([...found.values()].map(({ position }) => `${position.line} ${position.column}`));
  const errors = file.problems().map((problem): LintProblem => ({ severity: 'error', ...problem }));
  // The positions of any further ones are not known.
  const isCut = errors.length === MAX_PROBLEMS;
  for (const { root, parsed } of documents) {
    // What a document lacks may be in what it builds on.
    if (parsed === undefined || file.isTemplateLost) continue;
    const isRead = !isCut && !errors.some((error) => isWithin(file, error, detectionOf(root)));
    const sourceMap = sourceMapOf(file, root, parsed, options.isList ?? (() => false), isRead);
    const all = Object.entries({ ...checks, ...options.checks }).filter(([, { isOfWhole }]) => isRead || !isOfWhole);
    for (const { offset, ...warning } of warningsOf(file, sourceMap, all)) {
      const position = positionOf(file, offset);
      // Nothing else is reported about a field that does not exist.
      if (named.has(`${position.line} ${position.column}`)) continue;
      found.set(`${offset} ${warning.check} ${warning.message}`, { severity: 'warning', position, ...warning });
    }
  }

  const allowed = allowancesOf(lines);
  const left = [...found.values()].filter(({ check, position }) => {
    const accepted = [position.line, position.line - 1].flatMap((line) => allowed.get(`${line} ${check}`) ?? []);
    for (const allowance of accepted) allowance.isUsed = true;
    return accepted.length === 0;
  });
  const isWhole = documents.length > 0 && documents.every(({ isUsable }) => isUsable);
  for (const { check, position, isUsed } of allowed.values()) {
    if (isUsed || !isWhole) continue;
    const message = `nothing here is reported by ${quote(check)}`;
    const hint = 'drop the comment, or move it to the line it is about';
    const fix = withoutComment(file.text, file.lines.lineStarts[position.line - 1]!, position.column - 1, check);
    left.push({ severity: 'warning', check: 'allow', position, message, hint, ...(fix && { fix }) });
  }
  const problems = left
    .sort(({ position: a }, { position: b }) => a.line - b.line || a.column - b.column)
    .slice(0, MAX_FOUND)
    .map(({ position, message, ...rest }, index): LintProblem => {
      const more = index === MAX_FOUND - 1 ? left.length - MAX_FOUND : 0;
      const further = more === 0 ? '' : ` (and ${more} more after this one)`;
      const excerpt = excerptOf(lines[position.line - 1] ?? '', position);
      return { ...rest, path, ...position, message: `${message}${further}`, excerpt };
    });
  return [...errors, ...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

interface Found {
  severity: LintProblem['severity'];
  check: string;
  position: Position;
  message: string;
  hint: string;
  fix?: Edit;
}

interface Allowance {
  check: string;
  position: Position;
  isUsed: boolean;
}

/** What comments accept on purpose, for their line and the next: `# lint: allow keywords`. */
function allowancesOf(lines: readonly string[]): Map<string, Allowance> {
  const allowed = new Map<string, Allowance>();
  for (const [index, line] of lines.entries()) {
    const found = /(?:^|\s)#\s*lint: allow ([a-z-]+)/.exec(line);
    if (found === null) continue;
    const check = found[1]!;
    const position = { line: index + 1, column: found.index + found[0].indexOf('#') + 1 };
    allowed.set(`${position.line} ${check}`, { check, position, isUsed: false });
  }
  return allowed;
}

/** Removes a comment that does nothing but allow a check, and its line if nothing else is on it. */
function withoutComment(text: string, line: number, column: number, check: string): Edit | undefined {
  const end = text.indexOf('\n', line);
  const rest = text.slice(line + column, end === -1 ? text.length : end);
  if (rest.trimEnd().replace(/^#\s*/, '') !== `lint: allow ${check}`) return undefined;
  const before = text.slice(line, line + column);
  if (before.trim() === '') return { start: line, end: end === -1 ? text.length : end + 1, text: '' };
  const start = line + before.trimEnd().length;
  // The line ending stays, including a carriage return.
  return { start, end: line + column + rest.trimEnd().length, text: '' };
}

/** What a document looks for. */
function detectionOf(root: YAMLMap): Node | null | undefined {
  const members = membersOf(root);
  const kind = ['detection', 'correlation', 'filter'].find((key) => members.has(key)) ?? '';
  return members.get(kind)?.value;
}

function isWithin(file: RuleFile, { line, column }: Position, node: Node | null | undefined): boolean {
  if (node === undefined) return true;
  const offset = file.lines.lineStarts[line - 1]! + column - 1;
  const [start, , end] = node?.range ?? [0, 0, Number.POSITIVE_INFINITY];
  return offset >= start && offset < end;
}

interface Warning {
  check: string;
  message: string;
  hint: string;
  fix?: Edit;
}

function warningsOf(file: RuleFile, sourceMap: SourceMap, all: readonly (readonly [string, Check])[]) {
  const warnings: (Warning & { offset: number })[] = [];
  for (const [check, { run }] of all) {
    run(sourceMap, (at, message, hint, fix) => {
      const offset = typeof at === 'number' ? at : file.lines.lineStarts[at.line - 1]! + at.column - 1;
      warnings.push({ check, offset, message, hint, ...(fix && { fix }) });
    });
  }
  return warnings;
}
