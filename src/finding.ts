/** Findings: what is shown of an event that a rule matches. */
import { hash } from 'node:crypto';
import { attackOf } from './attack.ts';
import type { AuditEvent, FieldValues, Finding } from './record.ts';
import {
  type CompiledRule,
  type FieldLookup,
  matchedFields,
  type RuleHead,
  type RuleMatch,
  renderSummary,
} from './sigma/index.ts';
import { EventSummary } from './tag.ts';
import { unixNanoFromRfc3339 } from './time.ts';
import { truncate, truncatedTexts } from './truncate.ts';

/** What a tag shows of its event anyway, so that `matched` need not repeat it. */
const shownOfEvent = ['action', ...Object.keys(EventSummary.properties)];

/** What all findings of a rule have in common. */
interface Presentation {
  /** The name of the rule as JSON. */
  name: string;
  attack: Finding['attack'];
  shownElsewhere: ReadonlySet<string>;
}

const presentations = new WeakMap<RuleHead, Presentation>();

function presentationOf(rule: RuleHead): Presentation {
  let presentation = presentations.get(rule);
  if (presentation === undefined) {
    presentation = {
      name: JSON.stringify(rule.name),
      attack: attackOf(rule.ruleTags),
      shownElsewhere: new Set([...shownOfEvent, ...rule.context]),
    };
    presentations.set(rule, presentation);
  }
  return presentation;
}

/** The fields of an event as findings show them, each made once for all findings. */
export class ShownFields {
  readonly lookup: FieldLookup;
  readonly #values = new Map<string, FieldValues>();

  constructor(lookup: FieldLookup) {
    this.lookup = lookup;
  }

  valuesOf(field: string): FieldValues {
    let values = this.#values.get(field);
    if (values === undefined) {
      values = { field, values: truncatedTexts(this.lookup(field).values) };
      this.#values.set(field, values);
    }
    return values;
  }

  /** The workload that the object belongs to; undefined if unknown. */
  get workload(): string | undefined {
    const [workload] = this.lookup('workload').values;
    return typeof workload === 'string' && workload !== '' ? truncate(workload) : undefined;
  }
}

/** Makes the findings of the rules that match an event. */
export class Findings {
  readonly #index: number;
  readonly #fields: ShownFields;
  readonly #request: string;
  readonly #time: string | undefined;

  /** @param index which event of its record it is, from 0 */
  constructor(event: AuditEvent, index: number, lookup: FieldLookup) {
    this.#index = index;
    this.#fields = new ShownFields(lookup);
    this.#request = requestOf(event);
    this.#time = timeShown(event).time;
  }

  of(compiled: CompiledRule, { level, predicates }: RuleMatch): Finding {
    const { rule } = compiled;
    const fields = this.#fields;
    const { shownElsewhere } = presentationOf(rule);
    const matched = matchedFields(compiled, fields.lookup, shownElsewhere, predicates);
    return {
      ...foundBy(rule, { id: findingId(rule, this.#request), level, fields }),
      matched: matched.map(({ field, values }) => ({ field, values: truncatedTexts(values) })),
      event: this.#index,
      ...(this.#time !== undefined && { time: this.#time }),
    };
  }
}

/** What a finding and a report have in common.
 * @param about the id and level, and the fields of the event that are shown */
export function foundBy(
  rule: RuleHead,
  { id, level, fields }: Pick<Finding, 'id' | 'level'> & { fields: ShownFields },
): Omit<Finding, 'matched' | 'event' | 'time' | 'correlation'> {
  const { id: ruleId, title, context } = rule;
  const summary = renderSummary(rule.summary, fields.lookup);
  const { attack } = presentationOf(rule);
  const values = context.map((field) => fields.valuesOf(field));
  const { workload } = fields;
  return {
    id,
    rule: rule.name,
    ...(ruleId !== undefined && { ruleId }),
    title,
    level,
    summary,
    attack,
    context: values,
    ...(workload !== undefined && { workload }),
  };
}

/** The member that says when an event was, as it was logged: when the request was received, for both answers of a long-running
 * one; if that is not known, when it was answered; none if neither is a time. */
export function timeShown({ requestReceivedTimestamp, stageTimestamp }: AuditEvent): { time?: string } {
  const time = [requestReceivedTimestamp, stageTimestamp].find((text) => unixNanoFromRfc3339(text) !== undefined);
  return time === undefined ? {} : { time };
}

/** The same for one request and rule on a retry, a replica and a replay, and for both answers of a long-running request,
 * its start and its end.
 * @param request from requestOf */
export function findingId(rule: RuleHead, request: string): string {
  return hash('sha256', `[${presentationOf(rule).name},${request}]`).slice(0, 32);
}

/** Identifies a request, as a JSON string. A client can choose the auditID (header Audit-ID) and use it twice, so that is not
 * enough: when who did what to which object counts as well. */
export function requestOf(event: AuditEvent): string {
  const { auditID, user, verb, objectRef, requestURI, requestReceivedTimestamp } = event;
  const request = auditID === '' ? [requestURI, requestReceivedTimestamp] : [auditID, millisecondOf(event)];
  const object = objectRef && [objectRef.resource, objectRef.subresource, objectRef.namespace, objectRef.name];
  return JSON.stringify(JSON.stringify([placeOf(event), request, user.username, verb, object]));
}

/** Where an event is from, whatever the spelling: identifies a cluster. Undefined for all events for which it is not known. */
export function placeOf({ cluster }: Pick<AuditEvent, 'cluster'>): readonly (string | undefined)[] | undefined {
  return cluster && [cluster.account, cluster.region, cluster.name].map((part) => part?.toLowerCase());
}

/** When the request was received, as precisely as Azure tables store it. Empty on platforms that log one time (GKE, OCSF): it
 * may be the time of the answer, and a long-running request has two answers. */
function millisecondOf({ requestReceivedTimestamp, stageTimestamp }: AuditEvent): string {
  if (stageTimestamp === '') return '';
  const received = unixNanoFromRfc3339(requestReceivedTimestamp);
  return received === undefined ? requestReceivedTimestamp : String(received / 1_000_000n);
}
