/** Whether records reach Tripline unaltered: tag, time, every value. */
import { quote } from '../../sigma/rule-problem.ts';
import { type Check, lineOf, type Report } from '../check.ts';
import { type Flow, fixedTag } from '../flow.ts';
import type { Plugin } from '../plugin.ts';

const jsonFormats = new Set(['json', 'json_lines', 'json_stream']);
/** Formats in which Tripline can read the time. */
const dateFormats = new Set(['', 'double', 'epoch', 'epoch_ms', 'iso8601', 'java_sql_timestamp']);

/** A `json_date_key` that leaves the time out. */
const noDateKey = /^(false|off|no)$/i;

export const formatChecks: Readonly<Record<string, Check>> = {
  'header-tag': {
    effect: 'alters',
    doc: 'An HTTP output without the `header_tag` that Tripline reads: records come back without their tag, and are not recognized.',
    run: onHttp((sender, flow, report) => {
      const { tagHeader } = flow.tripline;
      const header = sender.text('header_tag', '');
      if (header === undefined || header.toLowerCase() === tagHeader.toLowerCase()) return;
      // A fixed header of that name works as well if all records have one tag.
      if (header === '' && fixedTag(sender, tagHeader) !== undefined) return;
      const what =
        header === '' ? 'no header carries the tag' : `the tag is in ${quote(header)}, and Tripline reads ${tagHeader}`;
      const message = `${what}: records come back under another tag, and Tripline cannot recognize those that it has sent`;
      report(sender.place('header_tag'), message, `write ${lineOf(flow, 'header_tag', tagHeader)}`);
    }),
  },
  'json-format': {
    effect: 'alters',
    doc:
      'A format of an HTTP output that is not `msgpack`: the JSON formats round times to microseconds and floats to 16 digits, ' +
      'and alter what is not UTF-8.',
    run: onHttp((sender, flow, report) => {
      const format = sender.text('format', 'json')?.toLowerCase();
      if (format === undefined || !jsonFormats.has(format)) return;
      const key = sender.text('json_date_key', 'date');
      const altered = ['rounds times to microseconds and floats to 16 digits', 'alters text that is not UTF-8'];
      // Without a key there is no time.
      if (key !== undefined && !noDateKey.test(key)) {
        altered.push(`takes the time from a record with a member ${quote(key)} of its own`);
      }
      const message = `${quote(format)} ${altered.slice(0, -1).join(', ')} and ${altered.at(-1)}`;
      report(sender.place('format'), message, `write ${lineOf(flow, 'format', 'msgpack')}`);
    }),
  },
  format: {
    effect: 'stops',
    doc: 'A format of an HTTP output that Tripline does not read.',
    run: onHttp((sender, flow, report) => {
      const format = sender.text('format', 'json')?.toLowerCase();
      if (format === undefined || format === 'msgpack' || jsonFormats.has(format)) return;
      const message = `Tripline does not read the format ${quote(format)}, and refuses each chunk`;
      report(sender.place('format'), message, `write ${lineOf(flow, 'format', 'msgpack')}`);
    }),
  },
  'date-key': {
    effect: 'alters',
    doc: "A `json_date_key` that is not Tripline's `dateKey`, or a `json_date_format` that it does not know: the time becomes a member of the record, or is lost.",
    run: onHttp((sender, flow, report) => {
      if (!jsonFormats.has(sender.text('format', 'json')?.toLowerCase() ?? '')) return;
      const { dateKey } = flow.tripline;
      const key = sender.text('json_date_key', 'date');
      if (key !== undefined && key !== dateKey) {
        const message = noDateKey.test(key)
          ? 'the time of each record is left out, and its arrival at Tripline is used instead'
          : `Tripline reads the time from ${quote(dateKey)}: ${quote(key)} stays in the record, which gets the time of its arrival`;
        report(
          sender.place('json_date_key'),
          message,
          `write ${lineOf(flow, 'format', 'msgpack')}, or ${lineOf(flow, 'json_date_key', dateKey)}`,
        );
      }
      const format = sender.text('json_date_format', '')?.toLowerCase();
      if (format === undefined || dateFormats.has(format)) return;
      report(
        sender.place('json_date_format'),
        `Tripline does not read times in the form ${quote(format)}`,
        'drop the line',
      );
    }),
  },
  'body-key': {
    effect: 'loses',
    doc: 'An HTTP output with `body_key`: only that member of each record is sent.',
    run: onHttp((sender, _flow, report) => {
      const found = sender.property('body_key');
      if (found === undefined) return;
      report(
        found.place,
        `only ${quote(found.value)} of each record is sent, and records without it are lost`,
        'drop the line',
      );
    }),
  },
  'otlp-batch': {
    effect: 'loses',
    doc:
      'An opentelemetry output with a `batch_size` below the size of a chunk: only the answer to the last part of a ' +
      'chunk counts, and refused records of other parts are lost silently.',
    run: onOtlp((sender, flow, report) => {
      const size = sender.bytes('batch_size', 1000);
      if (size === undefined || size >= 100_000) return;
      const message =
        `a chunk is sent in parts of ${size} records, and only the answer to the last part counts: if another is ` +
        'refused, its records are lost without a trace';
      report(sender.place('batch_size'), message, `write ${lineOf(flow, 'batch_size', '100000')}`);
    }),
  },
  'otlp-tag': {
    effect: 'alters',
    doc: 'An opentelemetry output without a header for the tag, which OTLP cannot carry.',
    run: onOtlp((sender, flow, report) => {
      const { tagHeader } = flow.tripline;
      if (fixedTag(sender, tagHeader) !== undefined) return;
      const message =
        'the tag is not sent: records come back as if their tag were v1_logs, whatever input they are from';
      report(
        sender.section.place,
        message,
        `write ${lineOf(flow, 'header', `${tagHeader} kube.audit`)}, with an output for each tag`,
      );
    }),
  },
  'otlp-body-key': {
    effect: 'loses',
    doc: 'An opentelemetry output with a `logs_body_key`, by default `log` and `message`: nothing else of a record that has it is sent.',
    run: onOtlp((sender, flow, report) => {
      if (sender.bool('logs_body_key_attributes', false) !== false) return;
      const keys = sender.all('logs_body_key').map(({ value }) => quote(value));
      const isWritten = keys.length > 0;
      if (isWritten && keys.every((key) => key === "'$none'")) return;
      const message = `only the member ${isWritten ? keys.join(' or ') : "'log' or 'message'"} is sent of a record that has one`;
      report(
        sender.place('logs_body_key'),
        message,
        `write ${lineOf(flow, 'logs_body_key', '$none')}, which no record has`,
      );
    }),
  },
  'otlp-transport': {
    effect: 'stops',
    doc: 'An opentelemetry output with `grpc` or `http2`: Tripline speaks OTLP over HTTP/1.1.',
    run: onOtlp((sender, flow, report) => {
      for (const [key, isOn] of [
        ['grpc', sender.bool('grpc', false) === true],
        ['http2', /^(on|force|true|yes)$/i.test(sender.text('http2', 'off') ?? '')],
      ] as const) {
        if (!isOn) continue;
        const message = `Tripline does not speak ${key === 'grpc' ? 'gRPC' : 'HTTP/2'}: no chunk arrives`;
        report(sender.place(key), message, `write ${lineOf(flow, key, 'off')}`);
      }
    }),
  },
};

function onHttp(look: (sender: Plugin, flow: Flow, report: Report) => void): Check['run'] {
  return onSenders('http', look);
}

function onOtlp(look: (sender: Plugin, flow: Flow, report: Report) => void): Check['run'] {
  return onSenders('opentelemetry', look);
}

function onSenders(name: string, look: (sender: Plugin, flow: Flow, report: Report) => void): Check['run'] {
  return (flow, report) => {
    for (const sender of flow.senders) if (sender.name === name) look(sender, flow, report);
  };
}
