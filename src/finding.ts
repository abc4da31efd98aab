/** Findings: what is shown of an event on which a rule matches. */
import { hash } from 'node:crypto';
import { attackOf } from './attack.ts';
import { type AuditEvent, EventSummary, type FieldValues, type Finding } from './record.ts';
import {
  type CompiledRule,
  type FieldLookup,
  levelOf,
  type Match,
  matchedFields,
  type RuleHead,
  renderSummary,
} from './sigma/index.ts';
import { unixNanoFromRfc3339 } from './time.ts';
import { shown, shownTexts } from './truncate.ts';

/** What a tag shows of its event anyway, and so need not be repeated as what matched. */
const shownOfEvent = ['action', ...Object.keys(EventSummary.properties)];

/** What all findings of a rule have in common. */
interface Presentation {
  attack: Finding['attack'];
  /** The names of the fields to show, as one text: many rules show the same. */
  contextKey: string;
  shownElsewhere: ReadonlySet<string>;
}

const presentations = new WeakMap<RuleHead, Presentation>();

function presentationOf(rule: RuleHead): Presentation {
  let presentation = presentations.get(rule);
  if (presentation === undefined) {
    presentation = {
      attack: attackOf(rule.ruleTags),
      contextKey: JSON.stringify(rule.context),
      shownElsewhere: new Set([...shownOfEvent, ...rule.context]),
    };
    presentations.set(rule, presentation);
  }
  return presentation;
}

/** What findings show of the fields of an event, each thing made once for all of them. */
export class ShownFields {
  readonly lookup: FieldLookup;
  readonly #contexts = new Map<string, FieldValues[]>();
  #workload: { workload?: string } | undefined;

  constructor(lookup: FieldLookup) {
    this.lookup = lookup;
  }

  context(names: readonly string[], key: string): FieldValues[] {
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = names.map((field) => ({ field, values: shownTexts(this.lookup(field).values) }));
      this.#contexts.set(key, context);
    }
    return context;
  }

  /** The workload that the object belongs to, where it is known. */
  get workload(): { workload?: string } {
    if (this.#workload === undefined) {
      const [workload] = this.lookup('workload').values;
      this.#workload = typeof workload === 'string' && workload !== '' ? { workload: shown(workload) } : {};
    }
    return this.#workload;
  }
}

/** Makes the findings of the rules that match an event. */
export class Findings {
  readonly #index: number;
  readonly #fields: ShownFields;
  readonly #request: string;
  readonly #time: { time?: string };

  /** @param index which event of its record it is, from 0 */
  constructor(event: AuditEvent, index: number, lookup: FieldLookup) {
    this.#index = index;
    this.#fields = new ShownFields(lookup);
    this.#request = requestOf(event);
    this.#time = timeShown(event);
  }

  /** @param matches the predicates for which the rule matches */
  of(compiled: CompiledRule, matches: readonly Match[]): Finding {
    const { rule } = compiled;
    const fields = this.#fields;
    const { lookup } = fields;
    const { shownElsewhere } = presentationOf(rule);
    const matched = matchedFields(compiled, lookup, shownElsewhere, matches);
    return {
      ...foundBy(rule, { id: findingId(rule.name, this.#request), level: levelOf(compiled, lookup), fields }),
      matched: matched.map(({ field, values }) => ({ field, values: shownTexts(values) })),
      event: this.#index,
      ...this.#time,
    };
  }
}

/** What a finding and a report have in common.
 * @param about its id and level, and the fields of the event that it shows */
export function foundBy(
  rule: RuleHead,
  { id, level, fields }: Pick<Finding, 'id' | 'level'> & { fields: ShownFields },
): Omit<Finding, 'matched' | 'event' | 'time' | 'correlation'> {
  const { name, id: ruleId, title, summary, context } = rule;
  const { attack, contextKey } = presentationOf(rule);
  return {
    id,
    rule: name,
    ...(ruleId !== undefined && { ruleId }),
    title,
    level,
    summary: renderSummary(summary, fields.lookup),
    attack,
    context: fields.context(context, contextKey),
    ...fields.workload,
  };
}

/** The member that says when an event was, as it was logged: when the request came in, for both answers of a long one; when
 * it was answered, where that is not known; none where neither is a time. */
export function timeShown({ requestReceivedTimestamp, stageTimestamp }: AuditEvent): { time?: string } {
  const time = [requestReceivedTimestamp, stageTimestamp].find((text) => unixNanoFromRfc3339(text) !== undefined);
  return time === undefined ? {} : { time };
}

/** The same for one request and rule on a retry, a replica and a replay, and for both answers of a long-running request,
 * its start and its end.
 * @param request as of requestOf */
export function findingId(rule: string, request: string): string {
  return hash('sha256', `[${JSON.stringify(rule)},${request}]`).slice(0, 32);
}

/** Tells one request from another, as a text in JSON. A client can choose the auditID (header Audit-ID) and use it twice, so
 * that is not enough: when who did what to which object counts as well. */
export function requestOf(event: AuditEvent): string {
  const { auditID, user, verb, objectRef, requestURI, requestReceivedTimestamp } = event;
  const request = auditID === '' ? [requestURI, requestReceivedTimestamp] : [auditID, millisecondOf(event)];
  const object = objectRef && [objectRef.resource, objectRef.subresource, objectRef.namespace, objectRef.name];
  return JSON.stringify(JSON.stringify([placeOf(event), request, user.username, verb, object]));
}

/** Where an event is from, in any spelling: tells clusters apart. Undefined for all those of which it is not known. */
export function placeOf({ cluster }: Pick<AuditEvent, 'cluster'>): readonly (string | undefined)[] | undefined {
  return cluster && [cluster.account, cluster.region, cluster.name].map((part) => part?.toLowerCase());
}

/** When the request came in, as exactly as tables of Azure have it. Empty on platforms that log one time (GKE, OCSF): it may
 * be that of the answer, of which a long-running request has two. */
function millisecondOf({ requestReceivedTimestamp, stageTimestamp }: AuditEvent): string {
  if (stageTimestamp === '') return '';
  const received = unixNanoFromRfc3339(requestReceivedTimestamp);
  return received === undefined ? requestReceivedTimestamp : String(received / 1_000_000n);
}
