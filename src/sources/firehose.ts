/** Amazon Data Firehose with an HTTP endpoint as its destination.
 * @see https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html */
import { codecFor } from '../codecs/index.ts';
import { firehose as items } from '../codecs/items.ts';
import { json } from '../codecs/json.ts';
import { type Source, type SourceAnswer, type SourceRequest, textIn } from './source.ts';

/** Characters of an error message in an answer; 8,192 are allowed. */
const LONGEST_MESSAGE = 500;

/** Delivery counts as failed on any status but 200, and if the answer lacks the id of the request: what is refused is sent
 * again, and finally put into the bucket of the stream, whatever the status. */
export const firehose: Source = {
  name: 'firehose',
  path: '/v1/firehose',
  reply: 'none',
  codecFor: (mediaType) => (codecFor(mediaType) === json ? items : undefined),
  tokenOf: ({ headers }) => textIn(headers['x-amz-firehose-access-key']),
  accepted: (request) => answer(request, 200),
  refused: (request, { title, message }, status) =>
    answer(request, status, `${title}: ${message}`.slice(0, LONGEST_MESSAGE)),
};

function answer({ headers, now }: SourceRequest, status: number, errorMessage?: string): SourceAnswer {
  const requestId = textIn(headers['x-amz-firehose-request-id']) ?? '';
  const body = { requestId, timestamp: now, ...(errorMessage !== undefined && { errorMessage }) };
  return { status, mediaType: 'application/json', body: JSON.stringify(body) };
}
