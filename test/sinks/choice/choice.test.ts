import { describe, expect, test } from 'vitest';
import { ndjson } from '../../../src/codecs/ndjson.ts';
import { type ContextOf, noContext } from '../../../src/findings/context.ts';
import { Problem } from '../../../src/problem.ts';
import type { Finding, Report } from '../../../src/record.ts';
import { choice } from '../../../src/sinks/choice/choice.ts';
import { matcherOf } from '../../../src/sinks/choice/pattern.ts';
import type { ChoiceSettings } from '../../../src/sinks/choice/settings.ts';
import type { Sink, SinkDependencies } from '../../../src/sinks/sink.ts';
import type { Tag } from '../../../src/tag.ts';
import fc from '../../properties.ts';
import { problemOf, recorder, taggedBatch } from '../contract.ts';

const tags: Record<string, Tag> = {
  clear: { v: 2, verdict: 'clear' },
  text: { v: 2, verdict: 'not_audit' },
  open: { v: 2, verdict: 'indeterminate' },
  broken: { v: 2, verdict: 'error' },
  low: { v: 2, verdict: 'match', level: 'low', routeLevel: 'low', rules: ['exec-in-pod'] },
  high: { v: 2, verdict: 'match', level: 'high', routeLevel: 'high', rules: ['pod-host-pid', 'pod-host-ipc'] },
  report: { v: 2, verdict: 'clear', routeLevel: 'medium', reports: [{ rule: 'token-not-used' } as Report] },
  shadow: { v: 2, verdict: 'clear', shadow: [{ rule: 'pod-host-pid' } as Finding] },
  omitted: { v: 2, verdict: 'clear', routeLevel: 'low', omitted: 2000 },
};
const names = Object.keys(tags);

const batch = (fluentTag?: string, all: readonly string[] = names) =>
  taggedBatch(ndjson, Buffer.from(all.map((name) => `${JSON.stringify({ name })}\n`).join('')), {
    fluentTag,
    tags: all.map((name) => tags[name]),
  });

/** A sink that keeps the names of the records that it gets. */
function open(settings: ChoiceSettings, place: Partial<Sink> = {}, given: Partial<SinkDependencies> = {}) {
  const got: string[] = [];
  const recorded = recorder();
  const sink: Sink = {
    name: 'place',
    async deliver({ bytes, records }) {
      const texts = records.map(({ start, end }) => Buffer.from(bytes.subarray(start, end)).toString());
      got.push(...texts.map((text) => JSON.parse(text).name));
      return { kind: 'acknowledged', records: records.length };
    },
    async close() {},
    ...place,
  };
  return { sink: choice(sink, settings, { ...recorded, ...given }), got, recorded };
}

describe('the records that a sink gets', () => {
  test.each<[string, ChoiceSettings, string[]]>([
    ['of verdicts', { verdicts: ['match', 'indeterminate'] }, ['open', 'low', 'high']],
    ['with findings or reports', { level: 'informational' }, ['low', 'high', 'report', 'omitted']],
    ['of a level and above', { level: 'medium' }, ['high', 'report']],
    ['of a rule; where reports are left out, it may be among them', { rules: ['pod-host-ipc'] }, ['high', 'omitted']],
    ['of rules by a pattern', { rules: ['token-*', 'exec-in-pod'] }, ['low', 'report', 'omitted']],
    ['of all that is set', { verdicts: ['match'], level: 'medium', rules: ['*'] }, ['high']],
    ['of its Fluent tag', { fluentTags: ['other', 'kube.*'] }, names],
    ['of another Fluent tag', { fluentTags: ['kube'], level: 'low' }, []],
  ])('%s', async (_, settings, expected) => {
    const { sink, got, recorded } = open(settings);
    const result = await sink.deliver(batch('kube.audit'));
    expect(got).toEqual(expected);
    expect(result).toEqual({ kind: 'acknowledged', records: expected.length });
    const left = names.length - expected.length;
    expect(recorded.settled).toEqual(left === 0 ? [] : [['not_chosen', left]]);
  });

  test('include a batch without a Fluent tag only if any tag is accepted', async () => {
    const [some, any] = [open({ fluentTags: ['k*'] }), open({ fluentTags: ['*'] })];
    for (const { sink } of [some, any]) await sink.deliver(batch(undefined));
    expect([some.got, any.got]).toEqual([[], names]);
  });
});

test('new chooses what is new or not known to be old, and nothing else', async () => {
  const found = (id: string, mode: 'findings' | 'shadow' | 'reports'): Tag => ({
    ...{ v: 2, verdict: 'match', routeLevel: 'low', [mode]: [{ id, rule: 'a', level: 'low' }] },
  });
  const times: Record<string, number | undefined> = { first: 0, again: 3, old: 1 };
  const contextOf: ContextOf = ({ finding: { id } }) => ({
    ...noContext({} as never),
    ...(times[id] !== undefined && { novelty: { times: times[id], since: null } }),
  });
  const own = {
    first: found('first', 'findings'),
    again: found('again', 'findings'),
    shadow: found('first', 'shadow'),
    report: found('first', 'reports'),
    forgotten: found('unknown', 'findings'),
    omitted: tags.omitted!,
    clear: tags.clear!,
  };
  const { sink, got } = open({ new: true }, {}, { contextOf });
  const all = Object.keys(own) as (keyof typeof own)[];
  await sink.deliver({ ...batch('a', all), tags: all.map((name) => own[name]) });
  expect(got).toEqual(['first', 'report', 'forgotten', 'omitted']);
});

describe('a sink that is down', () => {
  const down: Partial<Sink> = {
    refusal: () => 'it is down',
    deliver: async () => {
      throw new Error('is not asked');
    },
  };

  test('does not hold up records that are not for it', async () => {
    const { sink, recorded } = open({ verdicts: ['match'] }, down);
    expect(sink.refusal).toBeUndefined();
    expect(await sink.deliver(batch('a', ['clear', 'text']))).toEqual({ kind: 'acknowledged', records: 0 });
    expect(recorded.settled).toEqual([['not_chosen', 2]]);
  });

  test('refuses the others, and then no record of their batch counts as not chosen', async () => {
    const { sink, recorded } = open({ verdicts: ['match'] }, down);
    expect(await problemOf(sink.deliver(batch('a')))).toEqual(new Problem('sink.unavailable', 'it is down'));
    expect(recorded.settled).toEqual([]);
  });
});

describe('a pattern', () => {
  test.each([
    ['kube.*', 'kube.audit.x', true],
    ['kube.*', 'kube.', true],
    ['kube.*', 'kube', false],
    ['*audit*', 'kube.audit', true],
    ['*.a*.b', 'x.a.b', true],
    ['ab*ba', 'aba', false],
    ['a*b*b', 'ab', false],
    ['a.b', 'axb', false],
    ['*', '', true],
  ])('%s and %s: %s', (pattern, name, expected) => expect(matcherOf(pattern)(name)).toBe(expected));

  test('means the same as a regular expression with .* for *', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (pattern, name) => {
        expect(matcherOf(pattern)(name)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
      }),
      { numRuns: 1000 },
    );
  });
});
