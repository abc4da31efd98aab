/** `tripline doctor`: what in a Fluent Bit configuration loses, loops or alters records when used with Tripline. */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import type { Case } from '../command-line/junit.ts';
import { reportOutput, writeReport } from '../command-line/output-format.ts';
import { configSourceOf, ruleOptions } from '../command-line/rule-options.ts';
import { type Column, numbered } from '../command-line/table.ts';
import { loadConfig } from '../config/index.ts';
import { checks, type DoctorFinding, examine } from '../doctor/index.ts';
import { type Files, readFluentBitConfig } from '../fluent-bit-config/index.ts';
import { Problem } from '../problem.ts';
import { printRuleProblem } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'reports what loses, loops or alters records in a Fluent Bit configuration used with Tripline',
  operands: 'FLUENT_BIT_CONFIG',
  count: { least: 1, most: 1 },
  about:
    'Reads the configuration that Fluent Bit is started with, in YAML or the classic format, with its ' +
    'includes, its parsers files and the variables that are set in this environment. Nothing is started or ' +
    'connected to. It examines the outputs to Tripline, the inputs and filters before them, the inputs that ' +
    'receive tagged records back, and the outputs after those; it ignores everything else in the ' +
    'configuration. Each finding says where the fault is, what is lost or altered and when, and what to write.\n\n' +
    'With the settings of Tripline, both sides are compared, and an input counts as one for tagged records if a ' +
    'sink of Tripline sends to it. Without them, every forward input counts as one.',
  options: { output: reportOutput, config: ruleOptions.config },
  exitCodes: {
    '0': 'nothing was found',
    '1': 'something was found',
    '2': 'a configuration cannot be read, or Fluent Bit would not start with it',
  },
  examples: [
    { purpose: 'before Fluent Bit is started', line: 'tripline doctor fluent-bit.yaml' },
    { purpose: 'both sides together', line: 'tripline doctor fluent-bit.conf --config tripline.yaml' },
    {
      purpose: 'what loses records',
      line: `tripline doctor fluent-bit.yaml -o ndjson | jq 'select(.effect == "loses")'`,
    },
  ],
  async run({ options, operands: [path] }, io) {
    const { environment } = io;
    const source = configSourceOf({ config: options.config }, io, {});
    const config = readFluentBitConfig(path!, files, environment);
    const findings = examine(config, loadConfig(source), source.path !== undefined);
    const counts = [numbered(config.files.size, 'file'), numbered(findings.length, 'finding')];
    const report = {
      columns,
      rows: findings,
      text: findings.map(print).join(''),
      suites: [{ name: `tripline doctor ${path}`, cases: casesOf(findings) }],
      totals: counts.join(', '),
    };
    await writeReport(io, report, options.output);
    return findings.length > 0 ? 1 : 0;
  },
});

const columns: Column<DoctorFinding>[] = [
  { name: 'effect', cell: ({ effect }) => effect },
  { name: 'check', cell: ({ check }) => check },
  { name: 'path', cell: ({ path }) => path },
  { name: 'line', cell: ({ line }) => line },
  { name: 'column', cell: ({ column }) => column },
  { name: 'message', cell: ({ message }) => message },
  { name: 'hint', cell: ({ hint }) => hint },
];

function print(finding: DoctorFinding): string {
  const { check, effect, message, hint } = finding;
  return `${printRuleProblem({ ...finding, message: `${effect}: ${message}`, hint: `${hint} [${check}]` })}\n`;
}

/** A case for each check. */
function casesOf(findings: readonly DoctorFinding[]): Case[] {
  return Object.keys(checks).map((name) => {
    const own = findings.filter(({ check }) => check === name);
    if (own.length === 0) return { name };
    const { path, line } = own[0]!;
    return { name, file: path, line, failure: own.map(print).join('') };
  });
}

const files: Files = {
  read: (path, most) => unlessMissing(() => beginning(path, most)),
  names: (folder) => unlessMissing(() => readdirSync(folder)) ?? [],
};

/** @throws Problem for what has no end, or may block forever: devices and pipes */
function beginning(path: string, most: number): Uint8Array {
  const stats = statSync(path);
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new Problem('config.invalid', `${path}: it is not a regular file; copy its content to one`);
  }
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(stats.size, most));
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
