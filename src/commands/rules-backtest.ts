/** `tripline rules backtest`: compares what rules find in a corpus of records with what they are expected to find. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  compareFound,
  type Difference,
  type Expectations,
  type Expected,
  expectedOf,
  type Found,
  parseExpectations,
  printExpectations,
} from '../authoring/backtest.ts';
import { describeError } from '../command-line/cli-errors.ts';
import { UsageError } from '../command-line/declaration.ts';
import type { Case, Suite } from '../command-line/junit.ts';
import { reportOutput, writeReport } from '../command-line/output-format.ts';
import type { ProcessIo } from '../command-line/process-io.ts';
import { batchesIn } from '../command-line/record-batches.ts';
import { readConfig, reportProblems, ruleOptions } from '../command-line/rule-options.ts';
import { type Column, numbered } from '../command-line/table.ts';
import { startUnderstanding, suspicionOf } from '../command-line/understanding.ts';
import type { Config } from '../config/index.ts';
import type { Ruleset } from '../detect.ts';
import type { Parts, ProcessedBatch } from '../pipeline.ts';
import { Problem } from '../problem.ts';
import { loadRules } from '../rules/index.ts';
import { printable } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const rulesBacktestCommand = defineCommand({
  name: 'rules backtest',
  summary: 'compares what rules find in a corpus of records with what they are expected to find',
  operands: 'EXPECTATIONS [PATH]...',
  count: { least: 1, most: Number.POSITIVE_INFINITY },
  about:
    'Evaluates the file at each PATH, or every file in a folder except hidden ones, Markdown and YAML; without ' +
    'a PATH, the folder that contains EXPECTATIONS. Records may be in any layout that scan reads. Correlations ' +
    'start without state for each file, so that adding a file does not change the results of the others. Rules ' +
    'in shadow mode count like live ones.\n\n' +
    'EXPECTATIONS is a JSON file. It maps the path of each file, relative to the folder of EXPECTATIONS, to ' +
    '{"findings": [{"rule": "…", "auditID": "…"}], "counts": {"…": 48}}. A finding is identified by the ' +
    'auditID of its event, or by its "id"; for a correlation, any event that it counts will do. Rules with ' +
    'many findings are counted. Every finding has to be listed or counted: a file with {}, or one that is not ' +
    'named, is expected to have none.\n\n' +
    'It reports findings that are missed, findings that are new, and counts that differ. With --update it writes ' +
    'the current findings as the expected ones, and keeps the entries of files that were not read.',
  options: {
    update: { kind: 'flag', doc: 'write the current findings to EXPECTATIONS' },
    output: reportOutput,
    ...ruleOptions,
  },
  exitCodes: {
    '0': 'everything is as expected, or EXPECTATIONS was written',
    '1': 'something differs',
    '2': 'a file, a record or a rule cannot be read, or a file contains no audit event; nothing is written then',
  },
  examples: [
    {
      purpose: 'record the current findings as expected',
      line: 'tripline rules backtest corpus/expected.json --update',
    },
    { purpose: 'check that they are unchanged', line: 'tripline rules backtest corpus/expected.json corpus' },
    {
      purpose: 'a report for CI',
      line: 'tripline rules backtest corpus/expected.json -o junit > backtest.xml',
    },
  ],
  async run({ options, operands: [expectationsPath = '', ...paths] }, io) {
    const { update } = options;
    const before = readExpectations(expectationsPath, update);
    const folder = dirname(expectationsPath);
    const asked = paths.length > 0 ? paths : [folder];
    const config = readConfig(options, io);
    const loaded = loadRules(config);
    await reportProblems(loaded, io);

    const nameOf = (path: string) => relative(folder, path).split(sep).join('/');
    const files = new Map(asked.flatMap(filesAt).map((path) => [nameOf(path), path]));
    files.delete(nameOf(expectationsPath));
    const isAsked = (name: string) => asked.some((path) => isWithin(join(folder, name), path));
    const corpus = await evaluateFiles(files, { ruleset: loaded.ruleset, config, io });
    for (const [name] of before) {
      if (isAsked(name) && !files.has(name) && !update) corpus.set(name, { found: [], problems: ['does not exist'] });
    }

    const isUnread = loaded.problems.length > 0 || [...corpus.values()].some(({ problems }) => problems.length > 0);
    const results = [...corpus].map(([file, { found, problems }]): FileResult => {
      return { file, found, problems, differences: compareFound(file, found, before.get(file) ?? {}) };
    });
    await writeReport(io, reportOf(results), options.output);
    if (isUnread) return 2;
    if (!update) return results.some(({ differences }) => differences.length > 0) ? 1 : 0;
    const kept = [...before].filter(([name]) => !isAsked(name));
    const now = results.map(({ file, found }): [string, Expected] => [file, expectedOf(found, before.get(file))]);
    await writeFile(expectationsPath, printExpectations(new Map([...kept, ...now])));
    return 0;
  },
});

/** @throws UsageError if there are none to compare with */
function readExpectations(path: string, isUpdate: boolean): Expectations {
  if (!existsSync(path)) {
    if (isUpdate) return new Map();
    throw new UsageError(`${path} does not exist`, 'write the current findings to it with --update');
  }
  const { expectations, problems } = parseExpectations(readFileSync(path, 'utf8'), path);
  if (expectations === undefined) throw new UsageError(problems.join('\n'), 'fix it, or write it again with --update');
  return expectations;
}

/** The file, or those below the folder, in order. */
function filesAt(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(?:md|ya?ml)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !relative(path, file)
          .split(sep)
          .some((part) => part.startsWith('.')),
    )
    .sort();
}

function isWithin(path: string, folder: string): boolean {
  const inner = relative(resolve(folder), resolve(path));
  return inner !== '..' && !inner.startsWith(`..${sep}`);
}

interface FileResult {
  file: string;
  found: Found[];
  problems: string[];
  differences: Difference[];
}

type Evaluated = Pick<FileResult, 'found' | 'problems'>;

async function evaluateFiles(
  files: ReadonlyMap<string, string>,
  { ruleset, config, io }: { ruleset: Ruleset; config: Config; io: ProcessIo },
): Promise<Map<string, Evaluated>> {
  const { partsOf } = await import('../pipeline-dependencies.ts');
  const shared = partsOf(config, () => ruleset, []);
  const limits = { ...shared.limits, maxRecords: Number.POSITIVE_INFINITY };
  const evaluated = new Map<string, Evaluated>();
  for (const [name, path] of files) {
    // Decisions are shared between files; the state of correlations is not.
    const { correlate } = partsOf(config, () => ruleset, []);
    evaluated.set(name, await evaluateFile(path, { ...shared, limits, correlate }, config, io));
  }
  return evaluated;
}

async function evaluateFile(path: string, parts: Parts, { limits }: Config, io: ProcessIo): Promise<Evaluated> {
  const { processBatch } = await import('../pipeline.ts');
  const found = new Map<string, Found>();
  const problems: string[] = [];
  const understanding = startUnderstanding();
  let unreadable = 0;
  try {
    for await (const batch of batchesIn(path, io, limits)) {
      const processed = await processBatch(batch, parts).catch((error) => {
        // Blank lines do not count as unreadable.
        if (error instanceof Problem && error.code === 'body.empty') return undefined;
        throw error;
      });
      for (const [index, detection] of processed?.detections.entries() ?? []) {
        if (detection === undefined) continue;
        const { start, end } = processed!.records[index]!;
        const line = batch.lineOf(index, start);
        understanding.count(detection, line);
        const isSuspect =
          detection.verdict === 'not_audit' && suspicionOf(batch.bytes.subarray(start, end), line) !== undefined;
        if (isSuspect || ('problem' in detection && detection.problem !== undefined)) unreadable++;
        for (const one of foundOn(index, processed!)) found.set(one.id, one);
      }
    }
    const doubt = understanding.conclude();
    if (doubt?.isDoubtful) problems.push(doubt.note);
  } catch (error) {
    problems.push(error instanceof Problem ? error.message : describeError(error));
  }
  if (unreadable > 0) problems.push(`${numbered(unreadable, 'record')} cannot be read`);
  return { found: [...found.values()], problems };
}

function* foundOn(index: number, processed: ProcessedBatch): Generator<Found> {
  const detection = processed.detections[index];
  if (detection === undefined || !('findings' in detection)) return;
  const { findings, shadow, reports, shadowReports } = detection;
  for (const { id, rule, level, summary, event, correlation } of [...findings, ...shadow]) {
    const auditID = processed.eventsOf(index, processed.bytes)[event]?.auditID ?? '';
    yield { id, rule, level, summary, auditIDs: [auditID, ...(correlation?.events ?? [])] };
  }
  for (const { id, rule, level, summary, correlation } of [...reports, ...shadowReports]) {
    yield { id, rule, level, summary, auditIDs: correlation.events };
  }
}

function reportOf(results: readonly FileResult[]) {
  const rows = results.flatMap(({ differences }) => differences);
  const unread = results.flatMap(({ file, problems }) => problems.map((problem) => `${file}: ${problem}`));
  const numberOf = (kind: Difference['difference']) => rows.filter(({ difference }) => difference === kind).length;
  const findings = results.reduce((sum, { found }) => sum + found.length, 0);
  const differing = `${numberOf('missed')} missed, ${numberOf('new')} new, ${numberOf('count')} with a different count`;
  const totals = [
    `${numbered(results.length, 'file')}, ${numbered(findings, 'finding')}`,
    rows.length === 0 ? 'as expected' : differing,
    ...(unread.length === 0 ? [] : [`${unread.length} could not be read`]),
  ];
  const lines = [...rows.map(lineOf), ...unread].map((line) => `${printable(line)}\n`);
  return { columns, rows, text: lines.join(''), suites: results.map(suiteOf), totals: totals.join(': ') };
}

const columns: Column<Difference>[] = [
  { name: 'difference', cell: ({ difference }) => difference },
  { name: 'file', cell: ({ file }) => file },
  { name: 'rule', cell: ({ rule }) => rule },
  { name: 'expected', cell: ({ expected }) => expected },
  { name: 'found', cell: ({ found }) => found },
  { name: 'finding', cell: ({ finding = '' }) => finding },
  { name: 'level', cell: ({ level = '' }) => level },
  { name: 'summary', cell: ({ summary = '' }) => summary },
];

function lineOf(difference: Difference): string {
  const { file, rule } = difference;
  return `${file}: ${rule}: ${differenceOf(difference)}`;
}

function differenceOf({ difference, expected, found, finding, level, summary }: Difference): string {
  if (difference === 'count') return `expected ${numbered(expected, 'finding')}, found ${found}`;
  return difference === 'missed' ? `missed ${finding}` : `new ${finding}: ${summary} (${level})`;
}

/** A case for each rule that has a finding, or should have one; one for a file without. */
function suiteOf({ file, found, problems, differences }: FileResult): Suite {
  const rules = [...new Set([...found, ...differences].map(({ rule }) => rule))].sort();
  const cases = rules.map((rule): Case => {
    const own = differences.filter((difference) => difference.rule === rule);
    return { name: rule, file, ...(own.length > 0 && { failure: own.map(differenceOf).join('\n') }) };
  });
  const unread = problems.length > 0 ? [{ name: 'records', file, error: problems.join('\n') }] : [];
  const none = cases.length + unread.length === 0 ? [{ name: 'no findings', file }] : [];
  return { name: file, cases: [...cases, ...unread, ...none] };
}
