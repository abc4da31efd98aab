import { describe, expect, test } from 'vitest';
import { correlator } from '../../src/correlate/index.ts';
import { conclude, type Detection, evaluateRecord, Ruleset } from '../../src/detect.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { compileRule, parseRules, resolveCorrelations } from '../../src/sigma/index.ts';
import { type MemoryStore, memoryStore } from '../../src/state/memory.ts';
import fc, { runs } from '../properties.ts';
import { podEvent } from '../server/app.ts';

/** Rules by verb, `got`, `deleted` and `listed`, and correlations of them, each text as a file of its own. */
function rulesetOf(...correlations: string[]): Ruleset {
  const ruleOf = (name: string, verb: string) =>
    `title: ${name}\nname: ${name}\nlogsource: { product: kubernetes }\ndetection: { s: { verb: ${verb} }, condition: s }`;
  const texts = [ruleOf('got', 'get'), ruleOf('deleted', 'delete'), ruleOf('listed', 'list'), ...correlations];
  const parsed = texts.map((text, index) => parseRules(text, `${index}.yml`));
  expect(parsed.flatMap(({ problems }) => problems)).toEqual([]);
  const rules = parsed.flatMap((file) => file.rules);
  const resolved = resolveCorrelations(
    parsed.flatMap((file) => file.correlations),
    rules,
  );
  expect(resolved.problems).toEqual([]);
  return new Ruleset(
    rules.map((rule) => compileRule(rule)),
    resolved.correlations,
    'h',
  );
}

interface Given {
  /** Seconds after the first. */
  at: number;
  verb?: string;
  user?: string;
  auditID?: string;
  code?: unknown;
  more?: Record<string, unknown>;
}

const start = Date.parse('2026-01-02T03:00:00Z');
const timeOf = (seconds: number) => new Date(start + seconds * 1000).toISOString();

function recordOf({ at, verb = 'get', user = 'ann', auditID = `id-${at}`, code = 200, more }: Given) {
  const time = timeOf(at);
  const event = podEvent({ auditID });
  return {
    ...event,
    verb,
    user: { username: user },
    responseStatus: { code },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    ...more,
  };
}

/** What came too late and what was forgotten, by correlation. */
function losses() {
  const late: string[] = [];
  const evicted = new Map<string, number>();
  return {
    late: (name: string) => void late.push(name),
    evicted: (name: string, entries: number) => void evicted.set(name, (evicted.get(name) ?? 0) + entries),
    counts: () => ({ late, evicted: Object.fromEntries(evicted) }),
  };
}

/** @param received seconds after the first event */
function sidecar(ruleset: Ruleset, store: MemoryStore = memoryStore(), received = 86_400) {
  const lost = losses();
  const correlate = correlator(store, lost);
  const receivedUnixNano = BigInt(start + received * 1000) * 1_000_000n;
  const self = {
    lost,
    store,
    async see(
      given: Given | Given[],
      rules = ruleset,
    ): Promise<Detection & Record<'findings' | 'shadow' | 'reports' | 'shadowReports', any[]>> {
      const items = Array.isArray(given) ? given.map(recordOf) : recordOf(given);
      const record = Array.isArray(items) ? { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items } : items;
      const evaluated = evaluateRecord(normalize(record), rules);
      return conclude(evaluated, await correlate(evaluated, rules, receivedUnixNano)) as any;
    },
    /** What is emitted on each event, about itself or others, by the names of rules. */
    async emitted(events: Given[]): Promise<string[][]> {
      const names: string[][] = [];
      for (const event of events) names.push(foundOn(await self.see(event)).map(({ rule }) => rule));
      return names;
    },
  };
  return self;
}

const foundOn = ({ findings, reports }: { findings: any[]; reports: any[] }) => [...findings, ...reports];

const correlation = (body: string, head = '') => `title: Together\nname: c\n${head}\ncorrelation: ${body}`;
const every = (count: number, of: (i: number) => Given) => Array.from({ length: count }, (_, i) => of(i));

/** The indices of the events on which the correlation c is emitted. */
async function emittedOn(body: string, events: Given[]): Promise<number[]> {
  const names = await sidecar(rulesetOf(correlation(body))).emitted(events);
  return names.flatMap((rules, index) => (rules.includes('c') ? [index] : []));
}

const got = (at: number, more: Partial<Given> = {}): Given => ({ at, auditID: `g-${at}`, ...more });
const deleted = (at: number, more: Partial<Given> = {}): Given => ({ at, verb: 'delete', auditID: `d-${at}`, ...more });
const listed = (at: number, more: Partial<Given> = {}): Given => ({ at, verb: 'list', auditID: `l-${at}`, ...more });
/** An event that no rule matches, which advances time. */
const tick = (at: number): Given => ({ at, verb: 'watch', auditID: `t-${at}` });

describe.each<[string, string, [name: string, events: Given[], emittedOn: number[]][]]>([
  [
    'event_count',
    '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { gte: 3 } }',
    [
      ['the third within the timespan', [got(0), got(30), got(60)], [2]],
      ['the third too far from the first', [got(0), got(30), got(61)], []],
      ['once a window, not once an event', [got(0), got(1), got(2), got(3), got(4), got(5)], [2]],
      ['again in the next window', [got(0), got(1), got(2), got(61), got(62), got(63)], [2, 5]],
      ['what is over does not count again', [got(0), got(30), got(60), got(61), got(62)], [2]],
      ['windows slide', [got(0), got(50), got(70), got(100)], [3]],
      ['each user by themselves', [got(0), got(1, { user: 'bob' }), got(2), got(3, { user: 'bob' }), got(4)], [4]],
      ['the same event twice', [got(0), got(0), got(1), got(1), got(1)], []],
      ['out of order', [got(60), got(0), got(30)], [2]],
      ['completed from within', [got(0), got(40), got(20)], [2]],
      ['another rule does not count', [got(0), got(1), deleted(2)], []],
    ],
  ],
  [
    'event_count, no group',
    '{ type: event_count, rules: [got, deleted], timespan: 1m, condition: { gt: 2 } }',
    [['of several rules and users', [got(0), deleted(1), got(2, { user: 'bob' })], [2]]],
  ],
  [
    'event_count below',
    '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { lt: 3 } }',
    [
      ['emitted on what passes the end and the grace', [got(0), got(1), tick(120), tick(121)], [3]],
      ['enough of them', [got(0), got(1), got(60), tick(200)], []],
      ['of one that was late, but not too late', [got(0), got(1), tick(110), got(59), tick(200)], []],
      ['each window', [got(0), got(61), tick(300)], [2]],
      ['not on an event from before', [got(0), tick(100), tick(130), tick(129)], [2]],
      ['on an event of its own', [got(0), got(200)], [1]],
    ],
  ],
  [
    'event_count between',
    '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { gte: 2, lte: 3 } }',
    [
      ['too few', [got(0), tick(500)], []],
      ['as many', [got(0), got(1), got(2), tick(500)], [3]],
      ['too many', [got(0), got(1), got(2), got(3), tick(500)], []],
    ],
  ],
  [
    'event_count, eq and neq',
    '{ type: event_count, rules: [got], timespan: 1m, condition: { neq: 2 } }',
    [
      ['two', [got(0), got(1), tick(500)], []],
      ['three', [got(0), got(1), got(2), tick(500)], [3]],
    ],
  ],
  [
    'value_count',
    '{ type: value_count, rules: [got], group-by: [username], timespan: 1m, condition: { field: responseStatus.code, gte: 3 } }',
    [
      ['different ones', [got(0, { code: 200 }), got(1, { code: 403 }), got(2, { code: 404 })], [2]],
      ['the same ones', [got(0), got(1), got(2), got(3)], []],
    ],
  ],
  [
    'value_count of tuples',
    '{ type: value_count, rules: [got], timespan: 1m, condition: { field: [username, responseStatus.code], gte: 3 } }',
    [
      ['different in one', [got(0), got(1, { user: 'bob' }), got(2, { code: 403 })], [2]],
      ['the same ones', [got(0), got(1, { user: 'bob' }), got(2)], []],
    ],
  ],
  [
    'value_sum',
    '{ type: value_sum, rules: [got], timespan: 1m, condition: { field: responseStatus.code, gte: 600 } }',
    [
      ['enough', [got(0, { code: 200 }), got(1, { code: 400 })], [1]],
      ['not within the timespan', [got(0, { code: 200 }), got(61, { code: 400 })], []],
      ['text that is no number', [got(0, { code: 400 }), got(1, { code: 'many' }), got(2, { code: 200 })], [2]],
    ],
  ],
  [
    'value_sum of text',
    '{ type: value_sum, rules: [got], timespan: 1m, condition: { field: requestObject.n, gte: 16 } }',
    [
      ['in decimal', [got(0, { more: { requestObject: { n: '16' } } })], [0]],
      ['in hexadecimal, which is no number to `|gt` either', [got(0, { more: { requestObject: { n: '0x10' } } })], []],
      ['with blanks around it', [got(0, { more: { requestObject: { n: ' 16 ' } } })], []],
    ],
  ],
  [
    'value_avg',
    '{ type: value_avg, rules: [got], timespan: 1m, condition: { field: responseStatus.code, gt: 300.5 } }',
    [['on the average', [got(0, { code: 200 }), got(1, { code: 400 }), got(2, { code: 403 })], [2]]],
  ],
  [
    'value_median',
    '{ type: value_median, rules: [got], timespan: 1m, condition: { field: responseStatus.code, gte: 300 } }',
    [
      ['between two', [got(0, { code: 200 }), got(1, { code: 400 })], [1]],
      ['of three', [got(0, { code: 200 }), got(1, { code: 201 }), got(2, { code: 500 })], []],
    ],
  ],
  [
    'value_percentile',
    '{ type: value_percentile, rules: [got], timespan: 1m, condition: { field: responseStatus.code, percentile: 75, gte: 350 } }',
    [
      ['interpolated: 350', [got(0, { code: 200 }), got(1, { code: 400 })], [1]],
      ['interpolated: 349.75', [got(0, { code: 200 }), got(1, { code: 399 })], []],
    ],
  ],
  [
    'temporal',
    '{ type: temporal, rules: [got, deleted], group-by: [username], timespan: 1m }',
    [
      ['both', [got(0), deleted(60)], [1]],
      ['in the other order', [deleted(0), got(60)], [1]],
      ['too far apart', [got(0), deleted(61)], []],
      ['one of them twice', [got(0), got(1)], []],
      ['of two users', [got(0), deleted(1, { user: 'bob' })], []],
    ],
  ],
  [
    'temporal, some of them',
    '{ type: temporal, rules: [got, deleted, listed], timespan: 1m, condition: { gte: 2 } }',
    [['any two', [got(0), got(1), listed(2), deleted(3)], [2]]],
  ],
  [
    'temporal_ordered',
    '{ type: temporal_ordered, rules: [got, deleted, listed], group-by: [username], timespan: 1m }',
    [
      ['in order', [got(0), deleted(1), listed(2)], [2]],
      ['in another order', [got(0), listed(1), deleted(2)], []],
      ['in order after all', [got(0), listed(1), deleted(2), listed(3)], [3]],
      ['at the same time', [listed(5), got(5), deleted(5)], [2]],
      ['arrived in another order', [listed(2), deleted(1), got(0)], [2]],
    ],
  ],
  [
    'temporal, by condition',
    '{ type: temporal, timespan: 1m, condition: got and (deleted or listed) }',
    [
      ['one way', [got(0), listed(1)], [1]],
      ['the other way', [deleted(0), got(1)], [1]],
      ['neither', [deleted(0), listed(1)], []],
    ],
  ],
  [
    'temporal, without',
    '{ type: temporal, group-by: [username], timespan: 1m, condition: deleted and not got }',
    [
      ['it did not follow', [deleted(0), tick(121)], [1]],
      ['it followed', [deleted(0), got(60), tick(200)], []],
      ['it had been', [got(0), deleted(60), tick(200)], []],
      ['it had been long before', [got(0), deleted(61), tick(200)], [2]],
      ['it followed long after', [deleted(0), got(61), tick(200)], [2]],
      ['it came late', [deleted(0), tick(100), got(30), tick(200)], []],
      ['it alone opens nothing', [got(0), tick(500)], []],
      ['by somebody else', [deleted(0), got(1, { user: 'bob' }), tick(200)], [2]],
    ],
  ],
  [
    'new_terms',
    '{ type: new_terms, rules: [got], group-by: [username], timespan: 1h, condition: { field: userAgent } }\ntripline: { learning: 0s }',
    [
      ['the first time', [got(0), got(1)], [0]],
      ['for each user', [got(0), got(1, { user: 'bob' }), got(2)], [0, 1]],
      ['again when it was long ago', [got(0), got(3600), got(7201)], [0, 2]],
      ['out of order', [got(10), got(5)], [0]],
    ],
  ],
  [
    'new_terms, learning',
    '{ type: new_terms, rules: [got], timespan: 1h, condition: { field: username } }',
    [
      [
        'a timespan long, by default',
        [got(0), got(1, { user: 'bob' }), got(3599, { user: 'eve' }), got(3600, { user: 'dan' }), got(3600)],
        [3],
      ],
    ],
  ],
])('%s', (_, body, rows) => {
  test.each(rows)('%s', async (_, events, expected) => expect(await emittedOn(body, events)).toEqual(expected));
});

const three = '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { gte: 3 } }';

describe('a finding', () => {
  test('says what it is made of', async () => {
    const head =
      "level: high\ntags: [attack.discovery, attack.t1613]\ntripline: { summary: '{username} read {value} from {sourceIPs}', context: [userAgent] }";
    const { see } = sidecar(rulesetOf(correlation(three, head)));
    await see(got(0));
    await see(got(1));
    const { verdict, findings } = await see(got(2.5));
    expect(verdict).toBe('match');
    expect(findings).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        rule: 'c',
        title: 'Together',
        level: 'high',
        summary: 'ann read 3 from 198.51.100.9',
        attack: [{ tactic: 'TA0007', technique: 'T1613' }],
        matched: [],
        context: [{ field: 'userAgent', values: ['kubectl/v1.33'] }],
        event: 0,
        time: '2026-01-02T03:00:02.500Z',
        workload: expect.any(String),
        correlation: {
          type: 'event_count',
          group: [{ field: 'username', values: ['ann'] }],
          from: '2026-01-02T03:00:00.000Z',
          to: '2026-01-02T03:00:02.500Z',
          value: 3,
          events: ['g-0', 'g-1', 'g-2.5'],
        },
      },
    ]);
  });

  test('has the same id in every version, by which a receiver recognises a repetition', async () => {
    const c = (name: string, body: string) => `title: ${name}\nname: ${name}\ncorrelation: ${body}`;
    const { see } = sidecar(
      rulesetOf(
        c('two', '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { gte: 2 } }'),
        c(
          'few',
          '{ type: event_count, rules: [got], group-by: [username, responseStatus.code], timespan: 1m, condition: { lt: 3 } }',
        ),
        `${c('new', '{ type: new_terms, rules: [got], group-by: [username], timespan: 1d, condition: { field: userAgent } }')}\ntripline: { learning: 0s }`,
        c('chain', '{ type: temporal, rules: [two, new], group-by: [username], timespan: 5m, generate: true }'),
      ),
    );
    const prod = { more: { cluster_name: 'prod' } };
    const ids = [];
    for (const event of [got(0), got(1), got(2, prod), got(3, prod), tick(500), { ...tick(501), ...prod }]) {
      ids.push(...foundOn(await see(event)).map(({ rule, id }) => `${rule} ${id}`));
    }
    expect(ids).toEqual([
      'new a963df51f116488bc2e917fe17f98f9f',
      'two 3445b538929157aa21f45864398bd16e',
      'chain dbf0ac8bbcc181bb186cf3893bcd7a33',
      'new 7011bbd50baa6696207dce51314e6b69',
      'two 7cd3c89675613d015e2e0202dedf56c6',
      'chain 32dadcf16b9576867053e07098a33d31',
      'few 8287fc2e7958981f604ce04cf9c0a524',
      'few 422ecbdbe9fd089b4f58180eaed25f6d',
    ]);
  });

  test('is at the event of the record that completes it', async () => {
    const { see } = sidecar(rulesetOf(correlation(three)));
    const { findings } = await see([got(0), got(1), got(2), got(3)]);
    expect(findings).toEqual([expect.objectContaining({ rule: 'c', event: 2 })]);
  });
});

describe('a report: what the end of a window emits on the record that passes it', () => {
  const few = '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { lt: 3 } }';
  const head =
    "id: 0b1d7cf1-8a43-4b0e-9d6f-7f7d6f8f4a52\nlevel: high\ntripline: { summary: '{username} did {verb} {value} times from {sourceIPs}', context: [username, userAgent, uid] }";
  const innocent: Given = { ...tick(500), user: 'innocent', more: { userAgent: 'other', sourceIPs: ['203.0.113.1'] } };

  test('is about those who are in the window, and contains nothing of the record', async () => {
    const { see } = sidecar(rulesetOf(correlation(few, head)));
    await see(got(0));
    const detection = await see(innocent);
    expect(detection).toMatchObject({ verdict: 'clear', findings: [], shadow: [], shadowReports: [] });
    expect(detection.reports).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        rule: 'c',
        ruleId: '0b1d7cf1-8a43-4b0e-9d6f-7f7d6f8f4a52',
        title: 'Together',
        level: 'high',
        summary: 'ann did get 1 times from 198.51.100.9',
        attack: [],
        context: [
          { field: 'username', values: ['ann'] },
          { field: 'userAgent', values: ['kubectl/v1.33'] },
          { field: 'uid', values: [] },
        ],
        time: '2026-01-02T03:01:00.000Z',
        workload: 'shop/Pod/web',
        correlation: {
          type: 'event_count',
          group: [{ field: 'username', values: ['ann'] }],
          from: '2026-01-02T03:00:00.000Z',
          to: '2026-01-02T03:01:00.000Z',
          value: 1,
          events: ['g-0'],
        },
      },
    ]);
    expect(JSON.stringify(detection.reports)).not.toMatch(/innocent|other|203\.0\.113\.1|watch/);
  });

  test('is separate from the findings of the record itself', async () => {
    const { see } = sidecar(rulesetOf(correlation(few, head)));
    await see(got(0));
    const detection = await see({ ...innocent, verb: 'delete' });
    expect(detection).toMatchObject({
      verdict: 'match',
      findings: [{ rule: 'deleted', event: 0 }],
      reports: [{ rule: 'c' }],
    });
  });

  test('comes for each window that has ended', async () => {
    const { see } = sidecar(rulesetOf(correlation(few.replace(' group-by: [username],', ''))));
    await see(got(0));
    await see(got(61));
    const { reports } = await see(tick(500));
    expect(reports.map(({ correlation }) => correlation.events)).toEqual([['g-0'], ['g-61']]);
    expect(new Set(reports.map(({ id }) => id)).size).toBe(2);
  });

  test('of a correlation in shadow mode is a shadow report', async () => {
    const { see } = sidecar(rulesetOf(correlation(few, 'tripline: { mode: shadow }')));
    await see(got(0));
    expect(await see(innocent)).toMatchObject({
      verdict: 'clear',
      findings: [],
      shadow: [],
      reports: [],
      shadowReports: [{ rule: 'c' }],
    });
  });

  const counted = (type: string, more: string) =>
    `title: P\nname: p\ncorrelation: { type: ${type}, rules: [c], timespan: 1h, ${more} }\ntripline: { summary: '{username} {verb} {sourceIPs}', context: [userAgent]${type === 'new_terms' ? ', learning: 0s' : ''} }`;

  test.each([
    ['event_count', 'group-by: [username], condition: { gte: 1 }'],
    ['new_terms', 'condition: { field: username }'],
  ])('comes from a correlation that counts a report: %s', async (type, more) => {
    const { see } = sidecar(rulesetOf(correlation(few, head), counted(type, more)));
    await see(got(0));
    const first = await see(innocent);
    expect(first).toMatchObject({ verdict: 'clear', findings: [] });
    expect(first.reports).toMatchObject([{ rule: 'p', summary: 'ann get 198.51.100.9' }]);
    expect(JSON.stringify(first.reports)).not.toMatch(/innocent|other|203\.0\.113\.1|watch/);
    expect(await see(innocent)).toEqual(first);
  });

  test('is a finding if an event of the record completes what an ended window began', async () => {
    const both =
      'title: P\nname: p\ncorrelation: { type: temporal, rules: [c, deleted], group-by: [username], timespan: 1h }';
    const { see } = sidecar(rulesetOf(correlation(few), both));
    await see(got(0));
    await see(tick(500));
    expect(await see(deleted(600))).toMatchObject({ verdict: 'match', findings: [{ rule: 'p' }], reports: [] });
  });
});

describe('generate', () => {
  test('false: the rules raise nothing by themselves', async () => {
    const names = await sidecar(rulesetOf(correlation(three))).emitted([got(0), got(1), got(2), deleted(3)]);
    expect(names).toEqual([[], [], ['c'], ['deleted']]);
  });

  test('true: they do', async () => {
    const names = await sidecar(rulesetOf(correlation(three.replace(/}$/, ', generate: true }')))).emitted([got(0)]);
    expect(names).toEqual([['got']]);
  });

  test('of a correlation in shadow withholds only the rule in its own file', async () => {
    const beside =
      'title: L\nname: l\nlogsource: { product: kubernetes }\ndetection: { s: { verb: list }, condition: s }';
    const counting = correlation(three.replace('[got]', '[l]'), 'tripline: { mode: shadow }');
    const { see } = sidecar(rulesetOf(`${beside}\n---\n${counting}`));
    const listed = (at: number) => ({ at, verb: 'list', auditID: `l-${at}` });
    for (const at of [0, 1])
      expect(await see(listed(at))).toMatchObject({ findings: [{ rule: 'listed' }], shadow: [] });
    expect(await see(listed(2))).toMatchObject({ findings: [{ rule: 'listed' }], shadow: [{ rule: 'c' }] });
  });

  test('of a correlation in shadow withholds no rules of other files', async () => {
    const { see } = sidecar(rulesetOf(correlation(three, 'tripline: { mode: shadow }')));
    await see(got(0));
    await see(got(1));
    const { verdict, findings, shadow } = await see(got(2));
    expect(verdict).toBe('match');
    expect(findings.map(({ rule }) => rule)).toEqual(['got']);
    expect(shadow.map(({ rule }) => rule)).toEqual(['c']);
  });
});

describe('a chain', () => {
  const chained = rulesetOf(
    correlation(three),
    'title: P\nname: p\ncorrelation: { type: temporal_ordered, rules: [c, deleted], group-by: [username], timespan: 5m }',
  );

  test('counts findings as events, and withholds them', async () => {
    const names = await sidecar(chained).emitted([got(0), got(1), got(2), deleted(60), deleted(61)]);
    expect(names).toEqual([[], [], [], ['p'], []]);
  });

  test('uses the time of the window, not of the event that emits it', async () => {
    const names = await sidecar(chained).emitted([got(0), got(1), got(2), deleted(301), deleted(302)]);
    expect(names).toEqual([[], [], [], ['p'], []]);
    const late = await sidecar(chained).emitted([got(0), got(1), got(2), deleted(303)]);
    expect(late).toEqual([[], [], [], []]);
  });

  test('counts a correlation that is evaluated at its end', async () => {
    const quiet =
      'title: Q\nname: q\ncorrelation: { type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { lt: 2 } }';
    const ruleset = rulesetOf(
      quiet,
      correlation('{ type: event_count, rules: [q], timespan: 1h, condition: { gte: 2 } }'),
    );
    const names = await sidecar(ruleset).emitted([got(0), got(1, { user: 'bob' }), tick(200), tick(201)]);
    expect(names).toEqual([[], [], ['c'], []]);
  });
});

describe('groups', () => {
  test('can be by an alias: another field in each rule', async () => {
    const body =
      '{ type: temporal, rules: [got, deleted], group-by: [who], aliases: { who: { got: username, deleted: objectRef.name } }, timespan: 1m }';
    const events = [got(0, { user: 'web' }), got(1, { user: 'ann' }), deleted(2, { user: 'bob' })];
    const { see } = sidecar(rulesetOf(correlation(body, "tripline: { summary: '{who}' }")));
    await see(events[0]!);
    await see(events[1]!);
    const { findings } = await see(events[2]!);
    expect(findings).toEqual([
      expect.objectContaining({
        summary: 'web',
        correlation: expect.objectContaining({ group: [{ field: 'who', values: ['web'] }] }),
      }),
    ]);
  });

  test('do not contain an event without the value', async () => {
    const nobody = (at: number) => got(at, { more: { sourceIPs: undefined } });
    const body = three.replace('username', 'sourceIPs');
    expect(await emittedOn(body, [nobody(0), nobody(1), nobody(2)])).toEqual([]);
  });

  test('are by the first value of a list', async () => {
    const from = (at: number, ...sourceIPs: string[]) => got(at, { more: { sourceIPs } });
    const body = three.replace('username', 'sourceIPs');
    expect(await emittedOn(body, [from(0, 'a', 'b'), from(1, 'a', 'c'), from(2, 'b', 'a'), from(3, 'a')])).toEqual([3]);
  });
});

describe('clusters', () => {
  const within = (cluster: string | undefined, event: Given): Given => ({
    ...event,
    auditID: `${cluster}-${event.auditID}`,
    more: { ...event.more, ...(cluster !== undefined && { cluster_name: cluster }) },
  });
  const toldIn = (body: string, events: [cluster: string | undefined, event: Given][]) =>
    emittedOn(
      body,
      events.map(([cluster, event]) => within(cluster, event)),
    );

  test.each<[string, string, [cluster: string | undefined, event: Given][], number[]]>([
    [
      'do not add up',
      three,
      [
        ['a', got(0)],
        ['b', got(1)],
        ['a', got(2)],
        ['b', got(3)],
        ['a', got(4)],
      ],
      [4],
    ],
    [
      'one that is not emitted is one of its own',
      three,
      [
        ['a', got(0)],
        [undefined, got(1)],
        ['a', got(2)],
        [undefined, got(3)],
        [undefined, got(4)],
      ],
      [4],
    ],
    [
      'are the same in any spelling',
      three,
      [
        ['prod', got(0)],
        ['PROD', got(1)],
        ['Prod', got(2)],
      ],
      [2],
    ],
    [
      'are apart without group-by too',
      '{ type: temporal, rules: [got, deleted], timespan: 1m }',
      [
        ['a', got(0)],
        ['b', deleted(1)],
        ['a', deleted(2)],
      ],
      [2],
    ],
    [
      'have terms of their own',
      '{ type: new_terms, rules: [got], timespan: 1h, condition: { field: username } }\ntripline: { learning: 0s }',
      [
        ['a', got(0)],
        ['b', got(1)],
        ['a', got(2)],
        ['b', got(3)],
      ],
      [0, 1],
    ],
    [
      'learn each from their own beginning',
      '{ type: new_terms, rules: [got], timespan: 1h, condition: { field: username } }',
      [
        ['a', got(0)],
        ['b', got(4000)],
        ['b', got(4001, { user: 'bob' })],
        ['a', got(4002, { user: 'bob' })],
      ],
      [3],
    ],
    [
      'have windows that end by their own time, on their own events',
      '{ type: event_count, rules: [got], timespan: 1m, condition: { lt: 3 } }',
      [
        ['a', got(0)],
        ['b', tick(500)],
        ['a', tick(100)],
        ['b', tick(501)],
        ['a', tick(300)],
      ],
      [4],
    ],
  ])('%s', async (_, body, events, expected) => expect(await toldIn(body, events)).toEqual(expected));

  test('do not add up in a chain', async () => {
    const chained = rulesetOf(
      correlation(three),
      'title: P\nname: p\ncorrelation: { type: event_count, rules: [c], timespan: 1h, condition: { gte: 2 } }',
    );
    const { emitted } = sidecar(chained);
    const burst = (cluster: string, from: number) => every(3, (i) => within(cluster, got(from + i)));
    const names = await emitted([...burst('a', 0), ...burst('b', 0), ...burst('a', 600)]);
    expect(names.map((rules) => rules.join())).toEqual(['', '', '', '', '', '', '', '', 'p']);
  });

  test('have findings with ids of their own', async () => {
    const { see } = sidecar(rulesetOf(correlation(three)));
    const ids = [];
    for (const cluster of ['a', 'b']) {
      await see(within(cluster, got(0)));
      await see(within(cluster, got(1)));
      ids.push((await see(within(cluster, got(2)))).findings[0].id);
    }
    expect(new Set(ids).size).toBe(2);
  });
});

describe('a field with several values', () => {
  const from = (at: number, ...sourceIPs: unknown[]) => got(at, { more: { sourceIPs } });
  const news =
    '{ type: new_terms, rules: [got], timespan: 1h, condition: { field: sourceIPs } }\ntripline: { learning: 0s, summary: "{sourceIPs}" }';

  test('each value is a term, and the new ones are emitted', async () => {
    const { see } = sidecar(rulesetOf(correlation(news)));
    const found = [];
    for (const event of [
      from(0, 'a', 'b'),
      from(1, 'b', 'a'),
      from(2, 'c', 'a'),
      from(3, 'c'),
      from(4, 'd', 'a', 'e'),
    ]) {
      found.push((await see(event)).findings.map(({ summary, correlation }) => [summary, correlation.group]));
    }
    const group = (...values: string[]) => [{ field: 'sourceIPs', values }];
    expect(found).toEqual([[['a, b', group('a', 'b')]], [], [['c', group('c')]], [], [['d, e', group('d', 'e')]]]);
  });

  test('each value counts, in every combination with those of other fields', async () => {
    const count = (field: string, gte: number) =>
      `{ type: value_count, rules: [got], timespan: 1m, condition: { field: ${field}, gte: ${gte} } }`;
    expect(await emittedOn(count('sourceIPs', 3), [from(0, 'a', 'b'), from(1, 'b', 'a'), from(2, 'a', 'c')])).toEqual([
      2,
    ]);
    const both = count('[sourceIPs, responseStatus.code]', 5);
    expect(await emittedOn(both, [from(0, 'a', 'b'), { ...from(1, 'a', 'b', 'b'), code: 403 }, from(2, 'c')])).toEqual([
      2,
    ]);
    const { see } = sidecar(rulesetOf(correlation(count('sourceIPs', 3))));
    expect((await see(from(0, 'a', 'b', 'c', 'd'))).findings[0].correlation.value).toBe(4);
  });

  test('no more than a hundred values count', async () => {
    const many = (prefix: string) => every(200, (i) => `${prefix}${i}` as never);
    const { see, store } = sidecar(rulesetOf(correlation(news)));
    const [finding] = (await see(from(0, ...many('a')))).findings;
    expect(finding.correlation.group[0].values).toEqual(many('a').slice(0, 100));
    const before = store.entries();
    await see(from(1, ...many('b'), ...many('a')));
    expect(store.entries() - before).toBeLessThan(150);
    const tuples =
      '{ type: value_count, rules: [got], timespan: 1m, condition: { field: [sourceIPs, user.groups], gte: 100 } }';
    const [counted] = await sidecarCount(tuples, {
      sourceIPs: many('a'),
      user: { username: 'ann', groups: many('g') },
    });
    expect(counted.correlation.value).toBe(100);
  });

  async function sidecarCount(body: string, more: Record<string, unknown>) {
    return (await sidecar(rulesetOf(correlation(body))).see(got(0, { more }))).findings;
  }

  test('the values count towards the memory', async () => {
    const body = '{ type: value_count, rules: [got], timespan: 1h, condition: { field: sourceIPs, gte: 900 } }';
    const { see, store } = sidecar(rulesetOf(correlation(body)));
    await see(from(0, ...every(50, (i) => `${i}` as never)));
    expect(store.entries()).toBeGreaterThan(50);
  });
});

describe('what a rule could not decide', () => {
  /** Reads a field that `unlogged` may have had. */
  const open =
    'title: O\nname: open\nlogsource: { product: kubernetes }\ndetection: { s: { hostPID: true }, condition: s }';
  const shut = open.replace('title: O\nname: open', 'title: S\nname: shut').replace('hostPID', 'hostIPC');
  const unlogged = got(0, { verb: 'create', more: { requestObject: undefined, level: 'Metadata' } });
  const counts = (name: string, rules: string, more = '') =>
    `title: ${name}\nname: ${name}\ncorrelation: { type: event_count, rules: ${rules}, timespan: 1m, condition: { gte: 2 }${more} }`;
  const undecidedIn = async (...texts: string[]) => {
    const detection = await sidecar(rulesetOf(...texts)).see(unlogged);
    expect(detection.verdict).toBe('indeterminate');
    return (detection as any).undecided.map(({ rule, field }: any) => `${rule}: ${field}`);
  };

  test.each<[string, string[], string[]]>([
    ['has its own name if it raises findings', [open, counts('c', '[open]', ', generate: true')], ['open: hostPID']],
    ['has the name of the correlation if it does not', [open, counts('c', '[open]')], ['c: hostPID']],
    [
      'once for each correlation',
      [open, shut, counts('c', '[open, shut]'), counts('d', '[shut]')],
      ['c: hostPID', 'd: hostIPC'],
    ],
    [
      'by the last of a chain',
      [open, counts('c', '[open]'), counts('d', '[c]'), counts('e', '[d, c]')],
      ['e: hostPID'],
    ],
    [
      'by the first of a chain that raises findings',
      [open, counts('c', '[open]'), counts('d', '[c]', ', generate: true')],
      ['c: hostPID'],
    ],
    ['by no correlation in shadow', [open, `${counts('c', '[open]')}\ntripline: { mode: shadow }`], ['open: hostPID']],
  ])('%s', async (_, texts, expected) => expect((await undecidedIn(...texts)).sort()).toEqual(expected));
});

describe('a retry', () => {
  test.each([
    ['counts nothing twice', three, [got(0), got(1), got(0), got(1)], [[], [], [], []]],
    [
      'of what completed a window completes it again',
      three,
      [got(0), got(1), got(2), got(3), got(2)],
      [[], [], ['c'], [], ['c']],
    ],
    [
      'of what a window ended on ends it again',
      '{ type: event_count, rules: [got], timespan: 1m, condition: { lt: 3 } }',
      [got(0), tick(200), tick(201), tick(200)],
      [[], ['c'], [], ['c']],
    ],
    [
      'of what was new is new again',
      '{ type: new_terms, rules: [got], timespan: 1h, condition: { field: username } }\ntripline: { learning: 0s }',
      [got(0), got(1), got(0), got(1)],
      [['c'], [], ['c'], []],
    ],
  ])('%s', async (_, body, events, expected) => {
    expect(await sidecar(rulesetOf(correlation(body))).emitted(events)).toEqual(expected);
  });

  test('gives the same finding, although more has happened meanwhile', async () => {
    const { see } = sidecar(rulesetOf(correlation(three)));
    await see(got(0));
    await see(got(1));
    const first = await see(got(2));
    await see(got(1.5));
    expect(await see(got(2))).toEqual(first);
  });

  test('that overtakes the first attempt finds as much', async () => {
    const { see } = sidecar(rulesetOf(correlation(three)));
    await see(got(0));
    await see(got(1));
    const [first, second] = await Promise.all([see(got(2)), see(got(2))]);
    expect(first.findings.length).toBe(1);
    expect(second).toEqual(first);
  });

  test('a long request counts once, at its start', async () => {
    const { see } = sidecar(rulesetOf(correlation(three)));
    const session = { at: 0, auditID: 's' };
    await see({ ...session, more: { stage: 'ResponseStarted' } });
    await see({ ...session, more: { stageTimestamp: timeOf(30) } });
    await see(got(31));
    expect((await see(got(32))).findings.length).toBe(1);
  });

  test('a long request counts once too if only the times of its answers are known', async () => {
    const { see } = sidecar(rulesetOf(correlation(three)));
    const session = (at: number): Given => ({ at, auditID: 's', more: { requestReceivedTimestamp: 'soon' } });
    await see(session(0));
    await see(session(30));
    expect((await see(got(31))).findings.length).toBe(0);
    expect((await see(got(32))).findings.length).toBe(1);
  });

  const news =
    '{ type: new_terms, rules: [got], timespan: 1h, condition: { field: username } }\ntripline: { learning: 0s }';

  test('of such a request finds the same, although it has another time', async () => {
    const { see } = sidecar(rulesetOf(correlation(news)));
    const session = (at: number): Given => ({ at, auditID: 's', more: { requestReceivedTimestamp: 'soon' } });
    const first = await see(session(0));
    expect(first.findings.map(({ id }) => id)).toHaveLength(1);
    expect((await see(session(30))).findings.map(({ id }) => id)).toEqual(first.findings.map(({ id }) => id));
  });

  test('of an event that was ahead of the clock finds the same when it no longer is', async () => {
    const store = memoryStore();
    const ruleset = rulesetOf(correlation(news));
    const first = await sidecar(ruleset, store, 10).see(got(400));
    expect(first.findings).toHaveLength(1);
    expect((await sidecar(ruleset, store, 500).see(got(400))).findings).toEqual(first.findings);
  });

  test.each([
    ['of the first', [110, 500], ''],
    ['of the second', [500, 110], ''],
    ['of the first, known to the microsecond', [110, 500], '456'],
    ['of the second, known to the microsecond', [500, 110], '456'],
  ])('of an event that is ahead of the clock counts nothing twice: %s', async (_, clocks, digits) => {
    const store = memoryStore();
    const ruleset = rulesetOf(correlation(three));
    const { see } = sidecar(ruleset, store, 500);
    await see(got(415));
    const ahead = got(420, { more: { requestReceivedTimestamp: timeOf(420).replace('Z', `${digits}Z`) } });
    for (const clock of clocks) {
      expect((await sidecar(ruleset, store, clock).see(ahead)).findings).toHaveLength(0);
    }
    expect((await see(got(421))).findings).toHaveLength(1);
  });

  test('of an event without any time finds the same', async () => {
    const timeless = got(0, { more: { requestReceivedTimestamp: '', stageTimestamp: '' } });
    const { see } = sidecar(rulesetOf(correlation(news)));
    await see(got(50_000, { user: 'eve' }));
    const first = await see(timeless);
    expect(first.findings).toHaveLength(1);
    await see(got(50_100, { user: 'eve' }));
    expect((await see(timeless)).findings).toEqual(first.findings);
  });

  test('a request that has the auditID of another counts', async () => {
    expect(await emittedOn(three, [got(0), got(1, { auditID: 'g-0' }), got(2, { auditID: 'g-0' })])).toEqual([2]);
  });

  test('requests that are ahead of the clock, with one auditID, each count', async () => {
    const { see } = sidecar(rulesetOf(correlation(three)), memoryStore(), 110);
    const more = (i: number) => ({ requestReceivedTimestamp: timeOf(420 + i).replace('Z', '456Z') });
    const found = [];
    for (const i of [0, 1, 2]) found.push((await see(got(420, { auditID: 'chosen', more: more(i) }))).findings.length);
    expect(found).toEqual([0, 0, 1]);
  });

  test.each([
    ['that is known to the second', 'chosen', '2026-01-02T03:00:00Z', [2]],
    ['that is known to the millisecond', 'chosen', '2026-01-02T03:00:00.123Z', [2]],
    ['without an auditID', '', '2026-01-02T03:00:00.123456Z', [2]],
    ['that is known to the microsecond', 'chosen', '2026-01-02T03:00:00.123456Z', []],
  ])('with the same auditID at the same time %s', async (_, auditID, requestReceivedTimestamp, expected) => {
    const request = (requestURI: string) => got(0, { auditID, more: { requestURI, requestReceivedTimestamp } });
    expect(await emittedOn(three, ['/a', '/b', '/c'].map(request))).toEqual(expected);
  });
});

describe('time', () => {
  test('an event that is too late does not count, and is reported as lost', async () => {
    const { emitted, see, lost } = sidecar(rulesetOf(correlation(three)));
    await emitted([got(0), got(1), got(10_000)]);
    await see(got(2));
    expect(lost.counts().late).toEqual(['c']);
  });

  test('an event without the counted value, or in an emitted window, does not advance the time of its group', async () => {
    const body = '{ type: value_count, rules: [got], timespan: 1m, condition: { field: responseStatus.code, gte: 2 } }';
    const { emitted, see, lost } = sidecar(rulesetOf(correlation(body)));
    expect(await emitted([got(1000, { code: 200 }), got(1010, { code: 403 })])).toEqual([[], ['c']]);
    await see(got(1059, { more: { responseStatus: {} } }));
    // Within a timespan and a quarter of an hour of the one, but not of the other.
    await see(got(80, { code: 200 }));
    expect(lost.counts().late).toEqual([]);
    await see(got(1060, { code: 200 }));
    await see(got(81, { code: 200 }));
    expect(lost.counts().late).toEqual([]);
    await see(got(1061, { code: 200 }));
    await see(got(100, { code: 200 }));
    expect(lost.counts().late).toEqual(['c']);
  });

  test('a term that is too late does not count, as nobody remembers whether it was new', async () => {
    const body = '{ type: new_terms, rules: [got], timespan: 1m, condition: { field: username } }';
    const { emitted, lost } = sidecar(rulesetOf(correlation(body, 'tripline: { learning: 0s }')));
    const bob = (at: number) => got(at, { user: 'bob' });
    expect(await emitted([got(0), got(2_000), bob(1_100), bob(1_039)])).toEqual([['c'], ['c'], ['c'], []]);
    expect(lost.counts().late).toEqual(['c']);
  });

  test('a clock that is ahead does not age what is remembered', async () => {
    const ruleset = rulesetOf(correlation(three));
    const ahead = got(0, { user: 'eve', more: { requestReceivedTimestamp: '2099-01-01T00:00:00Z' } });
    const { emitted } = sidecar(ruleset, memoryStore(), 3);
    expect((await emitted([got(0), got(1), ahead, got(2)]))[3]).toEqual(['c']);
  });

  test('an event without a time happened no later than the one before it: a log of yesterday stays of yesterday', async () => {
    const timeless = got(2, { more: { requestReceivedTimestamp: '', stageTimestamp: '' } });
    const few = '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { lt: 3 } }';
    expect(await emittedOn(three, [got(0), got(1), timeless])).toEqual([2]);
    expect(await emittedOn(few, [got(0), timeless, got(1), tick(500)])).toEqual([]);
    expect(await emittedOn(few, [got(0), timeless, tick(500)])).toEqual([2]);
  });

  test('an event without a time, and with none before it, happened when it came', async () => {
    const timeless = { requestReceivedTimestamp: '', stageTimestamp: 'soon' };
    expect(
      await emittedOn(
        three,
        every(3, (i) => ({ at: i, more: timeless })),
      ),
    ).toEqual([2]);
  });
});

const bodies = [
  three,
  '{ type: value_count, rules: [got], group-by: [username], timespan: 1m, condition: { field: responseStatus.code, gte: 2 } }',
  '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { lt: 2 } }',
  '{ type: temporal, group-by: [username], timespan: 1m, condition: got and not deleted }',
  '{ type: new_terms, rules: [got], timespan: 1m, condition: { field: username } }\ntripline: { learning: 0s }',
];
const drawnEvent = fc.record({
  at: fc.nat(300),
  verb: fc.constantFrom('get', 'delete', 'watch'),
  user: fc.constantFrom('ann', 'bob'),
  code: fc.constantFrom(200, 403),
});

describe('events in any order', () => {
  const drawn = fc.array(
    // How much later it is repeated, and whether there is a restart before that.
    fc
      .tuple(drawnEvent, fc.record({ again: fc.nat(6), restart: fc.boolean() }))
      .map(([event, more]) => ({ ...event, ...more })),
    { minLength: 5, maxLength: 30, size: 'max' },
  );

  test.each(bodies)(
    'a repeated delivery changes nothing and finds the same, with or without a restart in between: %s',
    async (body) => {
      const ruleset = rulesetOf(
        correlation(body),
        'title: P\nname: p\ncorrelation: { type: event_count, rules: [c], timespan: 5m, condition: { gte: 2 }, generate: true }',
      );
      let found = 0;
      await fc.assert(
        fc.asyncProperty(drawn, async (given) => {
          const events = given.map((one, i) => ({ ...one, auditID: `e${i}` }));
          const plain = sidecar(ruleset);
          const expected = [];
          for (const event of events) expected.push(foundOn(await plain.see(event)));
          found += expected.flat().length;

          let store = memoryStore();
          for (const [index, event] of events.entries()) {
            if (event.restart) {
              const next = memoryStore({ secret: store.secret });
              for (const row of JSON.parse(JSON.stringify([...store.rows()]))) next.restore(row);
              store = next;
            }
            const { see } = sidecar(ruleset, store);
            expect(foundOn(await see(event))).toEqual(expected[index]);
            const before = index - event.again;
            if (before >= 0) expect(foundOn(await see(events[before]!))).toEqual(expected[before]);
          }
        }),
        { numRuns: runs(30) },
      );
      expect(found).toBeGreaterThan(0);
    },
  );
});

describe('chunks that arrive in another order', () => {
  /** Events in order of time, and in an order in which each comes less than a minute after those that are later. */
  const shuffled = fc
    .array(fc.tuple(drawnEvent, fc.nat(58), fc.boolean()), { minLength: 10, maxLength: 40, size: 'max' })
    .map((drawn) => {
      const all = drawn
        .map(([event, delay, isCut], index) => ({ event: { ...event, auditID: `e${index}` }, delay, isCut }))
        .sort((one, other) => one.event.at - other.event.at);
      const arrived = all.toSorted((one, other) => one.event.at + one.delay - other.event.at - other.delay);
      const chunks: Given[][] = [[]];
      for (const { event, isCut } of arrived) {
        if (isCut) chunks.push([]);
        chunks.at(-1)!.push(event);
      }
      return { inOrder: all.map(({ event }) => event), chunks: chunks.filter(({ length }) => length > 0) };
    });
  const head = (body: string) =>
    body.includes('tripline:')
      ? body
      : `${body}\ntripline: { summary: '{username} {verb} {auditID}', context: [responseStatus.code] }`;

  async function foundIn(ruleset: Ruleset, chunks: Given[][]) {
    const { see } = sidecar(ruleset);
    const found = [];
    for (const chunk of [...chunks, [tick(5_000)]]) found.push(...foundOn(await see(chunk)));
    return found.filter(({ rule }) => rule === 'c');
  }

  test.each(bodies.filter((body) => /lt:|not /.test(body)))(
    'what is emitted at the end of a window is the same: %s',
    async (body) => {
      const ruleset = rulesetOf(correlation(head(body)));
      let found = 0;
      await fc.assert(
        fc.asyncProperty(shuffled, async ({ inOrder, chunks }) => {
          const byId = (all: any[]) => all.map(({ id, correlation }) => `${id} ${JSON.stringify(correlation)}`).sort();
          const expected = byId(await foundIn(ruleset, [inOrder]));
          expect(byId(await foundIn(ruleset, chunks))).toEqual(expected);
          found += expected.length;
        }),
        { numRuns: runs(40) },
      );
      expect(found).toBeGreaterThan(0);
    },
  );

  test.each(bodies.filter((body) => !/lt:|not /.test(body)))(
    'what is emitted at once is emitted for the same groups: %s',
    async (body) => {
      const ruleset = rulesetOf(correlation(head(body)));
      let found = 0;
      const groups = (all: any[]) => new Set(all.map(({ correlation }) => JSON.stringify(correlation.group)));
      await fc.assert(
        fc.asyncProperty(shuffled, async ({ inOrder, chunks }) => {
          const expected = groups(await foundIn(ruleset, [inOrder]));
          expect(groups(await foundIn(ruleset, chunks))).toEqual(expected);
          found += expected.size;
        }),
        { numRuns: runs(40) },
      );
      expect(found).toBeGreaterThan(0);
    },
  );

  test('a report shows the last event in time, not the last that arrived', async () => {
    const body = '{ type: event_count, rules: [got], timespan: 1m, condition: { lt: 3 } }';
    const { see } = sidecar(rulesetOf(correlation(body, "tripline: { summary: '{auditID}' }")));
    await see(got(50));
    await see(got(0));
    expect((await see(tick(500))).reports).toMatchObject([{ summary: 'g-50', correlation: { value: 2 } }]);
  });

  test('learning begins with the first event in time, not with the first that arrives', async () => {
    const body =
      '{ type: new_terms, rules: [got], timespan: 1h, condition: { field: username } }\ntripline: { learning: 10m }';
    const events = [got(0, { user: 'a' }), got(300, { user: 'b' }), got(700, { user: 'c' })];
    expect(await emittedOn(body, events)).toEqual([2]);
    expect(await emittedOn(body, [events[1]!, events[0]!, events[2]!])).toEqual([2]);
    // An event older than any delay is from another log, which must not end the learning of this one.
    expect(await emittedOn(body, [got(2_000), got(10), got(2_300, { user: 'c' })])).toEqual([]);
  });
});

describe('events in any order in several clusters', () => {
  test.each(bodies)('give each the findings that it would have alone: %s', async (body) => {
    const ruleset = rulesetOf(
      correlation(body),
      'title: P\nname: p\ncorrelation: { type: event_count, rules: [c], timespan: 5m, condition: { gte: 2 }, generate: true }',
    );
    const clusters = [undefined, 'a', 'b'];
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), drawnEvent), { minLength: 5, size: 'max', maxLength: 40 }),
        async (drawn) => {
          const together = sidecar(ruleset);
          const alone = clusters.map(() => sidecar(ruleset));
          for (const [index, [place, given]] of drawn.entries()) {
            const cluster = clusters[place];
            const event = {
              ...given,
              auditID: `e${index}`,
              more: cluster === undefined ? {} : { cluster_name: cluster },
            };
            const emitted = foundOn(await together.see(event));
            expect(emitted).toEqual(foundOn(await alone[place]!.see(event)));
            found += emitted.length;
          }
        },
      ),
      { numRuns: runs(30) },
    );
    expect(found).toBeGreaterThan(0);
  });
});

describe('another rule set', () => {
  test('continues if only the head of the correlation differs', async () => {
    const { see } = sidecar(rulesetOf());
    const before = rulesetOf(correlation(three));
    const after = rulesetOf(correlation(three, 'level: critical'));
    await see(got(0), before);
    await see(got(1), before);
    expect((await see(got(2), after)).findings).toEqual([expect.objectContaining({ level: 'critical' })]);
  });

  test('starts over if the correlation differs', async () => {
    const { see } = sidecar(rulesetOf());
    await see(got(0), rulesetOf(correlation(three)));
    await see(got(1), rulesetOf(correlation(three)));
    const after = rulesetOf(correlation(three.replace('1m', '2m')));
    expect((await see(got(2), after)).findings).toEqual([]);
  });
});

describe('memory', () => {
  test('a group waits for evaluation once, however often it is postponed', async () => {
    const body = '{ type: temporal, group-by: [username], timespan: 1m, condition: got and not deleted }';
    const { emitted, store } = sidecar(rulesetOf(correlation(body)));
    await emitted([got(0), ...every(50, (i) => deleted(i, { user: 'eve' }))]);
    const due = [...store.rows()].find(({ space }) => space.name.endsWith('/due'))?.value as unknown[];
    expect(due).toHaveLength(2);
    expect(await emitted([tick(121)])).toEqual([['c']]);
  });

  test('a flood of groups evicts the oldest, which is counted', async () => {
    const { see, store, lost } = sidecar(
      rulesetOf(correlation(three)),
      memoryStore({ maxBytes: 20_000_000, onEvict: (space, n) => lost.evicted(space.split('@')[0]!, n) }),
    );
    const many = every(20_000, (i) => got(i / 1000, { user: `u${i}`, auditID: `x${i}` }));
    for (let batch = 0; batch < 3; batch++) {
      await see(many.map((given) => ({ ...given, user: `${batch}-${given.user}` })));
    }
    expect(store.bytes()).toBeLessThanOrEqual(20_000_000);
    // And the clock.
    expect(lost.counts().evicted.c).toBe(60_000 * 2 + 1 - store.entries());
  });

  test('a flood of events in a group drops the oldest, which is counted', async () => {
    const body =
      '{ type: value_sum, rules: [got], timespan: 1h, condition: { field: responseStatus.code, gte: 900000 } }';
    const { see, store, lost } = sidecar(rulesetOf(correlation(body)));
    await see(every(3_000, (i) => got(i / 1000, { auditID: `x${i}` })));
    expect(store.entries()).toBeLessThanOrEqual(1_002);
    expect(lost.counts().evicted).toEqual({ c: 2_000 });
  });

  test.each([
    [
      'value_count',
      '{ type: value_count, rules: [got], timespan: 1h, condition: { field: username, gte: 3 } }',
      [got(0, { user: 'bob' }), got(2000, { user: 'eve' })],
    ],
    [
      'temporal_ordered',
      '{ type: temporal_ordered, rules: [deleted, got, listed], timespan: 1h }',
      [deleted(0), listed(2000)],
    ],
    [
      'temporal with not',
      '{ type: temporal, timespan: 20m, condition: got and deleted and not listed }',
      [deleted(0), tick(2000)],
    ],
  ])('a flood of equal events does not evict those that count: %s', async (_, body, [first, last]) => {
    const { see, lost } = sidecar(rulesetOf(correlation(body)));
    await see(first!);
    await see(every(1_500, (i) => got(1 + i / 1000, { auditID: `x${i}` })));
    expect(foundOn(await see(last!))).toEqual([expect.objectContaining({ rule: 'c' })]);
    expect(lost.counts()).toEqual({ late: [], evicted: {} });
  });

  test('long values take a bounded amount of memory', async () => {
    const { see, store } = sidecar(rulesetOf(correlation(three)));
    for (let i = 0; i < 3; i++) await see(got(i, { user: 'x'.repeat(100_000), auditID: `${i}`.repeat(100_000) }));
    const bytes = [...store.rows()].reduce((sum, row) => sum + JSON.stringify(row).length, 0);
    expect(bytes).toBeLessThan(20_000);
  });

  test('no event emits more than a hundred windows that end; the next event emits others', async () => {
    const body = '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { lt: 3 } }';
    const { see } = sidecar(rulesetOf(correlation(body)));
    await see(every(250, (i) => got(i / 1000, { user: `u${i}`, auditID: `x${i}` })));
    const counts = [];
    for (const at of [500, 501, 502, 503]) counts.push((await see(tick(at))).reports.length);
    expect(counts).toEqual([100, 100, 50, 0]);
  });

  test('groups that are over are forgotten', async () => {
    const body = '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { lt: 3 } }';
    const { see, store } = sidecar(rulesetOf(correlation(body)), memoryStore(), 1_000_000);
    for (let i = 0; i < 50; i++) await see(got(i, { user: `u${i}` }));
    await see(tick(1_000));
    await see(tick(2_000));
    await see(tick(200_000));
    // The clock.
    expect(store.entries()).toBe(1);
  });
});
