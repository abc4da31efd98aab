/** What an HTTP answer says of what was posted. */
import type { Answer } from './endpoint.ts';

type Answered = Extract<Answer, { kind: 'answered' }>;

export type Verdict =
  | { kind: 'taken' }
  /** It may accept it later: it is busy, or a setting of either side has to be changed. `reason` is a predicate whose subject
   * is the receiver; `pauseMilliseconds` is how long it asks not to be sent anything. */
  | { kind: 'unavailable'; reason: string; pauseMilliseconds?: number }
  /** It may accept less of it. */
  | { kind: 'too_large'; reason: string }
  /** It will never accept it as it is. */
  | { kind: 'refused'; reason: string };

/** Statuses that point to a wrong setting, and what to do. */
const fixable: Readonly<Record<number, string>> = {
  401: 'set auth to credentials that it knows',
  402: 'look at the account there',
  403: 'give these credentials the right to write there',
  404: 'set url to a path that exists',
  405: 'set url to a path that accepts POST',
  406: 'set the headers to a format that it answers in',
  407: 'a proxy in between asks for credentials, which this sink does not send',
  410: 'set url to a path that exists',
  411: 'check the proxy in between, which drops the length of a body',
  415: 'set format or compression to one that it accepts',
  421: 'set url to the name of this receiver',
  426: 'look at what it asks for',
  431: 'set fewer or shorter headers',
};

/** A login page of a proxy, or a page of a web site: its server has stored no records. */
const PAGE = /^\s*<(?:!doctype html|html)\b/i;

/** Interprets the status and, for a 2xx, whether it really is a success. */
export function verdictOf(answer: Answer): Verdict {
  if (answer.kind === 'failed') return { kind: 'unavailable', reason: answer.reason };
  const { status, headers } = answer;
  const reason = describeAnswer(answer);
  if (status >= 200 && status < 300) {
    if (!PAGE.test(answer.body.subarray(0, EXCERPT).toString('latin1'))) return { kind: 'taken' };
    return { kind: 'unavailable', reason: `${reason}, an HTML page; set url to an endpoint that accepts records` };
  }
  if (status >= 300 && status < 400) {
    // Its query may be that of the URL, which may contain a secret.
    const to = headers.location === undefined ? '' : ` to ${quoted(headers.location.split('?', 1)[0]!)}`;
    return { kind: 'unavailable', reason: `answered ${status} and redirects${to}: set url to its present address` };
  }
  const remedy = fixable[status];
  if (remedy !== undefined) return { kind: 'unavailable', reason: `${reason}; ${remedy}` };
  if (status === 413) return { kind: 'too_large', reason };
  if (status >= 400 && status < 500 && ![408, 409, 423, 425, 429].includes(status)) return { kind: 'refused', reason };
  const pauseMilliseconds = retryAfterOf(headers['retry-after']);
  return { kind: 'unavailable', reason, ...(pauseMilliseconds > 0 && { pauseMilliseconds }) };
}

/** The answer as a predicate: `answered 503: "no node is there"`. */
export function describeAnswer({ status, body }: Answered): string {
  const text = body
    .subarray(0, 4 * EXCERPT)
    .toString()
    .trim();
  return `answered ${status}${text === '' ? '' : `: ${quoted(text)}`}`;
}

const EXCERPT = 300;

/** Text from a receiver, for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text);
}

/** The milliseconds that a Retry-After asks for, as seconds or a date; 0 for anything else. */
function retryAfterOf(value: string | undefined): number {
  if (value === undefined) return 0;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
}
