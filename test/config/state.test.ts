/** Settings of the state: which go together, and what is reported of those that do not. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { serversIn } from '../../src/config/server-url.ts';
import { snippets } from '../stores/snippets.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-config-state-'));
const pem = (name: string) => join(import.meta.dirname, '../fixtures/tls/listener', `${name}.pem`);

function load(text: string) {
  const path = join(folder, 'tripline.yaml');
  writeFileSync(path, text);
  return loadConfig({ path, overrides: {}, environment: { STATE_PASSWORD: 's3cret' }, bundledRules: '/bundled' });
}

const shown = snippets('docs/shared-state.md', 'yaml').map((text) => [text.trim()]);
test.each(shown)('%s', (text) => expect(load(text).state).toHaveProperty('url'));

test.each([
  'state: { path: a }',
  'state: { url: "redis://valkey" }',
  'state: { url: "redis://valkey", username: a, password: "${STATE_PASSWORD}", whenUnavailable: local, timeoutMs: 50 }',
  `state: { url: "rediss://valkey:6380/3", ca: ${pem('authority.cert')}, prefix: prod-1.a }`,
])('%s', (text) => expect(load(text).state).toBeDefined());

test.each<[string, string]>([
  ['{}', '1:1: state has no location; set path, for a file, or url, for a server'],
  ['{ path: a, url: "redis://b" }', '1:19: state.url is for a server, and path is for a file'],
  [
    '{ url: "redis://b", key: "${STATE_PASSWORD}aaaaaaaaaaaa" }',
    '1:28: state.key is for a file; set path, or leave it out',
  ],
  ['{ path: a, prefix: b }', '1:19: state.prefix is for a server; set url, or leave it out'],
  ['{ path: a, whenUnavailable: local }', '1:19: state.whenUnavailable is for a server'],
  ['{ url: "redis://b", username: a }', '1:28: state.username has no password; set it'],
  ['{ url: "redis://b", password: s3cret }', '1:28: state.password is a secret, but is in the configuration itself'],
  ['{ url: "redis://ann:s3cret@b" }', '1:10: state.url contains credentials; write them as username and password'],
  ['{ url: "http://b" }', '1:10: state.url is not the URL of a server; write redis://valkey:6379'],
  ['{ url: "redis://" }', '1:10: state.url is not the URL of a server'],
  ['{ url: "redis://a/b" }', '1:10: state.url is not the URL of a server'],
  ['{ url: "redis://a,,b" }', '1:10: state.url names a server that is not valid'],
  ['{ url: "redis://a:b" }', '1:10: state.url names a server that is not valid'],
  ['{ url: "redis://a:70000" }', '1:10: state.url names 70000, which is not a port'],
  ['{ url: "" }', '1:10: state.url must not be empty'],
  ['{ url: [a] }', '1:10: state.url must be string'],
  ['{ url: "redis://a", ca: /nowhere }', '1:28: state.ca is for TLS; write rediss:// in url, or leave it out'],
  ['{ url: "rediss://a", ca: /nowhere }', '1:29: state.ca cannot be used: ENOENT'],
  [`{ url: "rediss://a", ca: ${pem('listener.key')} }`, '1:29: state.ca cannot be used: '],
  ['{ url: "redis://a", prefix: "a b" }', "1:28: state.prefix must be written as tripline, but is 'a b'"],
  ['{ url: "redis://a", timeoutMs: 0 }', '1:28: state.timeoutMs must be >= 10'],
  ['{ url: "redis://a", whenUnavailable: retrry }', 'state.whenUnavailable must be one of retry, local'],
  ['{ url: "redis://a", prefixx: b }', '1:28: state.prefixx is not a setting'],
])('%s is refused', (state, message) => {
  const loading = () => load(`state: ${state}`);
  expect(loading).toThrow(message);
  expect(loading).not.toThrow(/s3cret@/);
});

describe('a URL of servers', () => {
  test.each<[string, boolean, unknown]>([
    ['redis://a', false, { servers: [{ host: 'a', port: 6379 }], database: 0, isTls: false }],
    ['redis://a', true, { servers: [{ host: 'a', port: 26379 }], database: 0, isTls: false }],
    [
      'rediss://a:1,b.c:2/7',
      false,
      {
        servers: [
          { host: 'a', port: 1 },
          { host: 'b.c', port: 2 },
        ],
        database: 7,
        isTls: true,
      },
    ],
    ['redis://[::1]:1/', false, { servers: [{ host: '::1', port: 1 }], database: 0, isTls: false }],
  ])('%s', (url, areSentinels, found) => expect(serversIn(url, areSentinels)).toEqual(found));
});
