import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configSchema, loadConfig } from '../../src/config/index.ts';
import { Problem } from '../../src/problem.ts';
import { type SinkConfig, sinkKinds, sinkSchema } from '../../src/sinks/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-config-'));

const pem = (name: string) => join(import.meta.dirname, '../fixtures/tls/listener', `${name}.pem`);
const tls = `tls: { cert: ${pem('listener.cert')}, key: ${pem('listener.key')}`;

function load(text: string, environment: Record<string, string> = {}, overrides = {}) {
  const path = join(folder, 'tripline.yaml');
  writeFileSync(path, text);
  return loadConfig({ path, overrides, environment, bundledRules: '/bundled' });
}

function refusal(text: string, environment: Record<string, string> = {}): string {
  try {
    load(text, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(Problem);
    return (error as Problem).message;
  }
  throw new Error('the configuration was accepted');
}

describe('defaults', () => {
  test('apply where nothing is set', () => {
    expect(loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules: '/bundled' })).toMatchObject({
      listen: '127.0.0.1:9870',
      rules: ['/bundled'],
      lists: [],
      exceptions: [],
      overrides: {},
      memberName: 'tripline',
      tagHeader: 'X-Fluent-Tag',
      sinks: [],
      limits: { maxBodyBytes: 33_554_432, maxDepth: 256 },
    });
  });

  test('complete a group that is given in part', () => {
    expect(load('limits: { maxDepth: 100 }').limits).toMatchObject({ maxDepth: 100, maxRecords: 250_000 });
  });

  test('complete a sink', () => {
    expect(load('sinks: [{ type: forward, host: 127.0.0.1 }]').sinks[0]).toMatchObject({ port: 24224 });
  });

  test('are those of an empty file', () => expect(load('').listen).toBe('127.0.0.1:9870'));
});

test('the command line wins over the file', () => {
  expect(load('listen: 127.0.0.1:1', {}, { listen: '127.0.0.1:2' }).listen).toBe('127.0.0.1:2');
});

test('an environment variable provides a secret', () => {
  const { auth } = load('auth: { bearer: "${TOKEN}" }', { TOKEN: '{t0ken:#not-YAML' });
  expect(auth).toMatchObject({ bearer: [{ name: 'bearer', token: '{t0ken:#not-YAML' }], openMetrics: false });
});

test.each<[string, string, Record<string, string>, unknown]>([
  ['a default for a variable that is not set', 'listen: ${AT:-127.0.0.1:1}', {}, { listen: '127.0.0.1:1' }],
  ['a default for one that is empty', 'cluster: ${NAME:-prod}', { NAME: '' }, { cluster: 'prod' }],
  ['a variable before its default', 'cluster: ${NAME:-prod}', { NAME: 'test' }, { cluster: 'test' }],
  ['a number', 'drainSeconds: ${SECONDS}', { SECONDS: '7' }, { drainSeconds: 7 }],
  ['a number by default', 'limits: { maxDepth: "${DEPTH:-100}" }', {}, { limits: { maxDepth: 100 } }],
  [
    'a boolean',
    'sinks: [{ type: forward, host: a, tls: { verify: "${VERIFY}" } }]',
    { VERIFY: 'false' },
    { sinks: [{ tls: { verify: false } }] },
  ],
  [
    'digits where a text is wanted',
    'auth: { bearer: "${TOKEN}" }',
    { TOKEN: '12345' },
    { auth: { bearer: [{ token: '12345' }] } },
  ],
])('%s comes from the environment', (_, text, environment, expected) => {
  expect(load(text, environment)).toMatchObject(expected as object);
});

test('a secret comes from a file, beside the configuration or anywhere', () => {
  writeFileSync(join(folder, 'token'), 't0ken${NOT_A_VARIABLE}\n');
  const expected = { bearer: [{ token: 't0ken${NOT_A_VARIABLE}' }] };
  expect(load('auth: { bearer: "${file:token}" }').auth).toMatchObject(expected);
  expect(load(`auth: { bearer: "\${file:${folder}/token}" }`).auth).toMatchObject(expected);
});

test('a word that is not a number stays as it is, and is refused with its position', () => {
  expect(refusal('limits:\n  maxDepth: ${DEPTH}', { DEPTH: 'deep' })).toMatch(
    /tripline\.yaml:2:3: limits\.maxDepth must be integer, but is 'deep'$/,
  );
});

test.each<[string, string, string]>([
  ['a setting', 'reply: none\nlisen: x', ":2:1: lisen is not a setting; did you mean 'listen'?"],
  ['one of a group', 'limits:\n  maxDeth: 3', ":2:3: limits.maxDeth is not a setting; did you mean 'maxDepth'?"],
  [
    'one of a sink',
    'sinks:\n  - type: forward\n    hots: a',
    ":3:5: sinks[0].hots is not a setting; did you mean 'host'?",
  ],
  [
    'a word',
    'reply: recrods',
    ":1:1: reply must be one of records, matches, summary, none, but is 'recrods'; did you mean 'records'?",
  ],
  [
    'a level',
    'overrides:\n  a: { level: hihg }',
    ":2:8: overrides.a.level must be one of informational, low, medium, high, critical, but is 'hihg'; did you mean 'high'?",
  ],
  [
    'a kind of sink',
    'sinks:\n  - type: forwrad',
    `:2:5: sinks[0].type must be one of ${sinkKinds.map(({ type }) => type).join(', ')}, but is 'forwrad'; did you mean 'forward'?`,
  ],
  ['a port', 'listen: localhost:70000', ':1:1: listen: 70000 is not a port; the highest is 65535'],
  ['a variable', 'cluster: ${CLUSTR}', ":1:10: there is no environment variable 'CLUSTR'; did you mean 'CLUSTER'?"],
  ['no end of a variable', 'cluster: "${CLUSTER"', ":1:10: a '${' that begins no ${NAME}"],
  ['a variable as a default', 'cluster: "${A:-${B:-x}}"', ":1:10: a '${' that begins no ${NAME}"],
  ['no name of a variable', 'cluster: "${1A}"', ":1:10: a '${' that begins no ${NAME}"],
  ['a file', 'cluster: "${file:none}"', ':1:10: ENOENT'],
  [
    'two ways to a receiver',
    'sinks:\n  - { type: forward, host: a, unixPath: b }',
    ':2:5: set either host or unixPath',
  ],
  [
    'a user without a key',
    'sinks:\n  - { type: forward, host: a, username: b, password: "${CLUSTER}" }',
    ":2:31: username needs a sharedKey; write '' if",
  ],
  ['a certificate', 'sinks:\n  - { type: forward, host: a, tls: { ca: /none.pem } }', ':2:38: tls.ca: ENOENT'],
])('%s that is wrong is reported with its position and what was meant', (_, text, words) => {
  expect(refusal(text, { CLUSTER: 'prod' })).toContain(`tripline.yaml${words}`);
});

test.each<[string, string, string]>([
  ['the tag under the key of the time', 'memberName: date', "1:1: memberName: 'date' is also the dateKey"],
  ['the tag under the key of an event', 'memberName: kind', "1:1: memberName: 'kind' is a member of an audit event"],
  [
    'the tag under the key of AKS',
    'cluster: a\nmemberName: properties',
    "2:1: memberName: 'properties' is a member of",
  ],
  ['the tag under the key of GKE', 'memberName: protoPayload', "1:1: memberName: 'protoPayload' is a member of"],
  ['the tag under the key of a line', 'memberName: log', "1:1: memberName: 'log' is a member of"],
  ["the tag under Fluent Bit's own", 'memberName: __internal__', "1:1: memberName: '__internal__' is a member of"],
  ['the tag under a lifted member', 'memberName: user_username', "1:1: memberName: 'user_username' is a member of"],
  ['a name that cannot be seen', 'memberName: "a\\u202eb"', '1:1: memberName: '],
  ['the time under the key of an event', 'dateKey: verb', "1:1: dateKey: 'verb' is a member of an audit event"],
  ['a header that is none', 'tagHeader: "a b"', "1:1: tagHeader: 'a b' is not a valid header name; write"],
  ['a header of HTTP', 'tagHeader: Authorization', "1:1: tagHeader: 'Authorization' is a header with a meaning"],
  [
    'a user with a colon',
    'auth:\n  basic: { username: "a:b", password: "${P}" }',
    '2:12: auth.basic: the username has a colon',
  ],
  [
    'a password with two lines',
    'auth:\n  basic: { username: a, password: "${LINES}" }',
    '2:25: auth.basic: the password has a',
  ],
  [
    'a token with a space',
    'auth: { bearer: "${SPACED}" }',
    '1:9: auth.bearer: the token has a space, a control character or',
  ],
  ['no rules', 'rules: []', '1:1: rules is empty; add an entry, or leave the setting out'],
  ['dead letters among rules', `rules: [${folder}]\ndeadLetterPath: ${folder}/dead`, '2:1: deadLetterPath: '],
  ['dead letters in place of lists', `lists: [${folder}]\ndeadLetterPath: ${folder}/`, '2:1: deadLetterPath: '],
  ['a state among exceptions', `exceptions: [${folder}]\nstate: { path: ${folder}/a }`, '2:10: state.path: '],
  ['a state that is a folder', `state: { path: ${folder} }`, `1:10: state.path: `],
  ['a state among dead letters', `deadLetterPath: ${folder}\nstate: { path: ${folder}/s }`, '2:10: state.path: '],
  [
    'a spool among dead letters',
    `deadLetterPath: ${folder}/a\nsinks: [{ type: forward, host: a, spool: { path: ${folder}/a/b } }]`,
    '2:44: sinks[0].spool.path: ',
  ],
  [
    'one spool for two sinks',
    `sinks:\n${['a', 'b'].map((name) => `  - { type: forward, name: ${name}, host: a, spool: { path: ${folder}/s } }\n`).join('')}`,
    '3:49: sinks[1].spool.path: ',
  ],
  ['a state in the place of a key', `${tls} }\nstate: { path: ${pem('listener.key')} }`, '2:10: state.path: '],
  ['a sink that is this', 'listen: 0.0.0.0:24224\nsinks: [{ type: forward, host: localhost }]', '2:9: sinks[0]: '],
  [
    'a sink whose URL is this',
    'listen: 127.0.0.1:80\nsinks: [{ type: http, url: "http://localhost" }]',
    '2:23: sinks[0]: ',
  ],
  ['a sink at the address', 'listen: a:1\nsinks: [{ type: forward, host: a, port: 1 }]', '2:35: sinks[0]: '],
  ['a body beyond what it holds', 'limits:\n  maxBodyBytes: 999999999', '2:3: limits.maxBodyBytes, 999999999, is more'],
  [
    'a body that never fits',
    'limits: { maxPendingBytes: 9999999 }',
    '1:1: limits.maxDecompressedBytes, 33554432, is more',
  ],
  ['a stop without an end', 'drainSeconds: 1e9', '1:1: drainSeconds must be <= 3600, but is 1000000000'],
])('%s is refused, with its position and what to write', (_, text, words) => {
  const environment = { P: 'p', LINES: 'one\ntwo', SPACED: 's3cret t0ken' };
  const message = refusal(text, environment);
  expect(message).toContain(`tripline.yaml:${words}`);
  expect(message).not.toMatch(/s3cret|two/);
});

test('faults of all kinds are reported at once', () => {
  const text =
    'listen: localhost\nlisen: x\ncluster: ${NONE}\nsinks: [{ type: forward }, { type: none }]\ntrustedProxies: [lb]';
  expect(
    refusal(text)
      .split('\n')
      .map((line) => line.split(':')[1]),
  ).toEqual(expect.arrayContaining(['1', '2', '3', '4', '5']));
});

test.each([
  ...[
    'auth: { basic: { username: a, password: 98765 } }',
    'auth: { bearer: 98765 }',
    'auth: 98765',
    'auth: { basic: 98765 }',
  ],
  ...[
    'auth: { bearer: { token: { 98765: 98765 } } }',
    'auth: { bearer: "98765 98765" }',
    'state: { path: a, key: "98765" }',
  ],
  ...[
    'state: { path: a, key: 98765 }',
    'sinks: [{ type: forward, host: a, sharedKey: 98765 }]',
    'auth: { bearer: [98765] }',
  ],
  ...['sinks: [{ type: forward, host: a, username: b, password: [98765] }]'],
  'auth: { bearer: "${TOKEN}" }',
])('no message shows a secret: %s', (text) => {
  expect(refusal(text, { TOKEN: '98765 98765' })).not.toContain('98765');
});

test.each<[string, string]>([
  [
    'auth:\n  basic: { username: a, password: x }',
    '2:25: auth.basic.password is a secret, but is in the configuration itself',
  ],
  ['auth:\n  basic:\n    - { username: a, password: x }', '3:22: auth.basic.password is a secret'],
  ['auth: { bearer: x }', '1:9: auth.bearer.token is a secret'],
  ['auth: { bearer: "${NONE:-x}" }', '1:9: auth.bearer.token is a secret'],
  ['auth: { bearer: [{ token: "${T}" }, { token: x }] }', '1:39: auth.bearer.token is a secret'],
  ['state: { path: a, key: 0123456789abcdef }', '1:19: state.key is a secret'],
  ['sinks: [{ type: forward, host: a, sharedKey: x }]', '1:35: sinks.sharedKey is a secret'],
  [
    'sinks: [{ type: http, url: http://a, secretHeaders: { X-Key: x } }]',
    '1:55: sinks.secretHeaders.X-Key is a secret',
  ],
  ['sinks: [{ type: http, url: "http://a?b=1&api_key=x" }]', '1:23: sinks.url contains a secret, api_key'],
  ['sinks: [{ type: http, url: http://a, auth: { bearer: x } }]', '1:46: sinks.auth.bearer is a secret'],
  ['sinks: [{ type: forward, host: a, sharedKey: "", username: b, password: x }]', '1:63: sinks.password is a secret'],
])('a secret that stands in the configuration is refused: %s', (text, words) => {
  const message = refusal(text, { T: 't' });
  expect(message).toContain(`tripline.yaml:${words}`);
  expect(message).toContain('write ${file:PATH} or ${NAME}');
  expect(message.split('\n')).toHaveLength(1);
});

test.each<[string, string]>([
  ['auth: { openMetrics: true }', '1:1: auth names no credentials'],
  ['auth: { bearer: [] }', '1:9: auth.bearer is empty'],
  ['auth: { basic: { username: a } }', '1:9: auth.basic[0].password is missing'],
  ['auth: { bearer: [{ token: "${T}", endpoints: [metric] }] }', '1:47: auth.bearer[0].endpoints[0] must be one of'],
  ['auth:\n  certificates: [{ name: a, dns: b }]', '2:3: auth.certificates needs tls.clientCa'],
  [
    'auth:\n  certificates: [{ name: a, dns: b, uri: c }]',
    '2:18: auth.certificates: write exactly one of commonName, dns',
  ],
  [
    'sinks: [{ type: http, url: "http://a", auth: { bearer: "${T}", basic: { username: a, password: "${T}" } } }]',
    '1:40: sinks[0].auth has more than 1 of its settings; leave one out',
  ],
  ['tls: { cert: /none.pem, key: /none.pem }', '1:8: tls.cert: ENOENT'],
  [`tls: { cert: ${pem('listener.cert')}, key: ${pem('sender.key')} }`, `: tls.key: `],
  [`tls: { cert: ${pem('listener.key')}, key: ${pem('listener.key')} }`, `1:8: tls.cert: `],
  [`${tls}, clientCa: ${pem('listener.key')}, requireClientCertificate: true }`, `: tls.clientCa: `],
  [`${tls}, requireClientCertificate: true }`, `: tls.requireClientCertificate needs clientCa`],
  [`${tls}, clientCa: ${pem('authority.cert')} }`, `: tls.clientCa has no effect by itself`],
  [`${tls}, minVersion: TLSv1.1 }`, `: tls.minVersion must be one of TLSv1.2, TLSv1.3, but is 'TLSv1.1'`],
])('a setting that lets nobody in, or everybody, is refused: %s', (text, words) => {
  expect(refusal(text, { T: 't' })).toContain(words);
});

test('rules are overridden by name or id, whatever it looks like', () => {
  const { overrides } = load('overrides: { pod-exec: { level: high }, __proto__: { mode: off } }');
  expect(Object.entries(overrides)).toEqual([
    ['pod-exec', { level: 'high' }],
    ['__proto__', { mode: 'off' }],
  ]);
});

const oneSink = 'sinks: [{ type: forward, host: b }]';

test.each<[string, string, string]>([
  ['an override to no level', 'overrides: { a: { level: hihg } }', 'level must be one of informational, low'],
  ['an override to no mode', 'overrides: { a: { mode: on } }', 'mode must be one of live, shadow, off'],
  ['an override of nothing', 'overrides: { a: {} }', 'overrides.a'],
  ['an override of something else', 'overrides: { a: { title: x } }', 'overrides.a.title is not a setting'],
  ['a setting that does not exist', 'lisen: x', 'lisen is not a setting'],
  ['one inside a group', 'limits: { maxDeth: 3 }', 'limits.maxDeth is not a setting'],
  ['a wrong type', 'limits: { maxRecords: many }', 'limits.maxRecords must be integer'],
  ['a word that is none of those allowed', 'reply: everything', 'reply must be one of records, matches, summary, none'],
  ['an address without a port', 'listen: localhost', 'listen must be written as 127.0.0.1:9870'],
  ['a sink of an unknown type', 'sinks: [{ type: kafak }]', 'forward'],
  ['a setting that a sink does not have', 'sinks: [{ type: forward, host: a, prot: 1 }]', 'prot is not a setting'],
  ['two sinks of one name', 'sinks: [{ type: forward, host: a }, { type: forward, host: b }]', "the name 'forward'"],
  ['empty credentials', 'auth: {}', 'auth'],
  ['an unset variable', 'auth: { bearer: "${NO_SUCH}" }', "no environment variable 'NO_SUCH'"],
  ['no map', '- a', 'expected a map'],
  ['text', 'hello', 'expected a map'],
  ['a proxy that is a name', 'trustedProxies: [lb.example]', "'lb.example': not an IP network"],
  ['a proxy with bits too many', 'trustedProxies: [10.0.0.1/8]', 'as 192.0.2.7 or 10.0.0.0/8'],
  ['a forward input without a port', `forward: { listen: a }\n${oneSink}`, 'listen must be written as 127.0.0.1:24225'],
  [
    'a claim that is a number',
    'auth: { jwt: [{ name: a, issuer: x, audience: y, keys: "https://x", claims: { a: 1 } }] }',
    ':79: auth.jwt[0].claims.a must be string or boolean, but is 1',
  ],
  ['a forward input without a place', `forward: {}\n${oneSink}`, 'forward listens nowhere; set listen'],
  ['one of a port that is none', `forward: { listen: "a:70000" }\n${oneSink}`, 'forward.listen: 70000 is not a port'],
  [
    'one where HTTP is',
    `listen: "a:1"\nforward: { listen: "a:1" }\n${oneSink}`,
    'listens for HTTP; write another port',
  ],
  ['one whose records go nowhere', 'forward: { listen: "a:1" }', 'nowhere to go; add a sink'],
  [
    'users without a key',
    `forward: { listen: "a:1", users: [{ username: a, password: "\${P}" }] }\n${oneSink}`,
    'need a sharedKey',
  ],
  ['a key on a Unix socket', `forward: { unixPath: /s, sharedKey: abc }\n${oneSink}`, 'sharedKey is for TCP'],
  [
    'a key that stands there',
    `forward: { listen: "a:1", sharedKey: abc }\n${oneSink}`,
    'forward.sharedKey is a secret',
  ],
  [
    'a certificate that is not there',
    `forward: { listen: "a:1", tls: { cert: /no, key: /no } }\n${oneSink}`,
    'forward.tls.cert: ',
  ],
  [
    'a sink that is the forward input',
    `forward: { listen: "127.0.0.1:24224" }\nsinks: [{ type: forward, host: localhost }]`,
    'is where Tripline itself listens',
  ],
  [
    'a sink that is its socket',
    `forward: { unixPath: /s }\nsinks: [{ type: forward, unixPath: /s }]`,
    'is where Tripline itself listens',
  ],
  ['a key that comes twice', 'listen: a:1\nlisten: b:2', 'unique'],
  ['broken YAML', 'a: [', 'tripline.yaml'],
  ['an alias bomb', `a: &a [x]\n${'b: *a\n'}`, 'alias'],
])('%s is refused with a message to act on', (_, text, words) => {
  expect(refusal(text).toLowerCase()).toContain(words.toLowerCase());
});

test('every fault is reported at once', () => {
  const message = refusal('lisen: x\nreply: everything\n');
  expect(message).toContain('lisen');
  expect(message).toContain('reply');
});

describe('the schema for editors', () => {
  const root = join(import.meta.dirname, '../..');
  const schema = JSON.parse(readFileSync(join(root, 'schemas/config.schema.json'), 'utf8'));
  const accepts = new Ajv2020({ strict: false }).compile(schema);

  test('the declarations of settings and sinks are schemas', () => {
    for (const declared of [configSchema, ...sinkKinds.map(({ type }) => sinkSchema(type as SinkConfig['type'])!)]) {
      expect(new Ajv().validateSchema(declared)).toBe(true);
    }
  });

  test.each([
    'fluent-bit/one-process/tripline.yaml',
    'fluent-bit/two-process/tripline.yaml',
    'fluent-bit/forward/tripline.yaml',
  ])('accepts %s', (file) => {
    const settings = parse(readFileSync(join(root, file), 'utf8'));
    expect(accepts(settings), JSON.stringify(accepts.errors)).toBe(true);
  });

  test.each([
    ['no setting', '{}', true],
    ['one setting of a group', 'limits: { maxDepth: 100 }', true],
    ['a sink with defaults', 'sinks: [{ type: forward, host: a }]', true],
    ['one of several passwords', 'auth: { basic: [{ username: ann, password: x }] }', true],
    ['a password without a list', 'auth: { basic: { username: ann, password: x } }', true],
    ['a token alone', 'auth: { bearer: x }', true],
    ['a token with a name', 'auth: { bearer: { name: a, token: x } }', true],
    ['a token of no sort', 'auth: { bearer: { name: a } }', false],
    ['a sink with TLS by default', 'sinks: [{ type: forward, host: a, tls: {} }]', true],
    ['an unknown setting', 'lisen: x', false],
    ['an unknown setting of a sink', 'sinks: [{ type: forward, hots: a }]', false],
    ['a sink of an unknown type', 'sinks: [{ type: kafak }]', false],
    ['half of the credentials', 'auth: { basic: { username: ann } }', false],
  ])('%s', (_, text, accepted) => {
    expect(accepts(parse(text))).toBe(accepted);
  });
});

test('a missing file is named in the error', () => {
  expect(() => loadConfig({ path: '/no/such.yaml', overrides: {}, environment: {}, bundledRules: '' })).toThrow(
    '/no/such.yaml',
  );
});
