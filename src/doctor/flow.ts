/** The part of a Fluent Bit configuration that records pass through, to Tripline and back. */
import type { Config } from '../config/index.ts';
import type { FluentBitConfig, Section } from '../fluent-bit-config/index.ts';
import { type Plugin, pluginOf, takes } from './plugin.ts';

export interface Flow {
  config: FluentBitConfig;
  service: Plugin;
  inputs: readonly Plugin[];
  filters: readonly Plugin[];
  outputs: readonly Plugin[];
  /** The outputs that send to Tripline. */
  senders: readonly Plugin[];
  /** The inputs whose records they send. */
  sources: readonly Plugin[];
  /** The inputs that receive tagged records from Tripline. */
  returns: readonly Plugin[];
  /** The outputs to which tagged records are routed next. */
  receivers: readonly Plugin[];
  /** The tag that each input gives to its records; one example if it gives many. */
  tagsOf: ReadonlyMap<Plugin, string>;
  /** Tags under which tagged records return; none if this Fluent Bit does not receive them. */
  returnedTags: readonly string[];
  /** The settings of Tripline; the defaults if no settings file is named. */
  tripline: Config;
  /** Whether a settings file is named. */
  isTriplineGiven: boolean;
}

/** Used for Tripline's forward sink if its settings are not known. */
export const DEFAULT_PREFIX = 'tripline.';
const MAX_TAGS = 100;
const MOST_OF_TAG = 1_000;

export function flowOf(config: FluentBitConfig, tripline: Config, isTriplineGiven: boolean): Flow {
  const of = (kind: Section['kind']) => config.sections.filter((section) => section.kind === kind).map(pluginOf);
  const [inputs, outputs] = [of('input'), of('output')];
  // `active` switches a filter off with `false` or `0`, but not with `off`.
  const filters = of('filter').filter((filter) => !/^(false|0)$/i.test(filter.text('active', '') ?? ''));
  const ofLogs = ({ name }: Plugin) => !/metrics|^prometheus_|^vivo_/.test(name);
  const noService: Section = {
    kind: 'service',
    name: 'service',
    place: { path: config.path, line: 1, column: 1 },
    properties: [],
    processors: [],
  };
  const service = of('service')[0] ?? pluginOf(noService);
  // Without a match, a single output receives everything from a single input; otherwise it receives nothing.
  const takesAll = inputs.length === 1 && outputs.length === 1;
  const sends = (output: Plugin, tag: string) => (takesAll && !hasMatch(output)) || takes(output, tag);

  let senders = outputs.filter((output) => isSender(output, tripline));
  if (senders.length === 0 && !isTriplineGiven && !inputs.some(({ name }) => name === 'forward')) {
    // If nothing else can lead to Tripline, these must.
    senders = outputs.filter(({ name }) => name === 'forward');
  }
  const returns = inputs.filter((input) => isReturn(input, tripline, isTriplineGiven));
  const seen = new Map<string, number>();
  const tagsOf = new Map(
    inputs.map((input) => {
      const index = seen.get(input.name) ?? 0;
      seen.set(input.name, index + 1);
      return [input, tagOf(input, index)];
    }),
  );
  const sources = inputs.filter(
    (input) =>
      ofLogs(input) &&
      !returns.includes(input) &&
      rewritten([tagsOf.get(input)!], filters).some((tag) => senders.some((sender) => sends(sender, tag))),
  );
  const tags = rewritten(
    sources.map((input) => tagsOf.get(input)!),
    filters,
  );
  const sentTags = [
    ...new Set(
      senders.flatMap((sender) =>
        namesIn(
          sender,
          tags.filter((tag) => sends(sender, tag)),
          tripline,
        ),
      ),
    ),
  ];
  const returnedTags = returns.flatMap((input) => {
    const replaced = input.text('tag', '');
    if (replaced !== '') return [replaced ?? 'x'];
    if (input.name !== 'forward') return [input.name === 'opentelemetry' ? 'v1_logs' : tagsOf.get(input)!];
    const prefix = input.text('tag_prefix', '') ?? '';
    const names = sentTags.length > 0 ? sentTags : ['kube.audit'];
    return prefixesOf(input, tripline).flatMap((own) => names.map((name) => `${prefix}${own}${name}`));
  });
  const afterwards = rewritten(returnedTags, filters);
  const receivers = outputs.filter(
    (output) => ofLogs(output) && !senders.includes(output) && afterwards.some((tag) => sends(output, tag)),
  );
  return {
    ...{ config, service, inputs, filters, outputs, senders, sources, returns, receivers, tagsOf, returnedTags },
    ...{ tripline, isTriplineGiven },
  };
}

/** The tags under which Tripline sees the records that an output sends. */
function namesIn(sender: Plugin, tags: readonly string[], { tagHeader }: Config): readonly string[] {
  const isSent = sender.name === 'forward' || sender.text('header_tag', '')?.toLowerCase() === tagHeader.toLowerCase();
  if (tags.length === 0 || isSent) return tags;
  return [fixedTag(sender, tagHeader) ?? (sender.name === 'opentelemetry' ? 'v1_logs' : 'untagged')];
}

/** The tag that an output sends for all records in a fixed header. */
export function fixedTag(sender: Plugin, tagHeader: string): string | undefined {
  const start = `${tagHeader.toLowerCase()} `;
  return sender
    .all('header')
    .find(({ value }) => value.toLowerCase().startsWith(start))
    ?.value.slice(start.length)
    .trim();
}

export function hasMatch(output: Plugin): boolean {
  return output.property('match') !== undefined || output.property('match_regex') !== undefined;
}

/** The tags, and those that `rewrite_tag` filters derive from them. */
export function rewritten(tags: readonly string[], filters: readonly Plugin[]): string[] {
  const all = new Set(tags);
  for (const tag of all) {
    for (const filter of filters) {
      if (filter.name !== 'rewrite_tag' || all.size > MAX_TAGS || !takes(filter, tag)) continue;
      for (const { value } of filter.all('rule')) all.add(newTag(value, tag));
    }
  }
  return [...all];
}

/** The third word of a rewrite_tag rule, with `$TAG` replaced by the tag, and `$TAG[1]` by a part of it. */
function newTag(rule: string, tag: string): string {
  return (rule.trim().split(/\s+/)[2] ?? tag)
    .replaceAll(/\$TAG\[(\d+)\]/g, (_, part: string) => tag.split('.')[Number(part)] ?? '')
    .replaceAll('$TAG', () => tag)
    .replaceAll(/\$[\w.]+(\['[^']*'\])*/g, 'x')
    .slice(0, MOST_OF_TAG);
}

function tagOf(input: Plugin, index: number): string {
  const tag = input.text('tag', `${input.name}.${index}`) ?? 'x';
  // The tail input replaces `*` with the path of the file.
  return tag.replaceAll('*', 'x').slice(0, MOST_OF_TAG);
}

function isSender(output: Plugin, tripline: Config): boolean {
  const port = portOf(output, { http: 80, opentelemetry: 80, forward: 24224 }[output.name] ?? 0);
  const isAtTripline = port === triplinePort(tripline);
  switch (output.name) {
    case 'http':
      return /^\/v1\/records(\?|$)/.test(output.text('uri', '/') ?? '') || isAtTripline;
    case 'opentelemetry':
      return isAtTripline;
    case 'forward': {
      const input = tripline.forward;
      const socket = output.text('unix_path', '');
      return socket ? socket === input?.unixPath : input?.listen !== undefined && port === portIn(input.listen);
    }
    default:
      return false;
  }
}

export function triplinePort({ listen }: Config): number {
  return portIn(listen);
}

function portIn(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** The port of a listener or an address; NaN if it is not known. */
export function portOf(plugin: Plugin, otherwise: number): number {
  return Number.parseInt(plugin.text('port', String(otherwise)) ?? '', 10);
}

/** Whether a sink of Tripline posts to an input, as far as the port says. */
function isPostedTo(input: Plugin, { sinks }: Config): boolean {
  const [type, port] = input.name === 'opentelemetry' ? ['otlp', 4318] : ['http', 9880];
  return sinks.some(
    (sink) =>
      sink.type === type && 'url' in sink && Number(URL.parse(sink.url ?? '')?.port) === portOf(input, Number(port)),
  );
}

function isReturn(input: Plugin, tripline: Config, isGiven: boolean): boolean {
  const tag = input.text('tag', '') ?? '';
  if (input.name === 'http' || input.name === 'opentelemetry') {
    const isNamed = tag.startsWith(DEFAULT_PREFIX) || tag === DEFAULT_PREFIX.slice(0, -1);
    return isNamed || isPostedTo(input, tripline);
  }
  return input.name === 'forward' && (!isGiven || sinksInto(input, tripline).length > 0);
}

type ForwardSink = Config['sinks'][number] & { type: 'forward' };

/** The sinks of Tripline that send into an input. */
export function sinksInto(input: Plugin, { sinks }: Config): ForwardSink[] {
  const socket = input.text('unix_path', '');
  const port = portOf(input, 24224);
  return sinks.filter(
    (sink): sink is ForwardSink =>
      sink.type === 'forward' &&
      (sink.unixPath === undefined ? socket === '' && sink.port === port : sink.unixPath === socket),
  );
}

function prefixesOf(input: Plugin, tripline: Config): string[] {
  const prefixes = sinksInto(input, tripline).map(({ tagPrefix }) => tagPrefix);
  return prefixes.length > 0 ? [...new Set(prefixes)] : [DEFAULT_PREFIX];
}
