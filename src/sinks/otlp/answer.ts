/** What an answer of a receiver of OTLP holds. */
import { eachField, int64At, LENGTH_DELIMITED, VARINT } from '../../protobuf/scan.ts';
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

/** How many records were rejected, and why, for a message; with none rejected the message is a warning. What cannot be read says
 * nothing: its status is a success. */
export function partialSuccessIn(answer: Answered): { rejected: number; message: string } {
  const found = { rejected: 0, message: '' };
  if (!isProtobuf(answer)) return found;
  eachField(answer.body, whole(answer.body), (partial) => {
    if (partial.number !== PARTIAL_SUCCESS || partial.wireType !== LENGTH_DELIMITED) return;
    const { valueStart: start, end } = partial;
    eachField(answer.body, { start, end }, ({ number, wireType, valueStart, end }) => {
      if (number === REJECTED_LOG_RECORDS && wireType === VARINT)
        found.rejected = Number(int64At(answer.body, valueStart, end));
      if (number === ERROR_MESSAGE && wireType === LENGTH_DELIMITED)
        found.message = quoted(answer.body.toString('utf8', valueStart, end));
    });
  });
  return found;
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
