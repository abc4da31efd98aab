/** `tripline rules tune`: an exception for unwanted findings of a rule. */
import type { FoundAgain, Noise, Tuned, TuneParts } from '../authoring/tune/index.ts';
import { UsageError } from '../command-line/declaration.ts';
import { outputOption, writeRows } from '../command-line/output-format.ts';
import type { ProcessIo } from '../command-line/process-io.ts';
import { recordsOf } from '../command-line/record-batches.ts';
import { readConfig, reportProblems, ruleOptions } from '../command-line/rule-options.ts';
import { type Column, numbered } from '../command-line/table.ts';
import { STDIN } from '../inputs/open.ts';
import { loadRules } from '../rules/index.ts';
import { quote } from '../sigma/index.ts';
import { printable } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const rulesTuneCommand = defineCommand({
  name: 'rules tune',
  summary: 'proposes an exception for a finding, and shows what else it would silence and which cases would fail',
  operands: '[FILE]...',
  count: { least: 0, most: Number.POSITIVE_INFINITY },
  about:
    'Reads records, tagged or not, in any layout that scan reads, and evaluates them again; existing tags are ' +
    'ignored. Without --finding and --rule it lists the most frequent findings by rule and identity, with the ' +
    'id of one finding of each.\n\n' +
    'For a finding it proposes an exception, as YAML on stdout. On stderr it reports which fields the ' +
    'exception compares and which others it could, which findings in the records it would silence, how many of ' +
    'them are of other identities, and which cases would then fail: it runs the cases of the rule and of ' +
    'correlations that count it. An exception for a correlation applies to the rules that it counts. It warns ' +
    'of fields that an attacker can choose.\n\n' +
    'Files are read several times; records from stdin are kept in memory.',
  options: {
    finding: { kind: 'value', placeholder: 'ID', doc: 'id of the finding' },
    rule: {
      kind: 'value',
      placeholder: 'NAME',
      doc: 'instead of an id: the last finding of this rule by the identity that it finds most often',
    },
    by: {
      kind: 'value',
      placeholder: 'FIELDS',
      doc:
        'fields that the exception compares, such as username,namespace; by default username, impersonatedUser, ' +
        'namespace and resource, as far as they are known',
    },
    write: {
      kind: 'value',
      placeholder: 'FOLDER',
      doc: 'write the exception to a new file in this folder, unless a case would fail; never overwrites a file',
    },
    output: outputOption(
      ['table', 'json', 'ndjson'],
      'for the list, table on a terminal and ndjson in a pipe; for an exception table, which is its YAML',
    ),
    ...ruleOptions,
  },
  exitCodes: {
    '0': 'an exception is proposed, and written if requested; or the list is printed',
    '1': 'it is proposed, and not written: a case would fail, or it does not silence the finding',
    '2': 'there is no such finding, or something could not be read or written',
  },
  examples: [
    { purpose: 'the most frequent findings, and by whom', line: 'tripline rules tune audit.log' },
    {
      purpose: 'an exception for the most frequent one of a rule',
      line: 'tripline rules tune audit.log --rule pod-host-pid --by username,namespace',
    },
    {
      purpose: 'the same as a file to commit',
      line: 'tripline rules tune audit.log --rule pod-host-pid --write archive',
    },
  ],
  async run({ options, operands }, io) {
    const { stdin, stdout } = io;
    if (operands.length === 0 && stdin.isTTY) {
      throw new UsageError('there are no records', 'name a file, or pipe records to stdin');
    }
    const config = readConfig(options, io);
    const loaded = loadRules(config);
    await reportProblems(loaded, io);
    const [{ partsOf }, tuning] = await Promise.all([
      import('../pipeline-dependencies.ts'),
      import('../authoring/tune/index.ts'),
    ]);
    const { ruleset } = loaded;
    const parts: TuneParts = {
      ruleset,
      sources: config,
      pipelineOf: (rules) => {
        const { limits, ...rest } = partsOf(config, () => rules, []);
        // A file may have any number of records.
        return { ...rest, limits: { ...limits, maxRecords: Number.POSITIVE_INFINITY } };
      },
      today: new Date().toISOString().slice(0, 10),
    };
    const records = recordsOf(operands.length > 0 ? operands : [STDIN], io, config.limits);
    const { finding: id, rule, by, write } = options;

    let found: FoundAgain | undefined;
    if (id !== undefined) {
      found = await tuning.findById(id, records, parts);
      if (found === undefined) {
        throw new UsageError(
          `the records have no finding ${quote(id)}`,
          'see what they have: tripline rules tune FILE',
        );
      }
    } else {
      const noises = await tuning.noisiest(records, parts);
      if (rule === undefined) {
        await writeRows(stdout, { columns, rows: noises.map(rowOf) }, options.output);
        return 0;
      }
      found = noises.find((noise) => noise.rule === rule)?.last;
      if (found === undefined) {
        throw new UsageError(
          `the records have no finding of ${quote(rule)}`,
          'see what they have: tripline rules tune FILE',
        );
      }
    }
    const subject = await tuning.subjectOf(found, records, parts);
    if (subject === undefined) {
      throw new UsageError(
        'the records have none of the events that the report is about',
        'name the earlier files, too',
      );
    }
    let tuned: Tuned;
    try {
      tuned = await tuning.tune({ subject, ...(by !== undefined && { by: fieldsIn(by) }), records }, parts);
    } catch (error) {
      if (error instanceof tuning.CannotTune) throw new UsageError(error.message, error.hint);
      throw error;
    }
    const failing = tuned.cases.filter(tuning.failsByIt);
    const isSound = failing.length === 0 && tuned.silences.ids.includes(subject.id);
    const path = write !== undefined && isSound ? await written(tuning.writeException(write, tuned)) : undefined;
    if (options.output === undefined || options.output === 'table') await tell(tuned, failing, path, io);
    else await writeRows(stdout, { columns: [], rows: [{ finding: subject.id, ...tuned, path }] }, options.output);
    return isSound ? 0 : 1;
  },
});

/** @throws UsageError if a file of this name exists */
async function written(path: Promise<string>): Promise<string> {
  try {
    return await path;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw error;
    throw new UsageError(message, 'it is never overwritten: remove it, or use the exception from stdout');
  }
}

function fieldsIn(by: string): string[] {
  return by.split(',').flatMap((field) => field.trim() || []);
}

interface Row {
  level: string;
  rule: string;
  identity: string;
  findings: number;
  finding: string;
}

function rowOf({ level, rule, identity = '', findings, last }: Noise): Row {
  return { level, rule, identity, findings, finding: last.finding.id };
}

const columns: Column<Row>[] = [
  { name: 'level', heading: 'LEVEL', cell: ({ level }) => level, isLevel: true },
  { name: 'rule', heading: 'RULE', cell: ({ rule }) => rule },
  { name: 'findings', heading: 'FINDINGS', cell: ({ findings }) => findings },
  { name: 'finding', heading: 'FINDING', cell: ({ finding }) => finding },
  { name: 'identity', heading: 'IDENTITY', cell: ({ identity }) => identity },
];

/** Writes text for a person to stderr, and to stdout what is to be committed, or where it is. */
async function tell(
  tuned: Tuned,
  failing: Tuned['cases'],
  path: string | undefined,
  { stdout, stderr }: ProcessIo,
): Promise<void> {
  await stderr.write(textOf(tuned, failing));
  await stdout.write(path === undefined ? tuned.yaml : `wrote ${path}\n`);
}

/** The number of values that are shown for a field. */
const SHOWN = 3;

function textOf({ rule, rules, fields, silences, cases, warnings }: Tuned, failing: Tuned['cases']): string {
  const about = rules.length === 1 && rules[0] === rule ? rule : `${rule}, by ${rules.join(', ')}`;
  const lines = [`an exception to ${about}`, ''];
  for (const { field, values, isChosen, weak } of fields) {
    const more = values.length > SHOWN ? ` and ${values.length - SHOWN} more` : '';
    const shown = values.slice(0, SHOWN).map(quote).join(', ');
    lines.push(`  ${isChosen ? '+' : ' '} ${field}: ${shown}${more}${weak === null ? '' : ` (weak: ${weak})`}`);
  }
  const { of, ids, otherIdentities } = silences;
  lines.push('', `silences ${ids.length} of ${numbered(of, 'finding')}, ${otherIdentities} of other identities`);
  lines.push(`${numbered(cases.length, 'case')}: ${failing.length} would fail`);
  for (const { path, name, want, answer } of failing) {
    lines.push(`  ${path}: ${quote(name)}: expected ${want}, got ${answer}`);
  }
  for (const { message } of warnings) lines.push(`warning: ${message}`);
  return `${lines.map(printable).join('\n')}\n\n`;
}
