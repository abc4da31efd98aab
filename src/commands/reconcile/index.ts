/** `tripline reconcile`: whether everything that was logged has arrived. */
import { UsageError } from '../../command-line/declaration.ts';
import { listingFormOf, listingOutput, openRows } from '../../command-line/output-format.ts';
import { readConfig, ruleOptions } from '../../command-line/rule-options.ts';
import { type Column, numbered } from '../../command-line/table.ts';
import { filesOf } from '../../inputs/files.ts';
import { openInput, STDIN } from '../../inputs/open.ts';
import { defineCommand } from '../command.ts';
import { type Comparison, compare, type Difference, kinds } from './compare.ts';

/** How many of each kind are named if not all are wanted. */
const MOST_NAMED = 20;

const options = {
  all: { kind: 'flag', doc: `every difference, as it is found; otherwise the first ${MOST_NAMED} of each kind` },
  output: listingOutput,
  config: ruleOptions.config,
} as const;

export const reconcileCommand = defineCommand({
  name: 'reconcile',
  summary: 'compares a log with what arrived of it, and reports what is missing',
  operands: 'SOURCE DESTINATION',
  count: { least: 2, most: 2 },
  about:
    'Reads an audit log that Fluent Bit tails and what arrived of it, or any two archives, and compares their ' +
    'events by auditID and stage: missing are those that the source has more often than the destination, ' +
    'repeated those that the destination has more often, only_in_destination those that the source does not ' +
    'have at all. Each is a file or a folder of files, in any layout that scan reads, tagged or not, and the ' +
    'two may have different layouts. - means stdin, as SOURCE only.\n\n' +
    'A record without an event, or whose event has no auditID, is identified by its content: the members ' +
    'except the tag and the time that Fluent Bit adds. If it is not found, it may be missing, or may have been ' +
    'changed on the way: it is reported as not_comparable.\n\n' +
    'It uses 15 to 19 bytes of memory for each event of the destination, less than 200 MB for ten million, and ' +
    'reads the destination twice if it has something that the source does not have. What is written to the source ' +
    'while it is read may be reported as missing.',
  options,
  exitCodes: {
    '0': 'everything in the source is in the destination, at least as often',
    '1': 'something is missing',
    '2': 'a file could not be read to its end, or records could not be compared: the result is uncertain',
  },
  examples: [
    { purpose: 'whether all that was logged has arrived', line: 'tripline reconcile audit.log archive' },
    {
      purpose: 'which requests are missing',
      line: 'tripline reconcile audit.log archive --all -o ndjson | jq -r \'select(.kind == "missing").auditID\'',
    },
  ],
  async run({ options, operands: [source, destination] }, io) {
    const { stdin, stdout, stderr } = io;
    if (destination === STDIN) {
      throw new UsageError('the destination is read twice', 'give it as a file, or as a folder of files');
    }
    const config = readConfig(options, io);
    // Slow to load, and no other command needs it.
    const { openKeyReader } = await import('./record-keys.ts');
    const list = openRows(stdout, columns, listingFormOf(stdout, options.output));
    const named: Difference[] = [];
    const numbers = new Map<string, number>();
    const tell = async (difference: Difference) => {
      const number = (numbers.get(difference.kind) ?? 0) + 1;
      numbers.set(difference.kind, number);
      if (options.all) await list.write([difference]);
      else if (number <= MOST_NAMED) named.push(difference);
      return options.all || number < MOST_NAMED;
    };
    const comparison = await compare(
      {
        open: (file) => openInput(file, stdin, { maxBytes: config.limits.maxDecompressedBytes }),
        source: source === STDIN ? [STDIN] : await filesOf(source!),
        destination: await filesOf(destination!),
        keys: openKeyReader(config),
        stderr,
      },
      tell,
    );
    await list.write(kinds.flatMap((kind) => named.filter((difference) => difference.kind === kind)));
    await list.end();
    await stderr.write(`${totals(comparison)}\n`);
    const { missing, not_comparable } = comparison.differences;
    if (!comparison.isComplete || not_comparable > 0) return 2;
    return missing > 0 ? 1 : 0;
  },
});

const columns: Column<Difference>[] = [
  { name: 'kind', heading: 'KIND', cell: ({ kind }) => kind },
  { name: 'file', heading: 'FILE', cell: ({ file }) => file },
  { name: 'record', heading: 'RECORD', cell: ({ record }) => record },
  { name: 'line', heading: 'LINE', cell: ({ line }) => line ?? '' },
  { name: 'auditID', heading: 'AUDIT ID', cell: ({ auditID }) => auditID ?? '' },
  { name: 'stage', heading: 'STAGE', cell: ({ stage }) => stage ?? '' },
];

function totals({ source, destination, differences }: Comparison): string {
  const counts = [
    `${numbered(source, 'event')} in the source`,
    `${destination} in the destination`,
    `${differences.missing} missing`,
    `${differences.not_comparable} not comparable`,
    `${differences.repeated} repeated`,
    `${differences.only_in_destination} only in the destination`,
  ];
  return counts.join(', ');
}
