/** A rule file as a tree of YAML nodes with their positions, and the list of what is wrong with it. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Pair,
  parseAllDocuments,
  type Scalar,
  YAMLMap,
} from 'yaml';
import { truncateText } from '../../truncate.ts';
import type { Position } from '../ast.ts';
import { type Edit, excerptOf, printable, quote, type RuleProblem } from '../rule-problem.ts';

const MAX_FILE_LENGTH = 512 * 1024;
const MAX_DEPTH = 20;
const MAX_DOCUMENTS = 100;
/** Most problems of a file that are reported. */
export const MAX_PROBLEMS = 50;

/** A file being read: its text, and what has been found wrong so far. */
export interface RuleFile {
  path: string;
  text: string;
  lines: LineCounter;
  /** Name of the document that is being read: what is reported is in it. */
  document: string | undefined;
  /** Whether what the documents build on cannot be read: what they lack may be in it. */
  isTemplateLost: boolean;
  /** Notes that a document cannot be used because of what is reported elsewhere. */
  spoil(): void;
  /** Notes what is wrong at an offset of the text, so that the document cannot be used. */
  report(offset: number, message: string, hint: string, fix?: Edit): void;
  /** Notes what is wrong with a document that can be used. */
  warn(offset: number, message: string, hint: string): void;
  problems(): RuleProblem[];
  warnings(): RuleProblem[];
  /** How many things have been found wrong. */
  count(): number;
}

/** The file with nothing found wrong yet. */
export function openFile(source: string, path: string): RuleFile {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source;
  const lines = new LineCounter();
  // The parser would leave out lines after what it cannot read.
  for (let start = 0; start !== -1; start = lineBehind(text, start)) lines.addNewLine(start);
  const reported = new Map<string, Noted>();
  const warned = new Map<string, Noted>();
  let reports = 0;
  return {
    path,
    text,
    lines,
    document: undefined,
    isTemplateLost: false,
    spoil() {
      reports++;
    },
    report(offset, message, hint, fix) {
      reports++;
      reported.set(`${offset} ${message}`, { offset, name: this.document, message, hint, ...(fix && { fix }) });
    },
    warn(offset, message, hint) {
      warned.set(`${offset} ${message}`, { offset, name: this.document, message, hint });
    },
    count: () => reports,
    problems: () => placed([...reported.values()], { path, text, lines }),
    warnings: () => placed([...warned.values()], { path, text, lines }),
  };
}

/** Kept by position and message: rules of a collection share what a template says, and what is wrong with it. */
interface Noted {
  offset: number;
  name: string | undefined;
  message: string;
  hint: string;
  fix?: Edit;
}

/** The first of them in order of position, each with its line. */
function placed(noted: Noted[], { path, text, lines }: Pick<RuleFile, 'path' | 'text' | 'lines'>): RuleProblem[] {
  return noted
    .sort((a, b) => a.offset - b.offset)
    .slice(0, MAX_PROBLEMS)
    .map(({ offset, name, message, hint, fix }, index) => {
      const { line, col: column } = lines.linePos(Math.min(offset, text.length));
      const start = lines.lineStarts[line - 1] ?? 0;
      const end = text.indexOf('\n', start);
      const excerpt = excerptOf(text.slice(start, end === -1 ? text.length : end), { line, column });
      const isLast = index === MAX_PROBLEMS - 1 && noted.length > MAX_PROBLEMS;
      const more = isLast ? ` (and ${noted.length - MAX_PROBLEMS} more problems after this one)` : '';
      const of = { path, line, column, ...(name !== undefined && { name }) };
      return { ...of, message: `${message}${more}`, hint, excerpt, ...(fix && { fix }) };
    });
}

/** Where the line after that of an offset begins; -1 if there is none. */
function lineBehind(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? -1 : end + 1;
}

/** What a file should hold, for messages. */
interface Shape {
  noun: string;
  hint: string;
}

const ruleShape: Shape = { noun: 'rule', hint: 'write a map with title, logsource, detection' };

/** The maps of the file's documents, those of plain YAML: without anchors, tags, merge keys or repeated keys. */
export function readYaml(file: RuleFile, shape = ruleShape): YAMLMap[] {
  const { text } = file;
  const nothing = `the file does not hold a ${shape.noun}`;
  if (text.length > MAX_FILE_LENGTH) {
    file.report(0, `the file is longer than ${MAX_FILE_LENGTH} characters`, 'split the file');
    return [];
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const foreign = text.toWellFormed().search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]/);
  if (foreign !== -1) {
    file.report(foreign, 'this is not text in UTF-8', 'save the file as UTF-8, without control characters');
    return [];
  }
  const documents = parseAllDocuments(text, {
    version: '1.2',
    prettyErrors: false,
    uniqueKeys: false, // Quadratic; `inspect` does it.
  });
  // Nothing need follow a last `---`, and there may be nothing but comments before the first.
  const filled = [...documents].filter(({ contents, errors }) => !isNull(contents as Node | null) || errors.length > 0);
  if (filled.length > MAX_DOCUMENTS) {
    file.report(0, `the file holds more than ${MAX_DOCUMENTS} documents`, 'split the file');
    return [];
  }
  if (filled.length === 0) file.report(0, nothing, shape.hint);
  const roots = filled.flatMap(({ contents: root, errors }) => {
    for (const error of errors) {
      const isDeep = error.message.includes('call stack');
      const message = isDeep
        ? `the file nests deeper than ${MAX_DEPTH} levels`
        : `not valid YAML: ${briefly(error.message)}`;
      file.report(error.pos[0], message, isDeep ? 'flatten it' : 'fix the YAML');
    }
    if (errors.length > 0) return [];
    if (!isMap(root)) {
      file.report(root === null ? 0 : offsetOf(root as Node), nothing, shape.hint);
      return [];
    }
    return inspect(file, root) ? [root] : [];
  });
  file.isTemplateLost = roots.length < filled.length && /^action\s*:/m.test(text);
  return roots;
}

/** The parser quotes the file verbatim and at any length. */
function briefly(message: string): string {
  return printable(truncateText(message, 150));
}

/** Whether the tree can be walked; reports what YAML allows and these files do not. */
function inspect(file: RuleFile, root: YAMLMap): boolean {
  const stack: { node: unknown; depth: number }[] = [{ node: root, depth: 0 }];
  let isUsable = true;
  const refuse = (node: Node, message: string, hint: string) => {
    file.report(offsetOf(node), message, hint);
    isUsable = false;
  };
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, depth } = top;
    if (isAlias(node)) {
      refuse(node, 'YAML anchors and aliases are not supported', 'write the value out');
    } else if (isMap(node) || isSeq(node) || isScalar(node)) {
      const at = offsetOf(node);
      if (node.anchor !== undefined) {
        file.report(at, 'YAML anchors and aliases are not supported', 'write the value out');
      }
      if (node.tag !== undefined) file.report(at, 'YAML tags are not supported', 'drop the tag; quote text');
      if (depth > MAX_DEPTH) refuse(node, `the file nests deeper than ${MAX_DEPTH} levels`, 'flatten it');
      else if (isSeq(node)) for (const item of node.items) stack.push({ node: item, depth: depth + 1 });
      else if (isMap(node)) {
        const seen = new Set<string>();
        for (const { key, value } of node.items) {
          stack.push({ node: value, depth: depth + 1 });
          if (!isScalar(key) || key.value === null) {
            refuse(isScalar(key) || isMap(key) || isSeq(key) ? key : node, 'a key has to be text', 'write key: value');
            continue;
          }
          stack.push({ node: key, depth: depth + 1 });
          const name = keyText(key);
          if (name === '<<') file.report(offsetOf(key), 'YAML merge keys are not supported', 'write the keys out');
          if (seen.has(name))
            file.report(offsetOf(key), `the key ${quote(name)} is here twice`, 'rename one, or join the two');
          seen.add(name);
        }
      }
    }
  }
  return isUsable;
}

/** The map with the members of another merged in: nested maps are joined, anything else is replaced. */
export function mergeMaps(map: YAMLMap, other: YAMLMap): YAMLMap {
  const pairs = new Map(map.items.map((pair) => [keyText(pair.key as Scalar), pair]));
  for (const pair of other.items) {
    const key = keyText(pair.key as Scalar);
    const old = pairs.get(key)?.value;
    const isJoined = isMap(old) && isMap(pair.value);
    pairs.set(key, isJoined ? new Pair(pair.key, mergeMaps(old, pair.value as YAMLMap)) : pair);
  }
  return mapOf(map, [...pairs.values()]);
}

/** The map without one of its members. */
export function withoutEntry(map: YAMLMap, { keyNode }: Entry): YAMLMap {
  return mapOf(
    map,
    map.items.filter(({ key }) => key !== keyNode),
  );
}

/** A map with other members at the position of the given one. */
function mapOf(map: YAMLMap, items: YAMLMap['items']): YAMLMap {
  const made = new YAMLMap();
  made.items = items;
  made.range = map.range;
  return made;
}

/** The value as plain data. */
export function dataOf({ value }: Entry): unknown {
  return isMap(value) || isSeq(value) || isScalar(value) ? value.toJSON() : null;
}

/** One member of a map. */
export interface Entry {
  key: string;
  keyNode: Scalar;
  value: Node | null;
}

/** The members of a map that `inspect` has accepted. */
export function entriesOf(map: YAMLMap): Entry[] {
  return map.items.map(({ key, value }) => ({
    key: keyText(key as Scalar),
    keyNode: key as Scalar,
    value: value as Node | null,
  }));
}

/** A key as the file spells it: the names of selections and fields may look like numbers. */
function keyText(key: Scalar): string {
  return key.source ?? String(key.value);
}

/** Null, or nothing at all after the colon. */
export function isNull(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** Where the value begins; the key, if there is none. */
export function startOf(entry: Entry): number {
  return isNull(entry.value) ? offsetOf(entry.keyNode) : offsetOf(entry.value!);
}

/** Where in the text a node begins. */
export function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** Where in the file the character at `index` of a scalar's text is; if escapes or folding hide it, where the scalar
 * begins. */
export function offsetWithin(file: RuleFile, node: Node, content: string, index: number): number {
  const start = offsetOf(node);
  for (const quoteLength of [0, 1]) {
    if (file.text.startsWith(content, start + quoteLength)) return start + quoteLength + index;
  }
  return start;
}

/** Replaces a word at an offset with another; undefined if something else is there, because the file spells the word with
 * escapes. */
export function wordFix(
  { text }: Pick<RuleFile, 'text'>,
  offset: number,
  word: string,
  other: string,
): Edit | undefined {
  const end = offset + word.length;
  return text.slice(offset, end) === word ? { start: offset, end, text: other } : undefined;
}

/** The position of an offset, counted from 1. */
export function positionOf(file: RuleFile, offset: number): Position {
  const { line, col } = file.lines.linePos(offset);
  return { line, column: col };
}
