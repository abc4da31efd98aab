/** What filters and processors do to records before Tripline has evaluated them, or a second time afterwards. */
import type { Place } from '../../fluent-bit-config/index.ts';
import { quote } from '../../sigma/rule-problem.ts';
import { type Check, lineOf } from '../check.ts';
import { type Flow, rewritten } from '../flow.ts';
import { returnPattern } from '../patterns.ts';
import { type Plugin, pluginOf, takes } from '../plugin.ts';

/** Filters that drop or replace whole records, with what they do. */
const dropping: Readonly<Record<string, string>> = {
  grep: 'drops the records that it does not let through',
  throttle: 'drops what exceeds its rate',
  throttle_size: 'drops what exceeds its rate',
  sampling: 'drops all but a sample',
  tensorflow: 'replaces the record with its result',
};

/** Filters that alter records, with how. One that is not listed may alter them, too. */
const altering: Readonly<Record<string, string>> = {
  lua: 'removes null members from what it returns, rounds integers above 2^53, and turns 1.0 into 1',
  wasm: 'returns a record of its own making',
  modify: 'adds, renames or removes members',
  record_modifier: 'adds or removes members',
  content_modifier: 'adds, renames or removes members',
  nest: 'moves members into a map or out of one, where rules do not look for them',
  kubernetes: "adds a pod's data, which an audit record is not about, and may parse its text",
  parser: 'replaces the record with what it parses, unless reserve_data is on',
  type_converter: 'alters the types of values',
  multiline: 'joins records, each of which is one event',
  sql: 'replaces records with what it selects',
  checklist: 'alters or drops the records that its list names',
  lookup: 'adds what its list has',
  geoip2: 'adds members',
  sysinfo: 'adds members',
  aws: 'adds members',
  ecs: 'adds members',
  gcp: 'adds members',
  azure: 'adds members',
  nightfall: 'masks parts of records',
  opentelemetry_envelope: 'puts records into an envelope',
  alter_size: 'adds or removes records',
};

/** Filters that leave records as they are. */
const harmless = new Set([
  'stdout',
  'expect',
  'rewrite_tag',
  'log_to_metrics',
  'labels',
  'metrics_selector',
  'tda',
  'cumulative_to_delta',
]);

function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

interface Step {
  plugin: Plugin;
  place: Place;
  /** `filter` or `processor`, with its name. */
  name: string;
}

/** The filters and processors that records pass through before they are sent to Tripline. */
function stepsBefore(flow: Flow): Step[] {
  const tags = tagsBefore(flow);
  return [
    ...[...flow.sources, ...flow.senders].flatMap(processorsOf),
    ...flow.filters.filter((filter) => tags.some((tag) => takes(filter, tag))).map(stepOf),
  ];
}

function tagsBefore({ sources, tagsOf, filters }: Flow): string[] {
  return rewritten(
    sources.map((source) => tagsOf.get(source)!),
    filters,
  );
}

function stepOf(plugin: Plugin): Step {
  return { plugin, place: plugin.section.place, name: `the filter ${quote(plugin.name)}` };
}

function processorsOf(owner: Plugin): Step[] {
  return owner.section.processors.map((section) => {
    const plugin = pluginOf(section);
    return { plugin, place: section.place, name: `the processor ${quote(plugin.name)}` };
  });
}

export const filterChecks: Readonly<Record<string, Check>> = {
  'drops-before': {
    effect: 'loses',
    doc: 'A filter or processor that drops records before Tripline: what it drops is never evaluated.',
    run(flow, report) {
      for (const { plugin, place, name } of stepsBefore(flow)) {
        const what = own(dropping, plugin.name);
        if (what === undefined) continue;
        report(place, `${name} ${what}, before Tripline has evaluated them`, after(flow));
      }
    },
  },
  'alters-before': {
    effect: 'alters',
    doc: 'A filter or processor that alters records before Tripline: rules do not see what the API server wrote.',
    run(flow, report) {
      for (const { plugin, place, name } of stepsBefore(flow)) {
        if (own(dropping, plugin.name) !== undefined || harmless.has(plugin.name) || plugin.name === '') continue;
        const what = own(altering, plugin.name) ?? 'may alter records';
        report(place, `${name} ${what}, before Tripline has evaluated them`, after(flow));
      }
    },
  },
  'alters-returned': {
    effect: 'alters',
    doc: 'A processor on an input that receives tagged records: it processes what Tripline has tagged before any output receives it.',
    run(flow, report) {
      for (const { plugin, place, name } of flow.returns.flatMap(processorsOf)) {
        if (harmless.has(plugin.name)) continue;
        const what = own(dropping, plugin.name) ?? own(altering, plugin.name) ?? 'may alter records';
        report(place, `${name} ${what}, after Tripline has tagged them`, 'move it to the output that it is for');
      }
    },
  },
  'runs-twice': {
    effect: 'alters',
    doc: 'A filter that matches the tags of the inputs and those under which records come back: it processes each record twice.',
    run(flow, report) {
      const before = tagsBefore(flow);
      for (const filter of flow.filters) {
        const isTwice = before.some((tag) => takes(filter, tag)) && flow.returnedTags.some((tag) => takes(filter, tag));
        if (!isTwice || (harmless.has(filter.name) && filter.name !== 'rewrite_tag')) continue;
        const place = (filter.property('match') ?? filter.property('match_regex'))?.place ?? filter.section.place;
        const message = `the filter ${quote(filter.name)} processes a record before Tripline, and again when it comes back`;
        report(place, message, `write ${lineOf(flow, 'match', returnPattern(flow))}, or a match for one of the two`);
      }
    },
  },
  'tag-before': {
    effect: 'loses',
    doc: 'A rewrite_tag that moves records to a tag that the output to Tripline does not match.',
    run(flow, report) {
      const tags = tagsBefore(flow);
      for (const filter of flow.filters) {
        if (filter.name !== 'rewrite_tag') continue;
        for (const { value, place } of filter.all('rule')) {
          const isKept = /\s(true|on|yes)$/i.test(value.trim());
          const from = tags.filter((tag) => takes(filter, tag) && flow.senders.some((sender) => takes(sender, tag)));
          const lost = from.find((tag) =>
            rewritten([tag], [filter]).some(
              (next) => next !== tag && !flow.senders.some((sender) => takes(sender, next)),
            ),
          );
          if (isKept || lost === undefined) continue;
          const message = `records under ${quote(lost)} that match the rule get a tag that no output to Tripline matches, and are not evaluated`;
          report(place, message, `end the rule with true, or rewrite tags of ${returnPattern(flow)} only`);
        }
      }
    },
  },
  emitter: {
    effect: 'loses',
    doc: 'A rewrite_tag whose emitter keeps records in memory, and that does not keep the record under its old tag: a crash loses them.',
    run(flow, report) {
      const tags = [...tagsBefore(flow), ...rewritten(flow.returnedTags, flow.filters)];
      for (const filter of flow.filters) {
        if (filter.name !== 'rewrite_tag' || !tags.some((tag) => takes(filter, tag))) continue;
        if (/^filesystem$/i.test(filter.text('emitter_storage.type', 'memory') ?? 'filesystem')) continue;
        if (filter.all('rule').every(({ value }) => /\s(true|on|yes)$/i.test(value.trim()))) continue;
        const message =
          'records under their new tag are only in memory, although their input may have them on disk: a crash loses them';
        report(
          filter.place('emitter_storage.type'),
          message,
          `write ${lineOf(flow, 'emitter_storage.type', 'filesystem')}, and end rules with true`,
        );
      }
    },
  },
};

function after(flow: Flow): string {
  return flow.returns.length > 0
    ? `let it match ${returnPattern(flow)} instead, which is what comes back`
    : 'move it to where the tagged records come out';
}
