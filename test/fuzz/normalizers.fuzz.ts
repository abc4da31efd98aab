/** Every normalizer and every field, given any value: as the record itself, and as text inside one. */
import { globSync, readFileSync } from 'node:fs';
import { fields, fieldsOf } from '../../src/fields/index.ts';
import { salvage } from '../../src/json/salvage.ts';
import { normalize } from '../../src/normalizers/index.ts';
import type { FuzzTarget } from './fuzz.ts';

const root = `${import.meta.dirname}/../fixtures/normalizers`;
const names = [
  ...fields.keys(),
  'requestObject.spec.hostPID',
  'user.groups',
  'annotations.authorization.k8s.io/decision',
];

/** Pretty-printed files contain little in much space, so the whitespace is removed before they are changed. */
const corpus = globSync('*/*.input.json', { cwd: root })
  .sort()
  .map((file) => Buffer.from(JSON.stringify(JSON.parse(readFileSync(`${root}/${file}`, 'utf8')))));

function exercise(record: unknown): void {
  const normalized = normalize(record);
  if (normalized.kind !== 'audit') return;
  for (const event of normalized.events) for (const name of names) fieldsOf(event)(name);
}

export const normalizerTargets: readonly FuzzTarget[] = [
  {
    name: 'normalize',
    runs: 700,
    corpus,
    run: (bytes) => exercise(salvage(Buffer.from(bytes).toString(), { maxDepth: 256 }).value),
  },
  { name: 'normalize text', corpus, run: (bytes) => exercise({ log: Buffer.from(bytes).toString() }) },
];
