/** The reader of a configuration, given any file: returns settings, or what is wrong with them, each with its position. */
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from '../../src/config/index.ts';
import type { FuzzTarget } from './fuzz.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'tripline-fuzz-config-'));
const file = join(folder, 'tripline.yaml');

const many = `listen: "[::1]:9870"
auth: { basic: { username: a, password: "\${PASSWORD:-b}" }, bearer: "\${file:${join(root, 'LICENSE')}}" }
overrides: { denied-burst: { level: high, mode: shadow }, __proto__: { mode: off } }
trustedProxies: [10.0.0.0/8, "::1"]
limits: { maxDepth: 64, maxWaitSeconds: 0.5 }
sinks:
  - &a { type: forward, host: localhost, port: 1, sharedKey: "", tls: {} }
  - { <<: *a, name: b, unixPath: /x }
clearEventFields: [verb]
`;

export const configTargets: readonly FuzzTarget[] = [
  {
    name: 'config',
    runs: 150,
    corpus: [
      Buffer.from(many),
      ...globSync('fluent-bit/*/tripline.yaml', { cwd: root })
        .sort()
        .map((path) => readFileSync(join(root, path))),
    ],
    run(bytes) {
      writeFileSync(file, bytes);
      const environment = { NAME: 'a', EMPTY: '' };
      const { config, problems } = readConfiguration({ path: file, overrides: {}, environment, bundledRules: 'rules' });
      if ((config === undefined) === (problems.length === 0)) throw new Error('neither settings nor problems, or both');
      for (const problem of problems) if (!problem.startsWith(`${file}:`)) throw new Error(`no place: ${problem}`);
    },
  },
];
