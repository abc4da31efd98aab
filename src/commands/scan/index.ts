/** `tripline scan`: records in files, through the same pipeline as those that are sent. */

import { describeError } from '../../command-line/cli-errors.ts';
import { UsageError } from '../../command-line/declaration.ts';
import { listingOutput } from '../../command-line/output-format.ts';
import type { Output } from '../../command-line/process-io.ts';
import { headsOf, readConfig, reportProblems, ruleOptions } from '../../command-line/rule-options.ts';
import { documentBytes, STDIN } from '../../inputs/open.ts';
import { openInOrder, type Source, sourcesOf } from '../../inputs/sources.ts';
import { Problem } from '../../problem.ts';
import { loadRules } from '../../rules/index.ts';
import type { Scan } from '../../scanning/scan-input.ts';
import { startTally } from '../../scanning/tally.ts';
import { printable } from '../../sigma/rule-problem.ts';
import { defineCommand } from '../command.ts';
import { partOf } from './part.ts';
import { endReport, openFindings } from './report.ts';

const options = {
  show: {
    kind: 'value',
    placeholder: 'WHAT',
    choices: ['records', 'findings', 'summary'],
    doc:
      'records: all of them, byte for byte (except lines of text), each with its tag; findings: each finding and ' +
      'report (about other records), those of shadow rules with the mode shadow; summary: counts of both by rule and ' +
      'level. Default: summary on a terminal, findings in a pipe',
  },
  output: listingOutput,
  plan: {
    kind: 'value',
    placeholder: 'FOLDER',
    doc:
      'scan in units, several at the same time, and keep the results of each in this folder: a command that was ' +
      'stopped continues where it was when it is run again',
  },
  jobs: {
    kind: 'value',
    placeholder: 'N',
    doc: 'with --plan: units scanned at the same time (default: the number of cores)',
  },
  shard: {
    kind: 'value',
    placeholder: 'I/N',
    doc: 'with --plan: scan only part I of N, from 0, without a report; for machines that share the folder',
  },
  finish: { kind: 'flag', doc: 'with --plan: only write the report, when all parts are done; accepts no PATH' },
  restart: { kind: 'flag', doc: 'with --plan: discard what is in the folder, and start over' },
  ...ruleOptions,
} as const;

export const scanCommand = defineCommand({
  name: 'scan',
  summary: 'tags the records in files, or lists or counts what is found in them',
  operands: '[PATH]...',
  count: { least: 0, most: Number.POSITIVE_INFINITY },
  about:
    'Reads records in the layouts that are accepted over HTTP, except OTLP in Protobuf: one JSON object per ' +
    "line, JSON arrays, JSON objects one after another, Fluent Bit's MessagePack; plain, or compressed with " +
    'gzip, zstd or snappy (framed); and the records in Avro containers that Tripline wrote. Without a PATH, or ' +
    'for -, it reads stdin. A PATH is a file, a folder, in which all files except hidden ones are read, or the ' +
    'address of objects: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX, for which ' +
    'all objects are read whose keys begin with PREFIX. Paths are read in the order given, and files and ' +
    'objects below them in the order of their names; correlations see the records in this order.\n\n' +
    'A line that is not a JSON object is read like the same text in a record (under log), including what ' +
    'precedes the event: the time that kubectl logs, aws logs tail and exports of CloudWatch Logs add, and the ' +
    'stream and tags of a CRI log. Partial CRI lines are joined up to their last one, and so is JSON printed ' +
    'over several lines, with the line that has its time and stream. NUL bytes that logrotate leaves with ' +
    'copytruncate, byte order marks and CRLF do no harm.\n\n' +
    'Lines are read piece by piece, whatever the size of the file; any other layout, such as a single JSON ' +
    'document, is held in memory, up to 128 MiB or limits.maxDecompressedBytes, and limits.maxRecords. The ' +
    'number of records, and of those that could not be decided or read, is reported on stderr. Messages and ' +
    'findings give the line of the file. A file without any audit event, or with at least as many lines of ' +
    'text without one as events, is not reported as clear: the exit code is 2, whether it is the log of ' +
    'something else or in a layout that is not supported.\n\n' +
    '--plan is for archives of weeks and months: inputs are divided into units of about as many bytes each, ' +
    'rules are evaluated on several units at the same time, and correlations then count the hits of all units ' +
    'in order of time, whatever the order of the files. A file is never divided. The list has the findings of ' +
    'rules in the order of the inputs, then those of correlations.\n\n' +
    'With --show records, a line of text becomes the record {"log": "<the line>"} with its tag, and lines that ' +
    'were joined become one. A line that is neither JSON nor UTF-8 stays as it is. NUL bytes and byte order marks ' +
    'are left out.',
  options,
  exitCodes: {
    '0': 'nothing was found, and everything could be read',
    '1': 'there are findings or reports',
    '2':
      'a file, a record or a rule could not be read, or a file contains no audit event, or mostly text without one, ' +
      'whatever was found in the rest',
  },
  examples: [
    { purpose: 'what is in an audit log, by rule', line: 'tripline scan audit.log' },
    {
      purpose: 'who did it',
      line: "tripline scan audit.log --show findings | jq -r '[.level, .rule, .summary] | @tsv'",
    },
    {
      purpose: 'what is in rotated logs, with rules of your own',
      line: 'tripline scan audit-*.log.gz --rules my-rules',
    },
    { purpose: 'tagged records for another tool', line: 'tripline scan audit.log --show records > tagged.log' },
    { purpose: 'what is in the log of a container', line: 'tripline scan kube-apiserver.log --show summary' },
    {
      purpose: 'what is in the archives of a year, on all cores, continuing where it was stopped',
      line: 'tripline scan --plan backtest archive --show summary',
    },
    { purpose: 'what comes through a pipe', line: 'zcat audit-1.log.gz | tripline scan --show summary -o table' },
  ],
  async run({ options, operands }, io) {
    const { stdin, stdout, stderr } = io;
    const part = partOf(options, operands);
    if (part === undefined && operands.length === 0 && stdin.isTTY) {
      throw new UsageError('there is nothing to scan', 'name a file, or pipe records to stdin');
    }
    const wanted = options.show ?? (stdout.columns === undefined ? 'findings' : 'summary');
    if (wanted === 'records' && options.output !== undefined) {
      throw new UsageError('--show records writes records as they are, in no other form', 'leave out --output');
    }
    if (wanted === 'records' && part !== undefined) {
      throw new UsageError('a plan keeps what was found, not records', 'use --show findings or --show summary');
    }
    const config = readConfig(options, io);
    const loaded = loadRules(config);
    const { ruleset, problems } = loaded;
    await reportProblems(loaded, io);
    if (part !== undefined) {
      const { runPlan } = await import('./planned.ts');
      return runPlan(part, { wanted, form: options.output, paths: operands, config, loaded }, io);
    }
    // Slow to load, and no other command needs it.
    const [{ partsOf }, { scanInput }] = await Promise.all([
      import('../../pipeline-dependencies.ts'),
      import('../../scanning/scan-input.ts'),
    ]);
    const scan: Scan = {
      parts: partsOf(config, () => ruleset, []),
      wanted,
      list: openFindings(io, options.output),
      counter: startTally(headsOf(ruleset)),
      stdout,
      stderr,
      isLineOpen: false,
    };
    const limits = { maxBytes: documentBytes(config.limits.maxDecompressedBytes) };
    let isComplete = problems.length === 0;
    for (const path of operands.length > 0 ? operands : [STDIN]) {
      let sources: Source[] = [];
      try {
        sources = await sourcesOf(path, io);
      } catch (error) {
        isComplete = false;
        await tellFailure(path, error, stderr);
      }
      for (const input of openInOrder(sources, limits)) {
        try {
          isComplete = (await scanInput(input, scan)) && isComplete;
        } catch (error) {
          isComplete = false;
          await tellFailure(input.name, error, stderr);
        }
      }
    }
    return endReport(io, { wanted, form: options.output, list: scan.list, tally: scan.counter.tally, isComplete });
  },
});

async function tellFailure(name: string, error: unknown, stderr: Output): Promise<void> {
  // The remedy of a problem with a body is for those who send it.
  const message = error instanceof Problem ? error.message : describeError(error);
  await stderr.write(`tripline: ${printable(name)}: ${message}\n`);
}
