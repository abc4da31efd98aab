/** Indexes records in Elasticsearch or OpenSearch, by their bulk API. */
import Type, { type Static } from 'typebox';
import { digestOf } from '../batch/digest.ts';
import { applyEdits } from '../batch/splice.ts';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { isMap, member } from '../json/map.ts';
import { membersNamed, skipSpace } from '../json/scan.ts';
import { jsonOf } from './encode/json.ts';
import { unixNanoOfRecord } from './encode/time.ts';
import type { Answer } from './request/endpoint.ts';
import type { Items, Piece, Protocol } from './request/records.ts';
import {
  compressionSetting,
  maxRequestBytesSetting,
  requestSettings,
  underPath,
  urlSetting,
} from './request/settings.ts';
import { describeAnswer, quoted, type Verdict, verdictOf } from './request/status.ts';
import { openRows } from './rows/rows.ts';
import { jsonRowsSetting, type RowsSettings } from './rows/settings.ts';
import type { Sink, SinkDependencies } from './sink.ts';

export const elasticsearchConfig = Type.Object(
  {
    type: Type.Literal('elasticsearch'),
    name: Type.String({ minLength: 1, default: 'elasticsearch', description: 'Name in logs and metrics.' }),
    url: urlSetting('Address of Elasticsearch or OpenSearch.', 'https://opensearch.example.com:9200'),
    index: Type.String({
      pattern: '^[^A-Z\\\\/*?"<>| ,#:_+.-][^A-Z\\\\/*?"<>| ,#:]*$',
      maxLength: 255,
      examples: ['kubernetes-audit'],
      description: 'Name of the data stream, the index or the alias that records are written to.',
    }),
    rows: jsonRowsSetting,
    compression: compressionSetting(['gzip']),
    maxRequestBytes: maxRequestBytesSetting(5 * 1024 * 1024),
    ...requestSettings,
  },
  { additionalProperties: false, title: 'Elasticsearch sink' },
);
export type ElasticsearchConfig = Static<typeof elasticsearchConfig> & RowsSettings;

/** The wanted parts of the answer, which otherwise repeats much for each document. */
const WANTED = 'errors,error,items.*.status,items.*.error.type,items.*.error.reason';
/** Bytes of an answer: a reason may contain a name or a value of the record. */
const ANSWER_BYTES = 1024 * 1024;

/** A sink that creates a document for each record, or for each finding. Its id is made of the batch and its position in it, or
 * is that of the finding, so that a repeated batch creates no duplicates: an existing document counts as acknowledged. */
export async function openElasticsearch(config: ElasticsearchConfig, dependencies: SinkDependencies): Promise<Sink> {
  const { openPosting } = await import('./request/records.ts');
  const settings = { ...config, url: underPath(config.url, `${encodeURIComponent(config.index)}/_bulk`) };
  const rowsOf = await openRows(config, dependencies);
  const protocol: Protocol<Piece> = {
    piecesOf(batch, index) {
      if (rowsOf === undefined) return [{ index, bytes: actionOf(recordIdOf(batch, index), documentOf(batch, index)) }];
      return rowsOf(batch, index).map(({ id, json, unixNano }) => {
        return {
          index,
          bytes: actionOf(
            id,
            withTime(json, () => unixNano),
          ),
        };
      });
    },
    requestOf(_, pieces) {
      const body = Buffer.concat(pieces.map(({ bytes }) => bytes));
      const maxAnswerBytes = ANSWER_BYTES + 2 * body.length;
      return { contentType: 'application/x-ndjson', body, query: { filter_path: WANTED }, maxAnswerBytes };
    },
    verdictOf: readAnswer,
  };
  return openPosting(settings, protocol, dependencies);
}

/** The two lines of a document in a bulk request. */
function actionOf(id: string, document: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"create":{"_id":"${id}"}}\n`), document, LINE_FEED]);
}

function recordIdOf(batch: TaggedBatch, index: number): string {
  const digest = digestOf(batch).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return `${digest}-${index}`;
}

const LINE_FEED = Buffer.from('\n');
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;

/** A record with its time as `@timestamp`, which a data stream requires. An existing member of that name is kept, except for
 * Fluent Bit's time in seconds, which would be read as milliseconds. */
function documentOf(batch: TaggedBatch, index: number): Uint8Array {
  const json = jsonOf(batch, index);
  const member = timestampIn(json);
  if (batch.dateKey === '@timestamp' && member !== undefined && json[member.valueStart] !== QUOTE) {
    const insert = Buffer.from(`"${rfc3339(unixNanoOfRecord(batch, index))}"`);
    return applyEdits(json, { start: 0, end: json.length }, [{ start: member.valueStart, end: member.end, insert }]);
  }
  return withTime(json, () => unixNanoOfRecord(batch, index));
}

/** A map with a time as `@timestamp`, if it has none. */
function withTime(json: Uint8Array, unixNano: () => bigint): Uint8Array {
  if (timestampIn(json) !== undefined) return json;
  const comma = json[skipSpace(json, 1, json.length)] === CLOSE_BRACE ? '' : ',';
  return Buffer.concat([Buffer.from(`{"@timestamp":"${rfc3339(unixNano())}"${comma}`), json.subarray(1)]);
}

const timestampIn = (json: Uint8Array) => membersNamed(json, 0, json.length, '@timestamp').at(-1);

function rfc3339(unixNano: bigint): string {
  const date = new Date(Number(unixNano / 1_000_000n)).toISOString();
  return `${date.slice(0, -1)}${String(unixNano % 1_000_000n).padStart(6, '0')}Z`;
}

function readAnswer(answer: Answer, pieces: readonly Piece[]): Verdict | Items {
  const verdict = verdictOf(answer);
  if (verdict.kind !== 'taken' || answer.kind === 'failed') return verdict;
  const items = answer.isWhole ? itemsIn(answer.body) : undefined;
  if (items?.length !== pieces.length) {
    const found = items === undefined ? 'no' : items.length;
    const reason = `${describeAnswer(answer)}, with ${found} items for ${pieces.length} records: is url the address of Elasticsearch or OpenSearch?`;
    return { kind: 'unavailable', reason };
  }
  const refused: { at: number; reason: string }[] = [];
  const busy: { at: number; reason: string }[] = [];
  for (const [at, item] of items.entries()) {
    const { status, reason } = outcomeOf(item);
    if ((status >= 200 && status < 300) || status === IS_THERE) continue;
    (isOfRecord(status) ? refused : busy).push({ at, reason });
  }
  return { kind: 'items', refused, busy };
}

/** A document with this id exists, so this one was written before. */
const IS_THERE = 409;

/** Whether a status is about the record, and not about the server or its settings (404: no such index; 403: it
 * may not be written to; 429: too many requests, or a disk that is nearly full). */
function isOfRecord(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 403, 404, 408, 429].includes(status);
}

function itemsIn(body: Buffer): unknown[] | undefined {
  try {
    const items = member(JSON.parse(String(body)), 'items');
    return Array.isArray(items) ? items : undefined;
  } catch {
    return undefined;
  }
}

function outcomeOf(item: unknown): { status: number; reason: string } {
  const created = member(item, 'create');
  const status = member(created, 'status');
  const error = member(created, 'error');
  const [type, why] = [member(error, 'type'), member(error, 'reason')].map(String);
  // The dead letter contains the value; the log does not need it.
  const reason = isMap(error) ? `${type}: ${why!.replace(/ Preview of field's value: .*$/s, '')}` : 'no reason';
  return {
    status: typeof status === 'number' ? status : 0,
    reason: `answered ${status} for a record: ${quoted(reason)}`,
  };
}
