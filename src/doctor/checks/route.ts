/** Whether records reach Tripline and continue from it, each exactly once. */
import { quote } from '../../sigma/rule-problem.ts';
import { sources } from '../../sources/index.ts';
import type { Source } from '../../sources/source.ts';
import { type Check, lineOf } from '../check.ts';
import { hasMatch, portOf, rewritten, triplinePort } from '../flow.ts';
import { returnPattern, sourcePattern } from '../patterns.ts';
import { type Plugin, takes } from '../plugin.ts';

export const routeChecks: Readonly<Record<string, Check>> = {
  'no-tripline': {
    effect: 'loses',
    doc: 'No output sends to Tripline: records are not evaluated.',
    run(flow, report) {
      const { config, senders, returns, inputs } = flow;
      if (senders.length > 0) return;
      // A Fluent Bit that receives tagged records may have inputs that are not meant for Tripline.
      const audit = inputs.find(
        (input) => !returns.includes(input) && /audit/i.test(`${input.text('tag', '')} ${input.text('path', '')}`),
      );
      if (returns.length > 0 && audit === undefined) return;
      report(
        audit?.section.place ?? { path: config.path, line: 1, column: 1 },
        'no output sends to Tripline, so no record is evaluated',
        `add an output http with ${lineOf(flow, 'uri', '/v1/records')} and port ${triplinePort(flow.tripline)}`,
      );
    },
  },
  'no-source': {
    effect: 'loses',
    doc: 'An output to Tripline that matches the records of no input.',
    run(flow, report) {
      const { senders, inputs, outputs, sources, tagsOf } = flow;
      const isKnown = inputs.every((input) => input.name !== 'forward' || input.property('tag') !== undefined);
      for (const sender of senders) {
        if (!hasMatch(sender)) {
          if (inputs.length === 1 && outputs.length === 1) continue;
          report(
            sender.section.place,
            'without a match this output receives no record',
            `write ${lineOf(flow, 'match', sourcePattern(flow))}`,
          );
        } else if (sources.length === 0 && inputs.length > 0 && isKnown) {
          const tags = inputs.map((input) => quote(tagsOf.get(input)!)).slice(0, 3);
          const match = sender.property('match') ?? sender.property('match_regex')!;
          if (match.isUnknown) continue;
          report(
            match.place,
            `no input has a tag that this matches: the tags are ${tags.join(', ')}`,
            `write ${lineOf(flow, 'match', sourcePattern(flow))}`,
          );
        }
      }
    },
  },
  uri: {
    effect: 'stops',
    doc: 'An output at the port of Tripline with a path that Tripline does not have, or at which it reads another format: it refuses each chunk.',
    run(flow, report) {
      const paths = { http: ['uri', '/', '/v1/records'], opentelemetry: ['logs_uri', '/v1/logs', '/v1/logs'] } as const;
      for (const sender of flow.senders) {
        const [key, otherwise, wanted] = Object.hasOwn(paths, sender.name)
          ? paths[sender.name as keyof typeof paths]
          : [];
        if (key === undefined) continue;
        const path = sender.text(key, otherwise)?.split('?')[0];
        const isTripline = portOf(sender, 80) === triplinePort(flow.tripline);
        if (path === undefined || path === wanted || !isTripline) continue;
        const source = sources.find((each) => each.path === path);
        if (source !== undefined && isReadBy(source, sender)) continue;
        const what =
          source === undefined
            ? `Tripline has no path ${quote(path)}`
            : `Tripline reads another format at ${quote(path)}`;
        const message = `${what}, and refuses each chunk until its retries end`;
        report(sender.place(key), message, `write ${lineOf(flow, key, wanted)}`);
      }
    },
  },
  reply: {
    effect: 'loses',
    doc:
      'A `uri` that asks for a reply with records: Fluent Bit fails on a reply of more than 4,095 bytes, sends the ' +
      'chunk once more and drops it.',
    run(flow, report) {
      for (const sender of flow.senders) {
        const uri = sender.text('uri', '') ?? '';
        if (sender.name !== 'http' || !/[?&]reply=(?!none(&|$))/.test(uri)) continue;
        const message =
          'Fluent Bit fails on a reply of more than 4,095 bytes: it sends the chunk again, which arrives twice, and drops it';
        report(
          sender.place('uri'),
          message,
          `write ${lineOf(flow, 'uri', '/v1/records')}, and have a sink deliver the records`,
        );
      }
    },
  },
  loop: {
    effect: 'loops',
    doc: 'An output to Tripline that also matches what comes back from it.',
    run(flow, report) {
      for (const sender of flow.senders) {
        const tag = rewritten(flow.returnedTags, flow.filters).find((each) => takes(sender, each));
        if (tag === undefined) continue;
        const match = sender.property('match') ?? sender.property('match_regex')!;
        const message =
          `what Tripline returns under ${quote(tag)} is sent to it again; Tripline withholds what has its prefix, but ` +
          'without a header_tag it circulates without end';
        const fix = `write ${lineOf(flow, 'match', sourcePattern(flow))}, which matches only the inputs' tags`;
        report(match.place, message, fix);
      }
    },
  },
  'own-log': {
    effect: 'loops',
    doc: "Fluent Bit's own log among what it sends to Tripline: a line about a chunk becomes a record of the next one.",
    run(flow, report) {
      for (const source of flow.sources) {
        const isOwn = source.name === 'fluentbit_logs';
        const path = source.text('path', '') ?? '';
        const excluded = source.text('exclude_path', '') ?? '';
        const isContainers = source.name === 'tail' && /\/(containers|pods)\//.test(`${path}/`);
        if (!isOwn && !(isContainers && !/fluent/i.test(excluded))) continue;
        report(
          source.place('path'),
          "Fluent Bit's own log is read and sent: each chunk causes log lines, which become the next chunk, without end",
          isOwn
            ? 'give it a tag that the output to Tripline does not match'
            : `write ${lineOf(flow, 'exclude_path', '*fluent-bit*')}, and give container logs a tag that the output to Tripline does not match`,
        );
      }
    },
  },
  'not-received': {
    effect: 'loses',
    doc: 'No output matches the tags under which tagged records come back: Fluent Bit acknowledges and drops them.',
    run(flow, report) {
      const { returns, returnedTags, receivers, outputs } = flow;
      if (returns.length === 0 || receivers.length > 0) return;
      const isUnknown = outputs.some((output) =>
        ['match', 'match_regex'].some((key) => output.property(key)?.isUnknown),
      );
      if (isUnknown) return;
      const message = `no output matches ${quote(returnedTags[0] ?? 'x')}: what Tripline returns is acknowledged and dropped`;
      report(returns[0]!.section.place, message, `give an output ${lineOf(flow, 'match', returnPattern(flow))}`);
    },
  },
  'received-twice': {
    effect: 'repeats',
    doc: 'An output of tagged records that also matches the tags of the inputs: it receives each record twice, once without its verdict.',
    run(flow, report) {
      for (const output of flow.receivers) {
        const source = flow.sources.find((each) => takes(output, flow.tagsOf.get(each)!));
        if (source === undefined) continue;
        const match = output.property('match') ?? output.property('match_regex')!;
        const message = `it also matches ${quote(flow.tagsOf.get(source)!)}: each record arrives twice, once untagged and once tagged`;
        report(match.place, message, `write ${lineOf(flow, 'match', returnPattern(flow))}`);
      }
    },
  },
  'sent-twice': {
    effect: 'repeats',
    doc: 'Two outputs to one Tripline that match the same tag: each record is evaluated and delivered twice.',
    run({ senders, sources, tagsOf }, report) {
      for (const [index, sender] of senders.entries()) {
        const earlier = senders.slice(0, index).filter((each) => isSameReceiver(each, sender));
        const tag = sources
          .map((source) => tagsOf.get(source)!)
          .find((each) => takes(sender, each) && earlier.some((other) => takes(other, each)));
        if (tag === undefined) continue;
        const match = sender.property('match') ?? sender.property('match_regex')!;
        report(
          match.place,
          `another output also sends records under ${quote(tag)} to Tripline`,
          'leave them to one of the two',
        );
      }
    },
  },
  routes: {
    effect: 'alters',
    doc: 'An input with `routes`: they replace the tag with the name of the route, and count records twice.',
    run({ sources, returns }, report) {
      for (const input of [...sources, ...returns]) {
        if (input.section.routes === undefined) continue;
        report(
          input.section.routes,
          'the tag of these records becomes the name of the route, and a route without a condition delivers nothing',
          'drop routes, and write match on the outputs',
        );
      }
    },
  },
};

/** Whether two outputs send to the same Tripline, as far as the configuration shows: its forward input has its own port. */
function isSameReceiver(one: Plugin, other: Plugin): boolean {
  const [host, otherHost] = [one, other].map((output) =>
    output.text('host', '127.0.0.1')?.toLowerCase().replace('localhost', '127.0.0.1'),
  );
  const isOneForward = (one.name === 'forward') !== (other.name === 'forward');
  return host !== undefined && host === otherHost && (isOneForward || portOf(one, 80) === portOf(other, 80));
}

/** Whether the path of a source accepts the bodies of an output; assumed if the format is not known. */
function isReadBy(source: Source, sender: Plugin): boolean {
  if (sender.name !== 'http') return source.codecFor('application/x-protobuf') !== undefined;
  const format = sender.text('format', 'json')?.toLowerCase();
  // The JSON that it writes is not an OTLP export.
  if (source.fluentTag !== undefined) return false;
  const mediaType =
    format === 'msgpack' ? 'application/msgpack' : format === 'json_lines' ? NDJSON : 'application/json';
  return format === undefined || source.codecFor(mediaType)?.mediaTypes.includes(mediaType) === true;
}

const NDJSON = 'application/x-ndjson';
