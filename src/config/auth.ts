/** Settings of credentials: what senders and readers must present, and for what. */
import Type, { type Static } from 'typebox';
import { isMap, type JsonMap } from '../json/map.ts';
import { basicPasswordFault, basicUserFault, bearerTokenFault } from './names.ts';
import type { Fault } from './schema-faults.ts';
import { secret } from './secrets.ts';
import type { Setting } from './settings-file.ts';

const closed = { additionalProperties: false };

export const Endpoint = Type.Enum(['records', 'metrics', 'console', 'console-write']);
export type Endpoint = Static<typeof Endpoint>;

const endpoints = Type.Array(Endpoint, {
  minItems: 1,
  default: ['records', 'metrics'],
  description:
    'What it opens: `records`: every path that accepts records; `metrics`: `/metrics`; `console`: everything that ' +
    'the console shows, which is findings and records; `console-write`: writing exceptions from the console.',
});

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

export const Jwt = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'Its name in the log.' }),
    issuer: Type.String({ minLength: 1, description: 'The `iss` of the token.' }),
    audience: Type.String({ minLength: 1, description: 'The `aud` of the token, or one of its values.' }),
    claims: Type.Record(Type.String({ minLength: 1 }), Type.Union([Type.String({ minLength: 1 }), Type.Boolean()]), {
      minProperties: 1,
      description:
        'Claims that the token must have, with these values: an issuer signs tokens for many clients, and any of ' +
        'them may request any audience. For Google: `email` and `email_verified`; for Entra ID: `azp` or `appid`.',
    }),
    keys: Type.String({
      minLength: 1,
      description:
        'The keys that sign it, a JSON Web Key Set: the https URL from which it is fetched when the first token ' +
        'arrives and when a token has a new key, or the set itself, which may come from a file.',
    }),
    endpoints,
  },
  closed,
);
export type Jwt = Static<typeof Jwt>;

export const Auth = Type.Object(
  {
    basic: Type.Optional(
      Type.Array(
        Type.Object(
          {
            username: Type.String({ minLength: 1, description: 'Also its name in the log.' }),
            password: secret('A user may have several entries, for example while its password is changed.'),
            endpoints,
          },
          closed,
        ),
        { minItems: 1, description: 'What out_http sends as http_user and http_passwd. A single entry needs no list.' },
      ),
    ),
    bearer: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ minLength: 1, default: 'bearer', description: 'Its name in the log.' }),
            token: secret('What follows `Bearer` in the Authorization header.'),
            endpoints,
          },
          closed,
        ),
        {
          minItems: 1,
          description: 'Tokens of the Authorization header. A single entry needs no list, and may be just its token.',
        },
      ),
    ),
    certificates: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ minLength: 1, description: 'Its name in the log.' }),
            commonName: text('The common name (CN) of its subject.'),
            dns: text('One of its alternative names, of type DNS.'),
            uri: text('One of its alternative names, of type URI, such as a SPIFFE id.'),
            endpoints,
          },
          closed,
        ),
        {
          minItems: 1,
          description:
            'Client certificates, each identified by the full value of one of `commonName`, `dns` and `uri`. They ' +
            'must be signed by an authority of `tls.clientCa`.',
        },
      ),
    ),
    jwt: Type.Optional(
      Type.Array(Jwt, {
        minItems: 1,
        description:
          'Signed tokens (JSON Web Tokens) of the Authorization header, as Pub/Sub and Event Grid send them. They ' +
          'must be signed with an asymmetric algorithm and must expire; a minute of clock skew is allowed.',
      }),
    ),
    openMetrics: Type.Boolean({ default: false, description: 'Whether `/metrics` is served without credentials.' }),
  },
  {
    ...closed,
    description:
      'Credentials, any one of which a client must present. `/healthz` and `/readyz` need none. Passwords and tokens ' +
      'come from files or the environment, and a changed file is reloaded without a restart.',
  },
);
export type Auth = Static<typeof Auth>;

/** Puts credentials that may be written without a list into lists.
 * @returns the settings, and a function that maps a setting in them to the setting as written */
export function withLists(settings: JsonMap): { settings: JsonMap; written: (setting: Setting) => Setting } {
  const { auth } = settings;
  if (!isMap(auth)) return { settings, written: (setting) => setting };
  const { basic, bearer } = auth;
  const lists = {
    ...(isMap(basic) && { basic: [basic] }),
    ...(isMap(bearer) && { bearer: [bearer] }),
    ...(typeof bearer === 'string' && { bearer: [{ token: bearer }] }),
  };
  return {
    settings: { ...settings, auth: { ...auth, ...lists } },
    written(setting) {
      const [, kind = '', index, ...rest] = setting;
      if (setting[0] !== 'auth' || index !== 0 || !Object.hasOwn(lists, kind)) return setting;
      return typeof auth[kind as string] === 'string' ? ['auth', kind] : ['auth', kind, ...rest];
    },
  };
}

/** Messages give the place of a secret, and no character of it. */
export function credentialFaults({ auth, tls }: JsonMap): Fault[] {
  if (!isMap(auth)) return [];
  const faults: Fault[] = [];
  const each = (kind: string, check: (one: JsonMap, setting: Setting) => void) => {
    const list = auth[kind];
    for (const [index, one] of Array.isArray(list) ? list.entries() : [])
      if (isMap(one)) check(one, ['auth', kind, index]);
  };
  const checkText = (setting: Setting, value: unknown, fault: (text: string) => string | undefined) => {
    const found = typeof value === 'string' && value !== '' ? fault(value) : undefined;
    if (found !== undefined)
      faults.push({ setting, message: `${setting[0]}.${setting[1]}: the ${setting.at(-1)} ${found}` });
  };
  each('basic', ({ username, password }, setting) => {
    checkText([...setting, 'username'], username, basicUserFault);
    checkText([...setting, 'password'], password, basicPasswordFault);
  });
  each('bearer', ({ token }, setting) => checkText([...setting, 'token'], token, bearerTokenFault));
  each('certificates', ({ commonName, dns, uri }, setting) => {
    if ([commonName, dns, uri].filter((name) => name !== undefined).length !== 1) {
      faults.push({
        setting,
        message: 'auth.certificates: write exactly one of commonName, dns and uri to identify the certificate',
      });
    }
  });
  each('jwt', ({ keys }, setting) => {
    const fault = typeof keys === 'string' && keys !== '' ? keysFault(keys) : undefined;
    if (fault !== undefined) faults.push({ setting: [...setting, 'keys'], message: `auth.jwt: keys ${fault}` });
  });
  if (!['basic', 'bearer', 'certificates', 'jwt'].some((kind) => auth[kind] !== undefined)) {
    faults.push({
      setting: ['auth'],
      message: 'auth names no credentials; set basic, bearer, certificates or jwt, or leave it out',
    });
  }
  if (auth.certificates !== undefined && (!isMap(tls) || tls.clientCa === undefined)) {
    const message = 'auth.certificates needs tls.clientCa, the authorities that sign them; set it';
    faults.push({ setting: ['auth', 'certificates'], message });
  }
  return faults;
}

/** What is wrong with the keys of signed tokens. */
function keysFault(keys: string): string | undefined {
  if (keys.trimStart().startsWith('{')) {
    try {
      const { keys: list } = JSON.parse(keys);
      return Array.isArray(list) ? undefined : 'has no `keys` list; write a JSON Web Key Set';
    } catch {
      return 'is not JSON; write a JSON Web Key Set, or its https URL';
    }
  }
  const url = URL.parse(keys);
  // Whoever can change the keys in transit can sign tokens.
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  return isSafe ? undefined : 'must be fetched over https; write an https URL, or the key set itself';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}
