/** The findings of all bundled rules. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCases } from '../../../src/authoring/cases.ts';
import { loadEveryRule } from '../../../src/authoring/every-rule.ts';
import { ndjson } from '../../../src/codecs/ndjson.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { openContext } from '../../../src/findings/context.ts';
import { emittedOf } from '../../../src/findings/emitted.ts';
import { processBatch } from '../../../src/pipeline.ts';
import { eventReader, partsOf } from '../../../src/pipeline-dependencies.ts';
import { bundledRules } from '../../server/app.ts';
import type { Sample } from './samples.ts';

/** Findings of the first case of each bundled rule, with all rules on; takes seconds. */
export async function everyFinding(): Promise<Sample[]> {
  const config = loadConfig({ path: undefined, overrides: { cluster: 'orchid' }, environment: {}, bundledRules });
  const { ruleset } = loadEveryRule({ rules: [bundledRules] });
  const contextOf = openContext({ ruleset: () => ruleset });
  const all: Sample[] = [];
  for (const path of globSync('**/*.cases.json', { cwd: bundledRules }).sort()) {
    const { cases } = parseCases(readFileSync(join(bundledRules, path), 'utf8'), path);
    const { records } = cases!.matches[0]!;
    const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const batch = await processBatch(
      { fluentTag: 'kube.audit', codec: ndjson, bytes, receivedUnixNano: 1_800_000_000_123_456_789n },
      partsOf(config, () => ruleset, []),
    );
    const eventsOf = (index: number) => eventReader(config)(batch, index);
    const emitted = batch.records.flatMap((_, index) => emittedOf(batch, index, eventsOf));
    all.push(...emitted.map((one) => ({ emitted: one, context: contextOf(one) })));
  }
  return all;
}
