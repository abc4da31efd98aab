/** Settings of every sink that posts to a server over HTTP. */
import Type, { type Static } from 'typebox';
import type { SinkFault } from '../sink.ts';
import { tlsFaults, tlsSettings } from '../tls/settings.ts';

const closed = { additionalProperties: false };
const secret = (description: string) => Type.String({ minLength: 1, writeOnly: true, description });

/** Names of header fields (RFC 9110). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Values of header fields that Node sends. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Properties of the settings. */
export const requestSettings = {
  auth: Type.Optional(
    Type.Object(
      {
        basic: Type.Optional(
          Type.Object(
            {
              username: Type.String({ minLength: 1, description: 'User of the receiver.' }),
              password: secret('The password of that user.'),
            },
            { ...closed, description: 'Sent as `Authorization: Basic …`.' },
          ),
        ),
        bearer: Type.Optional(secret('A token, sent as `Authorization: Bearer …`.')),
      },
      { ...closed, minProperties: 1, maxProperties: 1, description: 'Credentials: one of these.' },
    ),
  ),
  headers: Type.Record(Type.String(), Type.String(), {
    default: {},
    description: 'Headers of each request, such as one for the tenant. Secrets go into `secretHeaders`.',
  }),
  secretHeaders: Type.Record(Type.String(), Type.String({ minLength: 1, writeOnly: true }), {
    default: {},
    description: 'The same for secrets, such as API keys.',
  }),
  timeoutSeconds: Type.Number({
    exclusiveMinimum: 0,
    maximum: 3600,
    default: 30,
    description:
      'How long a batch may take until all of it is answered; must be less than the http.response_timeout (60 s) of the sender.',
  }),
  tls: Type.Optional(tlsSettings),
};

/** The address of a receiver. */
export const urlSetting = (description: string, example: string) =>
  Type.String({ pattern: '^https?://', description, examples: [example] });

/** How bodies are compressed.
 * @param kinds of compression that the receiver accepts */
export const compressionSetting = <Kind extends Compression>(kinds: readonly Kind[]) =>
  Type.Enum(['none', ...kinds] as ('none' | Kind)[], {
    default: 'none',
    description: 'How bodies are compressed.',
  });

/** How much goes in one request.
 * @param bytes default: what receivers of the kind accept */
export const maxRequestBytesSetting = (bytes: number) =>
  Type.Integer({
    minimum: 64 * 1024,
    default: bytes,
    description:
      'Bytes of records in one request, before compression; a larger batch is sent in several. A larger record is sent ' +
      'alone.',
  });

export type Compression = 'gzip' | 'zstd';

export type RequestSettings = Static<ReturnType<typeof Type.Object<typeof requestSettings>>> & {
  url: string;
  compression: 'none' | Compression;
  /** Whoever knows the URL may post there: messages show only its origin. */
  isUrlSecret?: true;
};

/** Headers that are set for each request. */
const RESERVED = ['host', 'content-length', 'content-type', 'content-encoding', 'transfer-encoding', 'connection'];

/** Faults in the settings that no schema finds. */
export function requestFaults({ url, auth, headers, secretHeaders, tls }: RequestSettings): SinkFault[] {
  const faults: SinkFault[] = [];
  const parsed = URL.parse(url);
  if (parsed === null) {
    faults.push({ setting: ['url'], message: 'url cannot be read; write it as https://logs.example.com/path' });
  } else if (parsed.username !== '' || parsed.password !== '') {
    faults.push({ setting: ['url'], message: 'url has credentials in it; write them into auth.basic' });
  } else if (parsed.protocol === 'http:' && tls !== undefined) {
    faults.push({ setting: ['tls'], message: 'tls is set, but url says http; write https there, or leave tls out' });
  }
  if (auth?.bearer !== undefined && !HEADER_VALUE.test(auth.bearer)) {
    faults.push({ setting: ['auth', 'bearer'], message: 'auth.bearer must be one line without odd characters' });
  }
  const seen = new Set(auth === undefined ? [] : ['authorization']);
  for (const [setting, names] of Object.entries({ headers, secretHeaders })) {
    for (const [name, value] of Object.entries(names)) {
      const lower = name.toLowerCase();
      if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
        const message = `${setting}: ${name} is not a valid header, in its name or its value; write one line without odd characters`;
        faults.push({ setting: [setting, name], message });
      } else if (RESERVED.includes(lower)) {
        faults.push({ setting: [setting, name], message: `${setting}: ${name} is set by the sink; leave it out` });
      } else if (seen.has(lower)) {
        faults.push({ setting: [setting, name], message: `${setting}: ${name} is set twice; leave one out` });
      }
      seen.add(lower);
    }
  }
  if (headers !== undefined && 'authorization' in lowered(headers)) {
    const message = 'headers: Authorization is a secret; write it into auth or secretHeaders';
    faults.push({ setting: ['headers'], message });
  }
  return tls === undefined ? faults : [...faults, ...tlsFaults(tls)];
}

/** Where requests go, and how they are authenticated; without secrets, which the query of a URL may contain. */
export function requestTarget({ url, auth }: RequestSettings): string {
  const { basic, bearer } = auth ?? {};
  const secured = [basic && `user ${basic.username}`, bearer && 'a token'].filter(Boolean);
  return [addressOf(new URL(url)), ...secured].join(' with ');
}

export function addressOf({ origin, pathname }: URL): string {
  return origin + pathname;
}

/** A URL extended by a path. */
export function underPath(url: string, path: string): string {
  const target = new URL(url);
  target.pathname = `${target.pathname.replace(/\/$/, '')}/${path}`;
  return target.href;
}

/** The headers of each request. */
export function headersOf({ auth, headers, secretHeaders }: RequestSettings): Record<string, string> {
  const { basic, bearer } = auth ?? {};
  return {
    ...lowered(headers),
    ...lowered(secretHeaders),
    ...(basic && {
      authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`,
    }),
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  };
}

/** Texts that must not be in any message, even if a receiver sends them back. Very short ones cannot be recognized. */
export function secretsOf(settings: RequestSettings): string[] {
  const { auth, secretHeaders, url, isUrlSecret } = settings;
  const { pathname, searchParams } = new URL(url);
  const [, ...sent] = headersOf(settings).authorization?.split(' ') ?? [];
  const all = [
    auth?.basic?.password,
    auth?.bearer,
    ...sent,
    ...Object.values(secretHeaders).flatMap((text) => [text, ...text.split(' ')]),
    ...(isUrlSecret ? [pathname] : []),
    ...[...searchParams].flatMap(([name, value]) => (isUrlSecret || isSecretParameter(name) ? [value] : [])),
  ];
  return [...new Set(all)].filter((text): text is string => text !== undefined && text.length >= LEAST_SECRET);
}

const LEAST_SECRET = 6;

/** Whether a parameter of a URL is a secret, judging by its name. */
export function isSecretParameter(name: string): boolean {
  return /^(?:.*[-_])?(?:password|passwd|token|secret|key|sig|signature)$|^apikey$/i.test(name);
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
