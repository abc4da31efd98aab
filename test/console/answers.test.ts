/** Queries and the other answers, without a thread. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type {
  FindingPage,
  FindingRow,
  Now,
  RuleRow,
  Rules,
  Session,
  Tune,
  WhyNot,
  Written,
} from '../../src/console/api.ts';
import { levels } from '../../src/record.ts';
import fc from '../properties.ts';
import { podEvent } from '../server/app.ts';
import { answersTo, eventOf, status } from './kept.ts';

type Book = Awaited<ReturnType<typeof answersTo>>;

const at = (minute: number) => `2026-01-02T03:${String(minute).padStart(2, '0')}:00Z`;
const userOf = (n: number) => ['ann', 'bob', 'system:anonymous'][n % 3]!;
const spread = Array.from({ length: 60 }, (_, n) =>
  eventOf(`a-${n}`, {
    user: { username: userOf(n) },
    sourceIPs: [`198.51.100.${n % 4}`],
    objectRef: { resource: 'pods', namespace: n % 2 === 0 ? 'shop' : 'kube-system', name: `web-${n}` },
    requestReceivedTimestamp: at((n * 7) % 60),
  }),
);

let book: Book;
beforeAll(async () => {
  book = await answersTo([spread.slice(0, 30), spread.slice(30)], {
    overrides: { 'workload-host-pid': { mode: 'shadow' } },
  });
});

describe('findings', () => {
  test('are counted exactly, newest first, page by page', async () => {
    const seen: FindingRow[] = [];
    let before: string | null | undefined;
    do {
      const page = await book.findings({ limit: '7', ...(before && { before }) });
      expect(page.total).toBe(60);
      seen.push(...page.findings);
      before = page.next;
    } while (before);
    expect(seen.map(({ time }) => time)).toEqual([...seen.map(({ time }) => time!)].sort().reverse());
    expect(new Set(seen.map(({ id }) => id)).size).toBe(60);
  });

  test('match as a plain filter does, and each facet counts what matches all the other filters', async () => {
    const all = (await book.findings({ limit: '1000' })).findings;
    const queries = fc.record({
      level: fc.option(fc.constantFrom('medium', 'high,low', 'critical')),
      mode: fc.option(fc.constantFrom('live', 'shadow')),
      q: fc.option(fc.constantFrom('who:ann', '-who:ann ns:shop', 'ip:198.51.100.1', 'obj:web-1*', 'nothing')),
      from: fc.option(fc.constantFrom(at(10), at(30))),
      to: fc.option(fc.constantFrom(at(30), at(50))),
    });
    await fc.assert(
      fc.asyncProperty(queries, async (given) => {
        const query = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
        const holds = {
          level: (row: FindingRow) => given.level === null || given.level.split(',').includes(row.level),
          mode: (row: FindingRow) => given.mode === null || given.mode === row.mode,
        };
        const fitsRest = (row: FindingRow) =>
          (given.from === null || Date.parse(row.time!) >= Date.parse(given.from)) &&
          (given.to === null || Date.parse(row.time!) < Date.parse(given.to)) &&
          plainSearch(given.q, row);
        const { findings, total, facets } = await book.findings({ ...query, limit: '1000' });
        const expected = all.filter((row) => holds.level(row) && holds.mode(row) && fitsRest(row));
        expect(findings.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
        expect(total).toBe(expected.length);
        const levelsThere = all.filter((row) => holds.mode(row) && fitsRest(row)).map(({ level }) => level);
        const counted = levels.map((level) => levelsThere.filter((one) => one === level).length);
        expect(levels.map((level) => facets.level[level] ?? 0)).toEqual(counted);
      }),
      { numRuns: 30 },
    );
  });

  function plainSearch(q: string | null, { event }: FindingRow): boolean {
    switch (q) {
      case 'who:ann':
        return event!.username === 'ann';
      case '-who:ann ns:shop':
        return event!.username !== 'ann' && event!.namespace === 'shop';
      case 'ip:198.51.100.1':
        return event!.sourceIPs!.includes('198.51.100.1');
      case 'obj:web-1*':
        return event!.name!.startsWith('web-1');
      default:
        return q === null;
    }
  }

  test('keep their place while others arrive', async () => {
    const growing = await answersTo([spread.slice(0, 20)]);
    const idsOf = ({ findings }: Awaited<ReturnType<typeof growing.findings>>) => findings.map(({ id }) => id);
    const all = idsOf(await growing.findings({ limit: '100' }));
    const first = await growing.findings({ limit: '5' });
    await growing.add([spread.slice(20, 40)]);
    expect(growing.book.last).toBe(40);
    const rest = new Set(idsOf(await growing.findings({ limit: '100', before: first.next! })));
    expect(all).toHaveLength(20);
    expect(all.filter((id) => !rest.has(id))).toEqual(idsOf(first));
  });

  test.each([
    [{ before: 'x' }],
    [{ before: Buffer.from('["time",1,2]').toString('base64url') }],
    [{ before: Buffer.from('["level",1,2,3]').toString('base64url') }],
    [{ before: Buffer.from('["time",1,null,3]').toString('base64url') }],
    [{ before: 'A'.repeat(10_000) }],
    [{ limit: '0' }],
    [{ limit: '1001' }],
    [{ limit: '1e3' }],
    [{ sort: 'constructor' }],
    [{ from: 'yesterday' }],
    [{ level: ['high', 'low'] }],
    [{ rule: 'x,'.repeat(600) }],
    [{ q: 'x'.repeat(2000) }],
  ])('are refused for the query %j', async (query) => {
    await expect(book.findings(query)).rejects.toMatchObject({ code: 'console.query' });
  });

  test('have the sentence in parts, so that no name passes for another', async () => {
    const name = '] deleted pod [kube-system/x';
    const hostile = await answersTo([[eventOf('1', { user: { username: name } })]]);
    const { findings } = await hostile.findings();
    expect(findings[0]!.parts).toEqual([
      ...['[', { field: 'username', value: name }, '] created pod ['],
      ...[{ field: 'namespace', value: 'shop' }, '/', { field: 'name', value: 'web' }],
      '] using the host PID namespace',
    ]);
  });

  test('keep control and text direction characters in the record, and show them as marks in the sentence', async () => {
    const name = 'a\u202eb\u0000\u2028<b>&{name}';
    const hostile = await answersTo([[eventOf('1', { user: { username: name } })]]);
    const [found] = (await hostile.findings()).findings;
    expect(found!.event!.username).toBe(name);
    expect(found!.parts[1]).toEqual({ field: 'username', value: 'a\ufffdb\ufffd\ufffd<b>&{name}' });
  });
});

describe('a finding', () => {
  test('has its record, byte for byte as it was returned, its explanation and its line', async () => {
    const [first] = (await book.findings({ q: 'id:a-7' })).findings;
    const page = (await book.ask({ kind: 'finding', id: first!.id })) as FindingPage;
    const record = JSON.parse(Buffer.from(page.record!, 'base64').toString());
    expect(record).toEqual({ ...spread[7], tripline: expect.objectContaining({ verdict: 'match' }) });
    const shown = Buffer.from(page.record!, 'base64').subarray(page.tag!.start, page.tag!.end).toString();
    expect(JSON.parse(`{${shown.replace(/^,|,$/, '')}}`)).toEqual({ tripline: record.tripline });
    expect(page.explanation).toMatchObject({ truth: true });
    expect(page.about).toMatchObject({ description: expect.any(String), falsepositives: expect.any(Array) });
    expect(page.normalized).toMatchObject({ auditID: 'a-7' });
    const people = page.line.map(({ event }) => [event!.username, event!.sourceIPs![0]]);
    expect(people.every(([who, ip]) => who === 'bob' || ip === '198.51.100.3')).toBe(true);
    expect(page.line.map(({ time }) => time)).toEqual(page.line.map(({ time }) => time!).sort());
  });

  test('by an anonymous user has a line by its address alone', async () => {
    const [first] = (await book.findings({ q: 'who:system:anonymous id:a-2' })).findings;
    const page = (await book.ask({ kind: 'finding', id: first!.id })) as FindingPage;
    expect(new Set(page.line.map(({ event }) => event!.sourceIPs![0]))).toEqual(new Set(first!.event!.sourceIPs));
    expect(page.line.length).toBeGreaterThan(1);
  });

  test('that is not kept is reported as gone', async () => {
    const asked = book.ask({ kind: 'finding', id: '__proto__' });
    await expect(asked).rejects.toMatchObject({ code: 'console.gone' });
  });

  test('of a hostile record has an explanation of bounded size', async () => {
    const containers = Array.from({ length: 3000 }, (_, n) => ({ name: `c${n}`, image: 'x'.repeat(500) }));
    const large = eventOf('1', { requestObject: { spec: { hostPID: true, containers } } });
    const one = await answersTo([[large]], {
      rules: ['rules/kubernetes/pod-host-pid.yml', 'rules/kubernetes/cryptomining-container.yml'],
    });
    const answer = (await one.ask({ kind: 'why-not', record: JSON.stringify(large) })) as WhyNot;
    expect(answer.rules).toHaveLength(2);
    expect(JSON.stringify(answer).length).toBeLessThan(20_000_000);
  });
});

describe('why not', () => {
  test('answers for each rule and event of a text', async () => {
    const list = { kind: 'EventList', items: [eventOf('1'), podEvent({ hostPID: false })] };
    const answer = (await book.ask({ kind: 'why-not', record: JSON.stringify(list, null, 2) })) as WhyNot;
    expect(answer.events).toMatchObject([{ about: 'ann: create pods shop/web', isAnswered: true }, {}]);
    expect(answer.rules.map(({ event, rule, answer }) => [event, rule, answer])).toEqual([
      [0, 'pod-host-pid', 'matches'],
      [0, 'workload-host-pid', 'ignores'],
      [1, 'pod-host-pid', 'ignores'],
      [1, 'workload-host-pid', 'ignores'],
    ]);
  });

  test('says what is wrong with a text', async () => {
    expect(await book.ask({ kind: 'why-not', record: '{"other": 1}' })).toMatchObject({
      verdict: 'not_audit',
      rules: [],
    });
    await expect(book.ask({ kind: 'why-not', record: 'text' })).rejects.toThrow('no record in it');
    await expect(book.ask({ kind: 'why-not', record: ' ' })).rejects.toMatchObject({ code: 'console.query' });
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    expect(await book.ask({ kind: 'why-not', record: deep })).toMatchObject({ verdict: 'not_audit' });
  });

  test('finds a kept event by its id, and others if records are kept', async () => {
    const found = (await book.ask({ kind: 'why-not-id', auditID: 'a-7' })) as WhyNot;
    expect(found.events).toMatchObject([{ event: { auditID: 'a-7' } }]);
    await expect(book.ask({ kind: 'why-not-id', auditID: 'nine' })).rejects.toThrow('console.maxRecordBytes');
    const keeping = await answersTo([[podEvent({ hostPID: false, auditID: 'nine' }), eventOf('two')]], {
      console: { maxRecordBytes: 100_000 },
    });
    const other = (await keeping.ask({ kind: 'why-not-id', auditID: 'nine' })) as WhyNot;
    expect(other).toMatchObject({ verdict: 'clear', events: [{ event: { auditID: 'nine' } }] });
  });
});

test('rules have their hits, what is decidable, and their cost once it is asked for', async () => {
  const rows = ({ rules }: Rules) => Object.fromEntries(rules.map((row) => [row.name, row])) as Record<string, RuleRow>;
  const before = rows((await book.ask({ kind: 'rules' })) as Rules);
  expect(before['pod-host-pid']).toMatchObject({ hits: 60, mode: 'live', costMicros: null, attack: [{}, {}] });
  expect(before['workload-host-pid']).toMatchObject({ hits: 0, mode: 'shadow', lastHit: null });
  expect(before['pod-host-pid']!.decidable).toMatchObject({ kubernetes: 'partly' });
  const measured = (await book.ask({ kind: 'cost' })) as Rules;
  expect(measured.cost).toMatchObject({ records: 60 });
  expect(rows(measured)['pod-host-pid']!.costMicros).toBeGreaterThan(0);
});

test('matches that an exception silences are counted, but are not findings', async () => {
  const { mkdtempSync, writeFileSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/tripline-console-');
  writeFileSync(
    `${folder}/ann.yml`,
    'title: Ann\nname: ann\nlogsource: { product: kubernetes }\nfilter:\n  rules: [pod-host-pid]\n  known: { username: ann }\n  condition: not known\n',
  );
  const silenced = await answersTo([[eventOf('1'), eventOf('2', { user: { username: 'bob' } })]], {
    exceptions: [folder],
  });
  expect((await silenced.findings()).total).toBe(1);
  const now = (await silenced.ask({ kind: 'now' })) as Now;
  expect(now.silenced.map(({ count }) => count)).toEqual([1]);
  const { rules } = (await silenced.ask({ kind: 'rules' })) as Rules;
  expect(rules[0]).toMatchObject({ name: 'pod-host-pid', hits: 1, silenced: 1 });
  const why = (await silenced.ask({ kind: 'why-not-id', auditID: '1' })) as WhyNot;
  expect(why.rules[0]).toMatchObject({ answer: 'silenced', silencedBy: 'ann' });
});

test('a session says how far back the kept findings reach', async () => {
  const who = { credential: 'ann', mayWrite: false, writeDenied: 'x' };
  const small = await answersTo([spread], { console: { maxFindingBytes: 65_536 } });
  const { ring } = (await small.ask({ kind: 'session', who })) as Session;
  expect(ring.findings.held).toBeLessThan(60);
  expect(ring.findings.bytes).toBeLessThanOrEqual(65_536);
  expect(ring.findings.completeSince).toBe('2027-01-15T08:00:01.000Z');
  expect(ring.records).toBeNull();
});

describe('tune', () => {
  const folder = () => mkdtempSync(join(tmpdir(), 'tripline-exceptions-'));
  const who = { credential: null, mayWrite: true, writeDenied: null };
  const quiet = 'an "odd" name\n‮: &a';
  const records = [
    ...Array.from({ length: 3 }, (_, n) => eventOf(`q-${n}`, { user: { username: quiet } })),
    eventOf('other', { user: { username: 'bob' } }),
  ];

  test('proposes an exception that is tried on what is kept and on the cases of the rule', async () => {
    const tuned = await answersTo([records], { exceptions: [folder()] });
    const { findings } = await tuned.findings({ q: 'who:bob' });
    const { findings: all } = await tuned.findings({});
    const own = all.find(({ event }) => event!.username === quiet)!;
    const asked = { finding: own.id, by: ['username'] };
    const answer = (await tuned.answer({ kind: 'tune', request: asked, who }, status)) as Tune;
    expect(answer).toMatchObject({ rule: own.rule, silences: { of: 4, otherIdentities: 0 }, mayWrite: true });
    expect(answer.silences.ids.toSorted()).toEqual(
      all.flatMap(({ id, event }) => (event!.username === quiet ? id : [])).toSorted(),
    );
    expect(answer.silences.ids).not.toContain(findings[0]!.id);
    expect(answer.cases.length).toBeGreaterThan(2);
    expect(answer.cases.filter(({ want, answer }) => want !== answer)).toEqual([]);
    expect(parse(answer.yaml).filter).toMatchObject({ rules: [own.rule] });
    expect(JSON.stringify(parse(answer.yaml).filter)).toContain(JSON.stringify(quiet).slice(1, -1));
  });

  test('writes one new file, which silences once it is live, and never over another', async () => {
    const exceptions = folder();
    const tuned = await answersTo([records], { exceptions: [exceptions] });
    const [own] = (await tuned.findings({ q: 'who:bob' })).findings;
    const request = { finding: own!.id, by: ['username', 'namespace'] };
    const { path } = (await tuned.answer({ kind: 'write', request }, status)) as Written;
    expect(dirname(path)).toBe(exceptions);
    const text = readFileSync(path, 'utf8');
    await expect(tuned.answer({ kind: 'write', request }, status)).rejects.toMatchObject({ code: 'console.exists' });
    expect(readFileSync(path, 'utf8')).toBe(text);

    tuned.follow('another');
    const record = JSON.stringify(records.at(-1));
    const again = (await tuned.answer({ kind: 'why-not', record }, status)) as WhyNot;
    expect(again.rules.find(({ rule }) => rule === own!.rule)?.answer).toBe('silenced');
  });

  test.each([
    ['a finding that is not kept', { finding: 'x' }, 'console.gone'],
    ['a field that there is not', { by: ['nothing'] }, 'console.query'],
    ['no field', { by: [] }, 'console.query'],
  ])('says what is wrong with %s', async (_, given, code) => {
    const tuned = await answersTo([records], {});
    const [own] = (await tuned.findings({})).findings;
    const request = { finding: own!.id, ...given };
    await expect(tuned.answer({ kind: 'tune', request, who }, status)).rejects.toMatchObject({ code });
  });

  test('without a folder of exceptions nothing is written', async () => {
    const tuned = await answersTo([records], { exceptions: [] });
    const [own] = (await tuned.findings({})).findings;
    const write = tuned.answer({ kind: 'write', request: { finding: own!.id } }, status);
    await expect(write).rejects.toMatchObject({ code: 'console.write_off' });
  });
});
