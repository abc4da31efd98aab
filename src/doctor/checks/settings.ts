/** Lines that Fluent Bit reads but ignores: it does not report unknown keys of the service section. */
import { boolOf, type Section } from '../../fluent-bit-config/index.ts';
import { didYouMean, quote } from '../../sigma/rule-problem.ts';
import { type Check, lineOf } from '../check.ts';

const flags = [
  ...[
    'flush.adaptive',
    'json.convert_nan_to_null',
    'json.escape_unicode',
    'security.fips_mode',
    'daemon',
    'http_server',
  ],
  ...['health_check', 'dns.prefer_ipv4', 'dns.prefer_ipv6', 'storage.metrics', 'storage.checksum'],
  ...[
    'storage.backlog.flush_on_shutdown',
    'storage.delete_irrecoverable_chunks',
    'storage.trim_files',
    'storage.inherit',
  ],
  ...['storage.keep.rejected', 'sp.convert_from_str_to_num', 'enable_chunk_trace', 'hot_reload'],
  'hot_reload.ensure_thread_safety',
];
const numbers = [
  ...['flush', 'flush.adaptive.min_interval', 'flush.adaptive.max_interval', 'flush.adaptive.low_pressure'],
  ...['flush.adaptive.medium_pressure', 'flush.adaptive.high_pressure', 'flush.adaptive.up_steps'],
  ...['flush.adaptive.down_steps', 'grace', 'hc_errors_count', 'hc_retry_failure_count', 'hc_period'],
  ...[
    'storage.max_chunks_up',
    'coro_stack_size',
    'scheduler.cap',
    'scheduler.base',
    'windows.maxstdio',
    'hot_reload.timeout',
  ],
];
const texts = [
  ...['log_file', 'log_level', 'parsers_file', 'plugins_file', 'streams_file', 'http_listen', 'http_port', 'dns.mode'],
  ...[
    'dns.resolver',
    'storage.path',
    'storage.sync',
    'storage.backlog.mem_limit',
    'storage.type',
    'storage.rejected.path',
  ],
  ...['storage.rejected.limit', 'multiline_buffer_limit', 'telemetry'],
];
/** @see service_configs in flb_config.c of Fluent Bit 5.1.1 */
const serviceKeys = [...flags, ...numbers, ...texts];

/** For these the last line counts, and Fluent Bit does not reject a second one. */
const single = new Set([
  ...['tag', 'match', 'match_regex', 'host', 'port', 'listen', 'retry_limit', 'storage.type', 'mem_buf_limit', 'alias'],
  ...['storage.total_limit_size', 'storage.pause_on_chunks_overlimit', 'workers', 'tls', 'tls.verify', 'threaded'],
]);
const wantedSections = ['SERVICE', 'INPUT', 'FILTER', 'OUTPUT', 'PARSER', 'MULTILINE_PARSER', 'CUSTOM', 'PLUGINS'];
const wantedInYaml = [
  'service',
  'pipeline',
  'parsers',
  'multiline_parsers',
  'includes',
  'env',
  'customs',
  'plugins',
  'extensions',
];

export const settingsChecks: Readonly<Record<string, Check>> = {
  'unknown-service-key': {
    effect: 'ignored',
    doc: 'A key of the service section that Fluent Bit does not know: it ignores the key without reporting it.',
    run({ service }, report) {
      for (const { key, place } of service.section.properties) {
        if (serviceKeys.includes(key)) continue;
        report(
          place,
          `Fluent Bit does not know ${quote(key)} in the service section, and ignores it silently`,
          didYouMean(key, serviceKeys, 'drop the line'),
        );
      }
    },
  },
  'service-value': {
    effect: 'ignored',
    doc: 'An invalid value in the service section: neither on nor off, or not a number.',
    run(flow, report) {
      for (const { key, value, isUnknown, place } of flow.service.section.properties) {
        if (isUnknown) continue;
        const isFlag = flags.includes(key) && boolOf(value) === undefined;
        const isNumber = numbers.includes(key) && !/^\s*[+-]?(\d+(\.\d*)?|\.\d+)$/.test(value);
        if (isFlag) {
          const message = `${quote(value)} is neither on nor off, and counts as neither`;
          report(place, message, `write ${lineOf(flow, key, 'on')} or off`);
        }
        if (isNumber) {
          const read = Number.parseInt(value, 10) || 0;
          report(
            place,
            `${quote(value)} is read as ${read}`,
            `write ${lineOf(flow, key, String(read || 1))}, a number alone`,
          );
        }
      }
    },
  },
  'unknown-section': {
    effect: 'ignored',
    doc: 'A section that Fluent Bit does not use: it reads the section and ignores it silently.',
    run({ config }, report) {
      const wanted = config.format === 'yaml' ? wantedInYaml : wantedSections;
      for (const { kind, name, place } of config.sections) {
        if (kind !== 'other' || /^extensions$/i.test(name)) continue;
        report(
          place,
          `Fluent Bit does not use a section ${quote(name)}, and ignores it silently`,
          didYouMean(name, wanted, 'drop it'),
        );
      }
    },
  },
  'comment-in-value': {
    effect: 'ignored',
    doc: 'A `#` after a value, in the classic format: it is part of the value, not a comment.',
    run({ config }, report) {
      if (config.format === 'yaml') return;
      for (const { key, value, place } of config.sections.flatMap(({ properties }) => properties)) {
        // Values of these keys may legitimately contain `#`, or must not be shown.
        if (/regex|rule|record|header|passw|secret|token|shared_key|code|call|^(add|set|exclude|script)/.test(key))
          continue;
        if (!/\s#/.test(value)) continue;
        report(
          place,
          `the value of ${quote(key)} is ${quote(value)}: '#' begins a comment only where a line begins`,
          'write the comment on a line of its own',
        );
      }
    },
  },
  'second-line': {
    effect: 'ignored',
    doc: 'The same key twice in one section, where only the last line counts.',
    run({ config }, report) {
      for (const section of config.sections) {
        for (const [key, [first, ...more]] of Map.groupBy(section.properties, ({ key }) => key)) {
          const isSingle =
            section.kind === 'service' ? serviceKeys.includes(key) && key !== 'parsers_file' : single.has(key);
          if (more.length === 0 || !isSingle || !isPlugin(section)) continue;
          report(
            more.at(-1)!.place,
            `${quote(key)} is set on line ${first!.place.line}, too, and only the last line counts`,
            'drop one of them',
          );
        }
      }
    },
  },
  'unset-variable': {
    effect: 'ignored',
    doc: 'A variable without a default that is not set where doctor runs: Fluent Bit would replace it with nothing.',
    run({ config }, report) {
      for (const { name, place } of config.unset) {
        const message = `the variable ${quote(name)} is not set, and is replaced with nothing`;
        report(place, message, `set it here as it is for Fluent Bit, or write \${${name}:-DEFAULT}`);
      }
    },
  },
  'absent-parsers': {
    effect: 'ignored',
    doc: 'A parsers file, named by its absolute path, that does not exist where doctor runs: Fluent Bit would not start without it, and its parsers are not known.',
    run({ config }, report) {
      for (const { name, place } of config.absent) {
        const message = `${quote(name)} does not exist here: Fluent Bit would not start, and its parsers are not known`;
        report(place, message, 'run doctor where the file exists, such as in the Fluent Bit image');
      }
    },
  },
  'storage-inherit': {
    effect: 'ignored',
    doc: 'A `storage.type` in the service section without `storage.inherit`: inputs do not inherit it.',
    run(flow, report) {
      const type = flow.service.property('storage.type');
      if (type === undefined || flow.service.bool('storage.inherit', false) !== false) return;
      report(type.place, 'inputs do not inherit it', `write ${lineOf(flow, 'storage.inherit', 'on')} below it`);
    },
  },
  reload: {
    effect: 'stops',
    doc: 'A reload of one Fluent Bit that both sends to Tripline and receives from it, with `hot_reload.ensure_thread_safety`, the default: it waits for itself without end.',
    run(flow, report) {
      const { service, senders, returns } = flow;
      if (senders.length === 0 || returns.length === 0) return;
      if (service.bool('hot_reload', false) !== true) return;
      if (service.bool('hot_reload.ensure_thread_safety', true) !== true) return;
      report(
        service.property('hot_reload.ensure_thread_safety')?.place ?? service.place('hot_reload'),
        'a reload pauses the input for tagged records, then waits without end for the output to Tripline, which needs that input',
        `write ${lineOf(flow, 'hot_reload.ensure_thread_safety', 'off')}, or use two Fluent Bits`,
      );
    },
  },
  grace: {
    effect: 'stops',
    doc: 'A negative `grace` of one Fluent Bit that both sends to Tripline and receives from it: a stop waits for itself without end.',
    run(flow, report) {
      const { service, senders, returns } = flow;
      const grace = service.property('grace');
      if (senders.length === 0 || returns.length === 0 || grace === undefined || grace.isUnknown) return;
      if (Number.parseInt(grace.value, 10) >= 0) return;
      report(
        grace.place,
        'a stop pauses the input for tagged records, and waits without end for the output that needs it',
        `write ${lineOf(flow, 'grace', '5')}`,
      );
    },
  },
};

function isPlugin({ kind }: Section): boolean {
  return ['service', 'input', 'filter', 'output'].includes(kind);
}
