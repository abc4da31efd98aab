/** Fluent Bit configurations built from the same parts in both formats. */
import type { Files } from '../../src/fluent-bit-config/index.ts';

export type Settings = Record<string, string | undefined>;

export interface Parts {
  service: Settings;
  parsers: Settings[];
  inputs: Settings[];
  filters: Settings[];
  outputs: Settings[];
}

/** A single Fluent Bit for both ends, without anything to report. */
export function soundParts(): Parts {
  return {
    service: {
      flush: '1',
      'scheduler.cap': '30',
      'storage.path': '/tmp/doctor/chunks',
      'storage.keep.rejected': 'on',
      grace: '5',
    },
    parsers: [
      {
        name: 'audit',
        format: 'json',
        time_key: 'stageTimestamp',
        time_format: '%Y-%m-%dT%H:%M:%S.%L%z',
        time_keep: 'on',
      },
    ],
    inputs: [
      {
        name: 'tail',
        tag: 'kube.audit',
        path: '/tmp/doctor/audit/*.log',
        parser: 'audit',
        read_from_head: 'on',
        refresh_interval: '5',
        rotate_wait: '25h',
        ignore_older: '24h',
        db: '/tmp/doctor/audit.db',
        buffer_chunk_size: '512k',
        buffer_max_size: '8M',
        truncate_long_lines: 'on',
        'storage.type': 'filesystem',
      },
      { name: 'forward', listen: '127.0.0.1', port: '24224', buffer_max_size: '16M', 'storage.type': 'filesystem' },
    ],
    filters: [],
    outputs: [
      {
        name: 'http',
        match: 'kube.*',
        host: '127.0.0.1',
        port: '9870',
        uri: '/v1/records',
        format: 'msgpack',
        header_tag: 'X-Fluent-Tag',
        retry_limit: 'no_limits',
        log_response_payload: 'off',
      },
      { name: 'stdout', match: 'tripline.*' },
    ],
  };
}

const lines = (settings: Settings, line: (key: string, value: string) => string) =>
  Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [line(key, value)]));

/** A value that begins with `|` is YAML to be placed below its key. */
function yamlLine(indent: string): (key: string, value: string) => string {
  return (key, value) =>
    value.startsWith('|')
      ? `${indent}${key}:${value.slice(1).replaceAll('\n', `\n${indent}  `)}`
      : `${indent}${key}: ${quoted(value)}`;
}

const quoted = (value: string) =>
  /^[\w/.$ {}:-]*$/.test(value) && !value.includes(': ') && value !== '' ? value : `'${value}'`;

function yamlOf({ service, parsers, inputs, filters, outputs }: Parts): string {
  const list = (name: string, indent: string, all: Settings[]) =>
    all.length === 0
      ? []
      : [
          `${indent}${name}:`,
          ...all.map((each) =>
            lines(each, yamlLine(`${indent}    `))
              .join('\n')
              .replace(/^( *) {2}/, '$1- '),
          ),
        ];
  return [
    'service:',
    ...lines(service, yamlLine('  ')),
    ...list('parsers', '', parsers),
    'pipeline:',
    ...list('inputs', '  ', inputs),
    ...list('filters', '  ', filters),
    ...list('outputs', '  ', outputs),
    '',
  ].join('\n');
}

function classicOf({ service, inputs, filters, outputs }: Parts): string {
  const section = (name: string, settings: Settings) => [
    `[${name}]`,
    ...lines(settings, (key, value) => `    ${key} ${value}`),
  ];
  return [
    ...section('SERVICE', { ...service, parsers_file: 'parsers.conf' }),
    ...inputs.flatMap((each) => section('INPUT', each)),
    ...filters.flatMap((each) => section('FILTER', each)),
    ...outputs.flatMap((each) => section('OUTPUT', each)),
    '',
  ].join('\n');
}

export type Format = 'yaml' | 'classic';

/** The files of a configuration, the first of them the main one. */
export function textsOf(parts: Parts, format: Format): Record<string, string> {
  if (format === 'yaml') return { 'fluent-bit.yaml': yamlOf(parts) };
  const parsers = parts.parsers.flatMap((each) => ['[PARSER]', ...lines(each, (key, value) => `    ${key} ${value}`)]);
  return { 'fluent-bit.conf': classicOf(parts), 'parsers.conf': `${parsers.join('\n')}\n` };
}

/** Files that exist in memory only. */
export function filesOf(texts: Record<string, string | Uint8Array>): Files {
  return {
    read: (path) => (Object.hasOwn(texts, path) ? Buffer.from(texts[path]!) : undefined),
    names: (folder) => {
      const start = folder === '.' ? '' : `${folder}/`;
      const below = Object.keys(texts).flatMap((path) =>
        path.startsWith(start) ? [path.slice(start.length).split('/')[0]!] : [],
      );
      return [...new Set(below)];
    },
  };
}
