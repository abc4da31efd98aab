/** `tripline coverage`: which techniques of MITRE ATT&CK the rules watch. */

import { navigatorLayer } from '../authoring/coverage.ts';
import { headsOf, readConfig, reportProblems, ruleOptions } from '../command-line/rule-options.ts';
import { loadRules } from '../rules/index.ts';
import { defineCommand } from './command.ts';

export const coverageCommand = defineCommand({
  name: 'coverage',
  summary: 'writes an ATT&CK Navigator layer of the techniques that the rules watch',
  operands: '',
  count: { least: 0, most: 0 },
  about:
    'Writes a layer (format 4.5) that the ATT&CK Navigator opens: Open Existing Layer, Upload from local. The ' +
    'score of a technique is the number of rules that are tagged with it; its comment lists them. Rules that are ' +
    'off do not count; rules in shadow mode are marked.',
  options: ruleOptions,
  exitCodes: { '0': 'every rule could be read', '2': 'a rule could not be read; the layer contains the others' },
  examples: [
    { purpose: 'a layer of the bundled rules', line: 'tripline coverage > layer.json' },
    {
      purpose: 'the techniques that only one rule watches',
      line: `tripline coverage | jq -r '.techniques[] | select(.score == 1) | .techniqueID'`,
    },
  ],
  async run({ options }, io) {
    const loaded = loadRules(readConfig(options, io));
    const { ruleset, problems } = loaded;
    await reportProblems(loaded, io);
    await io.stdout.write(`${JSON.stringify(navigatorLayer(headsOf(ruleset)), null, 2)}\n`);
    return problems.length === 0 ? 0 : 2;
  },
});
