/** Rule files that change under a running process, as editors, kubelets and broken disks change them. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { type LoadedRules, loadRules, pathsOf, type RuleSources } from '../../src/rules/index.ts';
import { openLiveRules } from '../../src/rules/live-rules.ts';
import { mmdbOf } from '../enrichment/mmdb.ts';

const rule = (name: string, verb = 'get') =>
  `title: T\nname: ${name}\nlogsource: { product: kubernetes }\ndetection: { a: { verb: ${verb} }, condition: a }\n`;
const broken = rule('a').replace('verb:', 'verb|contain:');

type Files = Record<string, string>;

function write(folder: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** Live rules on a folder with these files, with what the tests look at. */
async function live(
  files: Files,
  prepare = (folder: string) => write(folder, files),
  sourcesIn = (folder: string): RuleSources => ({ rules: [folder] }),
) {
  const folder = join(mkdtempSync(join(tmpdir(), 'tripline-live-')), 'rules');
  mkdirSync(folder);
  prepare(folder);
  const sources = sourcesIn(folder);
  const log: any[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const load = vi.fn((before?: LoadedRules) => loadRules(sources, { before }));
  const rules = await openLiveRules({ paths: pathsOf(sources), load, logger });
  load.mockClear();
  const look = async (times: number) => {
    for (let i = 0; i < times; i++) await rules.look();
  };
  return {
    ...rules,
    folder,
    log,
    load,
    look,
    /** As many looks as it takes to load files that have stopped changing. */
    settle: () => look(2),
    /** What is broken, and what became of it. */
    states: () => Object.fromEntries(rules.broken().map(({ name, now }) => [name, now])),
    names: () => rules.ruleset().rules.map(({ rule }) => rule.name),
    hash: () => rules.ruleset().hash,
    verbs: () => rules.ruleset().rules.map(({ rule }) => JSON.stringify([...rule.selections.values()])),
  };
}

describe('changes become live', () => {
  const start = { 'a.yml': rule('a'), 'sub/b.yml': rule('b') };

  test.each<[string, (folder: string) => void, string[], object]>([
    ['a file changed', (at) => write(at, { 'a.yml': rule('a', 'list') }), ['a', 'b'], { changed: ['a'] }],
    ['a file added', (at) => write(at, { 'c.yaml': rule('c') }), ['a', 'c', 'b'], { added: ['c'] }],
    ['a folder added', (at) => write(at, { 'aa/c.yml': rule('c') }), ['a', 'c', 'b'], { added: ['c'] }],
    ['a file removed', (at) => rmSync(join(at, 'a.yml')), ['b'], { removed: ['a'] }],
    [
      'a rule that is about another product now',
      (at) => write(at, { 'a.yml': rule('a').replace('kubernetes', 'kubernets') }),
      ['b'],
      { removed: ['a'] },
    ],
    ['a folder removed', (at) => rmSync(join(at, 'sub'), { recursive: true }), ['a'], { removed: ['b'] }],
    ['a rule by another name', (at) => write(at, { 'a.yml': rule('z') }), ['z', 'b'], { added: ['z'], removed: ['a'] }],
  ])('%s', async (_, change, names, changes) => {
    const rules = await live(start);
    const before = rules.hash();
    change(rules.folder);
    await rules.settle();
    expect(rules.names()).toEqual(names);
    expect(rules.hash()).toBe(loadRules({ rules: [rules.folder] }).ruleset.hash);
    // A rule about another product is logged first.
    expect(rules.log.filter(({ leftOut }) => leftOut === undefined)).toEqual([
      expect.objectContaining({
        msg: 'The changed rules are live',
        level: 'removed' in changes ? 40 : 30,
        before,
        ruleset: rules.hash(),
        rules: names.length,
        ...{ added: [], removed: [], changed: [], ...changes },
      }),
    ]);
  });

  test('a text of the same length with the same modification time', async () => {
    const rules = await live(start);
    const time = new Date('2026-01-02T03:04:05Z');
    utimesSync(join(rules.folder, 'a.yml'), time, time);
    await rules.settle();
    write(rules.folder, { 'a.yml': rule('a', 'put') });
    utimesSync(join(rules.folder, 'a.yml'), time, time);
    await rules.settle();
    expect(rules.verbs()[0]).toContain('put');
  });

  test('nothing is loaded again while nothing changes, nor for files that are not rules', async () => {
    const rules = await live(start);
    write(rules.folder, { 'a.cases.json': '{}', 'notes.md': '', '.a.yml.swp': '', '.git/x.yml': 'title: [' });
    await rules.look(100);
    expect(rules.load).not.toHaveBeenCalled();
  });

  test('a touched file does not change the rule set', async () => {
    const rules = await live(start);
    const before = rules.ruleset().hash;
    utimesSync(join(rules.folder, 'a.yml'), 1, 1);
    await rules.settle();
    expect(rules.load).toHaveBeenCalledTimes(1);
    expect(rules.hash()).toBe(before);
    expect(rules.log).toEqual([]);
  });
});

describe('enrichment is read again', () => {
  const database = (asn: number) =>
    mmdbOf({ '198.51.100.0/24': { autonomous_system_number: asn } }, { buildEpoch: asn });
  const owners = (name: string) => `owners:\n  - namespace: shop\n    owner: ${name}\n`;
  const put = (folder: string, name: string, bytes: string | Buffer) => {
    writeFileSync(join(folder, `${name}.new`), bytes);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };
  const open = async (isThere = true) => {
    const prepare = (folder: string) => {
      write(folder, { 'rules/a.yml': rule('a') });
      if (!isThere) return;
      put(folder, 'as.mmdb', database(64500));
      put(folder, 'owners.yaml', owners('Shop'));
    };
    const rules = await live({}, prepare, (folder) => ({
      rules: [join(folder, 'rules')],
      enrichment: { mmdb: [join(folder, 'as.mmdb')], owners: join(folder, 'owners.yaml') },
    }));
    const known = () => rules.ruleset().enrichment;
    return {
      ...rules,
      asn: () => known().databases.of('198.51.100.9').asn,
      owner: () => known().owners.of({ rule: 'a', cluster: undefined, namespace: 'shop', labels: {} })?.name,
    };
  };

  test('a replaced database makes another rule set', async () => {
    const rules = await open();
    const [before, hash] = [rules.ruleset(), rules.hash()];
    expect([rules.asn(), rules.owner()]).toEqual([64500, 'Shop']);
    put(rules.folder, 'as.mmdb', database(64501));
    await rules.look(1);
    expect(rules.ruleset()).toBe(before);
    await rules.look(1);
    expect(rules.asn()).toBe(64501);
    expect(rules.hash()).not.toBe(hash);
    expect(rules.log).toMatchObject([{ msg: 'The changed rules are live', changed: [], enrichment: ['databases'] }]);
  });

  test('changed owners do not affect verdicts, so the hash stays the same', async () => {
    const rules = await open();
    const hash = rules.hash();
    put(rules.folder, 'owners.yaml', owners('Market'));
    await rules.settle();
    expect([rules.owner(), rules.hash()]).toEqual(['Market', hash]);
    expect(rules.log).toMatchObject([{ msg: 'The changed enrichment is live', enrichment: ['owners'] }]);
  });

  test('an unchanged file is not read again', async () => {
    const rules = await open();
    const { databases, owners } = rules.ruleset().enrichment;
    write(rules.folder, { 'rules/b.yml': rule('b') });
    await rules.settle();
    expect(rules.names()).toEqual(['a', 'b']);
    expect(rules.ruleset().enrichment.databases).toBe(databases);
    expect(rules.ruleset().enrichment.owners).toBe(owners);
  });

  test.each<[string, (folder: string) => void, string, RegExp]>([
    [
      'a database that is cut',
      (at) => put(at, 'as.mmdb', database(64501).subarray(0, 300)),
      'as.mmdb',
      /as\.mmdb:1:1: it cannot be used: it is not a database .*, or it is truncated; replace it with a complete \.mmdb file/,
    ],
    ['a database that is gone', (at) => rmSync(join(at, 'as.mmdb')), 'as.mmdb', /cannot be used: ENOENT/],
    [
      'owners with a slip',
      (at) => put(at, 'owners.yaml', owners('Market').replace('owner:', 'ownr:')),
      'owners',
      /owners\.yaml:3:5: unknown key 'ownr'; did you mean 'owner'\?/,
    ],
    ['owners that are gone', (at) => rmSync(join(at, 'owners.yaml')), 'owners', /cannot be used: ENOENT/],
  ])('%s: the previous one stays in use, and the log says why', async (_, change, name, message) => {
    const rules = await open();
    const hash = rules.hash();
    change(rules.folder);
    await rules.settle();
    expect([rules.asn(), rules.owner(), rules.hash()]).toEqual([64500, 'Shop', hash]);
    expect(rules.states()).toEqual({ [name]: 'as before' });
    expect(rules.log).toMatchObject([{ level: 50, msg: expect.stringMatching(message) }]);
    put(rules.folder, 'as.mmdb', database(64502));
    put(rules.folder, 'owners.yaml', owners('Mended'));
    await rules.settle();
    expect([rules.asn(), rules.owner()]).toEqual([64502, 'Mended']);
    expect(rules.states()).toEqual({});
  });

  test('files that are missing at startup are left out until they exist', async () => {
    const rules = await open(false);
    expect(rules.states()).toEqual({ 'as.mmdb': 'left out', owners: 'left out' });
    expect([rules.asn(), rules.owner()]).toEqual([undefined, undefined]);
    put(rules.folder, 'as.mmdb', database(64500));
    await rules.settle();
    expect(rules.asn()).toBe(64500);
  });
});

describe('lists and exceptions are handled like rules', () => {
  const calling = rule('a').replace('verb: get', "'username|expand': '%people%'");
  const list = (...values: string[]) => `title: People\nvalues: [${values}]\n`;
  const exception = (name: string) =>
    `title: E\nlogsource: { product: kubernetes }\nfilter: { rules: [a], s: { username: ${name} }, condition: not s }\n`;
  const start = {
    'rules/a.yml': calling,
    'rules/b.yml': rule('b'),
    'lists/people.yml': list('ann'),
    'exceptions/one.yml': exception('bob'),
  };
  const open = () =>
    live(start, undefined, (folder) => ({
      rules: [join(folder, 'rules')],
      lists: [join(folder, 'lists')],
      exceptions: [join(folder, 'exceptions')],
    }));

  test.each<[string, (folder: string) => void]>([
    ['a list changed', (at) => write(at, { 'lists/people.yml': list('ann', 'eve') })],
    ['an exception changed', (at) => write(at, { 'exceptions/one.yml': exception('eve') })],
    ['an exception added', (at) => write(at, { 'exceptions/two.yml': exception('eve') })],
    ['an exception removed', (at) => rmSync(join(at, 'exceptions/one.yml'))],
  ])('%s is a change of the rule that it applies to', async (_, change) => {
    const rules = await open();
    expect(rules.log).toEqual([]);
    change(rules.folder);
    await rules.settle();
    expect(rules.log).toMatchObject([{ msg: 'The changed rules are live', added: [], removed: [], changed: ['a'] }]);
  });

  test.each<[string, (folder: string) => void, object]>([
    ['a broken list', (at) => write(at, { 'lists/people.yml': 'values: {' }), { people: 'as before' }],
    ['a list removed that a rule calls', (at) => rmSync(join(at, 'lists/people.yml')), { a: 'as before' }],
    ['a broken exception', (at) => write(at, { 'exceptions/one.yml': 'title: [' }), { one: 'as before' }],
  ])('%s leaves the existing rules as they were', async (_, change, broken) => {
    const rules = await open();
    const [before, verbs] = [rules.ruleset(), rules.verbs()];
    change(rules.folder);
    write(rules.folder, { 'rules/c.yml': rule('c') });
    await rules.settle();
    expect(rules.states()).toEqual(broken);
    expect(rules.names()).toEqual(['a', 'b', 'c']);
    expect(rules.verbs().slice(0, 2)).toEqual(verbs);
    const exceptionsOf = (set: typeof before) => set.rules[0]!.exceptions.map(({ filter }) => filter);
    expect(exceptionsOf(rules.ruleset())).toEqual(exceptionsOf(before));
  });

  test('an exception whose rule is removed stays, and is reported', async () => {
    const rules = await open();
    rmSync(join(rules.folder, 'rules/a.yml'));
    await rules.settle();
    expect(rules.names()).toEqual(['b']);
    expect(rules.states()).toEqual({ one: 'live' });
  });

  test('an exception deleted from its file is removed, though another there names a missing rule', async () => {
    const rules = await open();
    write(rules.folder, { 'exceptions/one.yml': `${exception('bob')}---\n${exception('eve').replace('[a]', '[zz]')}` });
    await rules.settle();
    expect(rules.states()).toEqual({ 'one-2': 'live' });
    write(rules.folder, { 'exceptions/one.yml': exception('eve').replace('[a]', '[zz]') });
    await rules.settle();
    expect(rules.ruleset().rules[0]!.exceptions).toEqual([]);
  });
});

describe('a mounted ConfigMap', () => {
  /** Swaps the files as the kubelet does: a folder named by time, and a link to it that is renamed to `..data`. */
  function mount(folder: string, version: string, files: Files): void {
    write(join(folder, version), files);
    const data = join(folder, '..data');
    symlinkSync(version, `${data}_tmp`);
    let old: string | undefined;
    try {
      old = readlinkSync(data);
    } catch {}
    renameSync(`${data}_tmp`, data);
    for (const name of Object.keys(files)) {
      rmSync(join(folder, name), { force: true });
      symlinkSync(join('..data', name), join(folder, name));
    }
    if (old !== undefined) rmSync(join(folder, old), { recursive: true });
  }

  test('is reloaded, and each of its files counts once', async () => {
    const rules = await live({}, (folder) => mount(folder, '..2026_1', { 'a.yml': rule('a'), 'b.yml': rule('b') }));
    expect(rules.names()).toEqual(['a', 'b']);
    mount(rules.folder, '..2026_2', { 'a.yml': rule('a', 'put'), 'b.yml': rule('b') });
    await rules.settle();
    expect(rules.names()).toEqual(['a', 'b']);
    expect(rules.verbs()[0]).toContain('put');
    expect(rules.log).toMatchObject([{ changed: ['a'] }]);
  });

  test('is noticed by its link alone if the files were there before', async () => {
    const rules = await live({}, (folder) => mount(folder, '..2026_1', { 'a.yml': rule('a', 'get') }));
    // The file of the next version already exists, and only the link changes.
    write(join(rules.folder, '..2026_2'), { 'a.yml': rule('a', 'put') });
    await rules.settle();
    expect(rules.load).not.toHaveBeenCalled();
    symlinkSync('..2026_2', join(rules.folder, '..data_tmp'));
    renameSync(join(rules.folder, '..data_tmp'), join(rules.folder, '..data'));
    await rules.settle();
    expect(rules.verbs()[0]).toContain('put');
  });
});

describe('what a change breaks stays at its last good version, and the rest is live', () => {
  test('a broken file is reported with its place, in the log and on request, until it is fixed', async () => {
    const rules = await live({ 'a.yml': rule('a'), 'b.yml': rule('b') });
    const before = rules.hash();
    write(rules.folder, { 'a.yml': broken });
    await rules.settle();
    const path = join(rules.folder, 'a.yml');
    expect(rules.hash(), 'what is live is the same').toBe(before);
    expect(rules.names()).toEqual(['a', 'b']);
    expect(rules.refusal()).toBeUndefined();
    expect(rules.broken()).toMatchObject([{ name: 'a', now: 'as before', problems: [{ path, line: 4, column: 24 }] }]);
    expect(rules.log).toMatchObject([{ level: 50, rule: 'a', path, line: 4, column: 24, now: 'as before' }]);
    const { msg } = rules.log[0];
    for (const words of [
      "'a' cannot be used",
      'last good version',
      `${path}:4:24: `,
      "did you mean 'contains'?",
      '^',
    ]) {
      expect(msg).toContain(words);
    }

    await rules.look(100);
    write(rules.folder, { 'a.yml': `# It moves a line down.\n${broken}` });
    await rules.settle();
    expect(rules.log, 'the same is not said twice').toHaveLength(1);
    expect(rules.load).toHaveBeenCalledTimes(2);

    write(rules.folder, { 'a.yml': rule('a', 'put') });
    await rules.settle();
    expect(rules.verbs()[0]).toContain('put');
    expect(rules.broken()).toEqual([]);
    expect(rules.log).toMatchObject([{}, { changed: ['a'], before }]);
  });

  test('a broken file that is restored', async () => {
    const rules = await live({ 'a.yml': rule('a'), 'b.yml': rule('b') });
    write(rules.folder, { 'a.yml': broken });
    await rules.settle();
    write(rules.folder, { 'a.yml': rule('a') });
    await rules.settle();
    expect(rules.broken()).toEqual([]);
    expect(rules.log).toMatchObject([{}, { msg: 'The rule files match the live set again' }]);
  });

  const count = (name: string, rules: string, types = 'event_count') =>
    `title: T\nname: ${name}\ncorrelation: { type: ${types}, rules: [${rules}], timespan: 1m, condition: { gte: 2 } }\n`;
  const both = `${rule('one')}---\n${rule('two')}`;

  test.each<[string, Files, string[], object]>([
    ['a file that is added broken', { 'c.yml': broken.replace('a', 'c') }, ['a', 'b', 'one', 'two'], { c: 'left out' }],
    ['a file with the name of another rule', { 'c.yml': rule('a') }, ['a', 'b', 'one', 'two'], { a: 'left out' }],
    ['a copy that comes before it', { 'a-copy.yml': rule('a', 'put') }, ['a', 'b', 'one', 'two'], { a: 'left out' }],
    ['a rule that takes the name of another', { 'b.yml': rule('a') }, ['a', 'b', 'one', 'two'], { b: 'as before' }],
    ['a file that is no YAML', { 'b.yml': 'title: [' }, ['a', 'b', 'one', 'two'], { b: 'as before' }],
    ['an empty file in the place of a rule', { 'a.yml': '' }, ['a', 'b', 'one', 'two'], { a: 'as before' }],
    [
      'a second rule of a file, broken as the first',
      { 'two.yml': both.replaceAll('verb:', 'verb|contain:') },
      ['a', 'b', 'one', 'two'],
      { one: 'as before', two: 'as before' },
    ],
    [
      'one rule of two',
      { 'two.yml': `${rule('one', 'put')}---\n${rule('two').replace('verb:', 'verb|contain:')}` },
      ['a', 'b', 'one', 'two'],
      { two: 'as before' },
    ],
    [
      'one rule of two that loses its name too',
      { 'two.yml': `${rule('one')}---\ntitel: T\n` },
      ['a', 'b', 'one', 'two'],
      { two: 'as before' },
    ],
    [
      'what counts a rule that is broken',
      { 'b.yml': 'title: [', 'c.yml': count('c', 'b') },
      ['a', 'b', 'one', 'two'],
      { b: 'as before' },
    ],
  ])('%s', async (_, files, names, states) => {
    const rules = await live({ 'a.yml': rule('a'), 'b.yml': rule('b'), 'two.yml': both });
    const verbs = rules.verbs();
    rules.log.length = 0;
    write(rules.folder, { ...files, 'good.yml': rule('good') });
    await rules.settle();
    expect(rules.names().filter((name) => name !== 'good')).toEqual(names);
    expect(rules.names()).toContain('good');
    expect(rules.states()).toEqual(states);
    expect(rules.verbs()).toEqual(expect.arrayContaining(verbs.slice(0, 2)));
    const named = Object.keys(states);
    expect(rules.log.filter(({ level }) => level === 50).map(({ rule }) => rule)).toEqual(named);
    for (const { problems } of rules.broken()) expect(problems.length).toBeGreaterThan(0);
  });

  test('a correlation', async () => {
    const rules = await live({ 'a.yml': rule('a'), 'b.yml': rule('b'), 'c.yml': count('c', 'b') });
    const correlations = () =>
      rules.ruleset().correlations.map(({ correlation }) => [correlation.name, correlation.test]);
    const before = correlations();
    expect(before).toHaveLength(1);
    const hash = rules.hash();
    for (const text of [count('c', 'bb'), count('c', 'b', 'event_cout')]) {
      write(rules.folder, { 'c.yml': text });
      await rules.settle();
      expect(rules.states()).toEqual({ c: 'as before' });
      expect(correlations()).toEqual(before);
      expect(rules.hash()).toBe(hash);
    }
    write(rules.folder, { 'c.yml': count('c', 'b') });
    rmSync(join(rules.folder, 'b.yml'));
    await rules.settle();
    expect(rules.states(), 'what it counts is taken away').toEqual({ c: 'left out' });
    expect(rules.names()).toEqual(['a']);
  });

  test('a broken rule is removed with its file', async () => {
    const rules = await live({ 'a.yml': rule('a'), 'b.yml': rule('b') });
    write(rules.folder, { 'b.yml': 'title: [' });
    await rules.settle();
    rmSync(join(rules.folder, 'b.yml'));
    await rules.settle();
    expect(rules.names()).toEqual(['a']);
    expect(rules.states()).toEqual({});
  });

  test('a file that is broken again and again, fixed and broken again', async () => {
    const rules = await live({ 'a.yml': rule('a') });
    for (const text of [broken, 'title: [', '', broken.replace('get', 'put')]) {
      write(rules.folder, { 'a.yml': text });
      await rules.settle();
      expect(rules.names()).toEqual(['a']);
      expect(rules.verbs()[0]).toContain('get');
    }
    write(rules.folder, { 'a.yml': rule('a', 'list') });
    await rules.settle();
    write(rules.folder, { 'a.yml': broken });
    await rules.settle();
    expect(rules.verbs()[0], 'the last good version is that of then').toContain('list');
  });

  test('a link to nothing', async () => {
    const rules = await live({ 'a.yml': rule('a') });
    symlinkSync('gone', join(rules.folder, 'b.yml'));
    await rules.settle();
    expect(rules.names()).toEqual(['a']);
    expect(rules.states()).toEqual({ b: 'left out' });
  });

  test.skipIf(process.getuid?.() === 0)('a file without read permission (root can read everything)', async () => {
    const rules = await live({ 'a.yml': rule('a'), 'b.yml': rule('b') });
    chmodSync(join(rules.folder, 'a.yml'), 0);
    await rules.settle();
    expect(rules.names()).toEqual(['a', 'b']);
    expect(rules.states()).toEqual({ a: 'as before' });
    chmodSync(join(rules.folder, 'a.yml'), 0o600);
    await rules.settle();
    expect(rules.states()).toEqual({});
  });
});

describe('files from which nothing can be loaded are refused, and the old set stays', () => {
  test('a folder that disappears and comes back', async () => {
    const rules = await live({ 'a.yml': rule('a') });
    const before = rules.ruleset();
    renameSync(rules.folder, `${rules.folder}-gone`);
    await rules.settle();
    expect(rules.ruleset()).toBe(before);
    expect(rules.refusal()).toMatchObject({ files: [rules.folder], text: expect.stringContaining('does not exist') });
    renameSync(`${rules.folder}-gone`, rules.folder);
    await rules.settle();
    expect(rules.refusal()).toBeUndefined();
    write(rules.folder, { 'a.yml': rule('a', 'put') });
    await rules.settle();
    expect(rules.verbs()[0]).toContain('put');
  });

  test('a folder from which every rule was removed', async () => {
    const rules = await live({ 'a.yml': rule('a') });
    rmSync(join(rules.folder, 'a.yml'));
    await rules.settle();
    expect(rules.names()).toEqual(['a']);
    expect(rules.refusal()?.text).toContain('no rule that can be used');
  });

  test('loading is retried after a system error, though the files stay the same', async () => {
    const rules = await live({ 'a.yml': rule('a') });
    const error = Object.assign(new Error("EACCES: permission denied, open '/rules/a.yml'"), { path: '/rules/a.yml' });
    rules.load.mockImplementationOnce(() => {
      throw error;
    });
    rules.load.mockImplementationOnce(() => {
      throw error;
    });
    write(rules.folder, { 'a.yml': rule('a', 'put') });
    await rules.settle();
    expect(rules.refusal()).toMatchObject({ files: ['/rules/a.yml'], text: error.message });
    await rules.look(30);
    expect(rules.refusal()).toBeDefined();
    expect(rules.load).toHaveBeenCalledTimes(2);
    await rules.look(30);
    expect(rules.refusal()).toBeUndefined();
    expect(rules.verbs()[0]).toContain('put');
    expect(rules.log, 'the same is not logged twice').toMatchObject([{ level: 50 }, { level: 30 }]);
  });
});

describe('a rule that is broken at startup', () => {
  const start = { 'a.yml': rule('a'), 'bad.yml': broken.replace('name: a', 'name: bad') };

  test('is reported, the others are live, and it does not prevent a change', async () => {
    const rules = await live(start);
    expect(rules.names()).toEqual(['a']);
    expect(rules.refusal()).toBeUndefined();
    expect(rules.log).toMatchObject([
      {
        level: 50,
        path: join(rules.folder, 'bad.yml'),
        now: 'left out',
        msg: expect.stringContaining('is left out; all the rest is live'),
      },
    ]);
    write(rules.folder, { 'a.yml': rule('a', 'put'), 'bad.yml': `# It moves a line down.\n${start['bad.yml']}` });
    await rules.settle();
    expect(rules.states()).toEqual({ bad: 'left out' });
    expect(rules.log, 'the same is not said twice').toMatchObject([{}, { changed: ['a'] }]);
    expect(rules.verbs()[0]).toContain('put');
  });

  test('rules that can never match are live with a warning, and those for other logs are reported', async () => {
    const typo = rule('typo').replace('verb:', 'user.usernam:');
    const rules = await live({ 'a.yml': rule('a'), 'b.yml': typo, 'c.yml': rule('c').replace('kubernetes', 'k8s') });
    expect(rules.names()).toEqual(['a', 'typo']);
    expect(rules.log).toMatchObject([
      { level: 40, path: join(rules.folder, 'b.yml'), msg: expect.stringContaining("did you mean 'user.username'?") },
      { level: 40, leftOut: 1, rules: ['c'] },
    ]);
    write(rules.folder, { 'a.yml': rule('a', 'put') });
    await rules.settle();
    expect(rules.log.length, 'what was said is not said again').toBe(3);
    write(rules.folder, { 'd.yml': rule('d').replace('kubernetes', 'windows'), 'e.yml': typo.replace('typo', 'e') });
    await rules.settle();
    expect(rules.log.slice(3)).toMatchObject([{ path: join(rules.folder, 'e.yml') }, { rules: ['d'] }, { level: 30 }]);
  });

  test('once fixed, stays live when it breaks again', async () => {
    const rules = await live(start);
    write(rules.folder, { 'bad.yml': rule('b') });
    await rules.settle();
    expect(rules.names()).toEqual(['a', 'b']);
    write(rules.folder, { 'bad.yml': start['bad.yml'] });
    await rules.settle();
    expect(rules.names()).toEqual(['a', 'b']);
    expect(rules.states()).toEqual({ b: 'as before' });
  });
});

describe('changes in progress are given time to settle', () => {
  test('a file that is written piece by piece', async () => {
    const rules = await live({ 'a.yml': rule('a') });
    const path = join(rules.folder, 'b.yml');
    for (const piece of rule('b').split(/(?<=\n)/)) {
      appendFileSync(path, piece);
      await rules.look(1);
    }
    expect(rules.load).not.toHaveBeenCalled();
    await rules.look(1);
    expect(rules.names()).toEqual(['a', 'b']);
    expect(rules.log).toHaveLength(1);
  });

  test('a flood of changes is loaded once, at its end, and logged while it lasts', async () => {
    const rules = await live({ 'a.yml': rule('a') });
    for (let i = 0; i < 100; i++) {
      write(rules.folder, { [`b${i % 7}.yml`]: i % 3 === 0 ? broken : rule(`b${i % 7}`, `v${i}`) });
      await rules.look(1);
    }
    expect(rules.load).not.toHaveBeenCalled();
    expect(rules.log).toMatchObject([{ level: 40, msg: expect.stringContaining('keep changing') }]);
    write(rules.folder, Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`b${i}.yml`, rule(`b${i}`)])));
    await rules.settle();
    expect(rules.load).toHaveBeenCalledTimes(1);
    expect(rules.names()).toHaveLength(8);
  });

  test('files that change while they are read are loaded again as a whole', async () => {
    const rules = await live({ 'a.yml': rule('a') });
    write(rules.folder, { 'a.yml': rule('a', 'list') });
    rules.load.mockImplementationOnce(() => {
      const loaded = loadRules({ rules: [rules.folder] });
      write(rules.folder, { 'a.yml': rule('a', 'put') });
      return loaded;
    });
    await rules.settle();
    expect(rules.verbs()[0], 'of two minds').toContain('get');
    await rules.settle();
    expect(rules.verbs()[0]).toContain('put');
  });
});
