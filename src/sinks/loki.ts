/** Pushes records to Loki. */
import Type, { type Static } from 'typebox';
import { tagOf } from '../batch/tag-of.ts';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { textAt } from '../json/map.ts';
import { jsonOf } from './encode/json.ts';
import { unixNanoOfRecord } from './encode/time.ts';
import type { Answer } from './request/endpoint.ts';
import type { Apart, Items, Piece, Protocol } from './request/records.ts';
import {
  compressionSetting,
  maxRequestBytesSetting,
  type RequestSettings,
  requestFaults,
  requestSettings,
  underPath,
  urlSetting,
} from './request/settings.ts';
import { describeAnswer, type Verdict, verdictOf } from './request/status.ts';
import { openRows } from './rows/rows.ts';
import { jsonRowsSetting, type RowsSettings } from './rows/settings.ts';
import type { Sink, SinkDependencies, SinkFault } from './sink.ts';

/** Members of the tag that become labels: each has few values, none of which a client can choose. */
const TAG_LABELS = ['verdict', 'level', 'platform'] as const;

export const lokiConfig = Type.Object(
  {
    type: Type.Literal('loki'),
    name: Type.String({ minLength: 1, default: 'loki', description: 'Name in logs and metrics.' }),
    url: urlSetting('Address of Loki.', 'http://loki.logging.svc:3100'),
    labels: Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 1024 }), {
      default: { job: 'kubernetes-audit' },
      description: `Labels of all records, in addition to those of the tag: ${TAG_LABELS.map((name) => `\`${name}\``).join(', ')}.`,
    }),
    rows: jsonRowsSetting,
    compression: compressionSetting(['gzip']),
    maxRequestBytes: maxRequestBytesSetting(3_000_000),
    ...requestSettings,
  },
  { additionalProperties: false, title: 'Loki sink' },
);
export type LokiConfig = Static<typeof lokiConfig> & RowsSettings;

export function lokiFaults(config: LokiConfig): SinkFault[] {
  const faults = Object.keys(config.labels).flatMap((name): SinkFault[] => {
    const isOfTag = (TAG_LABELS as readonly string[]).includes(name);
    if (!isOfTag && /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) return [];
    const why = isOfTag ? 'is set by the tag; leave it out' : 'is not a label name; write letters, digits and _';
    return [{ setting: ['labels', name], message: `labels: ${name} ${why}` }];
  });
  return [...faults, ...requestFaults(config as RequestSettings)];
}

interface Line extends Piece {
  /** The labels as JSON. */
  stream: string;
  unixNano: bigint;
  /** Bytes of the text. */
  length: number;
}

/** Bytes of an answer: with a 400 it lists what was not accepted. */
const ANSWER_BYTES = 1024 * 1024;

/** A sink that sends each record, with its tag, as a line of JSON. */
export async function openLoki(config: LokiConfig, dependencies: SinkDependencies): Promise<Sink> {
  const { openPosting } = await import('./request/records.ts');
  const rowsOf = await openRows(config, dependencies);
  const protocol: Protocol<Line> = {
    piecesOf(batch, index) {
      if (rowsOf === undefined) return [lineOfRecord(batch, index, config.labels)];
      return rowsOf(batch, index).map(({ json, level, platform, unixNano }) => {
        return lineOf(index, json, unixNano, { ...config.labels, level, ...(platform && { platform }) });
      });
    },
    requestOf: (_, lines) => ({
      contentType: 'application/json',
      body: pushOf(lines),
      maxAnswerBytes: ANSWER_BYTES,
    }),
    verdictOf: readAnswer,
  };
  return openPosting({ ...config, url: underPath(config.url, 'loki/api/v1/push') }, protocol, dependencies);
}

function lineOfRecord(batch: TaggedBatch, index: number, labels: Readonly<Record<string, string>>): Line {
  const tag = tagOf(batch, index);
  const ofTag = TAG_LABELS.flatMap((name) => {
    const value = textAt(tag, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const all = { ...labels, ...Object.fromEntries(ofTag) };
  return lineOf(index, jsonOf(batch, index), unixNanoOfRecord(batch, index), all);
}

function lineOf(index: number, json: Uint8Array, unixNano: bigint, labels: Readonly<Record<string, string>>): Line {
  const text = JSON.stringify(Buffer.from(json.buffer, json.byteOffset, json.length).toString());
  return { index, bytes: Buffer.from(text), stream: JSON.stringify(labels), unixNano, length: json.length };
}

/** The streams of these lines, each in order of time. */
function pushOf(lines: readonly Line[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (text: string) => void parts.push(Buffer.from(text));
  let before = '{"streams":[';
  for (const [stream, own] of Map.groupBy(lines, ({ stream }) => stream)) {
    add(`${before}{"stream":${stream},"values":`);
    let opening = '[';
    for (const { unixNano, bytes } of byTime(own)) {
      add(`${opening}["${unixNano}",`);
      parts.push(bytes);
      opening = '],';
    }
    add(']]}');
    before = ',';
  }
  add(']}');
  return Buffer.concat(parts);
}

const byTime = (lines: readonly Line[]) =>
  lines.toSorted((a, b) => (a.unixNano < b.unixNano ? -1 : a.unixNano > b.unixNano ? 1 : 0));

/** For lines that are too old, too new or too long, Loki says which, and accepts the others. The messages between
 * its own components have a limit that a client cannot query; beyond it, the answer is a 500. */
function readAnswer(answer: Answer, lines: readonly Line[]): Verdict | Items | Apart<Line> {
  const verdict = verdictOf(answer);
  if (answer.kind === 'failed') return verdict;
  const text = answer.body.toString();
  const reason = describeAnswer(answer);
  if (answer.status === 500 && /larger than max/.test(text)) return { kind: 'too_large', reason };
  if (verdict.kind !== 'refused') return verdict;
  if (/entry too far behind/.test(text)) return tooFarBehind(text, reason, lines);
  const isRefused = refusedBy(text);
  const refused = lines.flatMap((line, at) => (isRefused(line) ? [{ at, reason }] : []));
  return refused.length > 0 && answer.isWhole ? { kind: 'items', refused, busy: [] } : verdict;
}

/** In one stream the oldest lines are refused, and the answer says how many. */
function tooFarBehind(text: string, reason: string, lines: readonly Line[]): Verdict | Items | Apart<Line> {
  const streams = [...Map.groupBy(lines, ({ stream }) => stream).values()];
  if (streams.length > 1) return { kind: 'apart', parts: streams };
  const count = Number(/total ignored: (\d+) out of/.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(count)) return { kind: 'refused', reason };
  const places = new Map(lines.map((line, at) => [line, at]));
  const refused = byTime(lines)
    .slice(0, count)
    .map((line) => ({ at: places.get(line)!, reason }));
  return { kind: 'items', refused, busy: [] };
}

/** What Loki's validation messages say about each line: the seconds of those that are too old or too new, and how long a
 * line may be. */
function refusedBy(text: string): (line: Line) => boolean {
  const seconds = new Set(
    [...text.matchAll(/has timestamp too (?:old|new): ([^,; \n]+)/g)].map(([, time]) => Date.parse(time!) / 1000),
  );
  const [, most = Number.POSITIVE_INFINITY] = /max entry size '(\d+)' bytes exceeded/.exec(text) ?? [];
  return ({ unixNano, length }) => length > Number(most) || seconds.has(Number(unixNano / 1_000_000_000n));
}
