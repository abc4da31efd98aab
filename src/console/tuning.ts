/** Proposes an exception for a kept finding, tries it on everything else that is kept, and writes it if that is allowed. */
import { statSync } from 'node:fs';
import { CannotTune, failsByIt, subjectOf, type TuneParts, tune, writeException } from '../authoring/tune/index.ts';
import { codecNamed } from '../codecs/index.ts';
import type { Config } from '../config/index.ts';
import type { Batch } from '../pipeline.ts';
import { Problem } from '../problem.ts';
import type { Tune, Written } from './api.ts';
import type { Found } from './book.ts';
import type { Kept, KeptBatch } from './kept.ts';

/** What is kept, oldest first: records with findings, and whole batches if these are kept as well. */
export interface Everything {
  kept: readonly Kept[];
  batches: readonly KeptBatch[];
}

/** Without the permission to write it. */
export type Tuned = Omit<Tune, 'mayWrite' | 'writeDenied'>;

/** @param by names of fields
 * @throws Problem if no exception can be proposed */
export async function tuneFinding(
  { opened, index, row }: Found,
  by: readonly string[] | undefined,
  everything: Everything,
  parts: TuneParts,
): Promise<Tuned> {
  const records = () => batchesOf(everything);
  const { finding } = opened.emitted[index]!;
  const event = 'event' in finding ? opened.events[finding.event] : undefined;
  const subject = await subjectOf({ finding, event, identity: undefined }, records, parts);
  if (subject === undefined) {
    throw new Problem('console.gone', `no event of finding ${row.id} is kept, so no exception can be made from it`);
  }
  try {
    const { yaml, name, rule, fields, silences, cases, warnings } = await tune(
      { subject, ...(by && { by }), records },
      parts,
    );
    return { yaml, name, rule, fields, silences, cases, warnings };
  } catch (error) {
    if (error instanceof CannotTune) throw new Problem('console.query', `${error.message}; ${error.hint}`);
    throw error;
  }
}

/** A batch that is kept whole includes its records with findings: those are evaluated only once. */
function* batchesOf({ kept, batches }: Everything): Generator<Batch> {
  const [first] = batches;
  for (const { codec, fluentTag, receivedUnixNano, bytes } of kept) {
    if (bytes === undefined || (first !== undefined && receivedUnixNano >= first.receivedUnixNano)) continue;
    yield { codec: codecNamed(codec)!, fluentTag, receivedUnixNano, bytes: bytes.slice() };
  }
  for (const { codec, fluentTag, receivedUnixNano, bytes } of batches) {
    yield { codec: codecNamed(codec)!, fluentTag, receivedUnixNano, bytes: bytes.slice() };
  }
}

/** Writes one new file into the first folder of exceptions.
 * @param id of the finding that it is for
 * @throws Problem if it does not silence the finding, or a case would fail because of it, if a file of this name exists, or
 * if the folder cannot be written */
export async function writeTuned(
  id: string,
  { name, yaml, silences, cases }: Tuned,
  { exceptions }: Pick<Config, 'exceptions'>,
): Promise<Written> {
  const failing = cases.filter(failsByIt);
  if (failing.length > 0) {
    throw new Problem(
      'console.write_off',
      `with it ${failing.map((one) => `the case "${one.name}"`).join(', ')} would fail`,
    );
  }
  if (!silences.ids.includes(id)) throw new Problem('console.write_off', 'it would not silence the finding');
  const folder = exceptions.find((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  if (folder === undefined) throw new Problem('console.write_off', 'exceptions does not name an existing folder');
  try {
    return { path: await writeException(folder, { name, yaml }) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Problem(code === 'EEXIST' ? 'console.exists' : 'console.write_off', message, { cause: error });
  }
}
