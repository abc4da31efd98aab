/** `tripline explain`: why a rule matches a record, or does not. */

import { loadEveryRule } from '../authoring/every-rule.ts';
import { type Explained, explainedJson, explainRecord, printExplained } from '../authoring/explain-record.ts';
import { requestedFiles } from '../authoring/requested-files.ts';
import { neededFor } from '../authoring/test-rule.ts';
import { UsageError } from '../command-line/declaration.ts';
import { openRows, outputOption, type RowWriter } from '../command-line/output-format.ts';
import type { Output } from '../command-line/process-io.ts';
import { batchesIn } from '../command-line/record-batches.ts';
import { headsOf, readConfig, reportProblems, ruleOptions } from '../command-line/rule-options.ts';
import { numbered } from '../command-line/table.ts';
import type { Ruleset } from '../detect.ts';
import { STDIN } from '../inputs/open.ts';
import { Problem } from '../problem.ts';
import { didYouMean, quote } from '../sigma/index.ts';
import { printable } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const explainCommand = defineCommand({
  name: 'explain',
  summary: 'shows why a rule matches a record or does not, predicate by predicate',
  operands: 'RULE [FILE]',
  count: { least: 1, most: 2 },
  about:
    'RULE is the name or the id of a rule or a correlation, or a file of rules. Every event in the records of ' +
    'FILE, or of stdin, is evaluated against it, even if the rule is off; records may be in any layout that scan ' +
    'reads. Each line of the answer is a part of the condition, + for true, - for false, ? for what the log does ' +
    'not show, with what was expected and what the event contains. For a correlation it shows what its rules ' +
    'answer for each event, with which other events a match is counted, and what the correlation finds in these ' +
    'records.',
  options: {
    only: {
      kind: 'value',
      placeholder: 'ANSWER',
      doc: 'only events that the rule matches, ignores or leaves undecided',
      choices: ['matches', 'ignores', 'undecided'],
    },
    record: { kind: 'value', placeholder: 'N', doc: 'only the record of this number, from 1' },
    output: outputOption(['table', 'json', 'ndjson'], 'table (text), also in a pipe'),
    ...ruleOptions,
  },
  exitCodes: { '0': 'every requested record was read', '2': 'a record, a file or a rule could not be read' },
  examples: [
    { purpose: 'a bundled rule', line: 'tripline explain pod-host-pid event.json' },
    { purpose: 'a rule that you are writing', line: 'tripline explain my-rules/pod-in-default.yml event.json' },
    { purpose: 'the first records of a log', line: 'head -3 audit.log | tripline explain pod-host-pid' },
    {
      purpose: 'only the answer for each event',
      line: 'tripline explain pod-host-pid audit.log -o ndjson | jq -c "[.record, .answer]"',
    },
  ],
  async run({ options, operands: [name, path = STDIN] }, io) {
    const { stdin, stdout, stderr } = io;
    if (path === STDIN && stdin.isTTY)
      throw new UsageError('there is no record', 'name a file, or pipe records to stdin');
    if (options.record !== undefined && !/^[1-9]\d{0,15}$/.test(options.record)) {
      throw new UsageError(`${quote(options.record)} is not a record number`, 'records are numbered from 1');
    }
    const config = readConfig(options, io);
    const isFile = /\.ya?ml$/.test(name);
    const requested = requestedFiles(isFile ? [name] : [], config);
    const { ruleset, problems } = loadEveryRule(requested.sources);
    await reportProblems({ problems: isFile ? problems.filter((problem) => problem.path === name) : [] }, io);
    const subject = isFile ? subjectIn(name, ruleset) : subjectNamed(name, ruleset);
    if (subject.rules.length === 0)
      throw new UsageError(`${name} has no rule about Kubernetes audit events`, 'see tripline lint');

    const [{ partsOf }, { processBatch }] = await Promise.all([
      import('../pipeline-dependencies.ts'),
      import('../pipeline.ts'),
    ]);
    const parts = partsOf(config, () => subject, []);
    const answers = openAnswers(stdout, options.output);
    let record = 0;
    let isComplete = true;
    try {
      for await (const batch of batchesIn(path, io, config.limits)) {
        const { detections } = await processBatch({ ...batch, fluentTag: undefined }, parts);
        for (const detection of detections) {
          if (detection === undefined) continue;
          record++;
          for (const explained of explainRecord(detection, subject)) {
            if (!isWanted(explained, record, options)) continue;
            if (explained.kind === 'unreadable') isComplete = false;
            await answers.write([{ record, explained }]);
          }
        }
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      isComplete = false;
      await stderr.write(`tripline: ${printable(`${path}: ${error.message}`)}\n`);
    }
    await answers.end();
    if (Number(options.record) > record) {
      isComplete = false;
      await stderr.write(
        `tripline: there is no record ${options.record}: the input has ${numbered(record, 'record')}\n`,
      );
    }
    return isComplete ? 0 : 2;
  },
});

interface Answer {
  record: number;
  explained: Explained;
}

function openAnswers(stdout: Output, form: 'table' | 'json' | 'ndjson' = 'table'): RowWriter<Answer> {
  if (form !== 'table') {
    return openRows(stdout, [], form, ({ record, explained }: Answer) => explainedJson(record, explained));
  }
  const print = ({ record, explained }: Answer) => printExplained(record, explained);
  return { write: (rows) => stdout.write(rows.map(print).join('')), async end() {} };
}

/** Whether the options ask for it. What a correlation makes of a match counts among the matches. */
function isWanted(explained: Explained, record: number, { only, record: number }: { only?: string; record?: string }) {
  if (number !== undefined && Number(number) !== record) return false;
  // An unreadable record could be any kind.
  if (only === undefined || explained.kind === 'unreadable') return true;
  return explained.kind === 'event' ? explained.answer === only : only === 'matches' && isOfMatch(explained);
}

function isOfMatch({ kind }: Explained): boolean {
  return kind === 'counts' || kind === 'found';
}

/** The rules of a file, and its correlations with what they refer to. */
function subjectIn(path: string, ruleset: Ruleset): Ruleset {
  const heads = headsOf(ruleset);
  return neededFor(new Set(heads.filter((head) => head.path === path).map(({ name }) => name)), ruleset);
}

/** @throws UsageError if there is none */
function subjectNamed(name: string, ruleset: Ruleset): Ruleset {
  const heads = headsOf(ruleset);
  const meant = heads.find(({ name: own, id }) => own === name || id?.toLowerCase() === name.toLowerCase());
  if (meant !== undefined) return neededFor(new Set([meant.name]), ruleset);
  const names = heads.map(({ name }) => name);
  throw new UsageError(`there is no rule ${quote(name)}`, didYouMean(name, names, 'see tripline rules'));
}
