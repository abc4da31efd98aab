/** Each hazard of a fast path by its number: records that one misreads if it has a shortcut too many. */
import { describe, expect, test } from 'vitest';
import { Ruleset } from '../../src/detect.ts';
import { compileRule, parseRule } from '../../src/sigma/index.ts';
import { randomFrom } from '../fuzz/fuzz.ts';
import { stepsOf } from '../steps.ts';
import { join, mediaTypes } from './bodies.ts';
import { tagsOf, tagsOfAnything, text } from './hazards.ts';
import { print, treeOf } from './json-tree.ts';
import { packEvent } from './msgpack-text.ts';
import { outlinedRules } from './outlined-rules.ts';
import { checkSame, fast, plain } from './paths.ts';
import { plainEvents, records } from './records.ts';
import { rulesets } from './rulesets.ts';

async function verdictsOf(texts: readonly string[], ruleset?: Ruleset): Promise<(string | undefined)[]> {
  return (await tagsOf(texts, ruleset)).map((tag) => tag?.verdict);
}

describe('hazards of a fast path', () => {
  test('1: of a duplicate key the last one counts, wherever it stands', async () => {
    const resource = '"resource":"pods"';
    const same = text('pod host pid');
    const texts = [
      same,
      text('pod host pid', { '"hostPID":true': '"hostPID":true,"hostPID":false' }),
      text('pod host pid', { '"hostPID":true': '"hostPID":false,"hostPID":true' }),
      text('pod host pid', { '"verb":"create"': '"verb":"get","verb":"create"' }),
      text('pod host pid', { '"verb":"create"': '"verb":"create","verb":"get"' }),
      text('pod host pid', { [resource]: `"resource":"leases",${resource}` }),
      text('pod host pid', { [resource]: `${resource},"resource":"leases"` }),
      `{"verb":"get",${same.slice(1)}`,
      `${same.slice(0, -1)},"verb":"get"}`,
      `${same.slice(0, -1)},"objectRef":null}`,
      `${same.slice(0, -1)},"user":{"username":"system:admin"}}`,
      `${same.slice(0, -1)},"responseStatus":{"code":403}}`,
      `{"responseStatus":{"code":403},${same.slice(1)}`,
    ];
    const tags = await tagsOf(texts);
    const isPodFound = tags.map(({ rules }) => rules?.includes('pod-host-pid') ?? false);
    // The body of the response has hostPID as well.
    expect(isPodFound).toEqual([
      ...[true, isPodFound[1], true, true, false, true, false],
      ...[true, false, isPodFound[9], true, false, true],
    ]);
  });

  test('2: escaped keys are keys, and look-alikes in texts and maps are not', async () => {
    const same = text('secret get');
    const hidden = text('pod host pid', { '"verb"': '"\\u0076erb"', '"hostPID":true': '"host\\u0050\\u0049D":true' });
    const note = JSON.stringify('","verb":"create","objectRef":{"resource":"pods"},"x":"');
    const texts = [
      same,
      text('pod host pid'),
      hidden,
      hidden.replace('"username"', '"user\\u006eame"').replace('"objectRef"', '"\\u006FbjectRef"'),
      `{"__proto__":{"verb":"delete"},"constructor":{"verb":"delete"},${same.slice(1)}`,
      `${same.slice(0, -1)},"__proto__":{"requestObject":{"spec":{"hostPID":true}}}}`,
      `${same.slice(0, -1)},"note":${note}}`,
      `{"note":${note},${same.slice(1)}`,
      `${same.slice(0, -1)},"extra":{"verb":"create","user":{"username":"system:admin"}}}`,
      text('secret get', { '"objectRef":{': '"objectRef":{"objectRef":{"resource":"pods"},"verb":"create",' }),
      text('secret get', { '"verb":"get"': '"verb":"\\u0067\\u0065t"' }),
    ];
    const tags = await tagsOf(texts);
    expect(tags.slice(1, 4).map(({ rules }) => rules?.includes('pod-host-pid'))).toEqual([true, true, true]);
    for (const index of [4, 5, 6, 7, 8, 9, 10]) expect(tags[index]!.verdict, texts[index]).toBe(tags[0]!.verdict);
  });

  test('2: words that decide how an event is read are the same in any spelling', async () => {
    const created = text('secret get', {
      '"verb":"get"': '"requestObject":{"metadata":{"name":"kube-system"}},"verb":"create"',
      '/shop/secrets/db': '',
      '"resource":"secrets","namespace":"shop","name":"db"': '"resource":"namespaces"',
    });
    const texts = [
      created,
      created.replace('"verb":"create"', '"verb":"cr\\u0065ate"'),
      created.replace('"resource":"namespaces"', '"resource":"names\\u0070aces"'),
      created.replace('"resource":"namespaces"', '"resource":"namespaces","name":""'),
      text('pod host pid', { '"stage":"ResponseComplete"': '"stage":"RequestRec\\u0065ived"' }),
      text('secret get', { '"verb":"get"': '"requestObject":{"dryRun":["All"]},"verb":"\\u0064elete"' }),
    ];
    const tags = await tagsOf([...texts, ...texts], outlinedRules[0]!);
    expect(new Set(tags.slice(0, 4).map(({ rules }) => JSON.stringify(rules))).size).toBe(1);
  });

  test('2: a member of the body that is read last counts, however it is spelled', async () => {
    const stored = { '"hostPID":true},"status":{}}}': '"hostPID":false},"status":{}}}' };
    const texts = [
      text('pod host pid', stored),
      text('pod host pid', { ...stored, '"hostPID":true': '"\\u0068ostPID" :true' }),
      text('pod host pid', { ...stored, '"hostPID":true': '"a":"\\u003c\\u0026","host\\u0050ID":"True"' }),
      text('pod host pid', { ...stored, '"hostPID":true': '"hostpid":true,"a":"\\u003c"' }),
      text('pod host pid', { ...stored, '"hostPID":true': '"hostPID":false,"dns":"PID"' }),
    ];
    const tags = await tagsOf(texts);
    expect(tags.map(({ rules }) => rules?.includes('pod-host-pid') ?? false)).toEqual([true, true, true, false, false]);
  });

  test('3: a fault in a part that no rule reads is still detected', async () => {
    const faults = [
      '01',
      '1.',
      '.5',
      '+1',
      '0x1',
      'tru',
      'nan',
      'Infinity',
      '"\\q"',
      '"\\u12"',
      '"a\u0001"',
      '{"a":1,}',
    ];
    const structural = [
      '[1,]',
      '[1 2]',
      '{"a" 1}',
      '{a:1}',
      '{"a":}',
      '{,}',
      '{"a"}',
      "'a'",
      '1 2',
      '[,]',
      '[}',
      '{"a":1]',
    ];
    const texts = [...faults, ...structural].flatMap((fault) => [
      text('lease'),
      text('lease', { '"leaseDurationSeconds":40': `"leaseDurationSeconds":${fault}` }),
      text('pod get', { '"objectRef":': `"zz":${fault},"objectRef":` }),
      `${text('pod get').slice(0, -1)},"zz":{"a":[{"b":${fault}}]}}`,
    ]);
    for (const each of texts) await tagsOfAnything(each);
    expect(await verdictsOf([text('pod create', { '"requestObject":{': '"requestObject":{"zz":[1 2],' })])).toEqual([
      'indeterminate',
    ]);
  });

  test('3: a text that is cut at any byte', async () => {
    const same = text('secret get');
    const cuts = Array.from({ length: same.length }, (_, index) => same.slice(0, index));
    for (const cut of cuts) await tagsOfAnything(cut);
    await tagsOf([same, ...cuts.filter((cut) => cut !== ''), same].map((each) => `${each}\n`.trimEnd()));
  });

  test('4: which gap is reported depends on the record alone', async () => {
    const names = Object.keys(plainEvents) as (keyof typeof plainEvents)[];
    const texts = names.flatMap((name) => {
      const bare = { ...plainEvents[name], requestObject: undefined, responseObject: undefined };
      return ['Metadata', 'RequestResponse'].map((level) => JSON.stringify({ ...bare, level }));
    });
    const ruleset = new Ruleset(rulesets.bundled!.rules, [], rulesets.bundled!.hash);
    const together = await tagsOf(texts, ruleset);
    for (let index = 0; index < texts.length; index += 5) {
      expect((await tagsOf([texts[index]!], ruleset))[0]).toEqual(together[index]);
    }
    expect(new Set(together.flatMap(({ undecided = [] }) => undecided.map(({ field }) => field))).size).toBeGreaterThan(
      3,
    );
  });

  test('5: JSON in a text is read as it is outside of one', async () => {
    const event = text('pod host pid');
    const spelled = [
      event,
      event.replace('"verb"', '"\\u0076erb"'),
      event.replace('"verb":"create"', '"verb":"create","verb":"get"'),
    ];
    const escapes = [
      (inner: string) => JSON.stringify(inner),
      (inner: string) => JSON.stringify(inner).replaceAll('/', '\\/'),
      (inner: string) =>
        `"${[...inner].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`,
      (inner: string) => JSON.stringify(JSON.stringify(inner)),
      (inner: string) => JSON.stringify(`${inner}\n`),
      (inner: string) => JSON.stringify(`${inner}${inner}`),
      (inner: string) => JSON.stringify(inner.slice(0, -40)),
      (inner: string) => JSON.stringify(`x ${inner}`),
    ];
    const texts = spelled.flatMap((inner) =>
      escapes.flatMap((quoted) => [
        `{"log":${quoted(inner)}}`,
        `{"category":"kube-audit","properties":{"log":${quoted(inner)}}}`,
      ]),
    );
    const tags = await tagsOf(texts);
    expect(tags.slice(0, 6).map(({ rules }) => rules?.includes('pod-host-pid'))).toEqual(Array(6).fill(true));
  });

  test('6: words match in bodies, and not in members that no field names', async () => {
    const places = [
      '"zz":{"deep":["x","Cluster-Admin"]},',
      '"zz":{"cluster-admin":null},',
      '"zz":"\\u0063luster-admin",',
      '"zz":"my tools here",',
    ];
    const texts = [text('lease'), ...places.map((place) => `{${place}${text('lease').slice(1)}`), text('lease')];
    const tags = await tagsOf(texts, rulesets.own);
    expect(tags.map(({ rules }) => rules?.includes('word') ?? false)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    const inBody = text('lease', { '"leaseDurationSeconds":40': '"a":{"\\u0063luster-admin":1}' });
    const [found] = await tagsOf([inBody], rulesets.own);
    expect(found?.rules).toContain('word');
  });

  test('7: values that are equal for one test and not for another', async () => {
    const codes = [
      '201',
      '201.0',
      '2.01e2',
      '"201"',
      '"201.0"',
      '[201]',
      '20.1e1',
      '-0',
      'true',
      '"x"',
      'null',
      '201.5',
    ];
    const verbs = ['create', 'CREATE', 'Create', '\\u0063reate', 'creaté', 'create ', 'cr\\u0000eate'];
    const texts = codes.flatMap((code) =>
      verbs.map((verb) =>
        text('pod create', { '"code":201': `"code":${code}`, '"verb":"create"': `"verb":"${verb}"` }),
      ),
    );
    await tagsOf(texts);
    await tagsOf(texts, rulesets.own);
    await tagsOf(texts.toReversed(), rulesets['all, with exceptions']);
  });

  test('8: nothing is kept across a reload of rules, lists or exceptions', async () => {
    let live = rulesets.bundled!;
    const [one, other] = [plain(() => live), fast(() => live)];
    const bytes = join(
      'lines',
      Object.values(records).map((record) => Buffer.from(print(treeOf(record)))),
    );
    const replies: string[] = [];
    for (const name of [...Object.keys(rulesets), ...Object.keys(rulesets)]) {
      live = rulesets[name]!;
      const expected = await one(bytes, mediaTypes.lines);
      checkSame(expected, await other(bytes, mediaTypes.lines), name);
      if ('body' in expected) replies.push(expected.body.toString());
    }
    expect(new Set(replies).size).toBeGreaterThanOrEqual(Object.keys(rulesets).length);
  });

  test('9: one text of MessagePack in every width, and values that are not texts', async () => {
    for (const [name, record] of Object.entries(records)) {
      const tree = treeOf(record);
      const parts = [
        packEvent(tree),
        ...Array.from({ length: 12 }, (_, seed) => packEvent(tree, randomFrom(seed))),
        packEvent(tree),
      ];
      const [one, other] = [plain(() => rulesets.bundled!), fast(() => rulesets.bundled!)];
      for (const bytes of [join('msgpack', parts), join('msgpack', parts.toReversed())]) {
        checkSame(await one(bytes, mediaTypes.msgpack), await other(bytes, mediaTypes.msgpack), name);
      }
    }
  });

  test('10: a stream that misses every cache costs no more than its steps one by one', async () => {
    const stream = join(
      'lines',
      Array.from({ length: 300 }, (_, index) => Buffer.from(hostile(index))),
    );
    const [one, other] = [plain(() => rulesets.bundled!), fast(() => rulesets.bundled!)];
    // Run once first, for everything that is made on first use.
    const small = Buffer.from(hostile(1_000_000));
    for (const way of [one, other]) await way(small, mediaTypes.lines);
    const expected = await stepsOf(async () => void (await one(stream, mediaTypes.lines)));
    const taken = await stepsOf(async () => void (await other(stream, mediaTypes.lines)));
    expect(taken).toBeLessThan(expected * 1.1);
    checkSame(await one(stream, mediaTypes.lines), await other(stream, mediaTypes.lines), 'hostile');
  });
});

test('a finding shows its own event, although many events share its decision', async () => {
  const rules = ["{ 'sourceIPs[any]': { '.|contains': '.' } }", '{ userAgent|contains: kube }', '{ verb: get }'];
  const compiled = rules.map((a, index) => {
    const head = `title: Rule ${index}\nsigma-version: 3\nlogsource: { product: kubernetes, service: audit }\n`;
    const { rule, problems } = parseRule(`${head}detection: { a: ${a}, condition: a }\n`, `${index}.yml`);
    expect(problems).toEqual([]);
    return compileRule(rule!);
  });
  const address = (one: string) => {
    const event = structuredClone(plainEvents['secret get']) as Record<string, any>;
    return JSON.stringify({ ...event, sourceIPs: [one], userAgent: `kube of ${one}` });
  };
  const addresses = ['10.0.0.7', '10.0.0.8', '10.0.0.9'];
  const tags = await tagsOf(addresses.map(address), new Ruleset(compiled, [], 'own'));
  for (const [index, { findings }] of tags.entries()) {
    const [inList, ofEvent] = findings!.map(({ matched }) => matched[0]!.values);
    expect([inList, ofEvent]).toEqual([[addresses[index]], [`kube of ${addresses[index]}`]]);
  }
});

/** A record in which everything that can be kept is new, with its members in an unhelpful order. */
function hostile(index: number): string {
  const event = structuredClone(plainEvents['secret get']) as Record<string, any>;
  event.user.username = `user-${index}`;
  event.userAgent = `agent/${index}`;
  event.sourceIPs = [`203.0.${index % 256}.${index % 251}`];
  event.objectRef.name = `name-${index}`;
  event.objectRef.namespace = `namespace-${index}`;
  event.auditID = `id-${index}`;
  const text = JSON.stringify(Object.fromEntries(Object.entries(event).reverse()));
  return text.replace('"verb"', '"\\u0076erb"').replace('"user":', '"user":1,"user":');
}
