/**
 * A real control plane: its audit log by Fluent Bit and its audit webhook to Tripline. Attacks and ordinary acts are sent
 * to it, and what was stored is compared with what was found.
 *
 *   CONTROL_PLANE=/folder/of/etcd/and/kube-apiserver FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e/control-plane.test.ts
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compare, exactTime } from './compare.ts';
import type { Act } from './control-plane/acts.ts';
import { controlPlaneFolder } from './control-plane/api-server.ts';
import { attacks } from './control-plane/attacks.ts';
import { hostPidActs } from './control-plane/host-pid-acts.ts';
import { nodeProxyActs } from './control-plane/node-proxy-acts.ts';
import { ordinaryActs } from './control-plane/ordinary-acts.ts';
import { type Judged, keyOf, type Outcome, type Played, play } from './control-plane/play.ts';
import { content, contentInAnswer, secretActs } from './control-plane/secret-acts.ts';
import { fluentBit } from './processes.ts';

if (controlPlaneFolder === undefined) {
  test.skip('there is no control plane: set CONTROL_PLANE to a folder with etcd and kube-apiserver (1.36 or later)');
} else {
  describe('a real control plane', againstControlPlane);
}

function againstControlPlane() {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await play([...ordinaryActs, ...hostPidActs, ...nodeProxyActs, ...secretActs, ...attacks]);
  }, 180_000);
  afterAll(() => outcome && rmSync(outcome.folder, { recursive: true }));

  /** @throws if the API server did not answer as it should have: the act did not do what it is meant to do */
  const playedOf = (name: string): Played => {
    const played = outcome.played.find(({ act }) => act.name === name)!;
    expect(played.answer.code, played.answer.body.slice(0, 500)).toBe(played.act.code);
    return played;
  };
  const judgedOf = ({ id }: Played): Judged[] => outcome.logged.filter(({ event }) => event.auditID === id);
  const isLost = ({ act: { loggedSince = 0 } }: Played) => outcome.minor < loggedSince;
  /** A correlation may be judged on somebody else's event. */
  const findingsOf = (played: Played) =>
    judgedOf(played)
      .flatMap(({ findings }) => findings)
      .filter(({ correlation }) => correlation === undefined || correlation.events.includes(played.id));
  const rulesOf = (played: Played) => findingsOf(played).map(({ rule }) => rule);
  const eachOf = (acts: readonly Act[], what: string, hold: (played: Played) => void) => {
    for (const { name, awaits } of acts) {
      if (awaits !== undefined) test.skip(`${name}: ${what}; awaits ${awaits}`);
      else test(`${name}: ${what}`, () => hold(playedOf(name)));
    }
  };

  eachOf(ordinaryActs, 'nothing to see', (played) => {
    expect(judgedOf(played)).not.toEqual([]);
    const seen = findingsOf(played).filter(({ level }) => ['medium', 'high', 'critical'].includes(level));
    expect(seen.map(({ rule, level }) => `${rule} (${level})`)).toEqual([]);
  });

  eachOf(hostPidActs, 'found if, and only if, it was stored', (played) => {
    if (isLost(played)) {
      // docs/fidelity.md says what is left of it.
      expect(judgedOf(played)).toMatchObject([{ event: { stage: 'RequestReceived' }, verdict: 'clear' }]);
      return;
    }
    expect(judgedOf(played).map(({ event }) => event.stage)).toContain('ResponseComplete');
    const found = rulesOf(played).some((rule) => rule === 'pod-host-pid' || rule === 'workload-host-pid');
    expect(found).toBe(outcome.storedWithHostPid.has(played.id));
  });

  eachOf(nodeProxyActs, 'found if, and only if, the kubelet was asked to run something', (played) => {
    const asked = /^\/(?:run|exec|attach|portForward|cri)(?:\/|\?|$)/.test(played.answer.body);
    expect(rulesOf(played).includes('kubelet-proxy-command'), played.answer.body).toBe(asked);
  });

  eachOf(secretActs, 'found if the answer holds the content', (played) => {
    const rules = rulesOf(played);
    if (!played.answer.body.includes(contentInAnswer)) return;
    expect(rules).toEqual(expect.arrayContaining(played.act.rules ?? [expect.stringMatching(/^secret/)]));
  });

  eachOf(attacks, 'is found', (played) => {
    expect(rulesOf(played)).toEqual(expect.arrayContaining(played.act.rules!));
  });

  test('most attempts at hostPID succeeded', () => {
    const played = outcome.played.filter(({ act }) => hostPidActs.includes(act));
    const stored = played.filter(({ id }) => outcome.storedWithHostPid.has(id));
    expect(stored.length).toBeGreaterThan(50);
    expect(played.length - stored.length).toBeGreaterThan(20);
  });

  test('most attempts at the content of Secrets succeeded', () => {
    const played = outcome.played.filter(({ act }) => secretActs.includes(act));
    const open = played.filter(({ answer }) => answer.body.includes(contentInAnswer));
    expect(open.length).toBeGreaterThan(21);
    expect(played.length - open.length).toBeGreaterThan(3);
  });

  test('every event is decided', () => {
    const open = outcome.logged.filter(({ verdict }) => verdict !== 'match' && verdict !== 'clear');
    expect(open.map(({ event, verdict }) => `${verdict}: ${JSON.stringify(event).slice(0, 500)}`)).toEqual([]);
  });

  test('log and webhook have the same events, with the same findings', () => {
    const before = outcome.logged.slice(0, outcome.loggedBeforeLoss);
    const keys = new Set(before.map(({ event }) => keyOf(event)));
    const posted = outcome.posted.filter(({ event }) => keys.has(keyOf(event)));
    expect(posted.map(({ event }) => keyOf(event)).sort()).toEqual([...keys].sort());
    expect(rulesByRequest(posted)).toEqual(rulesByRequest(before));
    expect(outcome.eventLists).toBeLessThan(before.length / 5);
  });

  test('the audit policy keeps credentials out of the log', () => {
    const log = outcome.logged.map(({ event }) => JSON.stringify(event)).join('\n');
    // The tokens of accounts are JSON Web Tokens.
    for (const credential of [content, contentInAnswer, /eyJ[\w-]+\.eyJ/]) expect(log).not.toMatch(credential);
  });

  test('the API server loses what docs/fidelity.md says it loses', () => {
    const lost = outcome.played.filter(isLost);
    expect(outcome.lost.log).toBe(lost.length);
    // Their neighbours in the EventList are lost, too.
    if (lost.length > 0) expect(outcome.lost.webhook).toBeGreaterThan(lost.length);
    else expect(outcome.lost.webhook).toBe(0);
  });

  if (fluentBit === undefined) {
    test.skip('the log by Fluent Bit: set FLUENT_BIT to one of 5.0.6 or later, or put it on PATH as fluent-bit');
  } else {
    test('the log comes back from Fluent Bit with the same findings', () => {
      const { sent, returned } = outcome.byFluentBit!;
      const comparison = compare(sent.arrivals, returned.arrivals, exactTime);
      expect(comparison).toMatchObject({ sent: outcome.logged.length, lost: 0, duplicates: 0, faults: [] });
      const found = new Map(outcome.logged.map(({ event, findings }) => [keyOf(event), ofTheRecord(findings)]));
      const foundByFluentBit = new Map([...found.keys()].map((key) => [key, returned.arrivals.get(key)![0]!.rules]));
      expect(foundByFluentBit).toEqual(found);
    });
  }
}

/** Without correlations: what they find depends on the order, which neither the webhook nor Fluent Bit keeps. */
const ofTheRecord = (findings: Judged['findings']) =>
  findings.filter(({ correlation }) => correlation === undefined).map(({ rule }) => rule);

/** By audit id: within an EventList the second event of a request repeats nothing. */
function rulesByRequest(judged: readonly Judged[]): Map<string, string[]> {
  const rules = new Map<string, Set<string>>();
  for (const { event, findings } of judged) {
    const found = rules.get(event.auditID) ?? new Set();
    for (const rule of ofTheRecord(findings)) found.add(rule);
    rules.set(event.auditID, found);
  }
  return new Map([...rules].sort().map(([auditID, found]) => [auditID, [...found].sort()]));
}
