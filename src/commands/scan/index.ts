/** `tripline scan`: records in files, by the same pipeline as those that are sent. */

import { describeError } from '../../command-line/cli-errors.ts';
import { UsageError } from '../../command-line/declaration.ts';
import { listingFormOf, listingOutput, openRows, writeRows } from '../../command-line/output-format.ts';
import type { Output } from '../../command-line/process-io.ts';
import { headsOf, readConfig, reportProblems, ruleOptions } from '../../command-line/rule-options.ts';
import type { Column } from '../../command-line/table.ts';
import { documentBytes, STDIN } from '../../inputs/open.ts';
import { openInOrder, type Source, sourcesOf } from '../../inputs/sources.ts';
import { Problem } from '../../problem.ts';
import { loadRules } from '../../rules/index.ts';
import { printable } from '../../sigma/rule-problem.ts';
import { defineCommand } from '../command.ts';
import type { Found, Scan } from './scan-input.ts';
import { gravestFirst, type RuleTally, startTally, type Tally } from './tally.ts';

const options = {
  show: {
    kind: 'value',
    placeholder: 'WHAT',
    choices: ['records', 'findings', 'summary'],
    doc:
      'records: all of them, byte for byte (but for lines of text), each with its tag; findings: each of them, and ' +
      'reports (about other records), those of shadow rules with the mode shadow; summary: counts of both by rule and ' +
      'level. Default: summary on a terminal, findings in a pipe',
  },
  output: listingOutput,
  ...ruleOptions,
} as const;

export const scanCommand = defineCommand({
  name: 'scan',
  summary: 'tags the records in files, or lists or counts what is found in them',
  operands: '[PATH]...',
  count: { least: 0, most: Number.POSITIVE_INFINITY },
  about:
    'Reads records in the layouts that are received over HTTP, but for OTLP in Protobuf: one JSON object a line, JSON ' +
    "arrays, JSON objects one behind the other, Fluent Bit's MessagePack; plain, or compressed by gzip, zstd or snappy (framed); and the records " +
    'in Avro containers that Tripline wrote. Without a PATH, and for -, it reads stdin. A PATH is a file, a folder, of which all files are read but hidden ones, or the address of objects: s3://BUCKET/PREFIX, ' +
    'gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX, of which all are read whose keys begin like that. They are read in the order given, below a folder or an address in that of their names, which is the order that correlations see them in.\n\n' +
    'A line that is no JSON object is read as the same text in a record is (under log), with what stands before the ' +
    'event: the time of kubectl logs, aws logs tail and the exports of CloudWatch Logs, the stream and tags of a CRI ' +
    'log. Partial CRI lines are joined up to their last one, and JSON printed over several lines with the line of its ' +
    'time and stream. NUL bytes that logrotate leaves with copytruncate, byte order marks and CRLF do no harm.\n\n' +
    'Lines are read bit by bit, whatever the size of the file; any other layout, such as one JSON document, is held in ' +
    'memory, up to 128 MiB or limits.maxDecompressedBytes, and limits.maxRecords. The number of records, and of those that could not be decided or read, ' +
    'is told on stderr. Messages and findings name the line of the file. A file without any audit event, or with as many ' +
    'lines of text without one as events, is not called clear: the exit code is 2, whether it is the log of something ' +
    'else or in a layout that is not read.\n\n' +
    'With --show records, a line of text becomes the record {"log": "<the line>"} with its tag, and lines that were ' +
    'joined become one. A line that is neither JSON nor UTF-8 stays as it is. NUL bytes and byte order marks are left out.',
  options,
  exitCodes: {
    '0': 'nothing was found, and everything could be read',
    '1': 'there are findings or reports',
    '2':
      'a file, a record or a rule could not be read, or a file holds no audit event, or mostly text without one, ' +
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
    { purpose: 'what comes down a pipe', line: 'zcat audit-1.log.gz | tripline scan --show summary -o table' },
  ],
  async run({ options, operands }, io) {
    const { stdin, stdout, stderr } = io;
    if (operands.length === 0 && stdin.isTTY) {
      throw new UsageError('there is nothing to scan', 'name a file, or send records down a pipe');
    }
    const wanted = options.show ?? (stdout.columns === undefined ? 'findings' : 'summary');
    if (wanted === 'records' && options.output !== undefined) {
      throw new UsageError('--show records is records as they are, in no other form', 'leave out --output');
    }
    const config = readConfig(options, io);
    const loaded = loadRules(config);
    const { ruleset, problems } = loaded;
    await reportProblems(loaded, io);
    // Much to load, which no other command needs.
    const [{ partsOf }, { scanInput }] = await Promise.all([
      import('../../pipeline-dependencies.ts'),
      import('./scan-input.ts'),
    ]);
    const scan: Scan = {
      parts: partsOf(config, () => ruleset, []),
      wanted,
      list: openRows(stdout, findingColumns, listingFormOf(stdout, options.output)),
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
    const { tally } = scan.counter;
    if (wanted === 'findings') await scan.list.end();
    if (wanted === 'summary') await writeRows(stdout, { columns, rows: gravestFirst(tally) }, options.output);
    await stderr.write(`${totals(tally)}\n`);
    if (!isComplete) return 2;
    return tally.verdicts.match + tally.reports > 0 ? 1 : 0;
  },
});

async function tellFailure(name: string, error: unknown, stderr: Output): Promise<void> {
  // What a problem of a body advises is for those who send it.
  const message = error instanceof Problem ? error.message : describeError(error);
  await stderr.write(`tripline: ${printable(name)}: ${message}\n`);
}

const columns: Column<RuleTally>[] = [
  { name: 'level', heading: 'LEVEL', cell: ({ level }) => level, isLevel: true },
  { name: 'rule', heading: 'RULE', cell: ({ rule }) => rule },
  { name: 'findings', heading: 'FINDINGS', cell: ({ findings }) => findings },
  { name: 'shadow', heading: 'SHADOW', cell: ({ shadow }) => shadow },
  { name: 'silenced', heading: 'SILENCED', cell: ({ silenced }) => silenced },
  { name: 'undecided', heading: 'UNDECIDED', cell: ({ undecided }) => undecided },
  { name: 'title', heading: 'TITLE', cell: ({ title }) => title },
];

const findingColumns: Column<Found>[] = [
  { name: 'level', heading: 'LEVEL', cell: ({ level }) => level, isLevel: true },
  { name: 'mode', heading: 'MODE', cell: ({ mode }) => mode },
  { name: 'time', heading: 'TIME', cell: ({ time }) => time ?? '' },
  { name: 'rule', heading: 'RULE', cell: ({ rule }) => rule },
  { name: 'summary', heading: 'SUMMARY', cell: ({ summary }) => summary },
  { name: 'kind', cell: ({ kind }) => kind },
  { name: 'title', cell: ({ title }) => title },
  { name: 'attack', cell: ({ attack }) => attack.map(({ technique }) => technique).join(' ') },
  { name: 'workload', cell: ({ workload }) => workload ?? '' },
  { name: 'id', cell: ({ id }) => id },
  { name: 'file', cell: ({ file }) => file },
  { name: 'record', cell: ({ record }) => record },
  { name: 'line', cell: ({ line }) => line ?? '' },
];

/** What to know beside the findings: how much was looked at, and of what nothing is known. */
function totals({ records, verdicts, reports, matchedInPart }: Tally): string {
  const counts = [
    `${records} records`,
    `${verdicts.match} with findings`,
    `${verdicts.clear} clear`,
    `${verdicts.indeterminate} undecided`,
    `${verdicts.not_audit} no audit events`,
    `${verdicts.error} unreadable`,
    ...(matchedInPart > 0 ? [`${matchedInPart} of those with findings have undecided rules too`] : []),
    ...(reports > 0 ? [`${reports} reports about others`] : []),
  ];
  return counts.join(', ');
}
