/** What a tail input does to an audit log: when files rotate, when lines are long, when Fluent Bit was not running. */
import { matchesTag, secondsOf } from '../../fluent-bit-config/index.ts';
import { quote } from '../../sigma/rule-problem.ts';
import { type Check, lineOf, type Report } from '../check.ts';
import type { Flow } from '../flow.ts';
import { type Plugin, pluginOf } from '../plugin.ts';

/** Parsers that Fluent Bit has built in. */
const builtIn = new Set(['docker', 'cri', 'go', 'java', 'python', 'ruby', 'none']);
const CHUNK = 32_768;
/** Bytes of a line that an audit log may well contain: etcd accepts requests and responses of 1.5 MB. */
const LONG = 1_000_000;

export const tailChecks: Readonly<Record<string, Check>> = {
  'rotated-file': {
    effect: 'loses',
    doc:
      'A tail whose `path` does not match the name that a rotated file gets: what was written before a rotation while ' +
      'Fluent Bit was down is never read.',
    run: onTail((tail, flow, report) => {
      const found = tail.property('path');
      if (found === undefined || found.isUnknown) return;
      const paths = found.value.split(',').map((each) => each.trim());
      for (const path of paths) {
        const name = path.slice(path.lastIndexOf('/') + 1);
        // kube-apiserver: audit.log becomes audit-2026-01-02T03-04-05.000.log.
        const plain = name.replaceAll(/[*?]|\[[^\]]*\]/g, '') || 'audit.log';
        const dot = plain.lastIndexOf('.') === -1 ? plain.length : plain.lastIndexOf('.');
        const rotated = `${plain.slice(0, dot)}-2026-01-02T03-04-05.000${plain.slice(dot)}`;
        const folder = path.slice(0, path.length - name.length);
        const excluded = tail.property('exclude_path');
        const isExcluded = excluded?.value
          .split(',')
          .some((each) => fits(each.trim(), `${folder}${rotated}`) && !fits(each.trim(), `${folder}${plain}`));
        if (excluded !== undefined && isExcluded && !excluded.isUnknown) {
          const message = `it excludes ${rotated} and the like: what is written and rotated while Fluent Bit is down is lost`;
          report(excluded.place, message, 'drop the line; ignore_older excludes old files');
          continue;
        }
        const beside = paths.filter((each) => each.slice(0, each.lastIndexOf('/') + 1) === folder);
        if (beside.some((each) => fits(each.slice(folder.length), rotated))) continue;
        const wanted = `${folder}*${plain.slice(dot)}`;
        const message =
          `what is written while Fluent Bit is down, and rotated before it is back, is lost: the file then has a name ` +
          `as ${rotated}, which ${quote(name)} does not match`;
        report(
          found.place,
          message,
          `write ${lineOf(flow, 'path', wanted)}, with ignore_older 24h and rotate_wait 25h`,
        );
      }
    }),
  },
  'rotate-wait': {
    effect: 'repeats',
    doc: 'A tail with a wildcard whose `rotate_wait` is not above `ignore_older`: each rotated file is read twice.',
    run: onTail((tail, flow, report) => {
      const path = tail.text('path', '');
      if (path === undefined || !/[*?[]/.test(path.slice(path.lastIndexOf('/') + 1))) return;
      const [wait, older] = [tail.seconds('rotate_wait', 5), tail.seconds('ignore_older', 0)];
      if (wait === undefined || older === undefined || (older > 0 && wait > older)) return;
      const message =
        `a rotated file is closed after ${wait} s, and as the path matches its new name, it is read again from its head` +
        (older === 0 ? ', however old' : '');
      report(
        tail.place('rotate_wait'),
        message,
        `write ${lineOf(flow, 'rotate_wait', '25h')} and ${lineOf(flow, 'ignore_older', '24h')}`,
      );
    }),
  },
  'tail-db': {
    effect: 'loses',
    doc: 'A tail without `db`: after each start it reads everything again, or nothing of what was written meanwhile.',
    run: onTail((tail, flow, report) => {
      if (tail.property('db') !== undefined) return;
      const message =
        tail.bool('read_from_head', false) === false
          ? 'what is written while Fluent Bit is down is not read: no position was saved'
          : 'after each start every file is read again from its head: no position was saved';
      report(tail.section.place, message, `write ${lineOf(flow, 'db', '/var/lib/fluent-bit/audit.db')}`);
    }),
  },
  'shared-db': {
    effect: 'repeats',
    doc: 'Two inputs with the same `db`: at startup each drops what the other has stored in it, and files are read again.',
    run(flow, report) {
      for (const source of flow.sources) {
        const db = source.property('db');
        const other = flow.inputs.find((each) => each !== source && each.text('db', '') === db?.value);
        if (db === undefined || db.isUnknown || other === undefined) continue;
        const message = `an input with the tag ${quote(flow.tagsOf.get(other)!)} uses it, too: at startup each drops what the other has stored there`;
        report(db.place, message, `write ${lineOf(flow, 'db', another(db.value))}`);
      }
    },
  },
  'read-from-head': {
    effect: 'loses',
    doc: 'A tail without `read_from_head`: the existing content of a file that it does not know at startup is not read.',
    run: onTail((tail, flow, report) => {
      if (tail.bool('read_newly_discovered_files_from_head', true) === false) {
        const message =
          'the existing content of a file that is found after startup, as after each rotation, is not read';
        report(tail.place('read_newly_discovered_files_from_head'), message, 'drop the line');
      }
      if (tail.bool('read_from_head', false) !== false) return;
      const message =
        'the existing content of a file that is new at startup, as after a rotation while Fluent Bit was down, is not read';
      report(tail.place('read_from_head'), message, `write ${lineOf(flow, 'read_from_head', 'on')}`);
    }),
  },
  'line-length': {
    effect: 'loses',
    doc: 'A tail whose `buffer_max_size` is below the length of a long event: 32 KB unless it is set.',
    run: onTail((tail, flow, report) => {
      const size = tail.bytes('buffer_max_size', CHUNK);
      if (size === undefined || size >= LONG) return;
      const message = `an event of more than ${size} bytes ${whatHappens(tail)}`;
      report(tail.place('buffer_max_size'), message, `write ${lineOf(flow, 'buffer_max_size', '8M')}`);
    }),
  },
  'long-lines': {
    effect: 'loses',
    doc: 'A tail without `truncate_long_lines`: a line above `buffer_max_size` ends the reading of its file, or is skipped.',
    run: onTail((tail, flow, report) => {
      if (tail.bool('truncate_long_lines', false) !== false) return;
      const size = tail.bytes('buffer_max_size', CHUNK);
      const message = `an event of more than ${size ?? 'buffer_max_size'} bytes ${whatHappens(tail)}`;
      report(
        tail.property('truncate_long_lines')?.place ?? tail.place('skip_long_lines'),
        message,
        `write ${lineOf(flow, 'truncate_long_lines', 'on')}, as Tripline reports which parts of a cut event it cannot know`,
      );
    }),
  },
  'refresh-interval': {
    effect: 'delays',
    doc: 'A tail with a wildcard that looks for new files once a minute or more rarely, which is the default.',
    run: onTail((tail, flow, report) => {
      const found = tail.property('refresh_interval');
      const seconds = found === undefined ? 60 : found.isUnknown ? undefined : secondsOf(found.value);
      const path = tail.text('path', '') ?? '';
      if (seconds === undefined || seconds < 60 || !/[*?[]/.test(path)) return;
      const message = `after a rotation the new file is found up to ${seconds} s later, and its events are evaluated that much later`;
      report(tail.place('refresh_interval'), message, `write ${lineOf(flow, 'refresh_interval', '5')}`);
    }),
  },
  'no-parser': {
    effect: 'alters',
    doc: 'A tail of the audit log without a parser for JSON: each record is one string, with the time of its arrival.',
    run: onTail((tail, flow, report) => {
      if (tail.property('parser') !== undefined || tail.property('multiline.parser') !== undefined) return;
      const message =
        'each event becomes a string under one key, with the time of its arrival, and queries do not see its members';
      report(
        tail.section.place,
        message,
        `write ${lineOf(flow, 'parser', 'kubernetes_audit')}, and declare it with format json`,
      );
    }),
  },
  'unknown-parser': {
    effect: 'alters',
    doc: 'A parser that is named but not declared: Fluent Bit logs an error and continues, and records become strings.',
    run(flow, report) {
      if (flow.config.absent.length > 0) return;
      const declared = new Set(parsersOf(flow).map((parser) => parser.text('name', '')));
      const declaredMultiline = new Set(
        flow.config.sections
          .filter(({ kind }) => kind === 'multiline_parser')
          .map((each) => pluginOf(each).text('name', '')),
      );
      for (const source of flow.sources) {
        for (const { value, isUnknown, place } of source.all('parser')) {
          if (isUnknown || value === '' || declared.has(value)) continue;
          const message = `no parser ${quote(value)} is declared: each event becomes a string, with the time of its arrival`;
          report(
            place,
            message,
            flow.config.format === 'yaml' ? 'declare it under parsers:' : 'name its file by Parsers_File',
          );
        }
        for (const { value, isUnknown, place } of source.all('multiline.parser')) {
          const unknown = value
            .split(',')
            .map((each) => each.trim())
            .find((each) => !builtIn.has(each) && !declaredMultiline.has(each));
          if (isUnknown || unknown === undefined) continue;
          report(place, `no multiline parser ${quote(unknown)} is declared`, 'declare it, or drop the line');
        }
      }
    },
  },
  'time-keep': {
    effect: 'alters',
    doc: 'A parser that removes the time from the record: without `time_keep` the member is missing.',
    run(flow, report) {
      const named = new Set(flow.sources.map((source) => source.text('parser', '')));
      for (const parser of parsersOf(flow)) {
        if (!named.has(parser.text('name', ''))) continue;
        // Without a format no time is parsed, and nothing is removed from the record.
        if (parser.property('time_format') === undefined || parser.bool('time_keep', false) === true) continue;
        const key = parser.text('time_key', 'time');
        report(
          parser.property('time_keep')?.place ?? parser.place('time_key'),
          `the member ${quote(key || 'time')} is missing from each record that had it`,
          `write ${lineOf(flow, 'time_keep', 'on')}`,
        );
      }
    },
  },
  'exit-on-eof': {
    effect: 'stops',
    doc: 'A tail with `exit_on_eof`: Fluent Bit ends with the file.',
    run: onTail((tail, _flow, report) => {
      if (tail.bool('exit_on_eof', false) !== true) return;
      report(tail.place('exit_on_eof'), 'Fluent Bit ends when it has read a file to its end', 'drop the line');
    }),
  },
  'joined-lines': {
    effect: 'alters',
    doc: 'A tail that joins lines: an audit log has one event a line.',
    run: onTail((tail, _flow, report) => {
      for (const key of ['multiline', 'docker_mode']) {
        if (tail.bool(key, false) !== true) continue;
        const message = 'lines are held back and joined, but an audit log has one event a line: the parser is not used';
        report(tail.place(key), message, 'drop the line');
      }
    }),
  },
};

/** A file with another name in the same folder. */
function another(path: string): string {
  return path.replace(/(\.\w+)?$/, '-2$1');
}

/** Whether a file pattern matches a path; a `?` or a set is treated as matching any text. */
function fits(pattern: string, path: string): boolean {
  return matchesTag(pattern.replaceAll(/\[[^\]]*\]|\?/g, '*'), path);
}

function whatHappens(tail: Plugin): string {
  if (tail.bool('truncate_long_lines', false) === true) return 'is cut, and what is cut off is not evaluated';
  return tail.bool('skip_long_lines', false) === true
    ? 'is skipped without a trace'
    : 'ends the reading of its file: nothing that follows in it is read';
}

function parsersOf({ config }: Flow): Plugin[] {
  return config.sections.filter(({ kind }) => kind === 'parser').map(pluginOf);
}

function onTail(look: (tail: Plugin, flow: Flow, report: Report) => void): Check['run'] {
  return (flow, report) => {
    for (const source of flow.sources) if (source.name === 'tail') look(source, flow, report);
  };
}
