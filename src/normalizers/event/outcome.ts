/** What became of a request. */
import { isAnswered } from '../../audit/request.ts';
import { CUT, type JsonMap, member, textAt } from '../../json/map.ts';
import { numberOf } from '../../json/typed.ts';
import type { Outcome, ResponseStatus } from '../../record.ts';
import { type Gaps, isThere, marked, noteGap } from './members.ts';

export function statusOf(map: JsonMap | undefined): ResponseStatus | undefined {
  if (map === undefined) return undefined;
  const code = httpCode(member(map, 'code'));
  const status = textAt(map, 'status');
  const reason = textAt(map, 'reason');
  const message = textAt(map, 'message');
  const details = member(map, 'details');
  const metadata = member(map, 'metadata');
  const read: ResponseStatus = {
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(details !== undefined && { details }),
    ...(metadata !== undefined && { metadata }),
  };
  return marked(read, map, code === undefined && isThere(map, 'code') ? 'missing' : undefined);
}

/** The HTTP status that google.rpc.Code gives for each gRPC status. */
const HTTP_OF_GRPC: Readonly<Record<number, number>> = {
  1: 499,
  2: 500,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 503,
  15: 500,
  16: 401,
};

function httpCode(value: unknown): number | undefined {
  const code = numberOf(value);
  if (code === undefined || !Number.isInteger(code)) return undefined;
  return code >= 100 && code <= 599 ? code : HTTP_OF_GRPC[code];
}

/** Words of a message that say who refused a request; clients can choose other words in it. */
function refusalIn(message: string): { isEmpty: boolean; byAdmission: boolean; byAuthorizer: boolean } {
  return {
    isEmpty: message === '',
    byAdmission: message.includes('denied the request'),
    byAuthorizer: /(?:^| is )forbidden: User /.test(message),
  };
}

/** Everything in a status that an outcome depends on: two statuses that agree in it have the same outcome. */
export function decisiveIn(status: ResponseStatus | null): readonly unknown[] {
  const { code, status: word, message = '' } = status ?? {};
  return [code ?? null, word ?? null, Object.values(refusalIn(message))];
}

/** @param isRead whether the request only reads, so that admission has no say in it */
export function outcomeOf(
  stage: string,
  status: ResponseStatus | null,
  annotations: Readonly<Record<string, string>>,
  isRead: boolean,
  gaps: Gaps,
): Outcome {
  if (!isAnswered(stage)) return 'none';
  if (stage === 'Panic') return 'error';
  const { code, message = '' } = status ?? {};
  const decision = annotations['authorization.k8s.io/decision'];
  if (code === undefined) {
    if (status?.status === 'Failure') return 'error';
    if (decision === 'forbid') return 'forbidden';
    const unknown = gaps.stage ?? gaps.responseStatus ?? (status as JsonMap | null)?.[CUT];
    noteGap(gaps, 'outcome', unknown);
    return unknown === undefined ? 'success' : 'none';
  }
  if (code < 400) return 'success';
  if (code === 401) return 'unauthenticated';
  // A client can provoke this with ?timeout=1ms, and still get its object.
  if (code === 504) noteGap(gaps, 'outcome', 'timed_out');
  // Checked first, as the message has words that a client can choose: the path, or the name of the object.
  if (code === 403 && decision === 'forbid') return 'forbidden';
  // `allow` is only the authorizer's decision: a webhook, a quota or PodSecurity may still have refused.
  const refusal = refusalIn(message);
  if (refusal.byAdmission) return 'admission_denied';
  if (code === 409) return 'conflict';
  if (code === 403) {
    const refusedByAuthorizer = decision === undefined && (isRead || refusal.isEmpty || refusal.byAuthorizer);
    return refusedByAuthorizer ? 'forbidden' : 'admission_denied';
  }
  return code === 400 || code === 422 ? 'admission_denied' : 'error';
}
