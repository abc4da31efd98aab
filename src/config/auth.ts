/** Settings of credentials: what senders and readers must present, and for what. */
import Type, { type Static } from 'typebox';
import { isMap, type JsonMap } from '../json/map.ts';
import { basicPasswordFault, basicUserFault, bearerTokenFault } from './names.ts';
import type { Fault } from './schema-faults.ts';
import { secret } from './secrets.ts';
import type { Setting } from './settings-file.ts';

const closed = { additionalProperties: false };

export const Endpoint = Type.Enum(['records', 'metrics']);
export type Endpoint = Static<typeof Endpoint>;

const endpoints = Type.Array(Endpoint, {
  minItems: 1,
  default: ['records', 'metrics'],
  description: 'What it opens: `records` is `/v1/records`, `metrics` is `/metrics`.',
});

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

export const Auth = Type.Object(
  {
    basic: Type.Optional(
      Type.Array(
        Type.Object(
          {
            username: Type.String({ minLength: 1, description: 'Also its name in the log.' }),
            password: secret('Several entries of one user are several passwords, as while one is replaced.'),
            endpoints,
          },
          closed,
        ),
        { minItems: 1, description: 'What out_http sends as http_user and http_passwd. One may stand without a list.' },
      ),
    ),
    bearer: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ minLength: 1, default: 'bearer', description: 'Its name in the log.' }),
            token: secret('What the Authorization header has after `Bearer`.'),
            endpoints,
          },
          closed,
        ),
        {
          minItems: 1,
          description: 'Tokens of the Authorization header. One may stand without a list, or its token alone.',
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
            'Client certificates, by one of `commonName`, `dns` and `uri`, whole. They must be signed by an authority of ' +
            '`tls.clientCa`.',
        },
      ),
    ),
    openMetrics: Type.Boolean({ default: false, description: 'Whether `/metrics` asks for no credentials.' }),
  },
  {
    ...closed,
    description:
      'What must be presented: any one of those given. `/healthz` and `/readyz` ask for none. Passwords and tokens come ' +
      'from files or the environment, and a changed file is taken up without a restart.',
  },
);
export type Auth = Static<typeof Auth>;

/** Credentials that may stand without their list, as lists.
 * @returns the settings, and where in what is written a setting of them stands */
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

/** Of a secret the place is told, and no character. */
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
        message: 'auth.certificates: write one of commonName, dns and uri, by which it is known',
      });
    }
  });
  if (!['basic', 'bearer', 'certificates'].some((kind) => auth[kind] !== undefined)) {
    faults.push({
      setting: ['auth'],
      message: 'auth names no credentials; set basic, bearer or certificates, or leave it out',
    });
  }
  if (auth.certificates !== undefined && (!isMap(tls) || tls.clientCa === undefined)) {
    const message = 'auth.certificates needs tls.clientCa, the authorities that sign them; set it';
    faults.push({ setting: ['auth', 'certificates'], message });
  }
  return faults;
}
