/** The configuration: one declaration that is type, validation, defaults and JSON Schema. */
import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import Type, { type Static } from 'typebox';
import { parse as parseYaml } from 'yaml';
import { DEFAULT_MAX_DEPTH } from './json/depth.ts';
import { isMap, type JsonMap } from './json/map.ts';
import { parseNetworkOrAddress } from './network.ts';
import { Problem } from './problem.ts';
import { EventSummary, Level, Platform } from './record.ts';
import { SinkConfig, sinkSchema } from './sinks/index.ts';

const MiB = 1024 * 1024;
const closed = { additionalProperties: false };

const Limits = Type.Object(
  {
    maxBodyBytes: Type.Integer({
      minimum: 1,
      default: 32 * MiB,
      description: 'Bytes of a request body as sent. Fluent Bit drops a chunk for good that is refused for its size.',
    }),
    maxDecompressedBytes: Type.Integer({
      minimum: 1,
      default: 128 * MiB,
      description: 'Bytes of a body after decompression.',
    }),
    maxCompressionRatio: Type.Number({
      minimum: 1,
      default: 1000,
      description: 'Decompressed to compressed bytes; guards against compression bombs.',
    }),
    maxRecords: Type.Integer({ minimum: 1, default: 1_000_000, description: 'Records of one batch.' }),
    maxDepth: Type.Integer({
      minimum: 8,
      maximum: 5000,
      default: DEFAULT_MAX_DEPTH,
      description:
        'Nesting levels of a record, and of JSON inside a string of it, that are read; what lies deeper is unknown to rules.',
    }),
    maxPendingBytes: Type.Integer({
      minimum: 1,
      default: 256 * MiB,
      description: 'Bytes of all bodies that are being worked on; beyond it senders are asked to retry (503).',
    }),
    maxWaitSeconds: Type.Number({
      exclusiveMinimum: 0,
      default: 50,
      description:
        'How long a batch may take from the end of its body until its answer; one that would take longer, by what waits ' +
        'before it, is refused at once (503). Less than the sender waits: http.response_timeout (60 s) of Fluent Bit.',
    }),
  },
  { ...closed, default: {}, description: 'Bounds on what a sender can ask for.' },
);

const Auth = Type.Object(
  {
    basic: Type.Optional(
      Type.Object(
        { username: Type.String({ minLength: 1 }), password: Type.String({ minLength: 1 }) },
        { ...closed, description: 'What out_http sends as http_user and http_passwd.' },
      ),
    ),
    bearer: Type.Optional(Type.String({ minLength: 1, description: 'Token of the Authorization header.' })),
  },
  { ...closed, minProperties: 1, description: 'What a sender must present: any one of those given.' },
);

export const Reply = Type.Enum(['records', 'matches', 'summary', 'none'], {
  description:
    'The answer where a request has no `?reply=`. `records`: all, tagged; `matches`: those with a finding; `summary`: ' +
    'counts; `none`: 204. Default: `none` for Fluent Bit, `records` for others.',
});
export type Reply = Static<typeof Reply>;

const Override = Type.Object(
  { level: Type.Optional(Level), mode: Type.Optional(Type.Enum(['live', 'shadow', 'off'])) },
  { ...closed, minProperties: 1 },
);

const Config = Type.Object(
  {
    listen: Type.String({
      pattern: '^(\\[[0-9a-fA-F:]+\\]|[^:\\[\\]]+):[0-9]{1,5}$',
      default: '127.0.0.1:9870',
      description: 'Address and port of the HTTP server; [::1]:9870 for IPv6.',
    }),
    rules: Type.Array(Type.String({ minLength: 1 }), {
      description: 'Folders or files with Sigma rules. Default: the rules that come with Tripline.',
    }),
    lists: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Folders or files with lists, which rules call by name (`%name%`), beside those that come with Tripline; one of ' +
        'the same name takes the place of theirs.',
    }),
    exceptions: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Folders or files with Sigma filters, which silence matches of rules.',
    }),
    overrides: Type.Record(Type.String(), Override, {
      default: {},
      description:
        'By the name or the id of a rule: the `level` that its findings have, or its `mode` (`live`; `shadow`: ' +
        'evaluated and counted, and never raises a verdict; `off`: not evaluated).',
    }),
    memberName: Type.String({ minLength: 1, default: 'tripline', description: 'Key of the tag in a record.' }),
    clearEventFields: Type.Array(Type.Enum(Object.keys(EventSummary.properties) as (keyof EventSummary)[]), {
      default: [],
      description: 'Members of `event` that the tag of a clear record carries too.',
    }),
    tagHeader: Type.String({
      minLength: 1,
      default: 'X-Fluent-Tag',
      description: "Request header with the Fluent tag: out_http's header_tag.",
    }),
    dateKey: Type.String({
      minLength: 1,
      default: 'date',
      description: "Key of the time in Fluent Bit's JSON: out_http's json_date_key.",
    }),
    reply: Type.Optional(Reply),
    auth: Type.Optional(Auth),
    deadLetterPath: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Folder where a body that nobody can ever read is kept before it is refused. Default: it is not kept.',
      }),
    ),
    maxDeadLetterBytes: Type.Integer({ minimum: 1, default: 1024 * MiB, description: 'Bytes kept in that folder.' }),
    state: Type.Optional(
      Type.Object(
        { path: Type.String({ minLength: 1, description: 'File that is written each minute and on a stop.' }) },
        {
          ...closed,
          description:
            'Where the windows and terms of correlations survive a restart. Default: they are kept in memory alone.',
        },
      ),
    ),
    platform: Type.Optional(Platform),
    cluster: Type.Optional(
      Type.String({ minLength: 1, description: 'Name of the cluster, for records which do not tell.' }),
    ),
    trustedProxies: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'Addresses and networks (CIDR) of all proxies and load balancers before the API servers. Rules then judge the ' +
          'nearest address that is none of them, or the one before it where X-Real-Ip may have put it there: a private ' +
          'address in X-Forwarded-For or X-Real-Ip hides no public one. Let the proxies overwrite X-Real-Ip. An empty ' +
          'list says that there are none. Default: not known, and any address that a request names may be the client.',
      }),
    ),
    sinks: Type.Array(SinkConfig, {
      default: [],
      description: 'Where tagged records go. A request is answered 2xx when every sink has taken them.',
    }),
    drainSeconds: Type.Number({
      minimum: 0,
      default: 25,
      description: 'How long a stop waits for requests in flight.',
    }),
    logLevel: Type.Enum(['trace', 'debug', 'info', 'warn', 'error'], {
      default: 'info',
      description: 'How much is logged, on stderr, one JSON object a line.',
    }),
    limits: Limits,
  },
  { ...closed, title: 'Tripline configuration' },
);
export type Config = Static<typeof Config>;
export { Config as configSchema };

const ajv = new Ajv({ useDefaults: true, allErrors: true });
const validate = ajv.compile<Config>(Config);

export interface ConfigSource {
  /** Path of a YAML file; undefined for defaults alone. */
  path: string | undefined;
  /** Settings of the command line and the environment, which win over the file. */
  overrides: Partial<Config>;
  /** Where `${NAME}` in a string of the file is looked up. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The folder of the rules that come with Tripline. */
  bundledRules: string;
}

/** The whole configuration: file, then overrides, then defaults for what neither says.
 * @throws Problem `config.invalid` naming every setting that is wrong, the file, and what to write */
export function loadConfig({ path, overrides, environment, bundledRules }: ConfigSource): Config {
  const settings: unknown = {
    rules: [bundledRules],
    ...(path === undefined ? {} : readSettings(path, environment)),
    ...overrides,
  };
  const place = path ?? 'command line';
  if (!validate(settings)) throw invalid(place, validate.errors ?? []);
  settings.sinks.forEach((sink, index) => {
    const { type } = sink;
    const validateSink = ajv.compile(sinkSchema(type));
    if (!validateSink(sink)) throw invalid(`${place}: sinks[${index}] (${type})`, validateSink.errors ?? []);
  });
  for (const proxy of settings.trustedProxies ?? []) {
    try {
      parseNetworkOrAddress(proxy);
    } catch (error) {
      const expected = 'write an address or a network, as 192.0.2.7 or 10.0.0.0/8';
      throw new Problem(
        'config.invalid',
        `${place}: trustedProxies: '${proxy}': ${(error as Error).message}; ${expected}`,
      );
    }
  }
  const names = settings.sinks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Problem('config.invalid', `${place}: two sinks have the name ${twice}`);
  return settings;
}

function readSettings(path: string, environment: ConfigSource['environment']): JsonMap {
  let settings: unknown;
  try {
    settings = parseYaml(readFileSync(path, 'utf8'), { maxAliasCount: 0, uniqueKeys: true });
  } catch (error) {
    throw new Problem('config.invalid', `${path}: ${(error as Error).message}`, { cause: error });
  }
  if (settings === null) return {};
  if (!isMap(settings)) throw new Problem('config.invalid', `${path}: expected a map of settings`);
  return substitute(settings, path, environment) as JsonMap;
}

function substitute(value: unknown, path: string, environment: ConfigSource['environment']): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
      const found = environment[name];
      if (found === undefined) {
        throw new Problem('config.invalid', `${path}: \${${name}} is used, but there is no such environment variable`);
      }
      return found;
    });
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, path, environment));
  if (isMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, path, environment)]));
  }
  return value;
}

function invalid(place: string, errors: readonly ErrorObject[]): Problem {
  return new Problem('config.invalid', errors.map((error) => `${place}: ${describe(error)}`).join('\n'));
}

/** One sentence per fault: which setting, what is allowed. */
function describe({ instancePath, keyword, params, message }: ErrorObject): string {
  const setting = instancePath.slice(1).replaceAll('/', '.') || 'the settings';
  switch (keyword) {
    case 'additionalProperties':
      return `${setting === 'the settings' ? '' : `${setting}.`}${params.additionalProperty} is not a setting`;
    case 'pattern':
      return `${setting} must be HOST:PORT, as 127.0.0.1:9870`;
    case 'enum':
      return `${setting} must be one of ${params.allowedValues.join(', ')}`;
    default:
      return `${setting} ${message}`;
  }
}
