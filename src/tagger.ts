/** The result for a record: verdict and findings as the tag that is spliced into it. */
import type { Detection } from './detect.ts';
import { timeShown } from './finding.ts';
import { type AuditEvent, type Level, levels, type ResponseStatus } from './record.ts';
import type { EventSummary, StatusSummary, Tag } from './tag.ts';
import { truncate } from './truncate.ts';

/** The most findings that a tag lists, highest levels first, and the most items in each other list: a record can hold 100,000
 * events. */
const MAX_LISTED = 1000;

/** The most clusters of a platform whose clear records share a tag. */
const MAX_SHARED = 1000;
const LONGEST_SHARED_NAME = 256;

export interface TagOptions {
  /** Hash of the live rules. */
  ruleset: string;
  /** Members of `event` for a clear record; others get all of them. */
  clearEventFields: readonly (keyof EventSummary)[];
}

/** What is known about a record that holds events. */
type Audited = Extract<Detection, { events: unknown }>;

/** Gives a record its tag. */
export type Tagger = (detection: Detection) => Tag;

/** The tagger of the live rules: the tags that records share are made once, until the rules change. */
export function openTagger(options: Omit<TagOptions, 'ruleset'>): (ruleset: string) => Tagger {
  let live: { ruleset: string; tagger: Tagger } | undefined;
  return (ruleset) => {
    if (live?.ruleset !== ruleset) live = { ruleset, tagger: tagger({ ...options, ruleset }) };
    return live.tagger;
  };
}

const notAudit: Tag = { v: 2, verdict: 'not_audit' };

/** Makes tags. Clear records of a cluster share one tag object, which codecs encode once. */
export function tagger({ ruleset, clearEventFields }: TagOptions): Tagger {
  /** Clear tags by platform and cluster, if the tag says no more than that. */
  const shared = new Map<AuditEvent['platform'], Map<string | undefined, Tag>>();
  /** For a tag that records may share, the same tag for records whose state was local. */
  const ofLocal = new WeakMap<Tag, Tag>();

  return (detection) => {
    const tag = tagOf(detection);
    return 'state' in detection ? stateShown(tag, detection) : tag;
  };

  function stateShown(tag: Tag, { state }: Audited): Tag {
    let shown = ofLocal.get(tag);
    if (shown === undefined) ofLocal.set(tag, (shown = { ...tag, state }));
    return shown;
  }

  function tagOf(detection: Detection): Tag {
    switch (detection.verdict) {
      case 'not_audit':
        return notAudit;
      case 'error': {
        const { code, message } = detection.problem;
        return { v: 2, verdict: 'error', problem: { code, message }, ruleset };
      }
      case 'clear':
        return detection.shadow.length > 0 || detection.silenced.length > 0 ? whole(detection) : clear(detection);
      case 'indeterminate':
      case 'match':
        return whole(detection);
    }
  }

  function clear(detection: Audited): Tag {
    const { event, reports, shadowReports } = detection;
    if (clearEventFields.length > 0 || reports.length > 0 || shadowReports.length > 0) return clearTag(detection);
    const name = event.cluster?.name;
    let ofPlatform = shared.get(event.platform);
    if (ofPlatform === undefined) shared.set(event.platform, (ofPlatform = new Map()));
    let tag = ofPlatform.get(name);
    if (tag === undefined) {
      tag = clearTag(detection);
      // The names of clusters come from the log, so their number has no bound.
      if (ofPlatform.size === MAX_SHARED) ofPlatform.clear();
      if (name === undefined || name.length <= LONGEST_SHARED_NAME) ofPlatform.set(name, tag);
    }
    return tag;
  }

  function clearTag(detection: Audited): Tag {
    const { event, reports, shadowReports, unlisted } = detection;
    return {
      v: 2,
      verdict: 'clear',
      ...route(detection),
      ...place(event),
      ...(clearEventFields.length > 0 && { event: chosen(summarize(event)) }),
      ...reported(detection),
      ...omission([reports, shadowReports], unlisted),
      ruleset,
    };
  }

  function chosen(summary: EventSummary): EventSummary {
    return Object.fromEntries(
      clearEventFields.filter((field) => summary[field] !== undefined).map((field) => [field, summary[field]]),
    );
  }

  function whole(detection: Audited): Tag {
    const { verdict, findings, undecided, shadow, reports, shadowReports, silenced, event, problem } = detection;
    const { unlisted } = detection;
    return {
      v: 2,
      verdict,
      ...(findings.length > 0 && {
        level: highestOf(findings),
        rules: unique(findings.map(({ rule }) => rule)),
        attack: unique(findings.flatMap(({ attack }) => attack.map(({ technique }) => technique))),
      }),
      ...route(detection),
      ...place(event),
      evidence: event.evidence,
      event: summarize(event),
      ...(unlisted === undefined && {
        ...(findings.length > 0 && { findings: findings.slice(0, MAX_LISTED) }),
        ...reported(detection),
        ...(undecided.length > 0 && { undecided: undecided.slice(0, MAX_LISTED) }),
        ...(shadow.length > 0 && { shadow: shadow.slice(0, MAX_LISTED) }),
        ...(silenced.length > 0 && { silenced: silenced.slice(0, MAX_LISTED) }),
      }),
      ...omission([findings, undecided, shadow, reports, shadowReports, silenced], unlisted),
      ...(problem && { problem: { code: problem.code, message: problem.message } }),
      ruleset,
    };
  }
}

function route({ findings, reports }: Audited): Pick<Tag, 'routeLevel'> {
  const found = [...findings, ...reports];
  return found.length === 0 ? {} : { routeLevel: highestOf(found) };
}

function reported({ reports, shadowReports, unlisted }: Audited): Pick<Tag, 'reports' | 'shadowReports'> {
  if (unlisted !== undefined) return {};
  return {
    ...(reports.length > 0 && { reports: reports.slice(0, MAX_LISTED) }),
    ...(shadowReports.length > 0 && { shadowReports: shadowReports.slice(0, MAX_LISTED) }),
  };
}

function omission(lists: readonly (readonly unknown[])[], unlisted: number | undefined): Pick<Tag, 'omitted'> {
  const omitted = unlisted ?? lists.reduce((sum, { length }) => sum + Math.max(0, length - MAX_LISTED), 0);
  return omitted === 0 ? {} : { omitted };
}

function highestOf(found: readonly { level: Level }[]): Level {
  return levels[found.reduce((highest, one) => Math.max(highest, levels.indexOf(one.level)), 0)]!;
}

function place({ platform, cluster }: AuditEvent): Pick<Tag, 'platform' | 'cluster'> {
  return cluster === undefined ? { platform } : { platform, cluster: truncate(cluster.name) };
}

/** What a tag shows of an event. */
export function summarize(event: AuditEvent): Required<Omit<EventSummary, 'time'>> & Pick<EventSummary, 'time'> {
  return {
    auditID: truncate(event.auditID),
    ...timeShown(event),
    stage: event.stage,
    outcome: event.outcome,
    verb: truncate(event.verb),
    resource: truncate(event.objectRef?.resource ?? ''),
    subresource: truncate(event.objectRef?.subresource ?? ''),
    namespace: truncate(event.objectRef?.namespace ?? ''),
    name: truncate(event.objectRef?.name ?? ''),
    username: truncate(event.user.username),
    impersonatedUser: truncate(event.impersonatedUser?.username ?? null),
    sourceIPs: truncate(event.sourceIPs),
    userAgent: truncate(event.userAgent),
    requestURI: truncate(event.requestURI),
    responseStatus: event.responseStatus && truncate(statusShown(event.responseStatus)),
  };
}

function statusShown({ details, metadata, ...shown }: ResponseStatus): StatusSummary {
  return shown;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
