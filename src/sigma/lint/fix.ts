/** Fixes in a file what lint reports and can fix, as text: everything else stays as it is written. */
import type { FieldItem, Item, Test } from '../ast.ts';
import { fold } from '../match/pattern.ts';
import { parseRules } from '../parse/index.ts';
import type { Edit } from '../rule-problem.ts';
import { withoutEnds } from './edits.ts';
import { type LintOptions, type LintProblem, lint } from './index.ts';

/** Rounds of lint; a problem may show only after another is fixed. */
const MAX_ROUNDS = 20;

/** The text with the fixes of lint's problems, and the problems that they fix. Each fix is verified before it is kept: the
 * documents that could be used can still be used, and mean the same.
 * @param source the whole file, decoded as UTF-8 */
export function fix(source: string, path: string, options: LintOptions = {}): { text: string; fixed: LintProblem[] } {
  const mark = source.startsWith('\uFEFF') ? '\uFEFF' : '';
  let text = source.slice(mark.length);
  const fixed: LintProblem[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = fixed.length;
    let free = Number.POSITIVE_INFINITY;
    // From the end, so that earlier offsets stay valid.
    for (const problem of lint(text, path, options).toSorted((a, b) => (b.fix?.start ?? 0) - (a.fix?.start ?? 0))) {
      if (problem.fix === undefined || problem.fix.end > free) continue;
      const changed = edited(text, problem.fix);
      if (!isSame(text, changed, path, options)) continue;
      text = changed;
      free = problem.fix.start;
      fixed.push(problem);
    }
    if (fixed.length === before) break;
  }
  return { text: mark + text, fixed };
}

function edited(text: string, { start, end, text: other }: Edit): string {
  return text.slice(0, start) + other + text.slice(end);
}

function isSame(before: string, after: string, path: string, options: LintOptions): boolean {
  const [old, now] = [before, after].map((text) => parseRules(text, path, options));
  // One problem of a document may hide others.
  const broken = new Set(old!.problems.map(({ name }) => name));
  if (now!.problems.some(({ name }) => !broken.has(name))) return false;
  const meanings = new Map(documentsOf(now!).map((document) => [document.name, document]));
  return documentsOf(old!).every((document) => {
    const meant = meanings.get(document.name);
    return meant !== undefined && meaningOf(meant, document.id) === meaningOf(document, document.id);
  });
}

function documentsOf({ rules, correlations, filters }: ReturnType<typeof parseRules>) {
  return [...rules, ...correlations, ...filters];
}

/** What a document means, as a text that is the same for all spellings of it. */
function meaningOf(document: { title: string; id?: string }, id: string | undefined): string {
  return JSON.stringify({ ...document, title: document.title.replace(/\.$/, ''), id }, (key, value) => {
    if (key === 'position' || key === 'positions') return undefined;
    // For a document without one, it is the title.
    if (key === 'summary' && JSON.stringify(value) === JSON.stringify([document.title])) return undefined;
    if (value instanceof Map) return [...value];
    return isFieldItem(value) ? itemMeaning(value) : value;
  });
}

function isFieldItem(value: unknown): value is FieldItem {
  return typeof value === 'object' && value !== null && (value as Item).kind === 'field';
}

/** A repeated value asks for nothing more. */
function itemMeaning(item: FieldItem): unknown {
  const tests = new Set(item.tests.map(testMeaning));
  return { ...item, kind: 'item', tests: [...tests], quantifier: tests.size === 1 ? 'any' : item.quantifier };
}

function testMeaning(test: Test): string {
  if (test.kind === 'regex') return JSON.stringify({ ...test, source: withoutEnds(test.source) });
  return test.kind === 'text' && !test.cased ? fold(JSON.stringify(test)) : JSON.stringify(test);
}
