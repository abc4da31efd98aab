/** Whether records come to Tripline and go on from it, each once. */
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
    doc: 'No output sends to Tripline: records are not judged.',
    run(flow, report) {
      const { config, senders, returns, inputs } = flow;
      if (senders.length > 0) return;
      // One that takes tagged records back may have inputs that are not for Tripline.
      const audit = inputs.find(
        (input) => !returns.includes(input) && /audit/i.test(`${input.text('tag', '')} ${input.text('path', '')}`),
      );
      if (returns.length > 0 && audit === undefined) return;
      report(
        audit?.section.place ?? { path: config.path, line: 1, column: 1 },
        'no output sends to Tripline, so that no record is judged',
        `add an output http with ${lineOf(flow, 'uri', '/v1/records')} and port ${triplinePort(flow.tripline)}`,
      );
    },
  },
  'no-source': {
    effect: 'loses',
    doc: 'An output to Tripline that takes the records of no input.',
    run(flow, report) {
      const { senders, inputs, outputs, sources, tagsOf } = flow;
      const isKnown = inputs.every((input) => input.name !== 'forward' || input.property('tag') !== undefined);
      for (const sender of senders) {
        if (!hasMatch(sender)) {
          if (inputs.length === 1 && outputs.length === 1) continue;
          report(
            sender.section.place,
            'without a match this output gets no record',
            `write ${lineOf(flow, 'match', sourcePattern(flow))}`,
          );
        } else if (sources.length === 0 && inputs.length > 0 && isKnown) {
          const tags = inputs.map((input) => quote(tagsOf.get(input)!)).slice(0, 3);
          const match = sender.property('match') ?? sender.property('match_regex')!;
          if (match.isUnknown) continue;
          report(
            match.place,
            `no input has a tag that this takes: they are ${tags.join(', ')}`,
            `write ${lineOf(flow, 'match', sourcePattern(flow))}`,
          );
        }
      }
    },
  },
  uri: {
    effect: 'stops',
    doc: 'An output at the port of Tripline with a path that Tripline does not have, or reads another format at: it refuses each chunk.',
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
      'A `uri` that asks for a reply with records: Fluent Bit fails on any of more than 4,095 bytes, sends the chunk once ' +
      'more and drops it.',
    run(flow, report) {
      for (const sender of flow.senders) {
        const uri = sender.text('uri', '') ?? '';
        if (sender.name !== 'http' || !/[?&]reply=(?!none(&|$))/.test(uri)) continue;
        const message =
          'Fluent Bit fails on a reply of more than 4,095 bytes: it sends the chunk again, which arrives twice, and drops it';
        report(
          sender.place('uri'),
          message,
          `write ${lineOf(flow, 'uri', '/v1/records')}, and let a sink take the records`,
        );
      }
    },
  },
  loop: {
    effect: 'loops',
    doc: 'An output to Tripline that also takes what comes back from it.',
    run(flow, report) {
      for (const sender of flow.senders) {
        const tag = rewritten(flow.returnedTags, flow.filters).find((each) => takes(sender, each));
        if (tag === undefined) continue;
        const match = sender.property('match') ?? sender.property('match_regex')!;
        const message =
          `what Tripline hands back under ${quote(tag)} is sent to it once more; it holds back what has its prefix, and ` +
          'without a header_tag it goes round for ever';
        const fix = `write ${lineOf(flow, 'match', sourcePattern(flow))}, which only the inputs' tags fit`;
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
          "Fluent Bit's own log is read and sent: each chunk makes lines that make the next chunk, without end",
          isOwn
            ? "give it a tag that Tripline's output does not take"
            : `write ${lineOf(flow, 'exclude_path', '*fluent-bit*')}, and give container logs a tag that Tripline's output does not take`,
        );
      }
    },
  },
  'not-received': {
    effect: 'loses',
    doc: 'No output takes the tags under which tagged records come back: Fluent Bit acknowledges and drops them.',
    run(flow, report) {
      const { returns, returnedTags, receivers, outputs } = flow;
      if (returns.length === 0 || receivers.length > 0) return;
      const isUnknown = outputs.some((output) =>
        ['match', 'match_regex'].some((key) => output.property(key)?.isUnknown),
      );
      if (isUnknown) return;
      const message = `no output takes ${quote(returnedTags[0] ?? 'x')}: what Tripline hands back is acknowledged, and dropped`;
      report(returns[0]!.section.place, message, `give an output ${lineOf(flow, 'match', returnPattern(flow))}`);
    },
  },
  'received-twice': {
    effect: 'repeats',
    doc: 'An output of tagged records that takes the tags of the inputs, too: it gets each record twice, once without its verdict.',
    run(flow, report) {
      for (const output of flow.receivers) {
        const source = flow.sources.find((each) => takes(output, flow.tagsOf.get(each)!));
        if (source === undefined) continue;
        const match = output.property('match') ?? output.property('match_regex')!;
        const message = `it takes ${quote(flow.tagsOf.get(source)!)}, too: each record comes twice, once as it was and once tagged`;
        report(match.place, message, `write ${lineOf(flow, 'match', returnPattern(flow))}`);
      }
    },
  },
  'sent-twice': {
    effect: 'repeats',
    doc: 'Two outputs to one Tripline that take the same tag: each record is judged and handed on twice.',
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
          `records under ${quote(tag)} go to Tripline by another output, too`,
          'leave them to one of the two',
        );
      }
    },
  },
  routes: {
    effect: 'alters',
    doc: 'An input with `routes`: they put the name of the route in the place of the tag, and count records twice.',
    run({ sources, returns }, report) {
      for (const input of [...sources, ...returns]) {
        if (input.section.routes === undefined) continue;
        report(
          input.section.routes,
          'records of this input get the name of the route for their tag, and a route without a condition delivers nothing',
          'drop routes, and write match on the outputs',
        );
      }
    },
  },
};

/** Whether two outputs send to one Tripline, as far as the configuration says: its forward input has a port of its own. */
function isSameReceiver(one: Plugin, other: Plugin): boolean {
  const [host, otherHost] = [one, other].map((output) =>
    output.text('host', '127.0.0.1')?.toLowerCase().replace('localhost', '127.0.0.1'),
  );
  const isOneForward = (one.name === 'forward') !== (other.name === 'forward');
  return host !== undefined && host === otherHost && (isOneForward || portOf(one, 80) === portOf(other, 80));
}

/** Whether bodies of an output are read at the path of a source; where the format is not known, they may be. */
function isReadBy(source: Source, sender: Plugin): boolean {
  if (sender.name !== 'http') return source.codecFor('application/x-protobuf') !== undefined;
  const format = sender.text('format', 'json')?.toLowerCase();
  // What it writes as JSON is no export of OTLP.
  if (source.fluentTag !== undefined) return false;
  const mediaType =
    format === 'msgpack' ? 'application/msgpack' : format === 'json_lines' ? NDJSON : 'application/json';
  return format === undefined || source.codecFor(mediaType)?.mediaTypes.includes(mediaType) === true;
}

const NDJSON = 'application/x-ndjson';
