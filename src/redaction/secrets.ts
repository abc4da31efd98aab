/** Recognizes Secrets: whether an event is about them, and which parts of their bodies are not values. */
import { letters } from './paths.ts';
import type { Member, Node } from './tree.ts';

/** How a part of an event is to be read. */
export type Part =
  /** Not part of a Secret. */
  | 'plain'
  /** A Secret, a list of them, a patch of one, or an answer to a request for one. */
  | 'body'
  | 'metadata'
  | 'annotations'
  | 'annotation'
  /** What the API server says about a request, which can quote a body. */
  | 'message'
  /** A value. */
  | 'value';

/** Members of bodies that are not values: of Secrets and references to them, patches, deletions, lists, tables and statuses.
 * All others are masked. */
const KEPT = new Set([
  ...[
    'apiVersion',
    'kind',
    '@type',
    'at_sign_type',
    'type',
    'immutable',
    'name',
    'namespace',
    'uid',
    'group',
    'version',
  ],
  ...['fieldPath', 'controller', 'blockOwnerDeletion', 'resourceVersion', 'op', 'path', 'from', 'columnDefinitions'],
  ...['status', 'reason', 'code', 'field', 'retryAfterSeconds', 'propagationPolicy', 'gracePeriodSeconds'],
  ...['orphanDependents', 'preconditions', 'dryRun', 'remainingItemCount', 'continue'],
]);
const NESTED = new Set(['items', 'object', 'rows', 'details', 'causes']);

/** What the API server says in its own words, quoting only names. */
const HARMLESS =
  /^(?:RequestReceived|ResponseStarted|ResponseComplete|Panic|secrets "[^"{}]+" (?:not found|already exists)|secrets(?: "[^"{}]+")? is forbidden: User "[^"{}]*" cannot \w+ resource "secrets" in API group ""(?: in the namespace "[\w.-]*"| at the cluster scope)?)$/;

export function isHarmlessMessage(text: string): boolean {
  return HARMLESS.test(text);
}

/** AKS writes it in place of a body. */
export const SKIPPED = 'skipped-too-big-size-object';

/** How a member of a part is read. */
export function partBelow(part: Part, { key, value }: Member, isOperation: boolean): Part {
  switch (part) {
    case 'body':
      if (key === 'value' && (isOperation || value.kind !== 'list')) return 'value';
      if (NESTED.has(key) || key === 'value') return 'body';
      if (key === 'metadata') return 'metadata';
      if (key === 'message') return 'message';
      return KEPT.has(key) ? 'plain' : 'value';
    case 'metadata':
      return key === 'annotations' ? 'annotations' : 'plain';
    case 'annotations':
      return 'annotation';
    default:
      return part;
  }
}

const BODY = /(?:request|response)object/;
/** Names of bodies in Cloud Audit Logs and OCSF; other logs have such members too. */
const BODIES = new Set(['request', 'response', 'requestjson', 'responsejson']);
const MESSAGES = new Set(['message', 'errormessage']);
const ANNOTATIONS = new Set(['annotations', 'labels']);

/** How a member of an event is read. If the event is flattened, its key also names what is below. */
export function partOfEvent(about: About, isPayload: boolean, member: Member, isOperation: boolean): Part {
  const { key } = member;
  const name = letters(key);
  if (about !== 'no' && BODY.test(name)) {
    const steps = key.replace(/^.*?(?:request|response)_?object/i, '').split(/[._/[\]]+/);
    return steps
      .filter((step) => step !== '' && !/^\d+$/.test(step))
      .reduce<Part>((part, step) => partBelow(part, { key: step, value: member.value }, false), 'body');
  }
  if (BODIES.has(name) && (about === 'yes' || (about === 'unknown' && isPayload))) return 'body';
  if (about !== 'yes') return 'plain';
  if (isOperation && key === 'value') return 'value';
  if (MESSAGES.has(name) || name === 'responsestatusmessage') return 'message';
  if (ANNOTATIONS.has(name)) return 'annotations';
  return name.startsWith('annotations') ? 'annotation' : 'plain';
}

/** Whether an event is about Secrets, as far as it can be seen. */
export type About = 'yes' | 'no' | 'unknown';

const EVIDENCE = /objectref(?:resource)?$|requesturi$|^(?:resourcename|methodname|resources|httprequest)$/;
const MENTION = /(?<![\w-])secrets(?![\w-])/i;

/** What a map says about the subject of its event; undefined if it says nothing.
 * @param textOf what a text says */
export function aboutIn(members: readonly Member[], textOf: (node: Node) => string): About | undefined {
  let about: About | undefined;
  for (const { key, value } of members) {
    const name = letters(key);
    if (name === 'protopayload' && value.kind === 'map') {
      const ofPayload = aboutIn(value.members, textOf);
      if (ofPayload === 'yes') return 'yes';
      about = ofPayload ?? about;
    }
    if (!EVIDENCE.test(name)) continue;
    const isReference = name.endsWith('objectref') && value.kind === 'map';
    const text = isReference ? resourceIn(value.members, textOf) : evidenceIn(value, textOf, 0);
    if (MENTION.test(text)) return 'yes';
    if (text !== '') about = 'no';
  }
  return about;
}

/** All texts in a value: a segment of a URI or the like counts. */
function evidenceIn(node: Node, textOf: (node: Node) => string, depth: number): string {
  if (node.kind === 'text') return textOf(node).trim();
  if (node.kind === 'opaque') return 'secrets';
  const below = node.kind === 'list' ? node.items : node.kind === 'map' ? node.members.map(({ value }) => value) : [];
  if (depth === MAX_EVIDENCE_DEPTH) return below.length === 0 ? '' : 'secrets';
  return below
    .map((one) => evidenceIn(one, textOf, depth + 1))
    .join(' ')
    .trim();
}

const MAX_EVIDENCE_DEPTH = 4;

function resourceIn(members: readonly Member[], textOf: (node: Node) => string): string {
  return members
    .filter(({ key }) => letters(key) === 'resource')
    .map(({ value }) => evidenceIn(value, textOf, 0))
    .join(' ');
}

/** Whether a map declares itself a Secret, or a list of them. */
export function isSecret(members: readonly Member[], textOf: (node: Node) => string): boolean {
  return members.some(({ key, value }) => {
    if (value.kind !== 'text') return false;
    if (key === 'kind') return /^Secret(?:List)?$/.test(textOf(value));
    return (key === '@type' || key === 'at_sign_type') && /(?:^|\.)Secret(?:List)?$/.test(textOf(value));
  });
}

/** Texts that are not valid JSON, with a Secret in them: YAML, and remains of JSON. */
export const SECRET_IN_TEXT = /kind["'\\]*[ \t]*[:=][ \t]*["'\\]*Secret/;
