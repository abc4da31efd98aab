/** A file of settings: YAML with the places in it, and with values from the environment and other files filled in. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Scalar } from 'yaml';
import type { JsonMap } from '../json/map.ts';
import { didYouMean, printable, quote } from '../sigma/rule-problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The steps to a setting: keys of maps and indexes of lists. */
export type Setting = readonly (string | number)[];

export interface SettingsFile {
  settings: JsonMap;
  /** Each as `file:line:column: what; what to do`. */
  problems: string[];
  /** The files that were read for `${file:PATH}`, whether they exist or not. */
  files: readonly string[];
  /** Where a setting is, or what would contain it: `file:line:column`. */
  placeOf(setting: Setting): string;
  /** Whether the text of a setting, or a part of it, comes from the environment or another file. */
  isFromEnvironment(setting: Setting): boolean;
  /** Whether a part of the text of a setting is the default of a variable, which is in the file itself. */
  isByDefault(setting: Setting): boolean;
  /** Whether something that the setting names does not exist, so that its text is not known. */
  isUnknown(setting: Setting): boolean;
}

/** Reads settings. In each string `${NAME}` stands for the environment variable, `${NAME:-text}` for the text where that is
 * not set or empty, and `${file:PATH}` for the text of a file without its final line break; a relative path starts from
 * the folder of the settings. */
export function readSettings(path: string, environment: Environment): SettingsFile {
  const problems: string[] = [];
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const report = (offset: number, message: string) => problems.push(`${at(offset)}: ${printable(message)}`);
  const places = new Map<string, number>();
  const substituted = new Set<string>();
  const byDefault = new Set<string>();
  const unknown = new Set<string>();
  const files = new Set<string>();
  const keyOf = (setting: Setting) => JSON.stringify(setting);

  const textOf = (scalar: Scalar<string>, setting: Setting): string => {
    const reportUnknown = (message: string) => {
      unknown.add(keyOf(setting));
      report(scalar.range![0], message);
      return '';
    };
    // It would stand for itself, even in a password, where nobody would notice.
    const half = scalar.value.replace(reference, ' ').includes('${') || /\$\{[^}]*\$\{/.test(scalar.value);
    if (half)
      return reportUnknown(`a '\${' that begins no \${NAME}, \${NAME:-text} or \${file:PATH}; write one of these`);
    return scalar.value.replace(
      reference,
      (_, file: string | undefined, name: string, fallback: string | undefined) => {
        substituted.add(keyOf(setting));
        if (file !== undefined) {
          const from = resolve(dirname(path), file);
          files.add(from);
          try {
            return readFileSync(from, 'utf8').replace(/\r?\n$/, '');
          } catch (error) {
            return reportUnknown(`${(error as Error).message}; write the path of a file that Tripline may read`);
          }
        }
        const found = environment[name];
        if (fallback !== undefined) {
          if (!found && fallback !== '') byDefault.add(keyOf(setting));
          return found || fallback;
        }
        if (found !== undefined) return found;
        const hint = didYouMean(name, Object.keys(environment), `set it, or write \${${name}:-DEFAULT}`);
        return reportUnknown(`there is no environment variable ${quote(name)}; ${hint}`);
      },
    );
  };

  const readNode = (node: Node | null, setting: Setting): unknown => {
    if (node === null) return null;
    if (!places.has(keyOf(setting))) places.set(keyOf(setting), node.range![0]);
    if (isMap(node)) {
      return Object.fromEntries(
        (node.items as Pair<Node, Node | null>[]).map(({ key, value }) => {
          const name = String(isScalar(key) ? key.value : key);
          const below = [...setting, name];
          if (key?.range) places.set(keyOf(below), key.range[0]);
          return [name, readNode(value, below)];
        }),
      );
    }
    if (isSeq(node)) return node.items.map((item, index) => readNode(item as Node, [...setting, index]));
    if (isAlias(node)) {
      report(node.range![0], 'aliases are not supported; write out what this one stands for');
      return null;
    }
    const { value } = node as Scalar;
    return typeof value === 'string' ? textOf(node as Scalar<string>, setting) : value;
  };

  let settings: unknown = {};
  try {
    const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines, prettyErrors: false });
    for (const { pos, message } of document.errors) report(pos[0], `${message}; this is not valid YAML`);
    if (document.errors.length === 0) settings = readNode(document.contents as Node | null, []) ?? {};
  } catch (error) {
    problems.push(`${path}: ${(error as Error).message}`);
  }
  if (typeof settings !== 'object' || Array.isArray(settings)) {
    report(0, 'expected a map of settings; write `setting: value` lines');
    settings = {};
  }
  return {
    settings: settings as JsonMap,
    problems,
    files: [...files],
    placeOf(setting) {
      for (let steps = setting.length; steps >= 0; steps--) {
        const offset = places.get(keyOf(setting.slice(0, steps)));
        if (offset !== undefined) return at(offset);
      }
      return at(0);
    },
    isFromEnvironment: (setting) => substituted.has(keyOf(setting)),
    isByDefault: (setting) => byDefault.has(keyOf(setting)),
    isUnknown: (setting) => unknown.has(keyOf(setting)),
  };
}

const reference = /\$\{(?:file:([^}]+)|([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?)\}/g;
