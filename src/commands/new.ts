/** `tripline new rule`: the files that a rule begins with. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { UsageError } from '../command-line/declaration.ts';
import { didYouMean, quote } from '../sigma/index.ts';
import { defineCommand } from './command.ts';

export const newCommand = defineCommand({
  name: 'new',
  summary: 'writes a rule to start from, with a file for its cases',
  operands: 'rule NAME',
  count: { least: 2, most: 2 },
  about:
    'Writes NAME.yml, a rule with an id of its own that passes tripline lint, and NAME.cases.json, whose lists are ' +
    'empty: tripline test fails until there are cases, and says what to fill in. NAME is lower case words with dashes ' +
    'between, and may begin with a folder. Nothing is overwritten.',
  options: {},
  exitCodes: { '0': 'written', '2': 'not written' },
  examples: [{ purpose: 'a rule in a folder of your own', line: 'tripline new rule my-rules/pod-with-host-network' }],
  async run({ operands: [what, path] }, { stdout, bundled }) {
    if (what !== 'rule')
      throw new UsageError(`${quote(what)} cannot be made`, didYouMean(what, ['rule'], 'write rule'));
    const name = basename(path);
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > 100) {
      throw new UsageError(`${quote(name)} is no name of a rule`, 'write words in lower case with dashes between');
    }
    const folder = dirname(path);
    const [rulePath, casesPath] = [join(folder, `${name}.yml`), join(folder, `${name}.cases.json`)];
    const there = [rulePath, join(folder, `${name}.yaml`), casesPath].find((file) => existsSync(file));
    if (there !== undefined) throw new UsageError(`${there} is there already`, 'choose another name, or remove it');
    await mkdir(folder, { recursive: true });
    const schema = relative(resolve(folder), join(bundled.schemas, 'rule.schema.json'));
    await writeFile(rulePath, ruleText(name, schema), { flag: 'wx' });
    await writeFile(casesPath, '{\n  "matches": [],\n  "ignores": []\n}\n', { flag: 'wx' });
    await stdout.write(
      `wrote ${rulePath} and ${casesPath}\n` +
        `Say in the rule what it is to find, and add records to the cases; then: tripline test ${rulePath}\n`,
    );
    return 0;
  },
});

function ruleText(name: string, schema: string): string {
  const date = new Date().toISOString().slice(0, 10);
  return `# yaml-language-server: $schema=${schema}
title: ${titleOf(name)}
id: ${randomUUID()}
name: ${name}
status: experimental
description: |
  What happened, and why somebody should know of it.
author: Your name
date: ${date}
references:
  - https://kubernetes.io/docs/concepts/security/
tags:
  - attack.execution
  - attack.t1610
logsource:
  product: kubernetes
  service: audit
detection:
  created:
    action: create
    resource: pods
    subresource: ''
    outcome: success
  dry_run:
    dryRun: true
  condition: created and not dry_run
falsepositives:
  - Who does this for a good reason
level: medium
tripline:
  mode: shadow # finds, and raises nothing, until it is live
  summary: '[{username}] created pod [{namespace}/{name}]'
  context: [username, sourceIPs, userAgent, namespace, verb, resource, requestURI, responseStatus, cluster]
`;
}

function titleOf(name: string): string {
  const words = name.split('-').map((word) => `${word[0].toUpperCase()}${word.slice(1)}`);
  return `Kubernetes ${words.join(' ')}`;
}
