/** The two paths of a body that have to end in the same bytes: the pipeline, and its steps one by one. */
import { applyEdits, taggedBody } from '../../src/batch/splice.ts';
import type { Codec, Edit } from '../../src/codecs/codec.ts';
import { codecFor } from '../../src/codecs/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import {
  conclude,
  type Detection,
  type Evaluated,
  evaluateRecord,
  type Ruleset,
  uncorrelated,
} from '../../src/detect.ts';
import { inflateBudget, type Normalized, normalize } from '../../src/normalizers/index.ts';
import { type Parts, processBatch } from '../../src/pipeline.ts';
import { partsOf } from '../../src/pipeline-dependencies.ts';
import { Problem, recordProblem } from '../../src/problem.ts';
import type { LogRecord } from '../../src/record.ts';
import { bundledRules } from '../server/app.ts';

/** What a sender receives, and the ids of the findings; or the code of the problem for which the body is refused. */
export type Answer = { body: Buffer; ids: string[] } | { refused: string };

/** A pipeline that receives bodies one after another: it keeps its correlations, and any other state. */
export type Way = (bytes: Uint8Array, mediaType: string) => Promise<Answer>;

export type Settings = NonNullable<Parameters<typeof loadConfig>[0]['overrides']>;

export const receivedUnixNano = BigInt(Date.parse('2026-01-02T03:05:00Z')) * 1_000_000n;

export function open(ruleset: () => Ruleset, settings: Settings = {}): Parts {
  return partsOf(loadConfig({ path: undefined, overrides: settings, environment: {}, bundledRules }), ruleset, []);
}

/** The unmodified pipeline, with all its optimizations. */
export function fast(ruleset: () => Ruleset, settings: Settings = {}): Way {
  return wayOf(processBatch, open(ruleset, settings));
}

/** @param process the pipeline, or a replacement */
export function wayOf(process: typeof processBatch, parts: Parts): Way {
  return (bytes, mediaType) =>
    answered(async () => {
      const batch = { fluentTag: 'kube.audit', codec: codecFor(mediaType)!, bytes, receivedUnixNano };
      const processed = await process(batch, parts);
      return { body: Buffer.from(taggedBody(processed)), ids: idsOf(processed.detections) };
    });
}

/** Each step on the values of the whole record: no shortcut, and no state except the correlations. */
export function plain(ruleset: () => Ruleset, settings: Settings = {}): Way {
  const parts = open(ruleset, settings);
  return (bytes, mediaType) => answered(() => plainAnswer(bytes, codecFor(mediaType)!, parts));
}

async function plainAnswer(bytes: Uint8Array, codec: Codec, parts: Parts) {
  const ruleset = parts.ruleset();
  const inflate = inflateBudget();
  const tagOf = parts.tagger(ruleset.hash);
  const records = codec.decode(bytes, parts.limits);
  const evaluated = records
    .map((record) => normalized(record))
    .map((found) => found && guarded(() => evaluateRecord(found, ruleset)));
  const detections: (Detection | undefined)[] = [];
  for (const one of evaluated) detections.push(one && conclude(one, await correlated(one)));
  const edits: Edit[] = [];
  for (const [index, record] of records.entries()) {
    const detection = detections[index];
    if (record.kind === 'map' && detection) codec.splice(bytes, record, parts.memberName, tagOf(detection), edits);
  }
  return { body: Buffer.from(applyEdits(bytes, { start: 0, end: bytes.length }, edits)), ids: idsOf(detections) };

  function normalized(record: LogRecord): Normalized | undefined {
    if (record.kind === 'group') return undefined;
    if (record.kind === 'other') return { kind: 'malformed', problem: record.problem };
    return guarded(() => normalize(codec.read(bytes, record, parts.limits), parts.normalize, inflate));
  }

  async function correlated(one: Evaluated) {
    if (ruleset.correlations.length === 0) return uncorrelated;
    return parts.correlate(one, ruleset, receivedUnixNano);
  }
}

function guarded<T>(step: () => T): T | { kind: 'malformed'; problem: Problem } {
  try {
    return step();
  } catch (error) {
    return { kind: 'malformed', problem: recordProblem(error) };
  }
}

async function answered(way: () => Promise<Answer>): Promise<Answer> {
  try {
    return await way();
  } catch (error) {
    if (error instanceof Problem) return { refused: error.code };
    throw error;
  }
}

function idsOf(detections: readonly (Detection | undefined)[]): string[] {
  return detections.flatMap((detection) =>
    detection && 'findings' in detection
      ? [...detection.findings, ...detection.shadow, ...detection.reports, ...detection.shadowReports].map(
          ({ id }) => id,
        )
      : [],
  );
}

/** @throws Error that shows where two answers differ */
export function checkSame(plain: Answer, fast: Answer, what: string): void {
  if ('refused' in plain || 'refused' in fast) {
    const [one, other] = [plain, fast].map((answer) => ('refused' in answer ? answer.refused : 'an answer'));
    if (one !== other) throw new Error(`${what}: plain gives ${one}, fast ${other}`);
    return;
  }
  if (!plain.body.equals(fast.body)) {
    const at = plain.body.findIndex((byte, index) => byte !== fast.body[index]);
    const from = Math.max(0, (at === -1 ? plain.body.length : at) - 200);
    const around = (body: Buffer) => body.subarray(from, from + 600).toString();
    throw new Error(`${what}: bytes part at ${at}\n plain: …${around(plain.body)}\n fast:  …${around(fast.body)}`);
  }
  if (plain.ids.join() !== fast.ids.join()) throw new Error(`${what}: ids ${plain.ids} became ${fast.ids}`);
}
