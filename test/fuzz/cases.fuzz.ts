/** The reader of case files, given any text: returns cases, or what is wrong with them. */
import { globSync, readFileSync } from 'node:fs';
import { parseCases } from '../../src/authoring/cases.ts';
import type { FuzzTarget } from './fuzz.ts';

const root = `${import.meta.dirname}/../../rules`;
const small = '{"lists":{"x":["a"],"__proto__":[]},"matches":[{"name":"n","record":{},"level":"low"}],"ignores":[]}';

export const caseTargets: readonly FuzzTarget[] = [
  {
    name: 'cases',
    corpus: [
      Buffer.from(small),
      ...globSync('**/*.cases.json', { cwd: root })
        .sort()
        .slice(0, 5)
        .map((file) => readFileSync(`${root}/${file}`)),
    ],
    run(bytes) {
      const { cases, problems } = parseCases(Buffer.from(bytes).toString(), 'x.cases.json');
      if ((cases === undefined) === (problems.length === 0)) throw new Error('neither cases nor a problem, or both');
    },
  },
];
