/** `tripline tail`: the findings of a running sidecar, as they come. */
import { listingFormOf, listingOutput, openRows } from '../../command-line/output-format.ts';
import type { FindingRow } from '../../console/api.ts';
import { consoleOptions, openConsoleClient } from '../../console-client/index.ts';
import { levels, Platform } from '../../record.ts';
import { defineCommand } from '../command.ts';
import { columnsFor } from './columns.ts';
import { keptFindings, sentFindings } from './findings.ts';
import { listIn, numberIn, sinceIn } from './values.ts';

/** How many are shown first by default. */
const LAST = 10;

const platforms = [...Platform.enum, 'unknown'];
const modes = ['live', 'shadow'];
const novelties = ['new', 'before', 'unknown'];

export const tailCommand = defineCommand({
  name: 'tail',
  summary: 'shows the findings of a running sidecar as they come',
  operands: '',
  count: { least: 0, most: 0 },
  about:
    'Asks the console of a sidecar for the last findings that it keeps, then shows new ones as they come, ' +
    'until it is interrupted. The filters are those of the page: a finding has to match all of them, and one ' +
    'value of each list.\n\n' +
    'The words of --q are searched for in who did it, the object, the rule and the summary, ignoring case. ' +
    'who:ann, ns:prod and ip:192.0.2.1 are searched for only there, and so are rule:, obj:, agent:, workload: ' +
    'and id:; -word excludes a word, * matches anything, and quotes enclose words with blanks.\n\n' +
    'If the connection is lost, it is opened again, and continues after the last finding that came. The sidecar ' +
    'sends findings at most once a second.',
  options: {
    level: { kind: 'value', placeholder: 'LIST', doc: `only these levels: ${levels.toReversed().join(', ')}` },
    rule: { kind: 'value', placeholder: 'LIST', doc: 'only these rules: names separated by commas' },
    platform: { kind: 'value', placeholder: 'LIST', doc: `only these platforms: ${platforms.join(', ')}` },
    mode: { kind: 'value', placeholder: 'MODE', choices: modes, doc: 'only live findings, or only shadow ones' },
    seen: {
      kind: 'value',
      placeholder: 'LIST',
      doc: 'only new (the rule never matched this identity on this kind of object before), before, or unknown',
    },
    q: {
      kind: 'value',
      placeholder: 'WORDS',
      doc: 'only findings that match all these words; if the first begins with -, write --q=-who:ann',
    },
    since: {
      kind: 'value',
      placeholder: 'TIME',
      doc: 'start with what is kept since 2026-01-02T03:04:05Z, or since 30s, 10m, 2h or 1d ago',
    },
    last: {
      kind: 'value',
      placeholder: 'N',
      doc: `start with the last N that are kept (default ${LAST}; with --since, all since then)`,
    },
    'no-follow': { kind: 'flag', doc: 'end after the kept findings' },
    output: listingOutput,
    ...consoleOptions,
  },
  exitCodes: {
    '0': 'it was interrupted, or its reader is gone, which the next finding shows; with --no-follow, all was shown',
    '2': 'the sidecar cannot be reached, or refuses the request',
  },
  examples: [
    { purpose: 'new grave findings in one namespace', line: 'tripline tail --level high,critical --q ns:prod' },
    {
      purpose: 'who did what in the last hour, for a script',
      line: "tripline tail --since 1h --no-follow -o ndjson | jq -r '[.event.username, .summary] | @tsv'",
    },
    { purpose: 'the last hundred for a spreadsheet', line: 'tripline tail --last 100 --no-follow -o csv' },
  ],
  async run({ options }, io) {
    const { stdout, stderr } = io;
    const query = {
      level: listIn('level', options.level, levels),
      rule: options.rule,
      platform: listIn('platform', options.platform, platforms),
      mode: options.mode,
      seen: listIn('seen', options.seen, novelties),
      q: options.q,
    };
    const from = sinceIn(options.since, new Date());
    const last = numberIn('last', options.last) ?? (from === undefined ? LAST : undefined);
    const interrupted = new AbortController();
    const { signal } = interrupted;
    io.stopped().then(() => interrupted.abort());
    const client = openConsoleClient(options, io.environment, signal);
    const form = listingFormOf(stdout, options.output);
    const list = openRows<FindingRow>(stdout, columnsFor(form), form);
    const tell = (message: string) => stderr.write(`tripline: ${message}\n`);

    const kept = () => keptFindings(client, { ...query, from }, last);
    const rows = options['no-follow'] ? kept() : sentFindings(client, query, { kept, tell, signal });
    for await (const some of rows) await list.write(some);
    await list.end();
    return 0;
  },
});
