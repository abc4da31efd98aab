/** Records that are decided by their outlines, compared with the steps one by one. */
import { expect, test } from 'vitest';
import { processBatch } from '../../src/pipeline.ts';
import { randomFrom } from '../fuzz/fuzz.ts';
import { runs, seed } from '../properties.ts';
import { layouts, mediaTypes } from './bodies.ts';
import { entryBody } from './entries.ts';
import { outlinedBody } from './outlined.ts';
import { outlinedRules } from './outlined-rules.ts';
import { checkSame, open, plain, type Settings, wayOf } from './paths.ts';
import { pick } from './places.ts';

const bodies = runs(16);
/** In each body. */
const RECORDS = 100;

const settings: readonly Settings[] = [
  {},
  {
    clearEventFields: ['username', 'userAgent', 'namespace', 'name', 'sourceIPs', 'stage', 'outcome', 'responseStatus'],
  },
  { cluster: 'here', platform: 'eks', trustedProxies: ['10.0.0.0/8'], memberName: 'found', dateKey: 'zz' },
  { clearEventFields: ['verb', 'resource', 'subresource', 'impersonatedUser', 'requestURI', 'auditID', 'time'] },
];

test.each([
  { of: 'kube-apiserver', bodyOf: outlinedBody, layouts, share: 0.6 },
  { of: 'Cloud Audit Logs', bodyOf: entryBody, layouts: layouts.filter((layout) => layout !== 'msgpack'), share: 0.4 },
])(
  'most records of $of are decided by their outlines, and each as by the whole record',
  async ({ of, bodyOf, layouts, share }) => {
    const random = randomFrom(seed);
    let live = outlinedRules[0]!;
    let [records, outlined, pairs] = [0, 0, 0];
    const ways = settings.map((each) => {
      const parts = open(() => live, each);
      const { decisions } = parts.outlining!;
      parts.outlining!.decisions = (ruleset) => {
        const made = decisions(ruleset);
        return Object.assign(Object.create(made), {
          of(...of: Parameters<typeof made.of>) {
            const found = made.of(...of);
            if (found !== undefined) outlined++;
            if (found !== undefined) pairs += ruleset.rules.length;
            return found;
          },
        });
      };
      return [plain(() => live, each), wayOf(processBatch, parts)] as const;
    });
    for (let index = 0; index < bodies; index++) {
      if (index % 5 === 4) live = pick(outlinedRules, random);
      const layout = layouts[index % layouts.length]!;
      const bytes = bodyOf(layout, random, RECORDS, index * RECORDS);
      const [one, other] = ways[(index >> 2) % ways.length]!;
      checkSame(await one(bytes, mediaTypes[layout]), await other(bytes, mediaTypes[layout]), `${layout} ${index}`);
      records += RECORDS;
    }
    console.log(`${outlined} of ${records} records of ${of} by their outlines, ${pairs} pairs of a record and a rule`);
    expect(outlined / records).toBeGreaterThan(share);
  },
  60_000 + bodies * 1000,
);
