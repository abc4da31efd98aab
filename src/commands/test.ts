/** `tripline test`: runs rules on the cases beside them. */

import { isDeepStrictEqual } from 'node:util';
import { casesPathOf } from '../authoring/cases.ts';
import { loadEveryRule } from '../authoring/every-rule.ts';
import { printExplained } from '../authoring/explain-record.ts';
import { requestedFiles } from '../authoring/requested-files.ts';
import { basisOf, type CaseResult, type FileResult, testRuleFile } from '../authoring/test-rule.ts';
import { openWatch } from '../authoring/watch.ts';
import { describeError } from '../command-line/cli-errors.ts';
import { UsageError } from '../command-line/declaration.ts';
import { junit, type Suite as TestSuite } from '../command-line/junit.ts';
import { openRows, type ReportForm, reportOutput } from '../command-line/output-format.ts';
import { type Output, OutputClosed, type ProcessIo } from '../command-line/process-io.ts';
import {
  configSourceOf,
  type RuleOptions,
  readConfig,
  reportProblems,
  ruleOptions,
} from '../command-line/rule-options.ts';
import { type Column, numbered } from '../command-line/table.ts';
import type { Config } from '../config/index.ts';
import { bundledLists } from '../rules/lists.ts';
import { printRuleProblem, quote, type RuleProblem } from '../sigma/index.ts';
import { printable } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const testCommand = defineCommand({
  name: 'test',
  summary: 'runs the cases beside rules, and shows which answers differ, and why',
  operands: '[PATH]...',
  count: { least: 0, most: Number.POSITIVE_INFINITY },
  about:
    'Runs each rule file on the cases in the file of the same name with .cases.json: {"matches": […], ' +
    '"ignores": […], "undecided": […]}, each a list of {"name": "…", "record": {…}}. For a correlation, a case ' +
    'may have "records": […] instead: they are evaluated in this order, and the case matches if any of them ' +
    'completes the correlation. A case that matches may give the "level" of the finding, and any case may give ' +
    'the "trustedProxies" that are set for it and the "networks" that address databases contain. Beside the ' +
    'three, "lists": {"allowed_users": ["ann"]} gives lists the values that the cases are written for. A rule ' +
    'fails unless it has both cases that it matches and cases that it ignores; rules about anything other than ' +
    'Kubernetes audit events are skipped. Exceptions may have cases too: the rules that they apply to match ' +
    'the records in matches, and the records in ignores are silenced. Rules that are off or in shadow mode are ' +
    'tested like the others.\n\n' +
    'Without a PATH it tests the rules that the options name. Whatever a PATH refers to is looked up in it and in ' +
    'what the options name; exceptions apply as they do for serve.',
  options: {
    watch: {
      kind: 'flag',
      doc: 'rerun what changes, until interrupted; the exit code is for the last state of all',
    },
    output: reportOutput,
    ...ruleOptions,
  },
  exitCodes: {
    '0': 'every rule answers every case as it should',
    '1': 'a rule does not, or lacks cases',
    '2': 'a rule or its cases cannot be read',
  },
  examples: [
    { purpose: 'rules of your own', line: 'tripline test my-rules' },
    { purpose: 'one rule', line: 'tripline test my-rules/pod-in-default.yml' },
    {
      purpose: 'the cases that fail, for a program',
      line: `tripline test my-rules -o ndjson | jq -c 'select(.passed | not)'`,
    },
  ],
  async run({ options, operands }, io) {
    if (options.watch && (options.output === 'json' || options.output === 'junit')) {
      throw new UsageError(`--watch does not end, but ${options.output} has to`, 'use ndjson or table');
    }
    const suite = new Suite(operands, options, io);
    if (!options.watch) return suite.run();

    const watch = await openWatch(() => suite.paths());
    const interrupted = new AbortController();
    io.stopped().then(() => interrupted.abort());
    let status = await suite.run();
    for await (const changed of watch.changes(interrupted.signal)) status = await suite.runAgain(changed);
    return status;
  },
});

type Options = RuleOptions & { output: ReportForm | undefined };

/** The rule files that are tested, and their latest results. */
class Suite {
  readonly #operands: readonly string[];
  readonly #options: Options;
  readonly #io: ProcessIo;
  readonly #results: Results;
  #config: Config;
  /** By path, what was tested last and the result. */
  readonly #tested = new Map<string, { basis: unknown; result: FileResult }>();

  constructor(operands: readonly string[], options: Options, io: ProcessIo) {
    this.#operands = operands;
    this.#options = options;
    this.#io = io;
    this.#results = openResults(io.stdout, options.output);
    this.#config = readConfig(options, io);
  }

  /** Files and folders on which the results depend. */
  paths(): string[] {
    const { rules, lists, exceptions } = this.#config;
    const settings = configSourceOf(this.#options, this.#io, {}).path;
    const paths = [...this.#operands, ...rules, ...lists, ...exceptions, bundledLists];
    const cases = paths.filter((path) => /\.ya?ml$/.test(path)).map(casesPathOf);
    return [...paths, ...cases, ...(settings === undefined ? [] : [settings])];
  }

  /** Runs the tests whose results the changed files may affect, and reports the state of all. If the rules cannot be read, it
   * reports why, so that this can be fixed while the files are watched. */
  async runAgain(changed: readonly string[]): Promise<number> {
    const { stderr } = this.#io;
    const more = changed.length > 1 ? ` and ${changed.length - 1} more` : '';
    await this.#say(`\n${printable(changed[0]!)}${more} changed\n`);
    try {
      this.#config = readConfig(this.#options, this.#io);
      return await this.run();
    } catch (error) {
      if (error instanceof OutputClosed) throw error;
      await stderr.write(`tripline: ${describeError(error)}\n`);
      return 2;
    }
  }

  /** Runs each file that was not yet run on the same rules and cases, and resolves with the exit code for the state of all. */
  async run(): Promise<number> {
    const { stderr } = this.#io;
    const { documents, sources } = requestedFiles(this.#operands, this.#config);
    const loaded = loadEveryRule(sources);
    const paths = new Set(documents.map(({ path }) => path));
    const isRequested = ({ path }: { path: string }) => this.#operands.length === 0 || paths.has(path);
    const problems = loaded.problems.filter(isRequested);
    const warnings = loaded.warnings.filter(isRequested);
    await reportProblems({ problems, warnings, leftOut: loaded.leftOut.filter(isRequested) }, this.#io);

    for (const path of this.#tested.keys()) if (!paths.has(path)) this.#tested.delete(path);
    for (const path of paths) {
      const basis = basisOf(path, loaded.ruleset);
      if (isDeepStrictEqual(basis, this.#tested.get(path)?.basis)) continue;
      this.#tested.delete(path);
      const result = await testRuleFile(path, loaded.ruleset, sources);
      if (result === undefined) continue;
      this.#tested.set(path, { basis, result });
      for (const problem of result.problems) await stderr.write(`${printable(problem)}\n`);
      await this.#results.write(result);
    }
    await this.#results.end(problems);

    const results = [...this.#tested.values()].map(({ result }) => result);
    const cases = results.flatMap((result) => result.cases);
    const failed = results.flatMap(({ lacking }) => lacking).length + cases.filter(({ passed }) => !passed).length;
    const unreadable = problems.length + results.flatMap((result) => result.problems).length;
    const verdict = failed + unreadable === 0 ? 'all passed' : `${failed} failed, ${unreadable} could not be read`;
    await this.#say(`${numbered(results.length, 'rule')}, ${numbered(cases.length, 'case')}: ${verdict}\n`);
    return unreadable > 0 ? 2 : failed > 0 ? 1 : 0;
  }

  /** Writes text for people, even if programs read the results. */
  #say(text: string): Promise<void> {
    const { stdout, stderr } = this.#io;
    return ((this.#options.output ?? 'table') === 'table' ? stdout : stderr).write(text);
  }
}

interface Results {
  write(result: FileResult): Promise<void>;
  /** @param problems of rules that cannot be read; already printed */
  end(problems: readonly RuleProblem[]): Promise<void>;
}

function openResults(stdout: Output, form: ReportForm = 'table'): Results {
  if (form === 'table') return { write: (result) => stdout.write(reportOf(result)), async end() {} };
  if (form === 'junit') {
    const suites: TestSuite[] = [];
    return {
      write: async (result) => void suites.push(suiteOf(result)),
      end: (problems) => stdout.write(junit([...suites, ...problems.map(brokenSuite)])),
    };
  }
  const rows = openRows(stdout, columns, form);
  return { write: (result) => rows.write(rowsOf(result)), end: () => rows.end() };
}

/** The result of a case, or that there should be one. */
type Row = { path: string; passed: boolean } & Partial<CaseResult & { message: string }>;

const columns: Column<Row>[] = [
  { name: 'path', cell: ({ path }) => path },
  { name: 'name', cell: ({ name }) => name ?? '' },
  { name: 'passed', cell: ({ passed }) => String(passed) },
  { name: 'expected', cell: ({ expected }) => expected ?? '' },
  { name: 'answer', cell: ({ answer }) => answer ?? '' },
  { name: 'message', cell: ({ message }) => message ?? '' },
];

function rowsOf({ path, cases, lacking }: FileResult): Row[] {
  return [...cases, ...lacking.map((message) => ({ path, passed: false, message }))];
}

function suiteOf({ path, cases, lacking, problems }: FileResult): TestSuite {
  const all = [...lacking.map((failure) => ({ failure })), ...problems.map((error) => ({ error }))];
  return {
    name: path,
    cases: [
      ...all.map((wrong) => ({ name: 'cases', file: casesPathOf(path), ...wrong })),
      ...cases.map((result) => ({
        name: `${result.expected}: ${result.name}`,
        file: casesPathOf(path),
        ...(!result.passed && { failure: failureOf(result) }),
      })),
    ],
  };
}

function brokenSuite(problem: RuleProblem): TestSuite {
  const { path, line } = problem;
  return { name: path, cases: [{ name: 'rule', file: path, line, error: printRuleProblem(problem) }] };
}

/** What failed; empty if all passed. */
function reportOf({ path, cases, lacking }: FileResult): string {
  const failed = cases.filter(({ passed }) => !passed);
  if (failed.length + lacking.length === 0) return '';
  const lines = [`FAIL ${printable(path)}`, ...lacking.map((message) => `  ${message}`)];
  for (const result of failed) {
    const [first, ...rest] = failureOf(result).split('\n');
    lines.push(`  ${quote(result.name)}: ${first}`, ...rest.map((line) => `    ${line}`));
  }
  return `${lines.join('\n')}\n\n`;
}

function differenceOf({ expected, answer, level, silenced }: CaseResult): string {
  if (level !== undefined) return `expected the level ${level.expected}, got ${level.found.join(', ')}`;
  if (silenced === false) return 'expected that the exception silences it, but the rules do not match it without one';
  return `expected ${expected}, got ${answer}`;
}

/** What differs, and below it each event against the rule. */
function failureOf(result: CaseResult): string {
  const events = result.explained?.map(({ record, explained }) => printExplained(record, explained).trimEnd()) ?? [];
  return [differenceOf(result), ...events].join('\n');
}
