/** Tells of what is legal in a rule file and wrong all the same. */
import type { Position } from '../ast.ts';
import { readCollection } from '../parse/collection.ts';
import { type ParseOptions, parseRules } from '../parse/index.ts';
import { openFile, positionOf, type RuleFile, readYaml } from '../parse/rule-file.ts';
import { membersOf } from '../parse/rule-head.ts';
import { excerptOf, quote, type RuleProblem } from '../rule-problem.ts';
import type { Check } from './check.ts';
import { checks } from './checks.ts';
import { type Document, type SourceMap, sourceMapOf } from './source-map.ts';

/** A problem of a rule file: an error if the document it is in cannot be used. */
export type LintProblem = ({ severity: 'error' } | { severity: 'warning'; check: string }) & RuleProblem;

export interface LintOptions extends ParseOptions {
  /** More checks, by name, of what the fields of the events mean. */
  checks?: Readonly<Record<string, Check>>;
  /** Whether events have a list at the end of a path; without it none does. */
  isList?: (path: string) => boolean;
}

const MAX_WARNINGS = 50;

/** Everything that is wrong with a file, in order of place. A file with errors has no warnings: they are looked for when
 * it can be read. `# lint: allow <check>` on a line, or on the one before it, accepts what that check has to say of it.
 * @param text the whole file, decoded as UTF-8 */
export function lint(text: string, path: string, options: LintOptions = {}): LintProblem[] {
  const parsed = parseRules(text, path, options);
  if (parsed.problems.length > 0) return parsed.problems.map((problem) => ({ severity: 'error', ...problem }));

  const file = openFile(text, path);
  const documents = {
    rule: parsed.rules.map((document): Document => ({ kind: 'rule', document })),
    correlation: parsed.correlations.map((document): Document => ({ kind: 'correlation', document })),
    filter: parsed.filters.map((document): Document => ({ kind: 'filter', document })),
  };
  const told: (Warning & { offset: number })[] = [];
  // Rules of a collection share what a template says.
  const seen = new Set<string>();
  for (const root of readCollection(file, readYaml(file))) {
    const members = membersOf(root);
    const kind = members.has('correlation') ? 'correlation' : members.has('filter') ? 'filter' : 'rule';
    const sourceMap = sourceMapOf(file, root, documents[kind].shift()!, options.isList ?? (() => false));
    for (const { offset, ...warning } of warningsOf(file, sourceMap, { ...checks, ...options.checks })) {
      const key = `${offset} ${warning.check} ${warning.message}`;
      if (!seen.has(key)) told.push({ offset, ...warning });
      seen.add(key);
    }
  }
  const lines = file.text.split('\n');
  const allowed = allowancesOf(lines);
  const warnings = told.flatMap(({ offset, ...warning }) => {
    const position = positionOf(file, offset);
    const accepted = [position.line, position.line - 1].flatMap(
      (line) => allowed.get(`${line} ${warning.check}`) ?? [],
    );
    for (const allowance of accepted) allowance.isUsed = true;
    return accepted.length > 0 ? [] : [{ position, ...warning }];
  });
  for (const { check, position, isUsed } of allowed.values()) {
    if (isUsed) continue;
    const message = `nothing here is told of by ${quote(check)}`;
    warnings.push({ check: 'allow', position, message, hint: 'drop the comment, or move it to the line it is about' });
  }
  return warnings
    .sort(({ position: a }, { position: b }) => a.line - b.line || a.column - b.column)
    .slice(0, MAX_WARNINGS)
    .map(({ position, check, message, hint }, index) => {
      const more = index === MAX_WARNINGS - 1 ? warnings.length - MAX_WARNINGS : 0;
      const behind = more === 0 ? '' : ` (and ${more} more warnings behind this one)`;
      const excerpt = excerptOf(lines[position.line - 1] ?? '', position);
      return { severity: 'warning', check, path, ...position, message: `${message}${behind}`, hint, excerpt };
    });
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

interface Warning {
  check: string;
  message: string;
  hint: string;
}

function warningsOf(file: RuleFile, sourceMap: SourceMap, all: Readonly<Record<string, Check>>) {
  const warnings: (Warning & { offset: number })[] = [];
  for (const [check, { run }] of Object.entries(all)) {
    run(sourceMap, (at, message, hint) => {
      const offset = typeof at === 'number' ? at : file.lines.lineStarts[at.line - 1]! + at.column - 1;
      warnings.push({ check, offset, message, hint });
    });
  }
  return warnings;
}
