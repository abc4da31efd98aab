/** Reads the members of an audit.k8s.io map whatever their types, and notes which are unknown. */
import { parseJson } from '../../json/embedded.ts';
import { CUT, type CutReason, isMap, type JsonMap, member } from '../../json/map.ts';
import type { Salvaged } from '../../json/salvage.ts';
import type { AuditEvent } from '../../record.ts';

/** What may be unknown in an event: a member, or a part of one that is present. */
type Unknowable = keyof AuditEvent | 'objectRef.apiGroup';

/** Why parts of an event are unknown. */
export type Gaps = Partial<Record<Unknowable, CutReason>>;

/** The body of a request or a response. */
export type Body = JsonMap | unknown[];

/** The order in which kube-apiserver writes the members of an event. */
const ORDER = [
  'kind',
  'apiVersion',
  'level',
  'auditID',
  'stage',
  'requestURI',
  'verb',
  'user',
  'impersonatedUser',
  'authenticationMetadata',
  'sourceIPs',
  'userAgent',
  'objectRef',
  'responseStatus',
  'requestObject',
  'responseObject',
  'requestReceivedTimestamp',
  'stageTimestamp',
  'annotations',
];

/** Why a member that is not in the map, or a list that may be open at its end, is unknown; undefined if it is known to be
 * absent: in kube-apiserver's own order, everything before the last member has been passed. */
export function missingFrom(source: JsonMap, name: string): CutReason | undefined {
  const reason = source[CUT];
  const isThere = member(source, name) !== undefined;
  if (reason !== 'cut') return isThere ? undefined : reason;
  const keys = Object.keys(source);
  const last = keys.at(-1) ?? '';
  if (isThere) return name === last ? reason : undefined;
  // Sorted keys never begin with `kind`: `annotations` or `auditID` comes before it.
  return keys[0] === 'kind' && ORDER.indexOf(name) < ORDER.indexOf(last) ? undefined : reason;
}

/** Tables and some pipelines write null for what is absent. */
export function isThere(source: JsonMap, name: string): boolean {
  const value = member(source, name);
  return value !== undefined && value !== null;
}

export function noteGap(gaps: Gaps, name: Unknowable, reason: CutReason | undefined): void {
  if (reason !== undefined) gaps[name] ??= reason;
}

/** A member that may be a map or list, or the JSON text of one: table columns and some pipelines turn them into text. */
export function structured(map: JsonMap, name: string, maxDepth: number): unknown {
  return parsed(member(map, name), maxDepth).value;
}

export function parsed(value: unknown, maxDepth: number): Salvaged {
  return typeof value === 'string' && /^\s*[{[]/.test(value) ? parseJson(value, maxDepth) : { value, cut: false };
}

export function mapIn(map: JsonMap, name: string, maxDepth: number): JsonMap | undefined {
  const value = structured(map, name, maxDepth);
  return isMap(value) ? value : undefined;
}

/** A pipeline may have turned a list of one text into that text. */
export function textsOf(value: unknown): string[] | undefined {
  if (typeof value === 'string' && value !== '') return [value];
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each) => typeof each === 'string');
  return texts.length > 0 || value.length === 0 ? texts : undefined;
}

/** Gives a part the mark of the map that it was made from, or its own mark that says why it is not whole. */
export function marked<T extends object>(part: T, map: JsonMap, own?: CutReason): T {
  const reason = map[CUT] ?? own;
  return reason === undefined ? part : { ...part, [CUT]: reason };
}
