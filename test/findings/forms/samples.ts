/** Findings as emitted, for forms. */
import type { FindingContext } from '../../../src/findings/context.ts';
import type { Emitted, EmittedFinding, EmittedReport } from '../../../src/findings/emitted.ts';
import type { Form } from '../../../src/findings/forms/form.ts';

export interface Sample {
  emitted: Emitted;
  context: FindingContext;
}

const from = {
  mode: 'live',
  platform: 'eks',
  cluster: 'orchid',
  fluentTag: 'kube.audit',
  receivedUnixNano: 1_800_000_000_123_456_789n,
  ruleset: 'cd90c9fcb87c',
  record: 0,
} as const;

const found = {
  id: '831162103bc8496a269172d18d454547',
  rule: 'pod-host-pid',
  ruleId: '3b8a8a1d-811a-439e-b871-7813f90cfe93',
  title: 'Pod With Host PID',
  level: 'high',
  summary: '[ann] created pod shop/web',
  attack: [{ tactic: 'TA0004', technique: 'T1611' }, { technique: 'T1552.007' }],
  context: [{ field: 'name', values: ['web'] }],
  workload: 'shop/Pod/web',
} as const satisfies Partial<EmittedFinding['finding']>;

const copied = <T>(value: T): T => structuredClone(value);

export const finding: EmittedFinding = copied({
  ...from,
  kind: 'finding',
  finding: {
    ...found,
    attack: [...found.attack],
    context: [{ field: 'name', values: ['web'] }],
    matched: [{ field: 'hostPID', values: ['true'] }],
    event: 0,
    time: '2026-01-15T10:20:30.123456Z',
  },
  evidence: 'full',
  trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
  event: {
    auditID: 'a-1',
    time: '2026-01-15T10:20:30.123456Z',
    stage: 'ResponseComplete',
    outcome: 'success',
    verb: 'create',
    resource: 'pods',
    subresource: '',
    namespace: 'shop',
    name: 'web',
    username: 'ann',
    impersonatedUser: 'system:serviceaccount:shop:robot',
    sourceIPs: ['198.51.100.9'],
    userAgent: 'kubectl/v1.33.1',
    requestURI: '/api/v1/namespaces/shop/pods?dryRun=All',
    responseStatus: { code: 201 },
  },
} satisfies EmittedFinding);

export const report: EmittedReport = copied({
  ...from,
  kind: 'report',
  finding: {
    ...found,
    rule: 'secret-sweep',
    attack: [],
    context: [],
    time: '2026-01-15T11:00:00Z',
    correlation: {
      type: 'event_count',
      group: [{ field: 'username', values: ['eve'] }],
      from: '2026-01-15T10:00:00Z',
      to: '2026-01-15T11:00:00Z',
      value: 12,
      events: ['a-1', 'a-2'],
    },
  },
} satisfies EmittedReport);

/** Values chosen by a sender that are markup, invalid UTF-16, not an address, or as long as a tag allows. */
const odd = '<script>alert(1)</script>"\u0000\ud800';
export const hostile: EmittedFinding = {
  ...finding,
  platform: undefined,
  cluster: odd,
  trace: undefined,
  finding: {
    ...finding.finding,
    summary: odd,
    context: [{ field: odd, values: [odd, '', 'x'.repeat(8000)] }],
    time: 'never',
  },
  event: {
    ...finding.event,
    ...{ username: odd, impersonatedUser: null, verb: odd, auditID: '', name: '', namespace: '', userAgent: '' },
    ...{ sourceIPs: [odd, '::1', 'fe80::1%eth0', '1'], requestURI: '', responseStatus: null, outcome: 'forbidden' },
  },
};
/** The context of a record that cannot be read. */
export const bare: EmittedFinding = { ...hostile, event: undefined, evidence: undefined, fluentTag: undefined };

export const context: FindingContext = {
  rule: undefined,
  novelty: { times: 0, since: null },
  owner: { name: 'shop team', contact: '#shop', runbook: 'https://runbooks.example.com/shop' },
};

export const samples: Record<string, Sample> = Object.fromEntries(
  Object.entries({ finding, report, hostile, bare }).map(([name, emitted]) => [name, { emitted, context }]),
);

/** The row as a receiver decodes it. */
export function rowOf(form: Form, { emitted, context }: Sample): any {
  return JSON.parse(JSON.stringify(form.of(emitted, context)));
}
