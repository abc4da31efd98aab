/** Lint, given any text: problems that can be printed, a bounded number of them, and only errors for what cannot be read. */
import { globSync, readFileSync } from 'node:fs';
import { lintFile } from '../../src/authoring/lint.ts';
import { parseRules, printRuleProblem } from '../../src/sigma/index.ts';
import type { FuzzTarget } from './fuzz.ts';

const root = `${import.meta.dirname}/../../rules`;

/** Something for most checks to report. */
const wrong = `title: t.
sigma-version: 3
tags: [attack.none]
logsource: {product: kubernetes}
detection:
  a:
    - verb|all: [replace]
      resource|expand: 'Pod%names%'
      containers[any].name: [a, A, null]
      containers[any]:
        x: {image|re: '.*a.com'}
        y: {image: 'C:\\\\a\\*', .: '\\\\\\\\a'}
        condition: x
  filter: {subresource: exec, verb: create, responseStatus.code: ALLOW}
  b: {verb: get}
  condition: [1 of a and filter, b and not b, all of them]
tripline: {levels: [{condition: a, level: low}, {condition: a, level: high}]}
---
title: f
logsource: {product: kubernetes}
filter: {rules: any, s: {username: a}, condition: s}
`;

const corpus = [
  Buffer.from(wrong),
  ...globSync('**/*.yml', { cwd: root })
    .sort()
    .map((file) => readFileSync(`${root}/${file}`)),
];

const placeholders = new Map([['names', ['s', 'x*']]]);

export const lintTargets: readonly FuzzTarget[] = [
  {
    name: 'lint',
    runs: 300,
    corpus,
    run(bytes) {
      const text = Buffer.from(bytes).toString();
      const problems = lintFile(text, 'rule.yml', { placeholders });
      for (const problem of problems) {
        printRuleProblem(problem);
        const line = text.replace(/^\uFEFF/, '').split('\n')[problem.line - 1];
        if (line === undefined || problem.column < 1 || problem.column > line.length + 1)
          throw new Error('no such place');
      }
      // 50 that make a document unusable, and 50 about usable ones.
      if (problems.length > 100) throw new Error('too many to read');
      const errors = problems.filter(({ severity }) => severity === 'error').length;
      if (parseRules(text, 'rule.yml').problems.length > 0 && errors === 0 && !text.includes('%')) {
        throw new Error('nothing wrong with what cannot be read');
      }
    },
  },
];
