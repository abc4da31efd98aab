/** What an answer of an OTLP receiver contains. */
import { member, textAt } from '../../json/map.ts';
import { eachField, fieldAt, int64At, LENGTH_DELIMITED, VARINT } from '../../protobuf/scan.ts';
import type { Answer } from '../request/endpoint.ts';
import { quoted } from '../request/status.ts';

type Answered = Extract<Answer, { kind: 'answered' }>;

/** Field of ExportLogsServiceResponse. */
const PARTIAL_SUCCESS = 1;
/** Fields of ExportLogsPartialSuccess. */
const REJECTED_LOG_RECORDS = 1;
const ERROR_MESSAGE = 2;
/** Field of google.rpc.Status. */
const STATUS_MESSAGE = 2;

export interface PartialSuccess {
  rejected: number;
  message: string;
}

/** How many records were rejected, and why, for a message; if none was rejected, the message is a warning. What cannot be read
 * is ignored, since its status is a success. An answer that was cut is read as far as it goes. */
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

/** Some receivers answer in JSON, whatever they are sent. */
function partialSuccessInJson(body: Buffer): PartialSuccess {
  let partial: unknown;
  try {
    partial = member(JSON.parse(body.toString()), 'partialSuccess');
  } catch {
    // It is not JSON.
  }
  const message = textAt(partial, 'errorMessage') ?? '';
  // 64 bits: usually a string in JSON.
  const count = member(partial, 'rejectedLogRecords');
  const rejected = typeof count === 'number' || typeof count === 'string' ? Math.trunc(Number(count)) || 0 : 0;
  return { rejected, message: message === '' ? '' : quoted(message) };
}

/** The text of an answer that is not a success: that of its Status, if it is one. */
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
