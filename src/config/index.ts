/** The configuration: one declaration that is type, validation, defaults and JSON Schema. */
import Type, { type Static } from 'typebox';
import { DEFAULT_MAX_DEPTH } from '../json/depth.ts';
import { isMap, type JsonMap } from '../json/map.ts';
import { Problem } from '../problem.ts';
import { Level, Platform } from '../record.ts';
import { printable, quote, type RuleProblem } from '../sigma/rule-problem.ts';
import { SinkConfig, sinkFaults, sinkSchema } from '../sinks/index.ts';
import { EventSummary } from '../tag.ts';
import { Auth, withLists } from './auth.ts';
import { combinationFaults, foldersIn } from './combinations.ts';
import { ConsoleSettings } from './console.ts';
import { ForwardInput } from './forward-input.ts';
import { KafkaInput } from './kafka-input.ts';
import { ListenerTls, listenerTlsFaults } from './listener-tls.ts';
import { type Fault, schemaFaults } from './schema-faults.ts';
import { literalSecrets } from './secrets.ts';
import { type Environment, readSettings, type Setting } from './settings-file.ts';
import { StateSettings } from './state.ts';

const MiB = 1024 * 1024;
const closed = { additionalProperties: false };

const Limits = Type.Object(
  {
    maxBodyBytes: Type.Integer({
      minimum: 1,
      default: 32 * MiB,
      description:
        'Bytes of a request body, or of a message of the forward protocol, as sent. Fluent Bit permanently drops a chunk that is refused for its size.',
    }),
    maxDecompressedBytes: Type.Integer({
      minimum: 1,
      default: 32 * MiB,
      description: 'Bytes of a body after decompression.',
    }),
    maxCompressionRatio: Type.Number({
      minimum: 1,
      default: 1000,
      description: 'Ratio of decompressed to compressed bytes; guards against compression bombs.',
    }),
    maxRecords: Type.Integer({ minimum: 1, default: 250_000, description: 'Records of one batch.' }),
    maxDepth: Type.Integer({
      minimum: 8,
      maximum: 5000,
      default: DEFAULT_MAX_DEPTH,
      description:
        'Nesting levels of a record, and of JSON inside a string of it, that are read; anything deeper is unknown to ' +
        'rules.',
    }),
    maxPendingBytes: Type.Integer({
      minimum: 1,
      default: 128 * MiB,
      description:
        'Bytes that all requests together may hold: bodies, as far as they have arrived and been decompressed; ' +
        'tagged batches, until every sink has them; and replies, until they are read. Beyond it senders are asked to ' +
        'retry (503), and those that use the forward protocol wait.',
    }),
    maxWaitSeconds: Type.Number({
      exclusiveMinimum: 0,
      maximum: 3600,
      default: 50,
      description:
        'How long a batch may take from the end of its body until its answer; one that would take longer, given the ' +
        'batches waiting ahead of it, is refused immediately (503). Set it lower than the time that the sender ' +
        'waits: http.response_timeout (60 s) of Fluent Bit.',
    }),
  },
  { ...closed, default: {}, description: 'Bounds on what a sender can ask for.' },
);

export const Reply = Type.Enum(['records', 'matches', 'summary', 'none'], {
  description:
    'The reply to a request without `?reply=`. `records`: all records, tagged; `matches`: those with a finding; ' +
    '`summary`: counts; `none`: 204. Default: `none` for Fluent Bit, `records` for others.',
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
      examples: ['127.0.0.1:9870'],
      description: 'Address and port of the HTTP server; [::1]:9870 for IPv6.',
    }),
    rules: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'Folders or files with Sigma rules. Default: the rules bundled with Tripline.',
    }),
    lists: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Folders or files with lists, which rules refer to by name (`%name%`), in addition to those bundled with ' +
        'Tripline; one with the same name replaces the bundled one.',
    }),
    exceptions: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Folders or files with Sigma filters, which silence matches of rules.',
    }),
    overrides: Type.Record(Type.String(), Override, {
      default: {},
      description:
        'By the name or the id of a rule: the `level` of its findings, or its `mode` (`live`; `shadow`: evaluated ' +
        'and counted, but never raises a verdict; `off`: not evaluated).',
    }),
    memberName: Type.String({ minLength: 1, default: 'tripline', description: 'Key of the tag in a record.' }),
    clearEventFields: Type.Array(Type.Enum(Object.keys(EventSummary.properties) as (keyof EventSummary)[]), {
      default: [],
      description: 'Members of `event` that the tag of a clear record also has.',
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
    tls: Type.Optional(ListenerTls),
    auth: Type.Optional(Auth),
    forward: Type.Optional(ForwardInput),
    kafka: Type.Optional(KafkaInput),
    console: ConsoleSettings,
    deadLetterPath: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Folder that keeps bodies that can never be read, before they are refused, and records that the receiver ' +
          'of a sink permanently refuses. Default: such bodies are not kept, and such records fail their batch.',
      }),
    ),
    maxDeadLetterBytes: Type.Integer({ minimum: 1, default: 1024 * MiB, description: 'Bytes kept in that folder.' }),
    state: Type.Optional(StateSettings),
    enrichment: Type.Optional(
      Type.Object(
        {
          mmdb: Type.Optional(
            Type.Array(Type.String({ minLength: 1 }), {
              description:
                'Databases of addresses (MMDB files of MaxMind, DB-IP, IPinfo): numbers and names of autonomous ' +
                'systems, countries. For each of these, the first file that has it is used. Files are held in memory ' +
                'in full.',
            }),
          ),
          owners: Type.Optional(
            Type.String({
              minLength: 1,
              description: 'YAML file that says who is responsible for what: owner, contact and runbook of findings.',
            }),
          ),
        },
        { ...closed, description: 'Information from outside the log. Changed files are reloaded.' },
      ),
    ),
    platform: Type.Optional(Platform),
    cluster: Type.Optional(
      Type.String({ minLength: 1, description: 'Name of the cluster, for records that do not name one.' }),
    ),
    trustedProxies: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'Addresses and networks (CIDR) of all proxies and load balancers in front of the API servers. Rules then ' +
          'evaluate the nearest address that is not one of them, or the one before it if X-Real-Ip may have put it ' +
          'there: a private address in X-Forwarded-For or X-Real-Ip does not hide a public one. Let the proxies ' +
          'overwrite X-Real-Ip. An empty list means that there are none. Default: unknown, and any address that a ' +
          'request names may be the client.',
      }),
    ),
    silentAfterSeconds: Type.Integer({
      minimum: 0,
      default: 900,
      description:
        'How long a source (Fluent tag, platform and cluster) may send no audit record before it counts as silent, ' +
        'once it has sent for as long without such a gap: the log, the console and the sinks `alertmanager` and ' +
        '`webhook` report it. 0: never.',
    }),
    sinks: Type.Array(SinkConfig, {
      default: [],
      description: 'Where tagged records go. A request is answered 2xx when every sink has accepted them.',
    }),
    drainSeconds: Type.Number({
      minimum: 0,
      maximum: 3600,
      default: 25,
      description: 'How long a shutdown waits for requests in flight.',
    }),
    logLevel: Type.Enum(['trace', 'debug', 'info', 'warn', 'error'], {
      default: 'info',
      description: 'How much is logged, on stderr.',
    }),
    logFormat: Type.Optional(
      Type.Enum(['text', 'json'], {
        description:
          '`json`: one object per line; `text`: lines for people. Environment: TRIPLINE_LOG_FORMAT. Default: `text` ' +
          'on a terminal, `json` elsewhere.',
      }),
    ),
    limits: Limits,
  },
  { ...closed, title: 'Tripline configuration' },
);
export type Config = Static<typeof Config> & {
  /** Where each override is, if it is in a file. */
  overridePlaces?: Readonly<Record<string, Pick<RuleProblem, 'path' | 'line' | 'column'>>>;
};
export { Config as configSchema };

export interface ConfigSource {
  /** Path of a YAML file; undefined for defaults alone. */
  path: string | undefined;
  /** Settings of the command line and the environment, which win over the file. */
  overrides: Partial<Config>;
  /** Where `${NAME}` in a string of the file is looked up. */
  environment: Environment;
  /** The folder of the rules that come with Tripline. */
  bundledRules: string;
}

export interface ReadConfig {
  /** Undefined if there are problems. */
  config: Config | undefined;
  /** Everything that is wrong, each as `file:line:column: what; what to write`. */
  problems: string[];
  /** The paths in it, as far as they can be read. */
  paths: Pick<Config, 'rules' | 'lists' | 'exceptions'> & {
    state: string[];
    deadLetterPath: string[];
    /** In which sinks keep something. */
    sinkFolders: { setting: Setting; path: string }[];
  };
  /** The files that texts in it come from, by `${file:PATH}`. */
  files: readonly string[];
  /** Where a setting is: `file:line:column`. */
  placeOf(setting: Setting): string;
}

/** The whole configuration: file, then overrides, then defaults for what neither says.
 * @throws Problem `config.invalid` with everything that is wrong, where, and what to write */
export function loadConfig(source: ConfigSource): Config {
  return configIn(readConfiguration(source));
}

/** The configuration that was read.
 * @throws Problem `config.invalid` as loadConfig does */
export function configIn({ config, problems }: ReadConfig): Config {
  if (config === undefined) throw new Problem('config.invalid', problems.join('\n'));
  return config;
}

/** The configuration, or what is wrong with it. */
export function readConfiguration({ path, overrides, environment, bundledRules }: ConfigSource): ReadConfig {
  const file = path === undefined ? undefined : readSettings(path, environment);
  const given: JsonMap = { rules: [bundledRules], ...file?.settings, ...(overrides as JsonMap) };
  const { settings, written } = withLists(given);
  const isInFile = (setting: Setting) => file !== undefined && !Object.hasOwn(overrides, setting[0] ?? '');
  const placeOf = (setting: Setting) => (isInFile(setting) ? file!.placeOf(written(setting)) : 'command line');

  const isFromElsewhere = (setting: Setting) => file!.isFromEnvironment(setting) && !file!.isByDefault(setting);
  const faults = [
    ...faultsIn(settings, (setting) => file?.isFromEnvironment(written(setting)) ?? false),
    ...secretsIn(settings, (setting) => !isInFile(setting) || isFromElsewhere(written(setting))),
  ].filter(
    // That is reported already.
    ({ setting }) => !file?.isUnknown(written(setting)),
  );
  const problems = [
    ...(file?.problems ?? []),
    ...faults.map((fault) => `${placeOf(fault.setting)}: ${printable(fault.message)}`),
  ];
  const overridePlaces = Object.fromEntries(
    (isMap(settings.overrides) ? Object.keys(settings.overrides) : []).flatMap((name) => {
      const [, path, line, column] = /^(.*):(\d+):(\d+)$/.exec(placeOf(['overrides', name])) ?? [];
      return path === undefined ? [] : [[name, { path, line: Number(line), column: Number(column) }] as const];
    }),
  );
  const texts = (value: unknown) =>
    [value].flat().filter((path): path is string => typeof path === 'string' && path !== '');
  return {
    config: problems.length === 0 ? ({ ...settings, overridePlaces } as unknown as Config) : undefined,
    problems,
    paths: {
      rules: texts(settings.rules),
      lists: texts(settings.lists),
      exceptions: texts(settings.exceptions),
      state: isMap(settings.state) ? texts(settings.state.path) : [],
      deadLetterPath: texts(settings.deadLetterPath),
      sinkFolders: foldersIn(settings.sinks),
    },
    files: file?.files ?? [],
    placeOf,
  };
}

/** Fills in defaults, and returns everything that is wrong. */
function faultsIn(settings: JsonMap, isFromEnvironment: (setting: Setting) => boolean): Fault[] {
  const faults = schemaFaults(Config, settings, [], isFromEnvironment);
  const { sinks } = settings as Partial<Config>;
  if (Array.isArray(sinks)) {
    sinks.forEach((sink, index) => {
      const schema = sinkSchema(sink?.type);
      if (schema === undefined) return;
      const ofSchema = schemaFaults(schema, sink, ['sinks', index], isFromEnvironment);
      faults.push(...ofSchema);
      if (ofSchema.length === 0) faults.push(...sinkFaults(sink).map((fault) => below(['sinks', index], fault)));
    });
    sinks.forEach((sink, index) => {
      const twice = sinks.findIndex((other) => other?.name !== undefined && other.name === sink?.name);
      if (twice === -1 || twice === index) return;
      const message = `two sinks have the name ${quote(String(sink.name))}; give each a name of its own`;
      faults.push({ setting: ['sinks', index], message });
    });
  }
  const { tls, auth } = settings as Partial<Config>;
  if (isMap(tls) && !faults.some(({ setting }) => setting[0] === 'tls')) {
    faults.push(...listenerTlsFaults(tls as ListenerTls, isMap(auth) && auth.certificates !== undefined));
  }
  faults.push(...combinationFaults(settings));
  return faults;
}

/** Secrets that are written in the configuration itself. */
function secretsIn(settings: JsonMap, isFromElsewhere: (setting: Setting) => boolean): Fault[] {
  const sinks = Array.isArray(settings.sinks) ? settings.sinks : [];
  return [
    ...literalSecrets(Config, settings, [], isFromElsewhere),
    ...sinks.flatMap((sink, index) => {
      const schema = sinkSchema(sink?.type);
      return schema === undefined ? [] : literalSecrets(schema, sink, ['sinks', index], isFromElsewhere);
    }),
  ];
}

const below = (setting: Setting, fault: Fault): Fault => ({ ...fault, setting: [...setting, ...fault.setting] });
