/** `tripline explain`: why a rule matches a record, or does not. */

import { loadEveryRule } from '../authoring/every-rule.ts';
import { explainedLine, explainRecord, printExplained } from '../authoring/explain-record.ts';
import { requestedFiles } from '../authoring/requested-files.ts';
import { UsageError } from '../command-line/declaration.ts';
import { readConfig, reportProblems, ruleOptions } from '../command-line/rule-options.ts';
import { Ruleset } from '../detect.ts';
import { openInput, STDIN } from '../inputs/open.ts';
import { Problem } from '../problem.ts';
import { type CompiledRule, didYouMean, quote, type RuleHead } from '../sigma/index.ts';
import { printable } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const explainCommand = defineCommand({
  name: 'explain',
  summary: 'shows why a rule matches a record or does not, predicate by predicate',
  operands: 'RULE [FILE]',
  count: { least: 1, most: 2 },
  about:
    'RULE is the name or the id of a rule, or a file with rules. Every event in the records of FILE, or of stdin, is ' +
    'held against it, also where the rule is off; records come in any layout that scan reads. Each line of the answer ' +
    'is a part of the condition, + for true, - for false, ? for what the log does not tell, with what was expected and ' +
    'what the event has there.',
  options: { json: { kind: 'flag', doc: 'one JSON object a line and event' }, ...ruleOptions },
  exitCodes: { '0': 'every record was read', '2': 'a record, a file or a rule could not be read' },
  examples: [
    { purpose: 'a bundled rule', line: 'tripline explain pod-host-pid event.json' },
    { purpose: 'a rule that you are writing', line: 'tripline explain my-rules/pod-in-default.yml event.json' },
    { purpose: 'the first records of a log', line: 'head -3 audit.log | tripline explain pod-host-pid' },
    {
      purpose: 'the answer for each event alone',
      line: 'tripline explain pod-host-pid audit.log --json | jq -c "[.record, .answer]"',
    },
  ],
  async run({ options, operands: [name, path = STDIN] }, io) {
    const { stdin, stdout, stderr } = io;
    if (path === STDIN && stdin.isTTY)
      throw new UsageError('there is no record', 'name a file, or send records down a pipe');
    const config = readConfig(options, io);
    const isFile = /\.ya?ml$/.test(name);
    const requested = requestedFiles(isFile ? [name] : [], config);
    const { ruleset, problems } = loadEveryRule(requested.sources);
    await reportProblems({ problems: isFile ? problems.filter((problem) => problem.path === name) : [] }, io);
    const rules = isFile ? ruleset.rules.filter(({ rule }) => rule.path === name) : [ruleNamed(name, ruleset)];
    if (rules.length === 0)
      throw new UsageError(`${name} has no rule about Kubernetes audit events`, 'see tripline lint');

    const [{ partsOf }, { processBatch }] = await Promise.all([
      import('../pipeline-dependencies.ts'),
      import('../pipeline.ts'),
    ]);
    const alone = new Ruleset(rules, [], ruleset.hash);
    const parts = partsOf(config, () => alone, []);
    let record = 0;
    let isComplete = true;
    try {
      const input = await openInput(path, stdin, { maxBytes: config.limits.maxDecompressedBytes });
      for await (const batch of input.batches) {
        const { detections } = await processBatch({ ...batch, fluentTag: undefined, receivedUnixNano: 0n }, parts);
        for (const detection of detections) {
          if (detection === undefined) continue;
          record++;
          for (const explained of explainRecord(detection, { rules })) {
            if (explained.kind === 'unreadable') isComplete = false;
            await stdout.write(options.json ? explainedLine(record, explained) : printExplained(record, explained));
          }
        }
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      isComplete = false;
      await stderr.write(`tripline: ${printable(`${path}: ${error.message}`)}\n`);
    }
    return isComplete ? 0 : 2;
  },
});

/** @throws UsageError where there is none */
function ruleNamed(name: string, { rules, correlations }: Ruleset): CompiledRule {
  const isMeant = ({ name: own, id }: RuleHead) => own === name || id?.toLowerCase() === name.toLowerCase();
  const found = rules.find(({ rule }) => isMeant(rule));
  if (found !== undefined) return found;
  const correlation = correlations.find(({ correlation }) => isMeant(correlation));
  if (correlation !== undefined) {
    const hint = `explain what it counts: ${correlation.rules.join(', ')}`;
    throw new UsageError(`${quote(name)} is a correlation, which looks at no event itself`, hint);
  }
  const names = rules.map(({ rule }) => rule.name);
  throw new UsageError(`there is no rule ${quote(name)}`, didYouMean(name, names, 'see tripline rules'));
}
