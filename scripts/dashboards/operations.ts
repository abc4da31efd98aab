/** What Tripline reports about its own operation, from Prometheus. Each alert of charts/tripline/alerts.yaml has a panel that
 * shows its number. */
import { type Dashboard, type Panel, sourceOf, type Target } from './grafana.ts';

const PROMETHEUS = 'prometheus';

/** A metric of the chosen processes. */
const of = (metric: string, matchers = '') =>
  `${metric}{job=~"$job", instance=~"$instance"${matchers && `, ${matchers}`}}`;

/** A counter's growth up to each point. A counter without an earlier series has grown by its first value, where increase() is
 * 0. */
const grown = (metric: string, matchers = '', window = '$__rate_interval') => {
  const counter = of(metric, matchers);
  return `(${counter} unless ${counter} offset ${window} or increase(${counter}[${window}]))`;
};

const range = (expr: string, legendFormat: string): Omit<Target, 'refId'> => ({ expr, legendFormat, range: true });
const instant = (expr: string): Omit<Target, 'refId'> => ({ expr, instant: true, format: 'table' });

const named = (targets: readonly Omit<Target, 'refId'>[]): Target[] =>
  targets.map((target, index) => ({ refId: String.fromCharCode(65 + index), editorMode: 'code', ...target }));

type Given = Pick<Panel, 'title' | 'description'> & Partial<Panel>;

/** A number of which any value above zero is a fault, four units wide. */
const fault = (given: Given, expr: string): Panel => ({
  type: 'stat',
  unit: 'short',
  width: 4,
  height: 4,
  redFrom: 1,
  ...given,
  targets: named([{ ...range(expr, given.title), instant: false }]),
});

/** Lines over time, at half the width. */
const lines = (unit: string, given: Given, ...targets: [expr: string, legend: string][]): Panel => ({
  type: 'timeseries',
  unit,
  width: 12,
  height: 8,
  ...given,
  targets: named(targets.map(([expr, legend]) => range(expr, legend))),
});

/** The number of each in the time range shown: a column for each label, and their number. */
const ranking = (given: Given, labels: readonly string[], expr: string): Panel => ({
  type: 'table',
  unit: 'short',
  width: 8,
  height: 8,
  ...given,
  targets: named([instant(`sort_desc(round(sum by (${labels.join(', ')}) (${expr})) > 0)`)]),
  columns: {
    Time: undefined,
    ...Object.fromEntries(labels.map((label) => [label, label])),
    Value: 'number',
  },
  sortBy: 'number',
});

const variable = (name: 'job' | 'instance', label: string, description: string, query: string) => ({
  type: 'query',
  name,
  label,
  description,
  datasource: sourceOf(PROMETHEUS),
  query,
  definition: query,
  regex: '',
  multi: true,
  includeAll: true,
  allValue: '.+',
  current: { text: ['All'], value: ['$__all'] },
  refresh: 2,
  sort: 1,
  options: [],
});

export const operations: Dashboard = {
  uid: 'tripline-operations',
  title: 'Tripline: operations',
  description: 'Whether Tripline gets records, evaluates them in time and delivers them, from its metrics.',
  source: { type: PROMETHEUS, label: 'Prometheus' },
  variables: [
    variable('job', 'Job', 'Jobs of Prometheus that scrape Tripline.', 'label_values(tripline_build_info, job)'),
    variable(
      'instance',
      'Instance',
      'Processes of Tripline.',
      'label_values(tripline_build_info{job=~"$job"}, instance)',
    ),
  ],
  interval: '15s',
  from: 'now-6h',
  rows: [
    {
      title: 'Faults',
      panels: [
        {
          title: 'Running',
          description:
            'Processes whose metrics Prometheus has. Fewer than you run: look at pods that restart, and at the targets of Prometheus. Each change of its version is a bar in “Versions” below.',
          type: 'stat',
          unit: 'short',
          width: 4,
          height: 4,
          alerts: ['TriplineAbsent'],
          targets: named([range(`count(${of('tripline_build_info')})`, 'Running')]),
        },
        fault(
          {
            title: 'Sinks down',
            description:
              'Sinks whose receiver does not accept records. Their senders keep the records, or a spool does. The log of Tripline says what the receiver answers; fix that, no restart is needed.',
            alerts: ['TriplineSinkFailing'],
          },
          `sum(${of('tripline_sink_down')})`,
        ),
        fault(
          {
            title: 'Spools that refuse',
            description:
              'Spools that accept nothing, because they are full or their disk cannot be written. Senders get 503. Fix the receiver, free space, or raise spool.maxBytes.',
            alerts: ['TriplineSpoolRefusing'],
          },
          `sum(${of('tripline_spool_refusing')})`,
        ),
        fault(
          {
            title: 'Rules broken',
            description:
              'Rules, exceptions, lists and overrides that cannot be used as they are written. The log and /readyz name each with file and line: fix it, and it is live within seconds.',
            alerts: ['TriplineRulesBroken'],
          },
          `max(${of('tripline_rules_broken')})`,
        ),
        fault(
          {
            title: 'Rule files refused',
            description:
              'Processes that cannot load the current rule files at all, and continue with the previous set. Do not restart them before that is fixed: the log says why.',
            alerts: ['TriplineRulesRefused'],
          },
          `sum(${of('tripline_rules_refused')})`,
        ),
        fault(
          {
            title: 'State unwritten',
            description:
              'Processes that cannot write their state: a restart would forget windows and known terms since the last write. Free space in the folder of state.path.',
            alerts: ['TriplineStateUnwritten'],
          },
          `sum(${of('tripline_state_unwritten')})`,
        ),
        fault(
          {
            title: 'State unavailable',
            description:
              'Processes that cannot use the server of their state: it cannot be reached, accepts no writes or is full. Their batches are refused, or correlated by what each has seen alone (state.whenUnavailable).',
            alerts: ['TriplineStateUnavailable'],
          },
          `sum(${of('tripline_state_unavailable')})`,
        ),
      ],
    },
    {
      title: 'Records',
      panels: [
        lines(
          'cps',
          {
            title: 'Records by verdict',
            description:
              'Records a second. None at all: Fluent Bit does not send, see “Records by step”. Many “not_audit”: another log is sent here as well. “error”: records that cannot be read; look at their tripline.problem.',
            stacked: true,
          },
          [`sum by (verdict) (rate(${of('tripline_records_total')}[$__rate_interval]))`, '{{verdict}}'],
        ),
        lines(
          'cps',
          {
            title: 'Records by platform',
            description:
              'Records a second by who runs the API server; “none” if no audit event was found. A platform that stops has lost its export.',
            stacked: true,
          },
          [`sum by (platform) (rate(${of('tripline_records_total')}[$__rate_interval]))`, '{{platform}}'],
        ),
        lines(
          'cps',
          {
            title: 'Records by step',
            description:
              '“received” and “tagged” go together; “unfinished” are given back to their sender. Nothing received: look at the log of Fluent Bit, then at whether the audit log grows, then at “Refused requests”.',
            alerts: ['TriplineSilent'],
          },
          [`sum by (step) (rate(${of('tripline_receipts_total')}[$__rate_interval]))`, '{{step}}'],
        ),
        lines(
          's',
          {
            title: 'Since a source was heard',
            description:
              'How long ago each regular source sent its last audit records. A line that only rises is a source that fell silent: look at the log of its Fluent Bit, at whether its audit log grows, and at who changed its audit policy.',
            alerts: ['TriplineSourceSilent'],
          },
          [
            `min by (fluent_tag, platform, cluster) (${of('tripline_source_silence_seconds')})`,
            '{{cluster}} ({{platform}}) {{fluent_tag}}',
          ],
        ),
        lines(
          'percentunit',
          {
            title: 'Undecided',
            description:
              'Share of records that could not be decided, because the log lacks what rules need. It rises when the audit policy is changed, bodies are cut, or a rule is new: the dashboard of findings names rule, field and reason.',
            alerts: ['TriplineIndeterminate'],
          },
          [
            `sum by (platform) (rate(${of('tripline_records_total', 'verdict="indeterminate"')}[$__rate_interval])) / sum by (platform) (rate(${of('tripline_records_total')}[$__rate_interval]))`,
            '{{platform}}',
          ],
        ),
        lines(
          'short',
          {
            title: 'Refused requests',
            description:
              'Requests refused whole, by problem; docs/reference/problems.md says what to do for each. server.backlog: more arrives than can be tagged. request.abandoned: a sender does not wait for its answer. request.unauthorized: credentials differ, or somebody is trying.',
            alerts: [
              'TriplineRequestsRefused',
              'TriplineCredentialsRefused',
              'TriplineBacklog',
              'TriplineSendersGiveUp',
            ],
            width: 24,
            stacked: true,
          },
          [`sum by (problem) (${grown('tripline_requests_refused_total')})`, '{{problem}}'],
        ),
      ],
    },
    {
      title: 'Findings',
      panels: [
        lines(
          'short',
          {
            title: 'Findings by level',
            description:
              'Findings and reports of live rules as they are made; a record that is sent again counts again. The dashboard of findings of your store shows what they are about, each once.',
            alerts: ['TriplineFinding'],
            width: 24,
            stacked: true,
            areLevels: true,
          },
          [`sum by (level) (${grown('tripline_findings_total', 'mode="live"')})`, '{{level}}'],
        ),
        ranking(
          {
            title: 'Findings by rule',
            description:
              'Of live rules, in the time range shown. If one rule makes most of them, its page in docs/reference/rules.md says what is usual; write an exception for that.',
          },
          ['level', 'rule'],
          grown('tripline_findings_total', 'mode="live"', '$__range'),
        ),
        ranking(
          {
            title: 'Shadow findings by rule',
            description:
              'What rules in shadow mode would find. Once a rule finds nothing usual any more, make it live. See docs/rules/rolling-out.md.',
          },
          ['level', 'rule'],
          grown('tripline_findings_total', 'mode="shadow"', '$__range'),
        ),
        ranking(
          {
            title: 'Silenced by exception',
            description:
              'Matches that an exception silenced. One that silences much more than before is too wide, or is being abused: look at what it hides.',
          },
          ['exception', 'rule'],
          grown('tripline_silenced_total', '', '$__range'),
        ),
      ],
    },
    {
      title: 'Time',
      panels: [
        lines(
          's',
          {
            title: 'Lag of events',
            description:
              'From the time of an event to its tag. High with an idle Tripline (see “Busy”): the delay is before it, in a Fluent Bit that reads old files or waits to retry, or the export of the cloud.',
            redFrom: 300,
            alerts: ['TriplineLag'],
          },
          ...[0.5, 0.99].map((quantile): [string, string] => [
            `histogram_quantile(${quantile}, sum by (platform, le) (rate(${of('tripline_event_lag_seconds_bucket')}[$__rate_interval])))`,
            `{{platform}} p${quantile * 100}`,
          ]),
        ),
        lines(
          's',
          {
            title: 'Time of a batch',
            description:
              'From a request’s first byte to the end of its answer, sinks included. Much more than before: a slow sink, or too little CPU. It must stay below the time-out of the senders (Fluent Bit: http.response_timeout).',
          },
          ...[0.5, 0.95, 0.99].map((quantile): [string, string] => [
            `histogram_quantile(${quantile}, sum by (le) (rate(${of('tripline_batch_duration_seconds_bucket')}[$__rate_interval])))`,
            `p${quantile * 100}`,
          ]),
        ),
        lines(
          'short',
          {
            title: 'Lag of Kafka',
            description:
              'Messages that workers have yet to read. One partition that rises alone: its cluster writes more than a core can tag. All of them: start workers, up to the number of partitions, unless a sink or the server of the state fails.',
            alerts: ['TriplineKafkaLag'],
          },
          [`max by (topic, partition) (${of('tripline_kafka_lag')})`, '{{topic}} {{partition}}'],
        ),
        lines(
          's',
          {
            title: 'Time to read what waits in Kafka',
            description:
              'How long reading the remaining messages takes at the present speed. It falls after an outage; if it stays high, findings come late, and what the topic no longer keeps is lost.',
            redFrom: 300,
            alerts: ['TriplineKafkaLag'],
          },
          [
            `sum by (topic) (max by (topic, partition) (${of('tripline_kafka_lag')})) / sum by (topic) (label_replace(rate(${of('tripline_receipts_total', 'step="tagged"')}[$__rate_interval]), "topic", "$1", "fluent_tag", "(.+)"))`,
            '{{topic}}',
          ],
        ),
      ],
    },
    {
      title: 'Sinks and spools',
      panels: [
        lines(
          'cps',
          {
            title: 'Records by sink and result',
            description:
              'What became of records given to a sink. “failed” goes back to the sender; “spooled” waits on disk; “set_aside” is not sent: send it again with tripline replay; “withheld” is a loop: write a narrower match in Fluent Bit.',
            alerts: ['TriplineSinkFailing', 'TriplineSetAside', 'TriplineLoop'],
            stacked: true,
          },
          [
            `sum by (sink, result) (rate(${of('tripline_sink_records_total')}[$__rate_interval]))`,
            '{{sink}} {{result}}',
          ],
        ),
        ranking(
          {
            title: 'Set aside and withheld',
            description:
              'Records that a sink did not get, in the time range shown. Any at all: the log says why, and for “set_aside” in which file they are.',
            width: 12,
            alerts: ['TriplineSetAside', 'TriplineLoop'],
          },
          ['sink', 'result', 'fluent_tag'],
          grown('tripline_sink_records_total', 'result=~"set_aside|withheld"', '$__range'),
        ),
        lines(
          'short',
          {
            title: 'Retries',
            description:
              'Repeated attempts to reach a sink’s target. A few now and then are normal; if they do not stop, the receiver is down or overloaded.',
            stacked: true,
          },
          [`sum by (sink) (${grown('tripline_sink_retries_total')})`, '{{sink}}'],
        ),
        lines(
          'short',
          {
            title: 'Receiver down',
            description: '1 while a sink’s receiver counts as down and is tried again now and then.',
            redFrom: 1,
            alerts: ['TriplineSinkFailing'],
          },
          [`max by (instance, sink) (${of('tripline_sink_down')})`, '{{sink}} {{instance}}'],
        ),
        lines(
          's',
          {
            title: 'Wait in a spool',
            description:
              'How long the first batch of a spool has waited. It grows while the receiver is down, and goes back to 0 when all is sent.',
            redFrom: 3600,
            alerts: ['TriplineSpoolLate'],
            width: 8,
          },
          [`max by (instance, sink) (${of('tripline_spool_age_seconds')})`, '{{sink}} {{instance}}'],
        ),
        lines(
          'bytes',
          {
            title: 'Bytes of a spool',
            description:
              '“queued” is yet to be sent; at spool.maxBytes the spool refuses. “set_aside” stays until somebody replays or removes it.',
            alerts: ['TriplineSpoolLate', 'TriplineSpoolRefusing'],
            width: 8,
          },
          [`sum by (sink, state) (${of('tripline_spool_usage_bytes')})`, '{{sink}} {{state}}'],
        ),
        lines(
          'short',
          {
            title: 'Batches in a spool',
            description:
              'Batches that are yet to be sent. It should fall faster than it rose once the receiver is back.',
            width: 8,
          },
          [`sum by (sink) (${of('tripline_spool_batches')})`, '{{sink}}'],
        ),
        lines(
          'short',
          {
            title: 'Unaccounted',
            description:
              'Records tagged ten minutes ago that are neither delivered nor given back. 0 except for moments after a restart. Otherwise they are stuck, or lost through a defect: save the log and /metrics, restart, and report it.',
            redFrom: 1,
            alerts: ['TriplineUnaccounted'],
            width: 24,
          },
          [unaccounted(), '{{sink}} {{fluent_tag}} {{instance}}'],
        ),
      ],
    },
    {
      title: 'Rules and state',
      panels: [
        lines(
          'short',
          {
            title: 'Rules live',
            description:
              'Rules and correlations, by the hash of their set. Two hashes for a long time: processes have different rule files, or one refuses the new ones.',
            width: 8,
          },
          [`max by (ruleset) (${of('tripline_rules')})`, '{{ruleset}}'],
        ),
        lines(
          'short',
          {
            title: 'Reloads',
            description: 'Reloads of changed rule files. “refused”: they cannot be loaded at all; the log says why.',
            stacked: true,
            width: 8,
            alerts: ['TriplineRulesRefused'],
          },
          [`sum by (outcome) (${grown('tripline_rules_reloads_total')})`, '{{outcome}}'],
        ),
        lines(
          'short',
          {
            title: 'State',
            description:
              'What is remembered from one event to the next: events in windows, groups, terms. It levels off at the limits of state.',
            width: 8,
          },
          [`sum by (instance) (${of('tripline_state_entries')})`, '{{instance}}'],
        ),
        lines(
          'short',
          {
            title: 'Events too late',
            description:
              'Events that arrived out of order by more than windows are kept for, and are not counted. Old files are read again, one of several senders is late, or a clock is wrong.',
            stacked: true,
            alerts: ['TriplineLate'],
          },
          [`sum by (correlation) (${grown('tripline_correlation_late_total')})`, '{{correlation}}'],
        ),
        lines(
          'short',
          {
            title: 'Evicted for lack of space',
            description:
              'Events, groups and terms that a correlation evicted, so that its counts are too low. Somebody floods it with invented names, or its group-by has too many values.',
            stacked: true,
            alerts: ['TriplineEvicted'],
          },
          [`sum by (correlation) (${grown('tripline_correlation_evicted_total')})`, '{{correlation}}'],
        ),
      ],
    },
    {
      title: 'Process',
      panels: [
        lines(
          'percentunit',
          {
            title: 'Busy',
            description:
              'Share of the time that a thread works. “processing” near 1 is the limit, and a backlog comes next: give Tripline a whole core, remove a limit on CPU, or add a replica.',
            redFrom: 0.9,
            alerts: ['TriplineBusy'],
          },
          [
            `max by (instance, thread_name) (rate(${of('nodejs_eventloop_time_seconds_total', 'nodejs_eventloop_state="active"')}[$__rate_interval]))`,
            '{{thread_name}} {{instance}}',
          ],
        ),
        lines(
          'short',
          {
            title: 'CPU',
            description: 'Cores in use, of all threads. Compare it with the request of the pod.',
            stacked: true,
          },
          [`sum by (cpu_mode) (rate(${of('process_cpu_time_seconds_total')}[$__rate_interval]))`, '{{cpu_mode}}'],
        ),
        lines(
          'bytes',
          {
            title: 'Memory',
            description:
              'Resident memory. Near the limit of the container the process ends without a message: raise it, or lower limits.maxPendingBytes.',
            alerts: ['TriplineMemory'],
            width: 8,
          },
          [`max by (instance) (${of('process_memory_usage_bytes')})`, '{{instance}}'],
        ),
        lines(
          'percentunit',
          {
            title: 'Heap in use',
            description:
              'Share of the heap that a thread may have. At 1 the process ends: raise the memory of the container.',
            redFrom: 0.9,
            alerts: ['TriplineMemory'],
            width: 8,
          },
          [
            `max by (instance, thread_name) (${of('v8js_memory_heap_used_bytes')} / ${of('v8js_memory_heap_limit_bytes')})`,
            '{{thread_name}} {{instance}}',
          ],
        ),
        lines(
          's',
          {
            title: 'Delay of answers',
            description:
              'How late the thread that answers requests is. Seconds: too little CPU for it, or a limit on CPU that halts it.',
            width: 8,
          },
          [`max by (instance) (${of('nodejs_eventloop_delay_p99_seconds')})`, 'p99 {{instance}}'],
          [`max by (instance) (${of('nodejs_eventloop_delay_max_seconds')})`, 'longest {{instance}}'],
        ),
        lines(
          'short',
          {
            title: 'Versions',
            description: 'Processes by version of Tripline and of Node.js. Two for a long time: a rollout is stuck.',
            width: 24,
            stacked: true,
          },
          [
            `count by (version, node_version) (${of('tripline_build_info')})`,
            'Tripline {{version}}, Node.js {{node_version}}',
          ],
        ),
      ],
    },
  ],
};

/** The expression of the alert of that name: tagged records less what became of them at each sink, some of which have a
 * spool. */
function unaccounted(): string {
  const labels = 'job, instance, fluent_tag';
  const spooling = of('tripline_spool_batches');
  const done = (results: string) => of('tripline_sink_records_total', `result=~"${results}"`);
  return `sum by (${labels}) (${of('tripline_receipts_total', 'step="tagged"')} offset 10m) - on (${labels}) group_right () (sum by (${labels}, sink) (${done('spooled|repeated|failed|not_chosen')} and on (job, instance, sink) ${spooling}) or sum by (${labels}, sink) (${done('acknowledged|withheld|set_aside|failed|not_chosen')} unless on (job, instance, sink) ${spooling}))`;
}
