/** `tripline check`: what serve would run, or everything that prevents it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Case, junit } from '../command-line/junit.ts';
import { reportOutput, writeRows } from '../command-line/output-format.ts';
import { configSourceOf, reportProblems, serveOptions, serveSettings } from '../command-line/rule-options.ts';
import { type Column, numbered } from '../command-line/table.ts';
import { definitions, widthOf } from '../command-line/text.ts';
import { type Config, type ReadConfig, readConfiguration } from '../config/index.ts';
import { Problem } from '../problem.ts';
import { type LoadedRules, loadRules } from '../rules/index.ts';
import { printable, printRuleProblem, quote } from '../sigma/rule-problem.ts';
import { sinkTarget } from '../sinks/index.ts';
import { connectionTarget } from '../sinks/kafka/connection.ts';
import { defineCommand } from './command.ts';

export const checkCommand = defineCommand({
  name: 'check',
  summary: 'reports what serve would run, or everything that is wrong with settings, rules and files',
  operands: '',
  count: { least: 0, most: 0 },
  about:
    'Reads the configuration and the files that it names, as serve does: settings, rules, lists, exceptions, ' +
    'enrichment, certificates and secrets. It also checks that everything to be written can be written. Nothing is ' +
    'written, and no sink is connected to. Every problem is printed on stderr with file, line and column; in any ' +
    'output form other than table, problems are part of the output instead.',
  options: { ...serveOptions, output: reportOutput },
  exitCodes: { '0': 'serve would run as printed', '2': 'something is wrong' },
  examples: [
    { purpose: 'before a restart', line: 'tripline check --config tripline.yaml' },
    { purpose: 'a restart only if nothing is wrong', line: 'tripline check && echo restart' },
  ],
  async run({ options }, io) {
    const { environment } = io;
    const source = configSourceOf(options, io, serveSettings(options, environment));
    const read = readConfiguration(source);
    const { config, paths } = read;
    const wrong = [...read.problems, ...missing(read), ...unwritable(read)];

    const there = (named: readonly string[]) => named.filter((path) => existsSync(path));
    const sources = { rules: there(paths.rules), lists: there(paths.lists), exceptions: there(paths.exceptions) };
    let loaded: LoadedRules | undefined;
    const broken: string[] = [];
    try {
      loaded = loadRules({
        ...sources,
        ...(config && {
          overrides: config.overrides,
          overridePlaces: config.overridePlaces,
          enrichment: config.enrichment,
        }),
      });
      broken.push(...loaded.problems.map(printRuleProblem));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // Missing rules have already been reported.
      if (sources.rules.length > 0) broken.push(error.message.split('\n').map(printable).join('\n'));
    }
    const isFit = config !== undefined && loaded !== undefined && wrong.length + broken.length === 0;
    const form = options.output ?? 'table';
    if (form === 'table') for (const problem of [...wrong, ...broken]) await io.stderr.write(`${problem}\n`);
    await reportProblems({ ...loaded, problems: [] }, io);
    const parts = isFit ? plan(source.path, config, loaded!) : [];
    if (form === 'table') {
      if (isFit) await io.stdout.write(`${definitions(parts, widthOf(io.stdout))}\n`);
    } else if (form === 'junit') {
      const cases = [caseOf('settings', wrong), caseOf('rules', broken)];
      await io.stdout.write(junit([{ name: 'tripline check', cases }]));
    } else {
      await writeRows(io.stdout, { columns, rows: rowsOf(parts, { settings: wrong, rules: broken }) }, form);
    }
    return isFit ? 0 : 2;
  },
});

/** A part of what serve would run, or something that prevents it. */
interface Row {
  passed: boolean;
  part: string;
  message: string;
}

const columns: Column<Row>[] = [
  { name: 'passed', cell: ({ passed }) => String(passed) },
  { name: 'part', cell: ({ part }) => part },
  { name: 'message', cell: ({ message }) => message },
];

function rowsOf(parts: readonly [string, string][], wrong: Readonly<Record<string, readonly string[]>>): Row[] {
  return [
    ...parts.map(([part, message]) => ({ passed: true, part, message })),
    ...Object.entries(wrong).flatMap(([part, messages]) =>
      messages.map((message) => ({ passed: false, part, message })),
    ),
  ];
}

function caseOf(name: string, wrong: readonly string[]): Case {
  return wrong.length === 0 ? { name } : { name, failure: wrong.join('\n') };
}

/** What is to be read but does not exist. */
function missing({ paths, placeOf }: ReadConfig): string[] {
  return (['rules', 'lists', 'exceptions'] as const).flatMap((setting) =>
    paths[setting].flatMap((path, index) =>
      existsSync(path)
        ? []
        : [`${placeOf([setting, index])}: ${setting}: ${quote(path)} does not exist; name a file or a folder`],
    ),
  );
}

/** What is to be written but cannot be. */
function unwritable({ paths, placeOf }: ReadConfig): string[] {
  const written = [
    ...paths.state.map((path) => ({ setting: ['state', 'path'], path, isFolder: false })),
    ...paths.deadLetterPath.map((path) => ({ setting: ['deadLetterPath'], path, isFolder: true })),
    ...paths.sinkFolders.map(({ setting, path }) => ({ setting, path, isFolder: true })),
  ];
  return written.flatMap(({ setting, path, isFolder }) => {
    const why = whyUnwritable(path, isFolder);
    return why === undefined ? [] : [`${placeOf(setting)}: ${setting.join('.')}: ${why}`];
  });
}

/** Folders that do not exist are created later. */
function whyUnwritable(path: string, isFolder: boolean): string | undefined {
  let folder = isFolder ? resolve(path) : dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    if (!statSync(folder).isDirectory()) return `${printable(folder)} is not a folder; name another path`;
    accessSync(folder, constants.W_OK);
    if (!isFolder && existsSync(path)) accessSync(path, constants.W_OK);
  } catch (error) {
    return `${printable((error as Error).message)}; name a path that Tripline may write`;
  }
}

function plan(path: string | undefined, config: Config, { ruleset }: LoadedRules): [string, string][] {
  const { listen, rules, exceptions, overrides, enrichment, sinks, state, deadLetterPath } = config;
  const known = [enrichment?.mmdb ?? [], enrichment?.owners ?? []].flat();
  const tuned = [
    numbered(exceptions.length, 'path'),
    ...(Object.keys(overrides).length > 0 ? [numbered(Object.keys(overrides).length, 'override')] : []),
  ];
  return [
    ['configuration', path ?? 'defaults'],
    ['listens on', [listen, ...accessOf(config)].join(', ')],
    ...(config.forward === undefined
      ? []
      : [['forward input', forwardLine(config.forward)] satisfies [string, string]]),
    ...(config.kafka === undefined ? [] : [['kafka input', kafkaLine(config.kafka)] satisfies [string, string]]),
    ['rules', `${countOf(ruleset)}, of ${rules.join(', ')}`],
    ['exceptions', exceptions.length > 0 || Object.keys(overrides).length > 0 ? tuned.join(', ') : 'none'],
    ...(known.length === 0 ? [] : [['enrichment', printable(known.join(', '))] satisfies [string, string]]),
    ['sinks', sinks.map((sink) => sinkLine(sink)).join(', ') || 'none: records are returned in the reply only'],
    ['state', stateLine(state)],
    ['dead letters', deadLetterPath ?? 'not kept'],
  ];
}

function stateLine(state: Config['state']): string {
  if (state === undefined) return 'in memory only';
  const { path, key, url, username, password, whenUnavailable = 'retry' } = state;
  if (url === undefined) return printable(`${path}${key === undefined ? '' : ', authenticated'}`);
  const asked = password === undefined ? 'no credentials' : `a password${username === undefined ? '' : ' and a user'}`;
  return printable(`${url} with ${asked}, ${whenUnavailable} while it is unavailable`);
}

/** Who may connect, and with which credentials; contains no secret. */
function accessOf({ auth, tls }: Config): string[] {
  const secured = tls && `TLS${tls.requireClientCertificate ? ' with client certificates' : ''}`;
  if (auth === undefined) return [...(secured ? [secured] : []), 'no credentials'];
  const { openMetrics, ...credentials } = auth;
  const asked = Object.entries(credentials).map(([kind, list]) =>
    list.length > 1 ? `${kind} (${list.length})` : kind,
  );
  return [...(secured ? [secured] : []), asked.join(' or '), ...(openMetrics ? ['open metrics'] : [])];
}

function forwardLine({ listen, unixPath, unixMode, tls, sharedKey, users }: NonNullable<Config['forward']>): string {
  const secured = tls && `TLS${tls.clientCa === undefined ? '' : ' with client certificates'}`;
  const asked = [secured, sharedKey === undefined ? 'no key' : 'a shared key', users && 'a user'].filter(Boolean);
  const tcp = listen && `${listen} with ${asked.join(', ')}`;
  return printable([tcp, unixPath && `${unixPath} (mode ${unixMode})`].filter(Boolean).join(' and '));
}

function kafkaLine(kafka: NonNullable<Config['kafka']>): string {
  const { topics, group, tls } = kafka;
  const how = [`as ${group}`, ...(tls === undefined ? [] : ['over TLS'])];
  return printable(`${topics.join(', ')} at ${connectionTarget(kafka)}, ${how.join(', ')}`);
}

function countOf({ rules, correlations }: LoadedRules['ruleset']): string {
  return `${numbered(rules.length, 'rule')} and ${numbered(correlations.length, 'correlation')}`;
}

function sinkLine(sink: Config['sinks'][number]): string {
  const { name, type, spool } = sink;
  const target = sinkTarget(sink);
  const kind = name === type ? type : `${name} (${type})`;
  const where = target === type ? kind : `${kind} to ${target}`;
  return printable(spool ? `${where}, a spool in ${spool.path}` : where);
}
