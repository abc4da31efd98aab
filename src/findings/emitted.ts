/** A finding or report apart from its record: what alerts, other formats of findings and the console show of it. */
import { tagOf } from '../batch/tag-of.ts';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { at, isMap } from '../json/map.ts';
import type { AuditEvent, Evidence, Finding, Platform, Report } from '../record.ts';
import type { EventSummary, Tag } from '../tag.ts';
import { summarize } from '../tagger.ts';

export type Emitted = EmittedFinding | EmittedReport;

interface FromRecord {
  /** Whether it raises a verdict, or is of a rule in shadow mode. */
  mode: 'live' | 'shadow';
  platform: Platform | undefined;
  /** Name of the cluster, if known. */
  cluster: string | undefined;
  fluentTag: string | undefined;
  receivedUnixNano: bigint;
  /** Hash of the rules that were live. */
  ruleset: string | undefined;
  /** The record that contains it, by its index in the batch. */
  record: number;
  /** As in the tag. */
  trace?: Tag['trace'];
}

export interface EmittedFinding extends FromRecord {
  kind: 'finding';
  finding: Finding;
  evidence: Evidence | undefined;
  /** The event that it is about; undefined if the record cannot be read again. */
  event: EventSummary | undefined;
  /** Labels of the object as it was stored, or else as in the request; absent if the record has none. */
  labels?: Readonly<Record<string, string>>;
}

/** About events of other records: of the record that it is on, only the cluster applies to it. */
export interface EmittedReport extends FromRecord {
  kind: 'report';
  finding: Report;
}

/** The findings and reports that the tag of a record lists, live ones first; none for a group marker.
 * @param eventsOf the events of a record of the batch, by its index; called only for records with findings */
export function emittedOf(
  batch: TaggedBatch,
  index: number,
  eventsOf: (index: number) => readonly AuditEvent[],
): Emitted[] {
  const tag = tagOf(batch, index);
  if (tag === undefined) return [];
  const { findings = [], reports = [], shadow = [], shadowReports = [], platform, cluster, evidence } = tag;
  if (findings.length + reports.length + shadow.length + shadowReports.length === 0) return [];
  const { fluentTag, receivedUnixNano } = batch;
  const { ruleset, trace } = tag;
  const from = { platform, cluster, fluentTag, receivedUnixNano, ruleset, record: index, trace };
  const events = findings.length + shadow.length === 0 ? [] : eventsOf(index);
  const ofFinding =
    (mode: FromRecord['mode']) =>
    (finding: Finding): EmittedFinding => {
      const event = events[finding.event];
      return {
        ...{ kind: 'finding', mode, finding, ...from },
        evidence: event?.evidence ?? evidence,
        // A record that cannot be read again still has the event that its tag shows.
        event: event ? summarize(event) : tag.event,
        ...(event && labelsOf(event)),
      };
    };
  const ofReport =
    (mode: FromRecord['mode']) =>
    (finding: Report): EmittedReport => {
      return { kind: 'report', mode, finding, ...from };
    };
  return [
    ...findings.map(ofFinding('live')),
    ...reports.map(ofReport('live')),
    ...shadow.map(ofFinding('shadow')),
    ...shadowReports.map(ofReport('shadow')),
  ];
}

function labelsOf({ responseObject, requestObject }: AuditEvent): Pick<EmittedFinding, 'labels'> {
  const labels = at(responseObject, 'metadata', 'labels') ?? at(requestObject, 'metadata', 'labels');
  if (!isMap(labels)) return {};
  const texts = Object.entries(labels).filter((label): label is [string, string] => typeof label[1] === 'string');
  return { labels: Object.fromEntries(texts) };
}
