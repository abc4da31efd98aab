/** What a store has to accept: records of all kinds that rules are about, tagged with all rules live. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, parseCases } from '../../src/authoring/cases.ts';
import type { TaggedBatch } from '../../src/batch/tagged-batch.ts';
import { ndjson } from '../../src/codecs/ndjson.ts';
import type { Tag } from '../../src/tag.ts';
import { bundledRules, testServer } from '../server/app.ts';
import { taggedBatch } from '../sinks/contract.ts';

export interface Tagged {
  /** As sent to a store, without a line end. */
  line: string;
  tag: Tag;
}

/** The records of all cases of all rules, in the order of their files. Those with two members of one name are left out:
 * JSON.stringify makes none. @param exceptions paths of files, where there are to be some that silence */
export async function tagged(exceptions: string[] = []): Promise<Tagged[]> {
  const records = globSync('**/*.cases.json', { cwd: bundledRules })
    .sort()
    .flatMap((path) => {
      const { cases } = parseCases(readFileSync(join(bundledRules, path), 'utf8'), path);
      return answers.flatMap((answer) => cases![answer].flatMap(({ records }) => records));
    });
  const server = testServer({}, { rules: [bundledRules], exceptions });
  const { body } = await server.app.inject({
    method: 'POST',
    url: '/v1/records?reply=records',
    headers: { 'content-type': 'application/x-ndjson' },
    payload: records.map((record) => JSON.stringify(record)).join('\n'),
  });
  await server.app.close();
  const lines = body.trimEnd().split('\n');
  if (lines.length !== records.length) throw new Error(`${records.length} records made ${lines.length}`);
  return withoutRivals(lines.map((line) => ({ line, tag: JSON.parse(line).tripline })));
}

/** Cases repeat audit ids with other contents, which no cluster does: of records with the same finding, the first is kept. */
function withoutRivals(all: readonly Tagged[]): Tagged[] {
  const owners = new Map<string, string>();
  return all.filter(({ line, tag: { findings = [], shadow = [] } }) => {
    const ids = [...findings, ...shadow].map(({ id }) => id);
    if (ids.some((id) => (owners.get(id) ?? line) !== line)) return false;
    for (const id of ids) owners.set(id, line);
    return true;
  });
}

const BATCH_RECORDS = 500;

/** As a sink receives them, in successive batches. */
export function batchesOf(all: readonly Tagged[], receivedUnixNano = BigInt(Date.now()) * 1_000_000n): TaggedBatch[] {
  return Array.from({ length: Math.ceil(all.length / BATCH_RECORDS) }, (_, batch) => {
    const lines = all.slice(batch * BATCH_RECORDS, (batch + 1) * BATCH_RECORDS).map(({ line }) => `${line}\n`);
    const given = { tags: [], receivedUnixNano: receivedUnixNano + BigInt(batch) };
    return taggedBatch(ndjson, Buffer.from(lines.join('')), given);
  });
}

/** The number of each, with each id counted once. */
export function idsBy<Of extends { id: string }>(
  found: readonly (readonly Of[] | undefined)[],
  keyOf: (one: Of) => string,
): Record<string, number> {
  const byKey = Map.groupBy(new Map(found.flatMap((list) => list ?? []).map((one) => [one.id, one])).values(), keyOf);
  return Object.fromEntries([...byKey].map(([key, ones]) => [key, ones.length]).sort());
}
