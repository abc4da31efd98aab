/** Rules do not distinguish values of one class: every item of every bundled rule decides the same on them. */
import { describe, expect, test } from 'vitest';
import { Classes } from '../../src/decisions/classes.ts';
import { type Classed, classed } from '../../src/decisions/guard.ts';
import { eventSamples, isMarked } from '../../src/decisions/members.ts';
import { fieldsOf } from '../../src/fields/index.ts';
import type { AuditEvent } from '../../src/record.ts';
import { loadRules } from '../../src/rules/index.ts';
import type { ProgramItem } from '../../src/sigma/index.ts';
import { pools } from '../fast-path/outlined-pools.ts';
import { outlinedRules } from '../fast-path/outlined-rules.ts';
import { bundledRules } from '../server/app.ts';

const samples = eventSamples({ maxDepth: 64 });

const sets = { bundled: loadRules({ rules: [bundledRules] }).ruleset, own: outlinedRules[0]! };

/** Texts that rules look for, alone and within others, in both cases. */
function textsFor(items: readonly { needles: readonly string[] | undefined }[]): string[] {
  const needles = [...new Set(items.flatMap(({ needles }) => needles ?? []))];
  const around = (text: string) => [
    text,
    `x${text}`,
    `${text}x`,
    text.toUpperCase(),
    `${text}-${text}`,
    `/${text}?a=${text}`,
  ];
  return ['', 'x', 'ann', '7', 'jörg', '\u212a', 'true', ...needles.flatMap(around)];
}

/** The members of a record, by the member that is classed. */
const logged: Readonly<Record<Classed, (texts: readonly string[]) => Record<string, unknown>[]>> = {
  user: (texts) => [
    ...pools.user.map((user) => ({ user })),
    ...texts.flatMap((text) => [
      { user: { username: text, groups: ['system:authenticated'] } },
      { user: { username: 'ann', groups: ['devs', text], uid: text } },
      { user: { username: 'ann', groups: [], extra: { 'authentication.kubernetes.io/pod-name': [text] } } },
    ]),
  ],
  sourceIPs: (texts) =>
    [...pools.sourceIPs, ...texts.map((text) => [text, '10.0.0.1'])].map((sourceIPs) => ({ sourceIPs })),
  userAgent: (texts) => [...pools.userAgent, ...texts].map((userAgent) => ({ userAgent })),
  annotations: (texts) => [
    ...pools.annotations.map((annotations) => ({ annotations })),
    ...texts.map((text) => ({ annotations: { 'authorization.k8s.io/reason': text, [text]: 'true' } })),
  ],
  responseStatus: (texts) => [
    ...pools.responseStatus.map((responseStatus) => ({ responseStatus })),
    ...texts.map((text) => ({ responseStatus: { code: 403, status: 'Failure', message: text, reason: text } })),
  ],
  namespace: (texts) => [...pools.namespace, ...texts].map((namespace) => ({ objectRef: { ...ref, namespace } })),
  name: (texts) => [...pools.name, ...texts].map((name) => ({ objectRef: { ...ref, name } })),
  requestURI: (texts) =>
    [...pools.query, ...texts].map((text) => ({ requestURI: `/api/v1/namespaces/default/pods/web${text}` })),
};
const ref = { resource: 'pods', namespace: 'default', name: 'web', apiVersion: 'v1' };

describe.each(['bundled', 'own'] as const)('of the %s rules', (name) => {
  const { items } = sets[name].program;
  const texts = textsFor(items);

  test.each([...classed])('%s', (member) => {
    const usual = samples.eventWith({})!;
    const classes = new Classes(member, items, usual, fieldsOf);
    const covered = items.filter(({ field }) => classes.covers(field));
    const judged = new Map<number, { event: AuditEvent; decisions: unknown[] }>();
    let [equal, alone] = [0, 0];
    for (const members of logged[member](texts)) {
      const event = samples.eventWith(members);
      if (event === undefined || isMarked(event[member as keyof AuditEvent])) continue;
      const id = classes.idOf(event, []);
      if (id === undefined) continue;
      const decisions = covered.map(({ decide }) => decide(fieldsOf(event)));
      const other = judged.get(id);
      if (other === undefined) {
        alone++;
        judged.set(id, { event, decisions });
      } else {
        equal++;
        const differing = covered.filter((_, index) => !isSame(decisions[index], other.decisions[index]));
        expect(
          differing.map(({ field }) => [field, members, other.event[member as keyof AuditEvent]]),
          member,
        ).toEqual([]);
      }
    }
    // There is neither a class for each value, nor one for all.
    expect(covered.length).toBeGreaterThan(0);
    expect(equal).toBeGreaterThan(alone / 4);
    expect(alone).toBeGreaterThan(1);
  });
});

describe.each(Object.entries(sets))(
  'a plain text has the class of its event by the rules that are %s',
  (of, ruleset) => {
    const { items } = ruleset.program;
    const usual = samples.eventWith({})!;
    const events = {
      name: (name: string) => ({ ...usual, objectRef: { ...usual.objectRef!, name } }),
      requestURI: (requestURI: string) => ({ ...usual, requestURI }),
    };

    test.each(['name', 'requestURI'] as const)('as %s', (member) => {
      // Whichever of the two is asked first.
      const classes = [0, 1].map(() => new Classes(member, items, usual, fieldsOf));
      const eventOf = events[member];
      let plain = 0;
      for (const text of [...textsFor(items), '/api/v1/pods?limit=5', 'a\\b', 'a b', 'x'.repeat(300_000)]) {
        const bytes = Buffer.from(`..${text}..`);
        const ofPlain = (one: Classes) => one.idOfPlain(bytes, 2, bytes.length - 2, () => eventOf(text));
        const [first, second] = [ofPlain(classes[0]!), classes[0]!.idOf(eventOf(text), [])];
        if (first === undefined) continue;
        plain++;
        expect(first, text).toBe(second);
        const late = classes[1]!.idOf(eventOf(text), []);
        expect(ofPlain(classes[1]!), text).toBe(late);
      }
      if (of === 'bundled') expect(plain).toBeGreaterThan(10);
      const user = new Classes('user', items, usual, fieldsOf);
      expect(user.idOfPlain(Buffer.from('ann'), 0, 3, () => usual)).toBeUndefined();
    });
  },
);

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

test('a plain text is judged by items without needles too, and only where the field holds the text itself', () => {
  const usual = samples.eventWith({})!;
  const item = (field: string): ProgramItem => ({
    field,
    needles: undefined,
    negated: false,
    decide: (lookup) => String(lookup(field).values[0]).length > 3,
  });
  const named = new Classes('name', [item('name')], usual, fieldsOf);
  const idOf = (name: string) =>
    named.idOfPlain(Buffer.from(name), 0, name.length, () => ({ ...usual, objectRef: { ...usual.objectRef!, name } }));
  expect(idOf('abc')).toBeDefined();
  expect(idOf('abcd')).not.toBe(idOf('abc'));
  expect([idOf('xyz'), idOf('vwxyz')]).toEqual([idOf('abc'), idOf('abcd')]);
  const agents = new Classes('userAgent', [item('userAgentName')], usual, fieldsOf);
  expect(agents.idOfPlain(Buffer.from('abc/1'), 0, 5, () => usual)).toBeUndefined();
});
