/** The JSON Schemas for editors: what Tripline accepts passes, and what it refuses is marked, as far as a schema can. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseCases } from '../src/authoring/cases.ts';
import { passingCases, refusedCases } from './commands/files.ts';
import fc from './properties.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const ajv = new Ajv2020({ allErrors: true, strict: false, logger: false });

function validatorOf(name: string) {
  return ajv.compile(JSON.parse(readFileSync(`${root}/schemas/${name}.schema.json`, 'utf8')));
}

const schemas = {
  rule: validatorOf('rule'),
  exceptions: validatorOf('exceptions'),
  list: validatorOf('list'),
  config: validatorOf('config'),
  cases: validatorOf('cases'),
};

/** The places that a schema marks in a YAML text. */
function marked(schema: keyof typeof schemas, text: string): string[] {
  const validate = schemas[schema];
  return parseAllDocuments(text).flatMap((document) => {
    expect(document).toHaveProperty('errors', []);
    if (validate((document as { toJS(): unknown }).toJS())) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      return `${instancePath} ${message} ${Object.values(params)[0]}`;
    });
  });
}

const bundled: [schema: keyof typeof schemas, pattern: string][] = [
  ['rule', 'rules/**/*.yml'],
  ['list', 'lists/*.yml'],
  ['exceptions', 'exceptions/**/*.yml'],
];

it.each(
  bundled.flatMap(([schema, pattern]) =>
    globSync(pattern, { cwd: root })
      .sort()
      .map((path) => [schema, path] as const),
  ),
)('%s.schema.json lets %s pass', (schema, path) => {
  expect(marked(schema, readFileSync(`${root}/${path}`, 'utf8'))).toEqual([]);
});

test.each(bundled)('files of %s.schema.json name it in their first line', (schema, pattern) => {
  const strangers = globSync(pattern, { cwd: root }).filter((path) => {
    const up = '../'.repeat(path.split('/').length - 1);
    const modeline = `# yaml-language-server: $schema=${up}schemas/${schema}.schema.json\n`;
    return !readFileSync(`${root}/${path}`, 'utf8').startsWith(modeline);
  });
  expect(strangers).toEqual([]);
});

const head = 'title: t\nlogsource: {product: kubernetes, service: audit}\n';
const rule = (detection: string, more = '') => `${head}detection:\n  ${detection}\n  condition: a\n${more}`;

const passing: Record<string, [schema: keyof typeof schemas, text: string]> = {
  'a rule in the style of SigmaHQ': [
    'rule',
    `title: Tool Started From a Folder of Everyone
id: 0b1d7cf1-8a43-4b0e-9d6f-7f7d6f8f4a52
related:
  - id: 1b1d7cf1-8a43-4b0e-9d6f-7f7d6f8f4a52
    type: derived
status: experimental
description: Somebody starts a tool.
references:
  - https://example.com/a
author: Ann, Bob (a company)
date: 2024-03-01
modified: 2025-01-02
tags:
  - attack.execution
  - attack.t1059.001
  - detection.threat-hunting
logsource:
  category: process_creation
  product: windows
  definition: 'Requirements: command lines are logged'
  fleet: servers
detection:
  selection_img:
    - Image|endswith:
        - '\\a.exe'
        - '\\b.exe'
    - OriginalFileName: A.EXE
  selection_cli:
    CommandLine|contains|all:
      - ' -x '
      - http
    EventID: 4688
    Hashes|windash|contains: -a
    User|exists: true
    Port|gte: 1024
    Parent: null
  keywords:
    - word
    - 4711
  '|all': [a, b]
  condition: all of selection_* and not keywords
falsepositives:
  - Unknown
level: high
regression_tests_path: x/y
simulation: [{type: atomic}]
`,
  ],
  'array blocks, one in another': [
    'rule',
    rule(
      'a:\n    containers[any]:\n      .: x\n      ports[0]|gte: 1\n      env[all]:\n        b: {name: c}\n        condition: not b',
      'sigma-version: 3\n',
    ),
  ],
  'every key below tripline': [
    'rule',
    rule(
      'a: {verb: get}',
      "tripline: {summary: '{verb}', context: [verb], mode: shadow, levels: [{condition: a, level: low}], covers: {falco: [A]}}",
    ),
  ],
  'a rule and correlations of it': [
    'rule',
    `${rule('a: {verb: get}', 'name: r')}
---
title: many
correlation: {type: event_count, rules: [r], group-by: [username], timespan: 15m, condition: {gte: 10, lt: 20}, generate: true}
---
title: together
correlation: {type: temporal, rules: [r, s], timespan: 1h, condition: r and not s, aliases: {u: {r: username, s: uid}}, group-by: u}
---
title: first
correlation: {type: new_terms, rules: r, group-by: [username], timespan: 7d, condition: {field: [userAgent]}}
tripline: {learning: 1d}
`,
  ],
  'a filter': ['exceptions', `${head}filter:\n  rules: [r]\n  a: {username: ann}\n  condition: not a\n`],
  'a filter for all rules': ['rule', `${head}filter:\n  rules: any\n  a: {username: ann}\n  condition: not a\n`],
  'a list of nothing': ['list', 'title: t\ndescription: d\nvalues: []\n'],
  'a list of names and numbers': ['list', 'title: t\nvalues: [a, 1, true]\n'],
};

it.each(Object.entries(passing))('passes: %s', (_, [schema, text]) => {
  expect(marked(schema, text)).toEqual([]);
});

const failing: Record<string, [schema: keyof typeof schemas, text: string, place: string]> = {
  'no title': ['rule', rule('a: {verb: get}').replace('title: t\n', ''), " must have required property 'title'"],
  'no detection': ['rule', head, " must have required property 'detection'"],
  'no logsource': ['rule', 'title: t\ndetection: {a: {b: c}, condition: a}', "must have required property 'logsource'"],
  'no condition': [
    'rule',
    `${head}detection: {a: {b: c}, d: {e: f}}`,
    "/detection must have required property 'condition'",
  ],
  'an unknown level': ['rule', rule('a: {verb: get}', 'level: urgent'), '/level must be equal to one of'],
  'an unknown status': ['rule', rule('a: {verb: get}', 'status: done'), '/status must be equal to one of'],
  'an unknown mode': ['rule', rule('a: {verb: get}', 'tripline: {mode: on}'), '/tripline/mode must be equal to one of'],
  'an unknown key below tripline': ['rule', rule('a: {verb: get}', 'tripline: {sumary: a}'), 'properties sumary'],
  'an unknown pack': ['rule', rule('a: {verb: get}', 'tripline: {covers: {folco: [a]}}'), 'properties folco'],
  'an unknown modifier': ['rule', rule('a: {verb|contain: get}'), 'properties verb|contain'],
  'a map below a field': ['rule', rule('a: {verb: {x: y}}'), '/detection/a/verb must be'],
  'a word where a number has to be': ['rule', rule('a: {verb|gte: many}'), '/detection/a/verb|gte must be number'],
  'a word where a boolean has to be': [
    'rule',
    rule('a: {verb|exists: some}'),
    '/detection/a/verb|exists must be boolean',
  ],
  'an id that is no UUID': ['rule', rule('a: {verb: get}', 'id: pods'), '/id must match pattern'],
  'a tag without a dot': ['rule', rule('a: {verb: get}', 'tags: [attack]'), '/tags/0 must match pattern'],
  'an unknown type of correlation': [
    'rule',
    'title: t\ncorrelation: {type: count, timespan: 1m}',
    '/correlation/type must be equal to one of',
  ],
  'a timespan without its unit': [
    'rule',
    "title: t\ncorrelation: {type: event_count, timespan: '15'}",
    '/correlation/timespan must match pattern',
  ],
  'an unknown bound': [
    'rule',
    'title: t\ncorrelation: {type: event_count, timespan: 1m, condition: {ge: 1}}',
    'properties ge',
  ],
  'a filter without its rules': [
    'exceptions',
    `${head}filter: {a: {b: c}, d: {e: f}, condition: a}`,
    "/filter must have required property 'rules'",
  ],
  'a rule among exceptions': ['exceptions', rule('a: {verb: get}'), "must have required property 'filter'"],
  'a list without values': ['list', 'title: t', "must have required property 'values'"],
  'a list with another key': ['list', 'title: t\nvalues: []\nvalue: a', 'properties value'],
  'a list of maps': ['list', 'title: t\nvalues: [{a: b}]', '/values/0 must be'],
  'a setting that there is not': ['config', 'rulez: []', 'properties rulez'],
};

it.each(Object.entries(failing))('marks: %s', (_, [schema, text, place]) => {
  expect(marked(schema, text)).toContainEqual(expect.stringContaining(place));
});

describe('cases.schema.json', () => {
  const errorsIn = (text: string) => {
    schemas.cases(JSON.parse(text));
    return schemas.cases.errors ?? [];
  };
  const textOf = (cases: unknown) => (typeof cases === 'string' ? cases : JSON.stringify(cases));
  const [one] = passingCases.matches;

  test.each(globSync('rules/**/*.cases.json', { cwd: root }).sort())('lets %s pass', (path) => {
    expect(errorsIn(readFileSync(`${root}/${path}`, 'utf8'))).toEqual([]);
  });

  const whole = {
    $schema: '../schemas/cases.schema.json',
    lists: { allowed_users: ['ann'], 'a\nb': [] },
    matches: [
      {
        ...one,
        level: 'low',
        trustedProxies: ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '::ffff:192.0.2.1', 'fe80::1%eth0'],
        networks: { '192.0.2.0/24': { asn: 64500, asOrganization: 'x', country: 'DE' }, '2001:db8::1': {} },
      },
    ],
    ignores: [{ name: 'a sequence', records: [null, 'text', {}] }],
    undecided: [{ name: 'null', record: null }],
  };
  test.each<unknown>([{}, passingCases, whole])('passes what the reader accepts: %#', (cases) => {
    expect(parseCases(textOf(cases), 'x.cases.json').problems).toEqual([]);
    expect(errorsIn(textOf(cases))).toEqual([]);
  });

  const refused = Object.entries(refusedCases);
  const [bySchema, byReader] = [
    refused.filter(([, { schemaPasses }]) => !schemaPasses),
    refused.filter(([what, { schemaPasses }]) => schemaPasses && what !== 'no JSON'),
  ];
  test.each(bySchema)('refuses: %s', (_, { cases }) => {
    expect(errorsIn(textOf(cases))).not.toEqual([]);
  });
  test.each(byReader)('cannot express: %s', (_, { cases }) => {
    expect(errorsIn(textOf(cases))).toEqual([]);
  });

  const names = fc.constantFrom('a', 'b', '', ' ');
  const value = fc.oneof(fc.constantFrom(null, 1, 'low', 'x', [], ['10.0.0.1'], [1], {}, { a: ['b'] }), names);
  const members = ['name', 'record', 'records', 'level', 'trustedProxies', 'networks', 'other'] as const;
  const oddCase = fc.oneof(
    { weight: 5, arbitrary: fc.record(Object.fromEntries(members.map((key) => [key, value])), { requiredKeys: [] }) },
    value,
  );
  const oddCases = fc.oneof({ weight: 5, arbitrary: fc.array(oddCase, { maxLength: 2 }) }, value);
  const keys = ['$schema', 'lists', 'matches', 'ignores', 'undecided', 'other'] as const;
  const oddFile = fc.record(
    Object.fromEntries(keys.map((key) => [key, key === '$schema' || key === 'lists' ? value : oddCases])),
    { requiredKeys: [] },
  );
  test('agrees with the reader about every shape', () => {
    fc.assert(
      fc.property(oddFile, (file) => {
        const { problems } = parseCases(JSON.stringify(file), 'x.cases.json');
        const inWords = problems.filter((problem) => !problem.includes('another case has this name'));
        expect(errorsIn(JSON.stringify(file)).length > 0).toBe(inWords.length > 0);
      }),
      { numRuns: 2_000 },
    );
  });
});
