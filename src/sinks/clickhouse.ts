/** Inserts records into a table of ClickHouse. */
import Type, { type Static } from 'typebox';
import { digestOf } from '../batch/digest.ts';
import type { Answer } from './request/endpoint.ts';
import type { Piece, Protocol } from './request/records.ts';
import { compressionSetting, maxRequestBytesSetting, requestSettings, urlSetting } from './request/settings.ts';
import { describeAnswer, type Verdict, verdictOf } from './request/status.ts';
import { openLines } from './rows/rows.ts';
import { jsonRowsSetting, type RowsSettings } from './rows/settings.ts';
import type { Sink, SinkDependencies } from './sink.ts';

/** A name, or two separated by a dot. */
const NAME = '[A-Za-z_][A-Za-z0-9_]*';

export const clickhouseConfig = Type.Object(
  {
    type: Type.Literal('clickhouse'),
    name: Type.String({ minLength: 1, default: 'clickhouse', description: 'Name in logs and metrics.' }),
    url: urlSetting('Address of the HTTP interface of ClickHouse.', 'http://clickhouse.logging.svc:8123'),
    table: Type.String({
      pattern: `^${NAME}(\\.${NAME})?$`,
      default: 'audit',
      examples: ['audit', 'logs.audit'],
      description: 'Table that records are inserted into.',
    }),
    column: Type.String({
      pattern: `^${NAME}$`,
      default: 'record',
      examples: ['record'],
      description: 'Column of type String that gets the record, as JSON. The table derives its other columns from it.',
    }),
    rows: jsonRowsSetting,
    compression: compressionSetting(['gzip', 'zstd']),
    maxRequestBytes: maxRequestBytesSetting(32 * 1024 * 1024),
    ...requestSettings,
  },
  { additionalProperties: false, title: 'ClickHouse sink' },
);
export type ClickhouseConfig = Static<typeof clickhouseConfig> & RowsSettings;

interface Inserted extends Piece {
  /** Its position among the rows of the record. */
  at: number;
}

/** A sink that inserts the records of a batch in blocks, each of which is written completely or not at all. A block has a token
 * made of the batch and of the part of it in the block: if the table keeps tokens, a repeated block is not inserted twice. */
export async function openClickhouse(config: ClickhouseConfig, dependencies: SinkDependencies): Promise<Sink> {
  const { openPosting } = await import('./request/records.ts');
  const query = `INSERT INTO ${config.table} (${config.column}) FORMAT RowBinary`;
  const linesOf = await openLines(config, dependencies);
  const protocol: Protocol<Inserted> = {
    piecesOf: (batch, index) => linesOf(batch, index).map((line, at) => ({ index, at, bytes: rowOf(line) })),
    requestOf: (batch, pieces) => ({
      contentType: 'application/octet-stream',
      body: Buffer.concat(pieces.map(({ bytes }) => bytes)),
      query: { query, ...settings, insert_deduplication_token: tokenOf(digestOf(batch), pieces) },
    }),
    verdictOf: readAnswer,
  };
  return openPosting(config, protocol, dependencies);
}

/** Settings of the query. The answer is sent after the block is written, and its status shows whether it was. */
const settings = {
  async_insert: '0',
  wait_end_of_query: '1',
  insert_deduplicate: '1',
  deduplicate_blocks_in_dependent_materialized_views: '1',
};

function tokenOf(digest: string, pieces: readonly Inserted[]): string {
  const place = ({ index, at }: Inserted) => (at === 0 ? index : `${index}.${at}`);
  return `${digest}:${place(pieces[0]!)}-${place(pieces.at(-1)!)}:${pieces.length}`;
}

/** A row of one column of type String in RowBinary: its length as LEB128, then its bytes. */
function rowOf(text: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let left = text.length; ; left = Math.floor(left / 128)) {
    if (left < 128) {
      length.push(left);
      break;
    }
    length.push((left % 128) + 128);
  }
  return Buffer.concat([Uint8Array.from(length), text]);
}

/** Codes of exceptions that are about the values of a block; all others are about the server or about settings.
 * @see https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp */
const OF_RECORDS = new Set([
  6, 25, 26, 27, 32, 38, 41, 69, 70, 72, 117, 128, 130, 131, 190, 321, 349, 376, 407, 441, 467, 469, 675, 676,
]);

/** Codes that point to a wrong setting. */
const fixable: Readonly<Record<number, string>> = {
  16: 'set column to a column of the table',
  47: 'set column to a column of the table',
  60: 'set table to one that exists',
  81: 'set table to one that exists',
  164: 'give this user the right to write',
  192: 'set auth.basic to a user that it knows',
  193: 'set auth.basic to the right password',
  194: 'set auth.basic to the right password',
  497: 'give this user the right to insert into the table',
  516: 'set auth.basic to a user and password that it knows',
};

function readAnswer(answer: Answer): Verdict {
  const verdict = verdictOf(answer);
  if (answer.kind === 'failed') return verdict;
  const header = answer.headers['x-clickhouse-exception-code'];
  const text = answer.body.subarray(0, 200).toString();
  const code = Number(header ?? /Code: (\d+)\. DB::/.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(code)) return verdict;
  const reason = describeAnswer(answer);
  if (OF_RECORDS.has(code)) return { kind: 'refused', reason };
  const remedy = fixable[code];
  return { kind: 'unavailable', reason: remedy === undefined ? reason : `${reason}; ${remedy}` };
}
