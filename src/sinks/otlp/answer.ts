/** What an answer of a receiver of OTLP holds. */
import { member, textAt } from '../../json/map.ts';
import { eachField, fieldAt, int64At, LENGTH_DELIMITED, VARINT } from '../../protobuf/scan.ts';
import type { Answer } from '../request/endpoint.ts';
import { quoted } from '../request/status.ts';

type Answered = Extract<Answer, { kind: 'answered' }>;

/** Of ExportLogsServiceResponse. */
const PARTIAL_SUCCESS = 1;
/** Of ExportLogsPartialSuccess. */
const REJECTED_LOG_RECORDS = 1;
const ERROR_MESSAGE = 2;
/** Of google.rpc.Status. */
const STATUS_MESSAGE = 2;

export interface PartialSuccess {
  rejected: number;
  message: string;
}

/** How many records were rejected, and why, for a message; with none rejected the message is a warning. What cannot be read says
 * nothing: its status is a success. An answer that is cut is read as far as it goes. */
export function partialSuccessIn(answer: Answered): PartialSuccess {
  const { body } = answer;
  if (!isProtobuf(answer)) return partialSuccessInJson(body);
  const found: PartialSuccess = { rejected: 0, message: '' };
  const partial = body.length > 0 ? fieldAt(body, 0, body.length) : undefined;
  if (partial === undefined || !('number' in partial)) return found;
  if (partial.number !== PARTIAL_SUCCESS || partial.wireType !== LENGTH_DELIMITED) return found;
  for (let at = partial.valueStart; at < Math.min(partial.end, body.length); ) {
    const field = fieldAt(body, at, body.length);
    if (!('number' in field)) break;
    const { number, wireType, valueStart, end } = field;
    if (number === REJECTED_LOG_RECORDS && wireType === VARINT) found.rejected = Number(int64At(body, valueStart, end));
    if (number === ERROR_MESSAGE && wireType === LENGTH_DELIMITED)
      found.message = quoted(body.toString('utf8', valueStart, end));
    at = end;
  }
  return found;
}

/** Some answer in JSON, whatever they are sent. */
function partialSuccessInJson(body: Buffer): PartialSuccess {
  let partial: unknown;
  try {
    partial = member(JSON.parse(body.toString()), 'partialSuccess');
  } catch {
    // It is no JSON.
  }
  const message = textAt(partial, 'errorMessage') ?? '';
  // Of 64 bits: a text in JSON, for the most part.
  const count = member(partial, 'rejectedLogRecords');
  const rejected = typeof count === 'number' || typeof count === 'string' ? Math.trunc(Number(count)) || 0 : 0;
  return { rejected, message: message === '' ? '' : quoted(message) };
}

/** The text of an answer that is no success: that of its Status, if it is one. */
export function messageOf(answer: Answered): Buffer {
  const { body } = answer;
  if (!isProtobuf(answer)) return body;
  let message = '';
  eachField(body, whole(body), ({ number, wireType, valueStart, end }) => {
    if (number === STATUS_MESSAGE && wireType === LENGTH_DELIMITED) message = body.toString('utf8', valueStart, end);
  });
  return Buffer.from(message);
}

function isProtobuf({ headers }: Answered): boolean {
  return /^application\/(x-)?protobuf\b/i.test(headers['content-type'] ?? '');
}

const whole = ({ length }: Uint8Array) => ({ start: 0, end: length });
