/** `tripline rules`: which rules there are. */
import { attackOf } from '../attack.ts';
import { loadEveryRule } from '../authoring/every-rule.ts';
import { listingOutput, writeRows } from '../command-line/output-format.ts';
import { headsOf, readConfig, reportProblems, ruleOptions } from '../command-line/rule-options.ts';
import type { Column } from '../command-line/table.ts';
import type { Attack } from '../record.ts';
import { defineCommand } from './command.ts';

export const rulesCommand = defineCommand({
  name: 'rules',
  summary: 'lists the rules: name, level, mode, ATT&CK techniques, title',
  operands: '',
  count: { least: 0, most: 0 },
  about:
    'Lists every rule and correlation about Kubernetes audit events in the order of the files, including those ' +
    'that are off, with level and mode as the configuration overrides them. All forms except the table also have ' +
    'the id, the kind and the path.',
  options: { output: listingOutput, ...ruleOptions },
  exitCodes: { '0': 'all could be read', '2': 'a rule could not be read; the others are listed' },
  examples: [
    { purpose: 'the bundled rules', line: 'tripline rules' },
    {
      purpose: 'the names of those that are high or critical',
      line: `tripline rules -o ndjson | jq -r 'select(.level | IN("high", "critical")).name'`,
    },
    { purpose: 'your own, with your settings', line: 'tripline rules --rules my-rules --config tripline.yaml' },
  ],
  async run({ options }, io) {
    const loaded = loadEveryRule(readConfig(options, io));
    const { ruleset, modes, problems } = loaded;
    await reportProblems(loaded, io);
    const correlations = new Set(ruleset.correlations.map(({ correlation }) => correlation.name));
    const rows = headsOf(ruleset).map(({ name, id, title, level, ruleTags, path }) => ({
      name,
      id,
      title,
      kind: correlations.has(name) ? 'correlation' : 'rule',
      level,
      mode: modes.get(name)!,
      attack: attackOf(ruleTags),
      path,
    }));
    await writeRows(io.stdout, { columns, rows }, options.output);
    return problems.length === 0 ? 0 : 2;
  },
});

interface Row {
  name: string;
  id: string | undefined;
  title: string;
  kind: string;
  level: string;
  mode: string;
  attack: Attack[];
  path: string;
}

const columns: Column<Row>[] = [
  { name: 'name', heading: 'NAME', cell: ({ name }) => name },
  { name: 'level', heading: 'LEVEL', cell: ({ level }) => level, isLevel: true },
  { name: 'mode', heading: 'MODE', cell: ({ mode }) => mode },
  { name: 'attack', heading: 'ATT&CK', cell: ({ attack }) => attack.map(({ technique }) => technique).join(' ') },
  { name: 'title', heading: 'TITLE', cell: ({ title }) => title },
  { name: 'kind', cell: ({ kind }) => kind },
  { name: 'id', cell: ({ id }) => id ?? '' },
  { name: 'path', cell: ({ path }) => path },
];
