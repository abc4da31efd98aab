/** What a person needs to know about a finding, or about a source that falls silent, whichever receiver it goes to. */
import { hash } from 'node:crypto';
import type { FindingContext } from '../../findings/context.ts';
import type { Emitted } from '../../findings/emitted.ts';
import { finding as ownForm } from '../../findings/forms/finding.ts';
import { receivedOf } from '../../findings/forms/row.ts';
import type { FieldValues, Level } from '../../record.ts';
import { printable } from '../../sigma/rule-problem.ts';
import { describeSource, REMEDY, type Silence } from '../../silence/index.ts';
import { truncateText } from '../../truncate.ts';
import { underPath } from '../request/settings.ts';

/** Texts are bounded and well-formed, on one line, without characters that are invisible or reorder others; unknown ones are
 * empty. Names in them are chosen by whoever sent the request, and may contain markup of any kind. */
export interface Message {
  kind: 'finding' | 'report' | 'more' | 'silent' | 'heard';
  /** The same for all messages about the same thing; letters and digits. */
  id: string;
  level: Level;
  /** Name of the rule, or a name in its place. */
  rule: string;
  title: string;
  summary: string;
  description: string;
  /** RFC 3339. */
  time: string;
  cluster: string;
  platform: string;
  namespace: string;
  /** `pods/exec` */
  resource: string;
  name: string;
  workload: string;
  user: string;
  /** Whom the user acted as. */
  impersonated: string;
  sourceIP: string;
  fluentTag: string;
  /** Ids of ATT&CK techniques. */
  attack: readonly string[];
  owner: string;
  contact: string;
  /** How often the rule matched the same identity before, in words. */
  seen: string;
  /** URLs of the operator's own. */
  runbook: string;
  link: string;
  /** Everything that is known, for machines. */
  data: unknown;
}

const NAME = 256;
const SENTENCE = 1000;
const PARAGRAPH = 2000;

const shown = (text: string | undefined | null, length = NAME) => truncateText(printable(text ?? ''), length);
const paragraph = (text: string | undefined) => shown(text?.replace(/\s+/g, ' ').trim(), PARAGRAPH);

const nothing = {
  ...{ cluster: '', platform: '', namespace: '', resource: '', name: '', workload: '', user: '', impersonated: '' },
  ...{ sourceIP: '', fluentTag: '', attack: [], owner: '', contact: '', seen: '', runbook: '', link: '' },
};

export function messageOf(emitted: Emitted, context: FindingContext, consoleUrl: string | undefined): Message {
  const { kind, finding, platform, cluster, fluentTag } = emitted;
  const { rule, owner, novelty } = context;
  const event = emitted.kind === 'finding' ? emitted.event : undefined;
  const link = consoleUrl === undefined ? '' : underPath(consoleUrl, `findings/${encodeURIComponent(finding.id)}`);
  return {
    kind,
    id: shown(finding.id),
    level: finding.level,
    rule: shown(finding.rule),
    title: shown(finding.title),
    summary: shown(finding.summary, SENTENCE),
    description: paragraph(rule?.description),
    time: finding.time ?? receivedOf(emitted),
    cluster: shown(cluster),
    platform: platform ?? '',
    namespace: shown(event?.namespace),
    resource: shown([event?.resource, event?.subresource].filter(Boolean).join('/')),
    name: shown(event?.name),
    workload: shown(finding.workload),
    user: shown(event === undefined ? sharedBy(finding.correlation?.group) : event.username),
    impersonated: shown(event?.impersonatedUser),
    sourceIP: shown(event?.sourceIPs?.join(', ')),
    fluentTag: shown(fluentTag),
    attack: finding.attack.map(({ technique }) => shown(technique)),
    owner: shown(owner?.name),
    contact: shown(owner?.contact),
    seen: novelty === undefined ? '' : seenBefore(novelty.times, novelty.since),
    runbook: webAddress(owner?.runbook),
    link,
    data: { ...ownForm.of(emitted, context), ...(rule && { about: aboutOf(rule) }), ...(link !== '' && { link }) },
  };
}

/** For a report, the values that its events share show who it is about. */
function sharedBy(group: readonly FieldValues[] = []): string | undefined {
  return group.find(({ field }) => field === 'username' || field === 'user.username')?.values[0];
}

function seenBefore(times: number, since: string | null): string {
  // Earlier matches may have been forgotten.
  if (times === 0) return since === null ? 'the first known' : `not before, as far as is known since ${since}`;
  return `${times} ${times === 1 ? 'time' : 'times'} before${since === null ? '' : `, since ${since}`}`;
}

/** What the rule says about its findings. */
function aboutOf({ description, falsepositives, references }: NonNullable<FindingContext['rule']>) {
  return { description, falsepositives, references };
}

/** An http or https URL, without characters that end a link in the markup of chats; empty for anything else. */
function webAddress(text: string | undefined): string {
  const url = URL.parse(text ?? '');
  if (url === null || !/^https?:$/.test(url.protocol)) return '';
  return shown(
    url.href.replace(/[<>|()[\]]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`),
    PARAGRAPH,
  );
}

/** Findings that do not have messages of their own. */
export interface More {
  count: number;
  /** Counts by the name of the rule. */
  rules: ReadonlyMap<string, number>;
  level: Level;
  /** Milliseconds of Unix time of the first. */
  from: number;
}

const NAMED_RULES = 5;

export function messageOfMore({ count, rules, level, from }: More, consoleUrl: string | undefined): Message {
  const most = [...rules].sort(([, a], [, b]) => b - a);
  const named = most.slice(0, NAMED_RULES).map(([rule, times]) => `${rule} (${times})`);
  const others = most.length > NAMED_RULES ? ` and ${most.length - NAMED_RULES} other rules` : '';
  const time = new Date(from).toISOString();
  return {
    ...nothing,
    kind: 'more',
    id: `more${from}`,
    level,
    rule: 'more-findings',
    title: `And ${count} more ${count === 1 ? 'finding' : 'findings'}`,
    summary: shown(
      `Since ${time} there have been more findings than messages may be sent: ${named.join(', ')}${others}`,
      SENTENCE,
    ),
    description: '',
    time,
    link: consoleUrl === undefined ? '' : underPath(consoleUrl, 'findings'),
    data: { count, level, rules: Object.fromEntries(most), from: time },
  };
}

export function messageOfSilence(silence: Silence, isOver: boolean): Message {
  const { fluentTag, platform, cluster, since } = silence;
  const time = since.toISOString();
  const source = shown(describeSource(silence), SENTENCE);
  const said = isOver ? 'sends audit records again' : `has sent no audit record since ${time}`;
  return {
    ...nothing,
    kind: isOver ? 'heard' : 'silent',
    id: hash('sha256', JSON.stringify([fluentTag, platform, cluster])).slice(0, 32),
    level: 'critical',
    rule: 'source-silent',
    title: isOver ? 'A source of audit records is back' : 'A source of audit records has fallen silent',
    summary: `${source} ${said}`,
    description: isOver ? '' : REMEDY,
    time,
    cluster: shown(cluster),
    platform,
    fluentTag: shown(fluentTag),
    data: { fluentTag, platform, cluster, since: time },
  };
}
