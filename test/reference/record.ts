/** The results of rules on a record, by the naive interpreter: its events are normalized as the product does, and the product's
 * own fields are copied from it; names of audit.k8s.io are read here. */
import { fields, fieldsOf } from '../../src/fields/index.ts';
import { readValue } from '../../src/json/read.ts';
import { type Normalized, normalize } from '../../src/normalizers/index.ts';
import type { AuditEvent } from '../../src/record.ts';
import type { Filter, Rule } from '../../src/sigma/ast.ts';
import { interpret, levelOf } from './interpret.ts';
import { type Read, type Reader, read, wordsOf } from './read.ts';

/** A rule with the exceptions that apply to it. */
export interface Live {
  rule: Rule;
  exceptions: readonly Filter[];
}

export interface Judgement {
  verdict: 'match' | 'indeterminate' | 'clear' | 'not_audit' | 'error';
  /** Those of live rules, then those of rules in shadow mode. */
  hits: { rule: string; event: number; level: string }[];
  undecided: { rule: string; reason: string; field: string; event: number }[];
  silenced: { rule: string; exception: string; event: number }[];
}

/** The tag of a record's text, without what correlations add to it. */
export function referenceTag(text: string, rules: readonly Live[], limits: { maxDepth: number }): Judgement {
  const bytes = Buffer.from(text);
  return judge(normalize(readValue(bytes, 0, bytes.length, limits), limits), rules);
}

export function judge(found: Normalized, rules: readonly Live[]): Judgement {
  const [hits, undecided, silenced]: [Judgement['hits'], Judgement['undecided'], Judgement['silenced']] = [[], [], []];
  if (found.kind === 'not_audit') return { verdict: 'not_audit', hits, undecided, silenced };
  if (found.kind === 'malformed') return { verdict: 'error', hits, undecided, silenced };
  const seen = new Set<string>();
  for (const [index, event] of found.events.entries()) {
    // It has not been answered yet.
    if (event.stage === 'RequestReceived') continue;
    const reader = readerOf(event);
    for (const { rule, exceptions } of rules) {
      const { truth, undecided: gap, silencedBy } = interpret(rule, exceptions, reader);
      if (truth === 'unknown' && rule.mode === 'live') {
        undecided.push({ rule: rule.name, reason: gap!.reason, field: gap!.field, event: index });
      }
      if (truth !== true && silencedBy === undefined) continue;
      // A record may contain an event twice.
      const request = `${rule.name} ${requestOf(event)}`;
      if (seen.has(request)) continue;
      seen.add(request);
      if (silencedBy !== undefined) silenced.push({ rule: rule.name, exception: silencedBy, event: index });
      else hits.push({ rule: rule.name, event: index, level: levelOf(rule, reader) });
    }
  }
  // The most severe first.
  const ofMode = (mode: string) =>
    ['critical', 'high', 'medium', 'low', 'informational'].flatMap((level) =>
      hits.filter(
        (hit) => hit.level === level && rules.some(({ rule }) => rule.name === hit.rule && rule.mode === mode),
      ),
    );
  const live = ofMode('live');
  const isOpen = undecided.length > 0 || found.problem !== undefined;
  const verdict = live.length > 0 ? 'match' : isOpen ? 'indeterminate' : 'clear';
  return { verdict, hits: [...live, ...ofMode('shadow')], undecided, silenced };
}

function requestOf({ cluster, auditID, user, verb, objectRef, requestURI, ...times }: AuditEvent): string {
  const { resource, subresource, namespace, name } = objectRef ?? {};
  const place = [cluster?.account, cluster?.region, cluster?.name].map((part) => part?.toLowerCase());
  const object = objectRef && [resource, subresource, namespace, name];
  const { requestReceivedTimestamp, stageTimestamp } = times;
  const time = [requestReceivedTimestamp, auditID !== '' && stageTimestamp === ''];
  return JSON.stringify([place, auditID, time, user.username, verb, object, requestURI]);
}

/** How an event is read: each name once, because rules use the same names. */
function readerOf(event: AuditEvent): Reader {
  const unified = fieldsOf(event);
  const known = new Map<string, Read>();
  const find = (name: string): Read => {
    if (isUnified(name)) return withPlaces(unified(name));
    const other = OTHER_NAMES[name];
    if (other === undefined) return rawOf(event, name);
    // What kube-apiserver omits when empty is absent.
    const { values, ...rest } = unified(other);
    return withPlaces({ ...rest, values: values.filter((value) => value !== '') });
  };
  return (name) => {
    if (!known.has(name)) known.set(name, find(name));
    return known.get(name)!;
  };
}

const withPlaces = (found: Omit<Read, 'places'> & Partial<Read>): Read => ({ places: found.values, ...found });

function isUnified(name: string): boolean {
  const [head] = name.split('.');
  return fields.has(name) || fields.get(head!)?.nested === true;
}

/** Names of audit.k8s.io that have a field. */
const OTHER_NAMES: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  'objectRef.resource': 'resource',
  'objectRef.subresource': 'subresource',
  'objectRef.namespace': 'namespace',
  'objectRef.name': 'name',
  'objectRef.apiGroup': 'apiGroup',
  'objectRef.apiVersion': 'apiVersion',
  'user.username': 'username',
  'user.uid': 'uid',
  'user.groups': 'groups',
  'impersonatedUser.username': 'impersonatedUser',
});

/** What the product adds to what was logged. */
const MADE = ['platform', 'cluster', 'action', 'outcome', 'dryRun', 'evidence', 'clientIPs', 'gaps'];

function rawOf(event: AuditEvent, name: string): Read {
  if (name === '') {
    const logged = Object.fromEntries(Object.entries(event).filter(([key]) => !MADE.includes(key)));
    const words = wordsOf(logged);
    return withGap(words, words.gap ?? Object.values(event.gaps)[0]);
  }
  const head = name.split('.')[0]!;
  if (name === 'impersonatedUser.groups' && event.impersonatedUser !== null) {
    const { groups } = event.impersonatedUser;
    return groups === null ? withPlaces(fieldsOf(event)(name)) : { ...read(event, name), places: [groups] };
  }
  const isUnlogged =
    head === 'authenticationMetadata' ? event.impersonatedUser !== null : UNLOGGED_BY_GOOGLE.includes(name);
  if (event.platform === 'gke' && isUnlogged) return { values: [], places: [], gap: 'not_logged' };
  const found = read(event, name);
  const member: unknown = Object.hasOwn(event, head) ? (event as Record<string, unknown>)[head] : undefined;
  const isMap = typeof member === 'object' && member !== null && !Array.isArray(member);
  // For an existing map, its own mark says what is missing from it.
  if (found.gap !== undefined || isMap) return found;
  return withGap(found, Object.hasOwn(event.gaps, head) ? event.gaps[head] : undefined);
}

const UNLOGGED_BY_GOOGLE = ['objectRef.uid', 'objectRef.resourceVersion'];

const withGap = (found: Read, gap: string | undefined): Read => (gap === undefined ? found : { ...found, gap });
