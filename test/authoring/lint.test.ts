/** What lint reports, check by check: rules that are wrong, and similar rules that are not. */
import { globSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checks, lintFile } from '../../src/authoring/lint.ts';
import { loadLists, placeholdersOf } from '../../src/rules/lists.ts';
import { type LintProblem, parseRules, printRuleProblem } from '../../src/sigma/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A rule with this text as its detection, in which the text of any key can be replaced. */
function ruleOf(detection: string, keys: Record<string, string | undefined> = {}): string {
  const head: Record<string, string | undefined> = {
    title: 'Pods',
    id: '7be7453a-1401-47e2-a68a-bf9404941cda',
    status: 'test',
    level: 'low',
    falsepositives: '[none]',
    logsource: '{product: kubernetes, service: audit}',
    detection: `\n${indented(detection)}`,
    ...keys,
  };
  return Object.entries(head)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}\n`]))
    .join('');
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}

/** A detection with one selection. */
function asking(...lines: string[]): string {
  return `a:\n${indented(lines.join('\n'))}\ncondition: a`;
}

function lintText(text: string): LintProblem[] {
  return lintFile(text, 'rule.yml', { placeholders: new Map([['names', ['ann', 'bob']]]) });
}

/** What is reported: the check, or `error`, and the source line from the place on. */
function reported(text: string): string[] {
  return lintText(text).map((problem) => {
    const { line, column } = problem;
    const source = text.split('\n')[line - 1]!.slice(column - 1);
    return `${problem.severity === 'error' ? 'error' : problem.check} at ${source}`;
  });
}

interface Rows {
  /** Rules, and where in them something is reported. */
  wrong: Record<string, [text: string, source: string]>;
  right: Record<string, string>;
}

const sigma3 = { 'sigma-version': '3' };

const rows: Record<string, Rows> = {
  'same-element': {
    wrong: {
      'lines with brackets': [
        ruleOf(asking('containers[any].name: a', 'containers[any].image: b'), sigma3),
        'containers[any].image: b',
      ],
      'dotted paths through a list of pods': [
        ruleOf(asking('containers.name: a', 'containers.securityContext.privileged: true')),
        'containers.securityContext.privileged: true',
      ],
      'a list within a body': [
        ruleOf(asking('requestObject.rules.verbs: get', 'requestObject.rules.resources: secrets')),
        'requestObject.rules.resources: secrets',
      ],
    },
    right: {
      'a block': ruleOf(asking('containers[any]:', '  name: a', '  image: b'), sigma3),
      'two lists': ruleOf(asking('containers.name: a', 'volumes.name: b')),
      'two quantifiers': ruleOf(asking('containers[any].name: a', 'containers[none].image: b'), sigma3),
      'two selections': ruleOf('a:\n  containers.name: a\nb:\n  containers.image: b\ncondition: a and not b'),
      'other alternatives': ruleOf(asking('- containers.name: a', '- containers.image: b')),
    },
  },
  'filter-without-not': {
    wrong: {
      'a filter asked for': [
        ruleOf('a:\n  verb: get\nfilter_system:\n  username: b\ncondition: a and filter_system'),
        'filter_system',
      ],
      'a filter denied twice': [
        ruleOf('a:\n  verb: get\nfilter:\n  username: b\ncondition: a and not (a and not filter)'),
        'filter)',
      ],
    },
    right: {
      'a filter denied': ruleOf('a:\n  verb: get\nfilter:\n  username: b\ncondition: a and not filter'),
      'one of the filters denied': ruleOf(
        'a:\n  verb: get\nfilter_a:\n  username: b\nfilter_b:\n  username: c\ncondition: a and not 1 of filter_*',
      ),
    },
  },
  'positive-filter': {
    wrong: { 'asks for what is to go': [filterOf('a'), 'a'] },
    right: { 'leaves it out': filterOf('not a'), 'leaves a part out': filterOf('a or not b') },
  },
  'escaped-wildcard': {
    wrong: {
      'a folder': [ruleOf(asking("userAgent: 'C:\\Windows\\*'")), "'C:\\Windows\\*'"],
      'a drive': [ruleOf(asking("userAgent: 'C:\\*'")), "'C:\\*'"],
      'in a list, with a modifier': [ruleOf(asking('userAgent|contains:', "  - '\\temp\\*.rar'")), "'\\temp\\*.rar'"],
    },
    right: {
      'an escaped backslash': ruleOf(asking("userAgent: 'C:\\Windows\\\\*'")),
      'a star that is meant': ruleOf(asking("userAgent: ['\\*', 'a \\* b']")),
      'a question mark in a URL': ruleOf(asking("requestURI: '/index\\?a=*'")),
      'an expression': ruleOf(asking("userAgent|re: '[b]\\w\\*'")),
    },
  },
  'lost-backslash': {
    wrong: {
      'a share': [ruleOf(asking("userAgent: '\\\\server\\share'")), "'\\\\server\\share'"],
      'the beginning of one': [ruleOf(asking("userAgent|startswith: '\\\\server'")), "'\\\\server'"],
    },
    right: {
      'four of them': ruleOf(asking("userAgent: '\\\\\\\\server\\share'")),
      'in the middle': ruleOf(asking("userAgent|contains: '\\\\server'")),
      'before a wildcard': ruleOf(asking("userAgent: '\\\\*'")),
    },
  },
  'all-of-one': {
    wrong: { 'a value': [ruleOf(asking('userAgent|contains|all: a')), 'userAgent|contains|all: a'] },
    right: { 'two values': ruleOf(asking('userAgent|contains|all: [a, b]')) },
  },
  'duplicate-value': {
    wrong: {
      'the same text': [ruleOf(asking('verb:', '  - get', '  - list', '  - GET')), 'GET'],
      'the same expression': [ruleOf(asking('name|re:', '  - a+', '  - a+')), 'a+'],
    },
    right: {
      'text in another case': ruleOf(asking('name|cased: [a, A]')),
      'a number and another': ruleOf(asking('responseStatus.code: [401, 403]')),
    },
  },
  'null-in-list': {
    wrong: { 'null and text': [ruleOf(asking('name: [a, null]')), 'name: [a, null]'] },
    right: { 'null alone': ruleOf(asking('name: null')) },
  },
  'pattern-of-one': {
    wrong: {
      'a name': [ruleOf('a:\n  verb: get\nb:\n  name: x\ncondition: 1 of a and b'), '1 of a and b'],
      'them, of which there is one': [ruleOf('a:\n  verb: get\ncondition: all of them'), 'all of them'],
    },
    right: {
      'a pattern that others may join': ruleOf('a_x:\n  verb: get\ncondition: 1 of a_*'),
      'them, of which there are two': ruleOf('a:\n  verb: get\nb:\n  name: x\ncondition: all of them'),
    },
  },
  'unused-selection': {
    wrong: {
      'in the rule': [ruleOf('a:\n  verb: get\nb:\n  name: x\ncondition: a'), 'b:'],
      'in a block': [
        ruleOf(asking('containers[any]:', '  x:', '    name: a', '  y:', '    name: b', '  condition: x'), sigma3),
        'y:',
      ],
    },
    right: {
      'used by a pattern': ruleOf('a:\n  verb: get\nab:\n  name: x\ncondition: 1 of a*'),
      'used by a level': ruleOf('a:\n  verb: get\nb:\n  name: x\ncondition: a', {
        tripline: '\n  levels:\n    - condition: b\n      level: high',
      }),
    },
  },
  'never-true': {
    wrong: {
      'two values of a field': [
        ruleOf('a:\n  verb: get\nb:\n  verb: [list, watch]\ncondition: a and b'),
        'verb: [list',
      ],
      'a value and a beginning': [ruleOf(asking('username: ann', 'username|startswith: b')), 'username|startswith: b'],
      'a value and its exclusion': [ruleOf(asking('username: ann', 'username|neq: ANN')), 'username|neq: ANN'],
      'a selection and its negation': [ruleOf('a:\n  verb: get\ncondition: a and not a'), 'a and not a'],
      'all of two values': [ruleOf(asking('username|all: [ann, bob]')), 'username|all: [ann, bob]'],
    },
    right: {
      'lists that meet': ruleOf('a:\n  verb: [get, list]\nb:\n  verb: [list, watch]\ncondition: a and b'),
      'one or the other': ruleOf('a:\n  verb: get\nb:\n  verb: list\ncondition: a or b'),
      'a field with several values': ruleOf(
        'a:\n  groups: x\nb:\n  groups: y\nc:\n  containers.name: x\nd:\n  containers.name: y\ncondition: all of them',
      ),
      'a list by name': ruleOf(asking("username|expand: '%names%'", 'username|startswith: x')),
      'another field': ruleOf(asking('username: ann', 'username|fieldref: name')),
      'other alternatives': ruleOf('a:\n  verb: get\nb:\n  - verb: list\n  - name: x\ncondition: a and b'),
    },
  },
  'plain-regex': {
    wrong: {
      anywhere: [ruleOf(asking('name|re: web')), 'web'],
      whole: [ruleOf(asking("name|re|i: '^web-1\\.a$'")), "'^web-1\\.a$'"],
    },
    right: {
      'a class': ruleOf(asking('name|re: web-[0-9]')),
      'at each line': ruleOf(asking("name|re|m: '^web'")),
      'no expression': ruleOf(asking('name: web')),
      'a list by name': ruleOf(asking("name|re|expand: '%names%'")),
    },
  },
  'open-dot': {
    wrong: {
      'a host': [ruleOf(asking("userAgent|re: '^https?://evil.example.com/'")), "'^https?://evil.example.com/'"],
    },
    right: {
      escaped: ruleOf(asking("userAgent|re: '^https?://example\\.com/'")),
      'any character': ruleOf(asking("userAgent|re: '^a.com*'")),
      'any number of any characters': ruleOf(asking("userAgent|re: '^curl.+ .*net$'")),
    },
  },
  'open-ended-regex': {
    wrong: {
      'at the beginning': [ruleOf(asking("name|re: '.*web-[0-9]'")), "'.*web-[0-9]'"],
      'at the end': [ruleOf(asking("name|re: 'web-[0-9].*$'")), "'web-[0-9].*$'"],
    },
    right: {
      between: ruleOf(asking("name|re: 'web.*[0-9]'")),
      'an escaped dot': ruleOf(asking("name|re: 'web[0-9]\\.*'")),
    },
  },
  'unreachable-level': {
    wrong: {
      'the same condition': [
        levels('- {condition: b, level: high}', '- {condition: b, level: low}'),
        '{condition: b, level: low}',
      ],
      'behind one that always holds': [
        levels('- {condition: a, level: high}', '- {condition: b, level: low}'),
        '{condition: b, level: low}',
      ],
      'against the condition': [levels('- {condition: b and c, level: high}'), '{condition: b and c, level: high}'],
    },
    right: {
      'from narrow to wide': levels('- {condition: b and d, level: high}', '- {condition: b or d, level: medium}'),
    },
  },
  verb: {
    wrong: {
      replace: [ruleOf(asking('verb: [create, Replace]')), 'Replace]'],
      'a permission': [ruleOf(asking('verb: impersonate')), 'impersonate'],
      'a slip of the pen': [ruleOf(asking('action: craete')), 'craete'],
    },
    right: {
      'verbs of requests': ruleOf(asking('verb: [get, LIST, deletecollection, post]')),
      'a beginning': ruleOf(asking('verb|startswith: del')),
      'of another product': ruleOf(asking('verb: replace'), { logsource: '{product: windows}' }),
    },
  },
  'websocket-stream': {
    wrong: {
      exec: [ruleOf(asking('verb: create', 'subresource: exec')), 'verb: create'],
      'by the names of audit.k8s.io': [
        ruleOf(asking('objectRef.subresource: [attach, exec]', 'verb: create')),
        'verb: create',
      ],
    },
    right: {
      'both verbs': ruleOf(asking('verb: [create, get]', 'subresource: exec')),
      'no stream': ruleOf(asking('verb: create', 'subresource: token')),
    },
  },
  resource: {
    wrong: {
      'a kind': [ruleOf(asking('resource: Pod')), 'Pod'],
      'in singular': [ruleOf(asking('objectRef.resource: [pods, networkpolicy]')), 'networkpolicy]'],
      'with its subresource': [ruleOf(asking('resource: pods/exec')), 'pods/exec'],
    },
    right: { 'in plural': ruleOf(asking('resource: [pods, Ingresses, widgets]')) },
  },
  'status-code': {
    wrong: { 'a decision': [ruleOf(asking('responseStatus.code: ALLOW')), 'ALLOW'] },
    right: { numbers: ruleOf(asking("responseStatus.code: [403, '404']")) },
  },
  'blind-platform': {
    wrong: { 'groups on GKE': [ruleOf(asking('platform: gke', "groups: 'system:masters'")), 'a'] },
    right: {
      'groups on GKE and elsewhere': ruleOf(asking('platform: [gke, eks]', "groups: 'system:masters'")),
      'groups or something else': ruleOf(
        "a:\n  platform: gke\nb:\n  groups: 'system:masters'\nc:\n  username: x\ncondition: a and (b or c)",
      ),
    },
  },
  keywords: {
    wrong: { 'words alone': [ruleOf('a:\n  - token\ncondition: a'), 'token'] },
    right: {
      'in a member of a list': ruleOf(asking('object.rules[any]:', "  '|contains': token"), sigma3),
      'of another product': ruleOf('a:\n  - token\ncondition: a', { logsource: '{product: linux}' }),
    },
  },
  'attack-tag': {
    wrong: {
      'no tactic': [ruleOf(asking('verb: get'), { tags: '[attack.exekution]' }), 'tags: [attack.exekution]'],
      'no technique': [ruleOf(asking('verb: get'), { tags: '[attack.t16110]' }), 'tags: [attack.t16110]'],
      'a number that no technique has': [
        ruleOf(asking('verb: get'), { tags: '[attack.t9999]' }),
        'tags: [attack.t9999]',
      ],
      'a sub-technique that none has': [
        ruleOf(asking('verb: get'), { tags: '[attack.t1611.001, attack.t1098.099]' }),
        'tags: [attack.t1611.001, attack.t1098.099]',
      ],
    },
    right: {
      'what there is': ruleOf(asking('verb: get'), {
        tags: '[attack.privilege_escalation, attack.T1611, attack.t1078.004, attack.g0007, attack.defense-impairment]',
      }),
      'of another catalogue': ruleOf(asking('verb: get'), { tags: '[cve.2021-44228]' }),
    },
  },
  logsource: {
    wrong: {
      'a slip': [
        ruleOf(asking('verb: get'), { logsource: '{product: kubernetes_audit}' }),
        'logsource: {product: kubernetes_audit}',
      ],
      'another service': [
        ruleOf(asking('verb: get'), { logsource: '{product: kubernetes, service: event}' }),
        'logsource: {product: kubernetes, service: event}',
      ],
      'another product': [ruleOf(asking('a: b'), { logsource: '{product: windows}' }), 'logsource: {product: windows}'],
    },
    right: {
      'no service': ruleOf(asking('verb: get'), { logsource: '{product: kubernetes}' }),
      'a category': ruleOf(asking('verb: get'), { logsource: '{category: application, product: kubernetes}' }),
    },
  },
  'kubernetes-field': {
    wrong: {
      'a member of the pod spec': [ruleOf(asking('podSpec.hostPid: true')), 'podSpec.hostPid: true'],
      'a member of a container': [ruleOf(asking('containers.imge: x')), 'containers.imge: x'],
      'a member in a block': [
        ruleOf(asking('containers[any]:', '  securityContext.privilged: true'), sigma3),
        'securityContext.privilged: true',
      ],
      'metadata itself': [ruleOf(asking('object.metdata.name: x')), 'object.metdata.name: x'],
      'a member of metadata': [
        ruleOf(asking('requestObject.metadata.lables.a: x')),
        'requestObject.metadata.lables.a: x',
      ],
      'a pod template': [
        ruleOf(asking('requestObject.spec.template.spec.hostpid: true')),
        'requestObject.spec.template.spec.hostpid: true',
      ],
      'a position': [ruleOf(asking('podSpec.containers.0.image: x')), 'podSpec.containers.0.image: x'],
      'a map in the place of a value': [ruleOf(asking('podSpec.securityContext: x')), 'podSpec.securityContext: x'],
      'a list of maps in the place of a text': [
        ruleOf(asking('requestObject.rules|contains: \'"verbs"\'')),
        'requestObject.rules|contains: \'"verbs"\'',
      ],
    },
    right: {
      'what there is': ruleOf(
        asking(
          'podSpec.securityContext.runAsUser: 0',
          'podSpec.volumes.hostPath.path: /',
          'containers.resources.limits.cpu: 1',
          'object.metadata.labels.app.kubernetes.io/name: x',
          'object.metadata.ownerReferences.kind: Job',
        ),
      ),
      'a map that is asked for': ruleOf(asking('podSpec.securityContext|exists: true', "podSpec.affinity: '*'")),
      'objects of any kind': ruleOf(
        asking('requestObject.spec.foo: x', 'object.data.0: y', 'responseObject.status: Failure'),
      ),
    },
  },
  'no-id': missing('id'),
  'no-status': missing('status'),
  'no-level': missing('level'),
  'no-falsepositives': missing('falsepositives'),
  title: {
    wrong: {
      'with a period': [ruleOf(asking('verb: get'), { title: 'A pod.' }), 'title: A pod.'],
      'too long': [ruleOf(asking('verb: get'), { title: 'x'.repeat(121) }), `title: ${'x'.repeat(121)}`],
    },
    right: {
      'with three': ruleOf(asking('verb: get'), { title: 'A pod ...' }),
      'as long as can be': ruleOf(asking('verb: get'), { title: 'x'.repeat(120) }),
    },
  },
};

function filterOf(condition: string): string {
  const b = condition.includes('b') ? '  b: {name: x}\n' : '';
  const lines = `  rules: any\n  a: {username: ann}\n${b}  condition: ${condition}\n`;
  return `title: t\nlogsource: {product: kubernetes}\nfilter:\n${lines}`;
}

function levels(...cases: string[]): string {
  const detection = 'a:\n  verb: get\nb:\n  name: x\nc:\n  name: y\nd:\n  namespace: z\ncondition: a and not c';
  return ruleOf(detection, { tripline: `\n  levels:\n${indented(indented(cases.join('\n')))}` });
}

function missing(key: string): Rows {
  return {
    wrong: { missing: [ruleOf(asking('verb: get'), { [key]: undefined }), 'title: Pods'] },
    right: { there: ruleOf(asking('verb: get')) },
  };
}

describe.each(Object.entries(rows))('%s', (check, { wrong, right }) => {
  it.each(Object.entries(wrong))('reports %s', (_, [text, source]) => {
    const [problem, ...others] = reported(text).filter((line) => line.startsWith(`${check} at `));
    expect(problem).toMatch(`${check} at ${source}`);
    expect(others).toEqual([]);
  });

  it.each(Object.entries(right))('accepts %s', (_, text) => {
    expect(reported(text).filter((line) => line.startsWith(`${check} at `) || line.startsWith('error'))).toEqual([]);
  });
});

it('each check has its rows', () => {
  expect(Object.keys(rows).sort()).toEqual(Object.keys(checks).sort());
});

it('prints a warning as it prints an error, with what to write instead', () => {
  const [warning] = lintText(ruleOf(asking('verb: replace')));
  expect(warning).toMatchObject({ severity: 'warning', check: 'verb' });
  expect(`\n${printRuleProblem(warning!)}`).toBe(`
rule.yml:9:11: no request has the verb 'replace'; a replacement is an update
    9 |     verb: replace
      |           ^`);
});

it.each([
  ['user.usernam: ann', "no event has a field 'user.usernam'", "did you mean 'user.username'?"],
  ['user: bob', "'user' is a map", 'as username'],
  ["requestObject|contains: 'events'", "'requestObject' is a map", 'name the member'],
  ['containers[].image: x', "no event has a field 'containers[].image'", 'sigma-version: 3'],
  ['podSpec.containers[0].image: x', "'podSpec.containers[0]' is the name of a member", 'sigma-version: 3'],
  ['sourceIPs.0: x', "'sourceIPs.0' selects a member", 'write sourceIPs without it'],
])('reports %s once, as an error', (line, message, hint) => {
  const problems = lintText(ruleOf(asking(line)));
  expect(problems).toMatchObject([{ severity: 'error', line: 9, column: 5 }]);
  expect(problems[0]!.message).toContain(message);
  expect(problems[0]!.hint).toContain(hint);
});

it('reports names in blocks, contexts and summaries as well', () => {
  const text = ruleOf(asking('user.extra: x', 'objectRef.nmae: x'), {
    tripline: '{summary: "[{user.usernam}]", context: [responseStatus.cod]}',
  });
  expect(lintText(text).map(({ hint }) => hint)).toEqual([
    expect.stringContaining('name the member'),
    "did you mean 'objectRef.name'?",
    "did you mean 'user.username'?",
    "did you mean 'responseStatus.code'?",
  ]);
});

it('reports what is wrong in one document, though another cannot be used', () => {
  const text = `${ruleOf(asking('verbb: get'))}---\n${ruleOf(asking('verb: replace'), { name: 'b' })}`;
  expect(reported(text)).toEqual(['error at verbb: get', 'verb at replace']);
});

it('accepts keys of a template that have no value, but says what they are for', () => {
  const text = ruleOf(asking('verb: get'), { tags: '', references: '', falsepositives: '' });
  expect(reported(text)).toEqual(['no-falsepositives at title: Pods']);
});

it('checks every document of a file, and reports a problem of their template once', () => {
  const own = (name: string) => ruleOf(asking('verb: replace'), { name, level: undefined });
  const text = `action: global\nlevel: low\ntags: [attack.none]\n---\n${own('a')}---\n${own('b')}`;
  expect(reported(text).map((line) => line.split(' at ')[0])).toEqual(['attack-tag', 'verb', 'verb']);
});

it('reports 50 warnings at most, and how many more there are', () => {
  const text = ruleOf(asking(`verb: [${Array.from({ length: 60 }, (_, i) => `v${i}`).join(', ')}]`));
  const warnings = lintText(text);
  expect(warnings).toHaveLength(50);
  expect(warnings.at(-1)?.message).toMatch(/\(and 10 more after this one\)$/);
});

describe('errors and warnings of one document are reported together', () => {
  const slips = asking('verb: get', 'user.usernam: x');
  const errorIn = (text: string) => reported(text).sort();

  it('if the error is in the head, with all problems of the detection', () => {
    expect(errorIn(ruleOf(`${slips}\nb:\n  verb: [get, get]`, { level: 'hihg', status: undefined }))).toEqual([
      'duplicate-value at get]',
      'error at hihg',
      'error at user.usernam: x',
      'no-status at title: Pods',
      'unused-selection at b:',
    ]);
  });

  it.each([
    ['an unknown modifier', 'verb|contain: get', 'error at contain: get'],
    ['an empty value', 'verb: [[]]', 'error at []]'],
  ])('if the error is in the detection, with all problems of the head: %s', (_, line, error) => {
    const text = ruleOf(asking(line), { title: 'Pods.', id: undefined, tags: '[attack.nothing]' });
    expect(errorIn(text)).toEqual(
      ['attack-tag at tags: [attack.nothing]', error, 'no-id at title: Pods.', 'title at title: Pods.'].sort(),
    );
  });

  it('for each line of a selection, with one message for a field that does not exist', () => {
    const lines = ['verb|contain: x', 'podSpec.hostNetwrk: true', 'containers.0.image: y', 'resource: pod'];
    expect(errorIn(ruleOf(asking(...lines)))).toEqual([
      'error at contain: x',
      'error at containers.0.image: y',
      'kubernetes-field at podSpec.hostNetwrk: true',
      'resource at pod',
    ]);
  });

  it.each([
    ['an empty selection', 'a: {}\ncondition: a'],
    ['a list of maps, one of them empty', 'a:\n  - { verb: get }\n  - {}\ncondition: a'],
    ['values some of which cannot be used', "a:\n  verb|re: ['(', x]\ncondition: a"],
    ['keywords among what is none', 'a:\n  - x\n  - [y]\ncondition: a'],
    ['no condition', 'a: { verb: get }'],
    ['no map', '- x'],
  ])('%s', (_, detection) => {
    const found = errorIn(ruleOf(detection, { status: undefined }));
    expect(found.filter((line) => line.startsWith('error'))).toHaveLength(1);
    expect(found).toContain('no-status at title: Pods');
  });

  it('if the condition or the logsource cannot be read', () => {
    const text = ruleOf('a: { verb: get }\ncondition: a OR b', {
      logsource: '{ produkt: x }',
      falsepositives: undefined,
    });
    expect(errorIn(text)).toEqual(['error at OR b', 'error at produkt: x }', 'no-falsepositives at title: Pods']);
  });

  it('and text after the last reported error does not count as read', () => {
    const again = 'author: A\n'.repeat(60);
    const text = `${again}${ruleOf(asking("verb|expand: ['%none%', '%nobody%']", 'resource: pods'))}`;
    const problems = lintText(text);
    expect(problems.filter(({ severity }) => severity === 'error')).toHaveLength(50);
    expect(problems.map(({ message }) => message).join()).toContain('more problems after this one');
  });
});

describe('one mistake in what documents build on is one message', () => {
  const behind = ['A', 'B']
    .map((title) => `---\ntitle: ${title}\ndetection: { a: { verb: get }, condition: a }\n`)
    .join('');

  it.each([
    [
      'an action that there is not',
      'title: T\naction: globl\nlogsource: { product: kubernetes }\n',
      "did you mean 'global'?",
    ],
    ['YAML that is none', 'title: T\naction: global\nlogsource: [ product\nlevel: high\n', 'fix the YAML'],
    ['an anchor', 'title: T\naction: global\nlogsource: { product: kubernetes }\ncustom: *x\n', 'write the value out'],
  ])('%s', (_, template, hint) => {
    const problems = lintText(`${template}${behind}`);
    expect(problems.map(({ severity, hint }) => [severity, hint])).toEqual([['error', hint]]);
    expect(parseRules(`${template}${behind}`, 'rule.yml').rules, 'none without what it builds on').toEqual([]);
  });

  it('reports that nothing builds on a lone template', () => {
    const [problem, ...others] = lintText('title: T\naction: global\nlogsource: { product: kubernetes }\n');
    expect(problem?.message).toContain("no rule follows 'action: global'");
    expect(others).toEqual([]);
  });

  it('a missing key is reported if no document builds on another', () => {
    const problems = lintText(`title: [\n${behind}`);
    expect(problems.filter(({ message }) => message.includes("no 'logsource'"))).toHaveLength(2);
  });
});

describe('# lint: allow', () => {
  const wrong = ['verb: replace', 'username:', '  - ann', '  - ann'];

  it.each([
    ['on the line', ['verb: replace # lint: allow verb', ...wrong.slice(1)], ['duplicate-value']],
    ['on the line before, with a reason', ['# lint: allow verb (a mock server has it)', ...wrong], ['duplicate-value']],
    [
      'of another check',
      ['verb: replace # lint: allow keywords', ...wrong.slice(1)],
      ['verb', 'allow', 'duplicate-value'],
    ],
    ['on another line', [...wrong, '# lint: allow verb'], ['verb', 'duplicate-value', 'allow']],
  ])('%s', (_, lines, expected) => {
    expect(reported(ruleOf(asking(...lines))).map((line) => line.split(' at ')[0])).toEqual(expected);
  });
});

it('reports nothing in the bundled rules', () => {
  const files = globSync('rules/**/*.yml', { cwd: root }).map((file) => `${root}/${file}`);
  const placeholders = placeholdersOf(loadLists([]).lists);
  const warnings = files.flatMap((file) =>
    lintFile(readFileSync(file, 'utf8'), relative(root, file), { placeholders }),
  );
  expect(warnings.map(printRuleProblem)).toEqual([]);
});
