import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { conclude, detect, evaluateRecord, evaluateSteps, Ruleset } from '../src/detect.ts';
import { normalize } from '../src/normalizers/index.ts';
import type { Level } from '../src/record.ts';
import { compileFilter, compileRule, parseRule, parseRules } from '../src/sigma/index.ts';
import { podEvent } from './server/app.ts';

function ruleset(...texts: string[]): Ruleset {
  const rules = texts.map((text, index) => {
    const { rule, problems } = parseRule(text, `rule-${index}.yml`);
    expect(problems).toEqual([]);
    return compileRule(rule!);
  });
  return new Ruleset(rules, [], 'abc');
}

const hostPid = `
title: Host PID
name: host-pid
level: high
tags: [attack.privilege-escalation, attack.t1611, attack.execution, attack.t1610]
logsource: { product: kubernetes, service: audit }
detection: { pod: { hostPID: true }, condition: pod }
tripline: { summary: '[{username}] took the PID namespace with {name}', context: [sourceIPs, groups, uid] }
`;
const anyPod = `
title: A pod
name: any-pod
level: low
logsource: { product: kubernetes, service: audit }
detection: { pod: { resource: pods }, condition: pod }
`;

test('events whose evaluations are known share their hits, and nothing else', () => {
  const set = ruleset(anyPod);
  const { rules } = set;
  const [one, other] = ['a', 'b'].map((auditID) => (normalize(podEvent({ auditID })) as any).events[0]);
  const steps = [{ rule: rules[0]!, evaluation: { truth: true }, match: { level: 'low', predicates: [] } }] as const;
  const [first, second] = [one, other].map((event) => evaluateSteps(event, steps, set) as any);
  expect(second.hits).toBe(first.hits);
  expect(first.hits).toMatchObject([{ event: 0, match: steps[0].match }]);
  expect([first, second].map(({ lookups }) => lookups.of(0)('auditID').values[0])).toEqual([
    one.auditID,
    other.auditID,
  ]);
  expect(second.events).toEqual([other]);
  const open = [{ rule: rules[0]! }];
  expect((evaluateSteps(one, open, set) as any).hits).not.toBe((evaluateSteps(one, open, set) as any).hits);
});

function detectIn(record: unknown, rules = ruleset(hostPid, anyPod)) {
  return detect(normalize(record), rules) as any;
}

test('records without findings share their empty lists', () => {
  const lists = ({ findings, undecided, shadow, reports, shadowReports }: any) => [
    findings,
    undecided,
    shadow,
    reports,
    shadowReports,
  ];
  const onHostPid = ruleset(hostPid);
  const [first, second] = ['a-1', 'a-2'].map((auditID) => detectIn(podEvent({ hostPID: false, auditID }), onHostPid));
  expect([first.verdict, lists(first)]).toEqual(['clear', [[], [], [], [], []]]);
  for (const [index, list] of lists(second).entries()) expect(list).toBe(lists(first)[index]);
  // A hit that only counts for a correlation creates none either.
  const evaluated = evaluateRecord(normalize(podEvent()), onHostPid);
  const withheld = conclude(evaluated, { raised: [], reported: [], withheld: new Map([['host-pid', ['many']]]) });
  for (const [index, list] of lists(withheld).entries()) expect(list).toBe(lists(first)[index]);
});

describe('a finding', () => {
  test('says what, how bad and by which fields', () => {
    const { verdict, findings } = detectIn(podEvent());
    expect(verdict).toBe('match');
    expect(findings).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        rule: 'host-pid',
        title: 'Host PID',
        level: 'high',
        summary: '[ann] took the PID namespace with web',
        attack: [
          { tactic: 'TA0004', technique: 'T1611' },
          { tactic: 'TA0002', technique: 'T1610' },
        ],
        matched: [{ field: 'hostPID', values: ['true'] }],
        context: [
          { field: 'sourceIPs', values: ['198.51.100.9'] },
          { field: 'groups', values: ['dev'] },
          { field: 'uid', values: [] },
        ],
        event: 0,
        time: '2026-01-02T03:04:05.000001Z',
        workload: 'shop/Pod/web',
      },
      expect.objectContaining({ rule: 'any-pod', level: 'low' }),
    ]);
  });

  const idOf = (record: unknown) => detectIn(record).findings[0].id;
  const fixture = (name: string) =>
    JSON.parse(readFileSync(`${import.meta.dirname}/fixtures/normalizers/${name}.input.json`, 'utf8'));
  const idOfFixture = (name: string) => detectIn(fixture(name), ruleset(hostPid)).findings[0].id;

  test('has the same id on a retry and in another wrapper', () => {
    expect(idOf(podEvent())).toBe(idOf({ log: `${JSON.stringify(podEvent())}\n`, stream: 'stdout' }));
  });

  test('has the same id at the start and the end of a long-running request', () => {
    expect(idOf({ ...podEvent(), stage: 'ResponseStarted' })).toBe(idOf(podEvent()));
  });

  test('has another id for another request, rule or cluster', () => {
    const cluster = { ...podEvent(), cluster_name: 'other' };
    const ids = [
      idOf(podEvent()),
      idOf(podEvent({ auditID: 'a-2' })),
      idOf(cluster),
      detectIn(podEvent()).findings[1].id,
    ];
    expect(new Set(ids).size).toBe(4);
  });

  test('has another id for another act under one auditID, which a client can choose', () => {
    const { objectRef, ...event } = podEvent() as any;
    const acts = [
      { ...event, objectRef },
      { ...event, objectRef: { ...objectRef, name: 'other' } },
      { ...event, objectRef: { ...objectRef, namespace: 'other' } },
      { ...event, objectRef, user: { username: 'bob' } },
    ];
    expect(new Set(acts.map(idOf)).size).toBe(4);
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: acts };
    expect(detectIn(list, ruleset(hostPid)).findings).toHaveLength(4);
  });

  test('has the same id in every wrapper that names the same cluster, and in both categories of AKS', () => {
    const pod = 'kubernetes/pod-create';
    const wrappers = [
      'kubernetes/event-list',
      'kubernetes/level-overwritten',
      'envelopes/tail-without-parser',
      'envelopes/cri',
    ];
    expect(new Set([pod, ...wrappers].map(idOfFixture)).size).toBe(1);
    const eks = [
      'subscription',
      'lambda',
      'kinesis-record',
      'firehose-decompressed',
      'insights-row',
      'insights-result',
    ];
    expect(new Set(eks.map((name) => idOfFixture(`eks/${name}`))).size).toBe(1);
    const aks = [
      'diagnostic-record',
      'log-as-object',
      'records-in-both-categories',
      'azure-diagnostics',
      'aks-audit-table',
    ];
    expect(new Set(aks.map((name) => idOfFixture(`aks/${name}`))).size).toBe(1);
    const gke = ['pod-create', 'pubsub-push', 'eventarc', 'split', 'strings-for-booleans'];
    expect(new Set(gke.map((name) => idOfFixture(`gke/${name}`))).size).toBe(1);
    expect(new Set([pod, 'eks/lambda', 'aks/aks-audit-table', 'gke/pod-create'].map(idOfFixture)).size).toBe(4);
  });

  test('has the same id at the first and the last entry of a GKE operation', () => {
    const [first, last] = ['gke/exec-first', 'gke/exec-last'].map((name) => detectIn(fixture(name), ruleset(anyPod)));
    expect([first.event.stage, last.event.stage]).toEqual(['ResponseStarted', 'ResponseComplete']);
    expect(first.findings[0].id).toBe(last.findings[0].id);
    // Its time may be that of the answer.
    const later = { ...fixture('gke/exec-last'), timestamp: '2026-01-02T03:05:00Z' };
    expect(detectIn(later, ruleset(anyPod)).findings[0].id).toBe(first.findings[0].id);
  });

  test('has another id for the same act at another time under one auditID', () => {
    const at = (time: string) => ({ ...podEvent(), requestReceivedTimestamp: time });
    expect(idOf(at('2026-01-02T03:04:05.001Z'))).not.toBe(idOf(at('2026-01-02T03:04:05.002Z')));
    // Other zones and fewer digits denote the same time.
    expect(idOf(at('2026-01-02T04:04:05.001+01:00'))).toBe(idOf(at('2026-01-02T03:04:05.001999Z')));
  });

  test.each<[string, Record<string, unknown>]>([
    ['at another time', { requestReceivedTimestamp: '2026-01-02T03:04:05.000002Z' }],
    ['with another query', { requestURI: '/api/v1/namespaces/shop/pods?fieldManager=kubectl' }],
  ])('of a request that reuses an auditID within a record is another: %s', (_, other) => {
    const items = [podEvent(), { ...podEvent(), ...other }, podEvent()];
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items };
    expect(detectIn(list, ruleset(hostPid)).findings.map(({ event }: any) => event)).toEqual([0, 1]);
  });

  test('is raised once for both answers to a request within a record', () => {
    const start = { ...podEvent(), stage: 'ResponseStarted', stageTimestamp: '2026-01-02T03:04:05.5Z' };
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [start, podEvent()] };
    expect(detectIn(list, ruleset(hostPid)).findings).toHaveLength(1);
  });

  test('is raised once for a record in both categories of AKS', () => {
    const found = detectIn(fixture('aks/records-in-both-categories'), ruleset(hostPid));
    expect([found.events.length, found.findings.length]).toEqual([2, 1]);
  });

  test('is raised once for an event that is in a record twice', () => {
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [podEvent(), podEvent()] };
    expect(detectIn(list, ruleset(hostPid)).findings).toHaveLength(1);
  });
});

describe('the verdict', () => {
  test('of several events is that of the worst, and findings say which', () => {
    const items = [podEvent({ hostPID: false, auditID: 'a-1' }), podEvent({ auditID: 'a-2' })];
    const found = detectIn({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items }, ruleset(hostPid));
    expect(found).toMatchObject({ verdict: 'match', event: { auditID: 'a-2' }, findings: [{ event: 1 }] });
  });

  test('of a request that is not answered yet is clear', () => {
    expect(detectIn({ ...podEvent(), stage: 'RequestReceived' }).verdict).toBe('clear');
  });

  test('is indeterminate where the part that decides is missing, with rule, field and reason', () => {
    const { requestObject: _, ...unlogged }: Record<string, unknown> = { ...podEvent(), level: 'Metadata' };
    expect(detectIn(unlogged, ruleset(hostPid))).toMatchObject({
      verdict: 'indeterminate',
      findings: [],
      undecided: [{ rule: 'host-pid', field: 'hostPID', reason: 'not_logged', event: 0 }],
    });
  });

  test('is a match if another rule is decided, and still names the one that is not', () => {
    const { requestObject: _, ...unlogged }: Record<string, unknown> = { ...podEvent(), level: 'Metadata' };
    expect(detectIn(unlogged)).toMatchObject({
      verdict: 'match',
      findings: [{ rule: 'any-pod' }],
      undecided: [{ rule: 'host-pid' }],
    });
  });

  test('is indeterminate if a part of the record could not be read, though the rest is clear', () => {
    const list = JSON.stringify({
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      items: [podEvent({ hostPID: false }), 1],
    });
    const cut = { log: list.slice(0, list.lastIndexOf(',')) };
    const found = detectIn(cut, ruleset(hostPid));
    expect(found).toMatchObject({ verdict: 'indeterminate', undecided: [], problem: { code: 'record.malformed' } });
  });

  test.each([{ log: 'text' }, {}, { kind: 'Event', apiVersion: 'v1', reason: 'Started' }])(
    'of %j is not_audit',
    (record) => {
      expect(detectIn(record).verdict).toBe('not_audit');
    },
  );
});

const filter = (condition: string) => `
title: Ours
name: ours
logsource: { product: kubernetes }
filter: { rules: any, ann: { username: ann }, bodies: { hostNetwork: true }, condition: ${condition} }
`;

/** The rule alone, with the filter applied. */
function silenced(rule: string, condition: string): Ruleset {
  const { rule: parsed } = parseRule(rule, 'rule.yml');
  const { filters, problems } = parseRules(filter(condition), 'filter.yml');
  expect(problems).toEqual([]);
  return new Ruleset([compileRule(parsed!, filters.map(compileFilter))], [], 'abc');
}

describe('an exception', () => {
  test('leaves no finding, and is listed with the rule that it silenced', () => {
    expect(detectIn(podEvent(), silenced(hostPid, 'not ann'))).toMatchObject({
      verdict: 'clear',
      findings: [],
      silenced: [{ rule: 'host-pid', exception: 'ours', event: 0 }],
    });
  });

  test('that does not hold for an event leaves the finding', () => {
    const bob = { ...podEvent(), user: { username: 'bob' } };
    expect(detectIn(bob, silenced(hostPid, 'not ann'))).toMatchObject({ verdict: 'match', silenced: [] });
  });

  test('that is unknown leaves the record undecided', () => {
    const { requestObject: _, ...unlogged }: Record<string, unknown> = { ...podEvent(), level: 'Metadata' };
    expect(detectIn(unlogged, silenced(anyPod, 'not bodies'))).toMatchObject({
      verdict: 'indeterminate',
      undecided: [{ rule: 'any-pod', field: 'hostNetwork' }],
      silenced: [],
    });
  });

  test('is listed once for an event that is in a record twice', () => {
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [podEvent(), podEvent()] };
    expect(detectIn(list, silenced(hostPid, 'not ann')).silenced).toHaveLength(1);
  });
});

describe('a rule in shadow mode', () => {
  const shadow = hostPid.replace('tripline: {', 'tripline: { mode: shadow,');

  test('lists its findings separately, and raises nothing', () => {
    expect(detectIn(podEvent(), ruleset(shadow))).toMatchObject({
      verdict: 'clear',
      findings: [],
      shadow: [{ rule: 'host-pid', level: 'high' }],
    });
    expect(detectIn(podEvent(), ruleset(shadow, anyPod))).toMatchObject({
      verdict: 'match',
      findings: [{ rule: 'any-pod' }],
      shadow: [{ rule: 'host-pid' }],
    });
  });

  test('leaves nothing undecided either', () => {
    const { requestObject: _, ...unlogged }: Record<string, unknown> = { ...podEvent(), level: 'Metadata' };
    expect(detectIn(unlogged, ruleset(shadow))).toMatchObject({ verdict: 'clear', undecided: [] });
  });

  test('decides which event is shown, if no other rule does', () => {
    const items = [podEvent({ hostPID: false, auditID: 'a-1' }), podEvent({ auditID: 'a-2' })];
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items };
    expect(detectIn(list, ruleset(shadow)).event.auditID).toBe('a-2');
  });
});

test('the level is that of the first condition that holds', () => {
  const levels = hostPid
    .replace('{ pod: { hostPID: true }, ', '{ pod: { hostPID: true }, ann: { username: ann }, ')
    .replace(
      'tripline: {',
      'tripline: { levels: [{ condition: not ann, level: low }, { condition: ann, level: critical }],',
    );
  expect(detectIn(podEvent(), ruleset(levels)).findings[0].level).toBe('critical');
  const bob = { ...podEvent(), user: { username: 'bob' } };
  expect(detectIn(bob, ruleset(levels)).findings[0].level).toBe('low');
});

describe('correlations', () => {
  const evaluated = evaluateRecord(normalize(podEvent()), ruleset(hostPid, anyPod));
  const [finding] = detectIn(podEvent()).findings;
  const burst = { ...finding, rule: 'burst', level: 'critical' };

  test('add their own findings, and those of the highest level come first', () => {
    const conclusion = (level: Level) => {
      const raised = [{ mode: 'live' as const, finding: { ...burst, level } }];
      return conclude(evaluated, { raised, reported: [], withheld: new Map() });
    };
    const [hostPid, anyPod] = [{ rule: 'host-pid' }, { rule: 'any-pod' }];
    expect(conclusion('critical')).toMatchObject({ verdict: 'match', findings: [{ rule: 'burst' }, hostPid, anyPod] });
    expect(conclusion('informational')).toMatchObject({ findings: [hostPid, anyPod, { rule: 'burst' }] });
  });

  test('withhold the hits of their rules', () => {
    const withheld = new Map([
      ['host-pid', ['burst']],
      ['any-pod', ['burst']],
    ]);
    expect(conclude(evaluated, { raised: [], reported: [], withheld })).toMatchObject({
      verdict: 'clear',
      findings: [],
    });
  });

  test('in shadow mode raise nothing', () => {
    const raised = [{ mode: 'shadow' as const, finding: burst }];
    const withheld = new Map([
      ['host-pid', ['burst']],
      ['any-pod', ['burst']],
    ]);
    expect(conclude(evaluated, { raised, reported: [], withheld })).toMatchObject({
      verdict: 'clear',
      shadow: [{ rule: 'burst' }],
    });
  });
});

test('a rule set is prepared once, before its first event', () => {
  const { rule } = parseRule(hostPid, 'r.yml');
  let reads = 0;
  const compiled = compileRule(rule!);
  const counted = {
    ...compiled,
    get rule() {
      reads++;
      return compiled.rule;
    },
  };
  const rules = new Ruleset([counted, counted], [], 'abc');
  expect(reads).toBeGreaterThan(0);
  reads = 0;
  // About another resource, so that the rule is not evaluated.
  const secret = { ...podEvent(), objectRef: { resource: 'secrets', namespace: 'shop', name: 's', apiVersion: 'v1' } };
  expect(detect(normalize(secret), rules).verdict).toBe('clear');
  expect(reads).toBe(0);
});
