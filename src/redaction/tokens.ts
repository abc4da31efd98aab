/** Finds credentials in texts. Each pattern takes time linear in the text, and is delimited by ASCII characters, so that a text
 * may be given as its UTF-8 read as Latin-1. */
import type { Span } from '../record.ts';
import { letters } from './paths.ts';

/** Members whose text is a credential: of TokenRequests and TokenReviews, of kubeconfigs, and the like. */
const KEYS = new Set(
  [
    ...['token', 'access-token', 'id-token', 'refresh-token', 'bearer-token', 'auth-token', 'session-token'],
    ...['password', 'passwd', 'client-secret', 'client-key-data', 'authorization', 'api-key', 'private-key'],
  ].map((key) => letters(key).replaceAll('-', '')),
);

export function isTokenKey(key: string): boolean {
  const name = letters(key);
  return KEYS.has(name.includes('-') ? name.replaceAll('-', '') : name);
}

const NAMES = 'token|password|passwd|client[-_]?secret|api[-_]?key|client-key-data';

/** Each with the credential as its group. */
const PATTERNS: readonly RegExp[] = [
  // Flags, environment, queries.
  new RegExp(`(?:${NAMES})(?:=|%3d)("[^"]*"|'[^']*'|[^ \\t\\r\\n&"',;#]+)`, 'dgi'),
  // YAML, as in a kubeconfig.
  new RegExp(
    `(?:^|[\\r\\n{,])[ \\t"'-]*(?:id-|access-|refresh-|bearer)?(?:${NAMES})["']?[ \\t]*:[ \\t]*("[^"\\r\\n]*"|[^ \\t\\r\\n,"}][^\\r\\n,}]*)`,
    'dgi',
  ),
  /\b(?:bearer|basic)(?:[ \t+:]|%20|%3a)+([\w.~+/=%-]*[\d=][\w.~+/=%-]*|[\w.~+/=%-]{24,})/dgi,
  // Headers, as on a command line.
  /\bx-[\w-]{0,40}(?:token|api-key)(?:[ \t]*:|%3a)(?:[ \t+]|%20)*([^ \t\r\n&"',;]+)/dgi,
  // In the protocol by which a browser passes its token.
  /base64url\.bearer\.authorization\.k8s\.io\.([\w-]+)/dgi,
  /:\/\/[^ \t\r\n/@:]+:([^ \t\r\n/@]+)@/dg,
  /(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END[A-Z0-9 ]*-----|$))/dg,
];
const FLAG = new RegExp(`^-[\\w-]*(?:${NAMES})$`, 'i');
/** Whether an argument of a command asks for a credential in the next one. */
export function asksForToken(argument: string): boolean {
  return FLAG.test(argument.slice(0, 100));
}

const RUN = /[\w.-]{24,}/g;
const PEM_IN_BASE64 = /LS0tLS1CRUdJTi[\w+/=\r\n]*/g;

/** The places of credentials in a text, in order. */
export function tokensIn(text: string): Span[] {
  const found: Span[] = [];
  for (const pattern of PATTERNS) {
    for (const { indices } of text.matchAll(pattern)) found.push({ start: indices![1]![0], end: indices![1]![1] });
  }
  for (const { 0: run, index } of text.matchAll(RUN)) {
    const start = webTokenIn(run);
    if (start !== -1) found.push({ start: index + start, end: index + run.length });
  }
  for (const { 0: data, index } of text.matchAll(PEM_IN_BASE64)) {
    const head = Buffer.from(data.slice(0, 96), 'base64').toString('latin1');
    if (head.includes('PRIVATE KEY')) found.push({ start: index, end: index + data.length });
  }
  addParameters(text, found);
  return merged(found);
}

/** Where a JSON Web Token begins in a run of its characters: three parts, the first of which is a map in base64. */
function webTokenIn(run: string): number {
  const start = run.indexOf('eyJ');
  if (start === -1) return -1;
  const dots = run.slice(start).split('.').length - 1;
  return dots >= 2 ? start : -1;
}

/** Adds values of a query that are credentials once unescaped, or follow a flag that asks for one. */
function addParameters(text: string, found: Span[]): void {
  if (!text.includes('?')) return;
  let isAsked = false;
  for (const { 1: name, indices } of text.matchAll(/[?&;]([^=&;?# \t\r\n]*)=([^&;?# \t\r\n]*)/dg)) {
    const [start, end] = indices![2]!;
    const value = plainOf(text.slice(start, end));
    if (isTokenKey(plainOf(name!)) || isAsked || isCredential(value)) found.push({ start, end });
    isAsked = asksForToken(value);
  }
}

function isCredential(value: string): boolean {
  return value !== '' && !value.includes('?') && tokensIn(value).length > 0;
}

function plainOf(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function merged(found: Span[]): Span[] {
  found.sort((a, b) => a.start - b.start);
  const spans: Span[] = [];
  for (const { start, end } of found) {
    const last = spans.at(-1);
    if (start === end) continue;
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else spans.push({ start, end });
  }
  return spans;
}
