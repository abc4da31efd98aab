/** For each check, what it reports and what it does not: changes to a configuration in which nothing is wrong. */
import type { Parts, Settings } from './configs.ts';

export type Change = (parts: Parts) => void;

export interface Row {
  /** Changes, and the line that is reported then: key and value, or `name` and the plugin for a section. */
  wrong: [change: Change, line: string][];
  right?: Change[];
  /** Whole files, for what changes of settings cannot produce. */
  texts?: { wrong: [text: string, line: string][]; right: string[] };
  /** Only YAML has it. */
  isYaml?: true;
  /** Settings of Tripline, without which the check does not run. */
  tripline?: string;
}

const tail =
  (settings: Settings): Change =>
  (parts) =>
    void Object.assign(parts.inputs[0]!, settings);
const back =
  (settings: Settings): Change =>
  (parts) =>
    void Object.assign(parts.inputs[1]!, settings);
const sender =
  (settings: Settings): Change =>
  (parts) =>
    void Object.assign(parts.outputs[0]!, settings);
const final =
  (settings: Settings): Change =>
  (parts) =>
    void Object.assign(parts.outputs[1]!, settings);
const service =
  (settings: Settings): Change =>
  (parts) =>
    void Object.assign(parts.service, settings);
const parser =
  (settings: Settings): Change =>
  (parts) =>
    void Object.assign(parts.parsers[0]!, settings);
const input =
  (settings: Settings): Change =>
  (parts) =>
    void parts.inputs.push(settings);
const output =
  (settings: Settings): Change =>
  (parts) =>
    void parts.outputs.push(settings);
const filter =
  (settings: Settings): Change =>
  (parts) =>
    void parts.filters.push(settings);
const both =
  (...changes: Change[]): Change =>
  (parts) => {
    for (const change of changes) change(parts);
  };
const instead =
  (settings: Settings): Change =>
  (parts) =>
    void (parts.outputs[0] = settings);
const source =
  (settings: Settings): Change =>
  (parts) =>
    void (parts.inputs[0] = settings);

const otlp = (settings: Settings = {}) =>
  instead({
    name: 'opentelemetry',
    match: 'kube.*',
    host: '127.0.0.1',
    port: '9870',
    header: 'X-Fluent-Tag kube.audit',
    batch_size: '100000',
    logs_body_key: '$none',
    retry_limit: 'no_limits',
    ...settings,
  });
const onward = (settings: Settings = {}) =>
  output({
    name: 'forward',
    match: 'tripline.*',
    require_ack_response: 'on',
    'net.io_timeout': '60s',
    retry_limit: 'no_limits',
    ...settings,
  });
const sinks = 'sinks: [{ type: forward, host: 127.0.0.1 }]\n';

export const rows: Readonly<Record<string, Row>> = {
  'no-tripline': {
    wrong: [
      [sender({ uri: '/other', port: '80' }), 'name tail'],
      [
        both(
          sender({ uri: '/other', port: '80' }),
          tail({ tag: 'x', path: '/tmp/x' }),
          (parts) => void parts.inputs.pop(),
        ),
        'service',
      ],
    ],
    right: [sender({ port: '8080' }), both(sender({ uri: '/other', port: '80' }), tail({ tag: 'x', path: '/tmp/x' }))],
  },
  'no-source': {
    wrong: [
      [both(sender({ match: 'audit.*' }), back({ tag: 'tripline.x' })), 'match audit.*'],
      [sender({ match: undefined }), 'name http'],
    ],
    right: [sender({ match: undefined, match_regex: '^kube' }), sender({ match: 'audit.*' })],
  },
  uri: {
    wrong: [
      [sender({ uri: '/records' }), 'uri /records'],
      [sender({ uri: undefined }), 'name http'],
      [otlp({ logs_uri: '/logs' }), 'logs_uri /logs'],
      [sender({ uri: '/v1/record' }), 'uri /v1/record'],
      [sender({ uri: '/v1/audit' }), 'uri /v1/audit'],
      [sender({ uri: '/v1/logs' }), 'uri /v1/logs'],
      [sender({ uri: '/v1/logs', format: 'json' }), 'uri /v1/logs'],
      [sender({ uri: '/v1/pubsub' }), 'uri /v1/pubsub'],
      [otlp({ logs_uri: '/v1/audit' }), 'logs_uri /v1/audit'],
    ],
    right: [
      otlp(),
      sender({ uri: '/v1/records?reply=none' }),
      sender({ uri: '/v1/audit', format: 'json' }),
      sender({ uri: '/v1/cloudevents' }),
    ],
  },
  reply: {
    wrong: [
      [sender({ uri: '/v1/records?reply=records' }), 'uri /v1/records?reply=records'],
      [sender({ uri: '/v1/records?x=1&reply=summary' }), 'uri /v1/records?x=1&reply=summary'],
    ],
    right: [sender({ uri: '/v1/records?reply=none' })],
  },
  loop: {
    wrong: [
      [sender({ match: '*' }), 'match *'],
      [sender({ match: undefined, match_regex: '.*audit' }), 'match_regex .*audit'],
      [
        filter({
          name: 'rewrite_tag',
          match: 'tripline.*',
          rule: '$verb ^create kube.again true',
          'emitter_storage.type': 'filesystem',
        }),
        'match kube.*',
      ],
    ],
    right: [sender({ match: 'kube.audit' }), both(sender({ match: '*' }), (parts) => void parts.inputs.pop())],
  },
  'own-log': {
    wrong: [
      [input({ name: 'fluentbit_logs', tag: 'kube.self' }), 'name fluentbit_logs'],
      [tail({ path: '/var/log/containers/*.log' }), 'path /var/log/containers/*.log'],
    ],
    right: [
      tail({ path: '/var/log/containers/*.log', exclude_path: '*fluent-bit*' }),
      input({ name: 'tail', tag: 'containers', path: '/var/log/containers/*.log' }),
    ],
  },
  'not-received': {
    wrong: [
      [both(sender({ header_tag: undefined }), final({ match: 'tripline.kube.*' })), 'name forward'],
      [both(otlp({ header: undefined }), final({ match: 'tripline.kube.*' })), 'name forward'],
      [final({ match: 'kube.*' }), 'name forward'],
    ],
    right: [final({ match: '*' }), back({ tag: 'tripline.all' }), both(otlp(), final({ match: 'tripline.kube.*' }))],
  },
  'received-twice': {
    wrong: [
      [final({ match: '*' }), 'match *'],
      [output({ name: 'null', match_regex: '.*audit' }), 'match_regex .*audit'],
    ],
    right: [final({ match: '*.kube.*' }), output({ name: 'null', match: 'other.*' })],
  },
  'sent-twice': {
    wrong: [
      [
        output({ name: 'http', match: 'kube.audit', host: 'localhost', port: '9870', uri: '/v1/records' }),
        'match kube.audit',
      ],
    ],
    right: [
      output({ name: 'http', match: 'kube.audit', host: 'another', port: '9870', uri: '/v1/records' }),
      output({ name: 'http', match: 'app', port: '9870', uri: '/v1/records' }),
      output({ name: 'http', match: 'kube.*', port: '9871', uri: '/v1/records' }),
    ],
  },
  routes: {
    isYaml: true,
    wrong: [
      [
        tail({
          routes:
            '|\n  logs:\n    - name: all\n      condition:\n        default: true\n      to:\n        outputs:\n          - stdout',
        }),
        'routes',
      ],
    ],
  },

  'retry-limit': {
    wrong: [
      [sender({ retry_limit: undefined }), 'name http'],
      [sender({ retry_limit: '5' }), 'retry_limit 5'],
      [sender({ retry_limit: 'no_retries' }), 'retry_limit no_retries'],
      [sender({ retry_limit: 'forever' }), 'retry_limit forever'],
      [onward({ retry_limit: undefined }), 'name forward'],
    ],
    right: [
      sender({ retry_limit: 'false' }),
      output({ name: 'http', match: 'other.*' }),
      output({ name: 'prometheus_exporter', match: '*' }),
    ],
  },
  'scheduler-cap': {
    wrong: [
      [service({ 'scheduler.cap': undefined }), 'service'],
      [service({ 'scheduler.cap': '2000' }), 'scheduler.cap 2000'],
    ],
    right: [service({ 'scheduler.cap': '60' })],
  },
  'total-limit': {
    wrong: [
      [sender({ 'storage.total_limit_size': '5M' }), 'storage.total_limit_size 5M'],
      [onward({ 'storage.total_limit_size': '1G' }), 'storage.total_limit_size 1G'],
    ],
    right: [sender({ 'storage.total_limit_size': 'off' })],
  },
  'keep-rejected': {
    wrong: [
      [service({ 'storage.keep.rejected': undefined }), 'service'],
      [service({ 'storage.keep.rejected': 'off' }), 'storage.keep.rejected off'],
      [
        both(
          service({ 'storage.path': undefined }),
          tail({ 'storage.type': undefined }),
          back({ 'storage.type': undefined }),
        ),
        'storage.keep.rejected on',
      ],
    ],
  },
  'worker-connections': {
    wrong: [[sender({ 'net.max_worker_connections': '1' }), 'net.max_worker_connections 1']],
    right: [sender({ 'net.max_worker_connections': '0' })],
  },
  'response-timeout': {
    wrong: [
      [sender({ 'http.response_timeout': '30s' }), 'http.response_timeout 30s'],
      [sender({ 'http.read_idle_timeout': '10s' }), 'http.read_idle_timeout 10s'],
      [sender({ 'net.io_timeout': '10s' }), 'net.io_timeout 10s'],
    ],
    right: [
      sender({ 'http.response_timeout': '2m' }),
      output({ name: 'http', match: 'x', 'http.response_timeout': '5s' }),
    ],
  },
  'file-folder': {
    wrong: [
      [
        both(
          final({ name: 'file', path: '/tmp/doctor/out', file: 'a', mkdir: 'on' }),
          output({ name: 'file', match: 'tripline.*', path: '/tmp/doctor/out', file: 'b', mkdir: 'on' }),
        ),
        'path /tmp/doctor/out',
      ],
    ],
    right: [
      both(
        final({ name: 'file', path: '/tmp/doctor/out', file: 'a', mkdir: 'on', workers: '0' }),
        output({ name: 'file', match: 'tripline.*', path: '/tmp/doctor/out', file: 'b', mkdir: 'on', workers: '0' }),
      ),
    ],
  },
  'response-log': { wrong: [[sender({ log_response_payload: 'on' }), 'log_response_payload on']] },
  'forward-ack': { wrong: [[onward({ require_ack_response: undefined }), 'name forward']], right: [onward()] },
  'ack-timeout': {
    wrong: [[onward({ 'net.io_timeout': undefined }), 'name forward']],
    right: [onward(), onward({ 'net.io_timeout': undefined, 'net.tcp_keepalive': 'on' })],
  },
  'forward-tag': {
    tripline: 'forward: { listen: 127.0.0.1:24225 }\nsinks: [{ type: forward, host: 127.0.0.1 }]\n',
    wrong: [
      [instead({ name: 'forward', match: 'kube.*', port: '24225', tag: 'x' }), 'tag x'],
      [instead({ name: 'forward', match: 'kube.*', port: '24225', tag: 'x.$verb' }), 'tag x.$verb'],
    ],
    right: [
      instead({ name: 'forward', match: 'kube.*', port: '24225' }),
      output({ name: 'forward', match: 'tripline.*', host: 'archive', tag: 'x' }),
    ],
  },
  'forward-time': {
    wrong: [
      [onward({ time_as_integer: 'on' }), 'time_as_integer on'],
      [onward({ retain_metadata_in_forward_mode: 'off' }), 'retain_metadata_in_forward_mode off'],
    ],
  },

  'header-tag': {
    wrong: [
      [sender({ header_tag: undefined }), 'name http'],
      [sender({ header_tag: 'X-FB-Tag' }), 'header_tag X-FB-Tag'],
    ],
    right: [
      sender({ header_tag: 'x-fluent-tag' }),
      sender({ header_tag: undefined, header: 'X-Fluent-Tag kube.audit' }),
    ],
  },
  'json-format': {
    wrong: [
      [sender({ format: undefined }), 'name http'],
      [sender({ format: 'json_lines' }), 'format json_lines'],
    ],
  },
  format: { wrong: [[sender({ format: 'gelf' }), 'format gelf']] },
  'date-key': {
    wrong: [
      [sender({ format: 'json', json_date_key: 'time' }), 'json_date_key time'],
      [sender({ format: 'json', json_date_key: 'off' }), 'json_date_key off'],
    ],
    right: [sender({ json_date_key: 'time' }), sender({ format: 'json', json_date_format: 'iso8601' })],
  },
  'body-key': { wrong: [[sender({ body_key: '$requestObject', headers_key: '$x' }), 'body_key $requestObject']] },
  'otlp-batch': {
    wrong: [
      [otlp({ batch_size: undefined }), 'name opentelemetry'],
      [otlp({ batch_size: '500' }), 'batch_size 500'],
    ],
    right: [otlp()],
  },
  'otlp-tag': { wrong: [[otlp({ header: undefined }), 'name opentelemetry']], right: [otlp()] },
  'otlp-body-key': {
    wrong: [
      [otlp({ logs_body_key: undefined }), 'name opentelemetry'],
      [otlp({ logs_body_key: '$verb' }), 'logs_body_key $verb'],
    ],
    right: [otlp({ logs_body_key: undefined, logs_body_key_attributes: 'on' })],
  },
  'otlp-transport': {
    wrong: [
      [otlp({ grpc: 'on' }), 'grpc on'],
      [otlp({ http2: 'force' }), 'http2 force'],
    ],
    right: [otlp({ grpc: 'off' })],
  },

  'drops-before': {
    wrong: [
      [filter({ name: 'grep', match: 'kube.*', regex: 'verb create' }), 'name grep'],
      [filter({ name: 'throttle', match: '*' }), 'name throttle'],
    ],
    right: [filter({ name: 'grep', match: 'tripline.*', regex: 'verb create' })],
  },
  'alters-before': {
    wrong: [
      [filter({ name: 'modify', match: 'kube.*', add: 'a b' }), 'name modify'],
      [filter({ name: 'record_modifier', match_regex: '^kube', record: 'a b' }), 'name record_modifier'],
    ],
    right: [
      filter({ name: 'modify', match: '*', add: 'a b', active: 'false' }),
      filter({ name: 'modify', match: 'other.*', add: 'a b' }),
      filter({ name: 'stdout', match: '*' }),
    ],
  },
  'alters-returned': {
    isYaml: true,
    wrong: [
      [
        back({ processors: '|\n  logs:\n    - name: content_modifier\n      action: delete\n      key: user' }),
        'name content_modifier',
      ],
    ],
    right: [final({ processors: '|\n  logs:\n    - name: grep\n      regex: verb create' })],
  },
  'runs-twice': {
    wrong: [[filter({ name: 'modify', match: '*', add: 'a b' }), 'match *']],
    right: [filter({ name: 'modify', match: 'tripline.*', add: 'a b' })],
  },
  'tag-before': {
    wrong: [
      [
        filter({ name: 'rewrite_tag', match: 'kube.*', rule: '$verb ^create other.$TAG false' }),
        'rule $verb ^create other.$TAG false',
      ],
    ],
    right: [
      filter({ name: 'rewrite_tag', match: 'kube.*', rule: '$verb ^create $TAG[0].x false' }),
      filter({ name: 'rewrite_tag', match: 'kube.*', rule: '$verb ^create other.$TAG true' }),
      filter({ name: 'rewrite_tag', match: 'kube.*', rule: '$verb ^create kube.create false' }),
    ],
  },
  emitter: {
    wrong: [
      [filter({ name: 'rewrite_tag', match: 'tripline.*', rule: '$verb ^create out.$TAG false' }), 'name rewrite_tag'],
    ],
    right: [
      filter({
        name: 'rewrite_tag',
        match: 'tripline.*',
        rule: '$verb ^create out.$TAG false',
        'emitter_storage.type': 'filesystem',
      }),
      filter({ name: 'rewrite_tag', match: 'tripline.*', rule: '$verb ^create out.$TAG true' }),
    ],
  },

  'rotated-file': {
    wrong: [
      [tail({ path: '/tmp/doctor/audit/audit.log' }), 'path /tmp/doctor/audit/audit.log'],
      [tail({ path: '/tmp/*/audit.log' }), 'path /tmp/*/audit.log'],
      [tail({ path: '/tmp/doctor/audit/audit.log*' }), 'path /tmp/doctor/audit/audit.log*'],
      [tail({ exclude_path: '*-20*.log' }), 'exclude_path *-20*.log'],
      [tail({ path: '/tmp/doctor/*.log,/tmp/audit.log' }), 'path /tmp/doctor/*.log,/tmp/audit.log'],
    ],
    right: [
      tail({ path: '/tmp/doctor/audit/audit*.log' }),
      tail({ path: '/tmp/doctor/audit/*' }),
      tail({ exclude_path: '*.gz,*fluent-bit*' }),
      tail({ path: '/tmp/doctor/audit/audit-*.log, /tmp/doctor/audit/audit.log' }),
    ],
  },
  'rotate-wait': {
    wrong: [
      [tail({ rotate_wait: undefined }), 'name tail'],
      [tail({ rotate_wait: '1h' }), 'rotate_wait 1h'],
      [tail({ ignore_older: undefined }), 'rotate_wait 25h'],
    ],
    right: [tail({ path: '/tmp/doctor/audit.log', rotate_wait: undefined })],
  },
  'tail-db': { wrong: [[tail({ db: undefined }), 'name tail']] },
  'shared-db': {
    wrong: [
      [
        input({ name: 'tail', tag: 'app', path: '/tmp/app/*.log', db: '/tmp/doctor/audit.db' }),
        'db /tmp/doctor/audit.db',
      ],
    ],
    right: [
      input({ name: 'tail', tag: 'app', path: '/tmp/app/*.log', db: '/tmp/doctor/app.db' }),
      both(
        input({ name: 'tail', tag: 'app', path: '/tmp/app/*.log', db: '/tmp/doctor/app.db' }),
        input({ name: 'tail', tag: 'web', path: '/tmp/web/*.log', db: '/tmp/doctor/app.db' }),
      ),
    ],
  },
  'read-from-head': {
    wrong: [
      [tail({ read_from_head: undefined }), 'name tail'],
      [tail({ read_from_head: 'off' }), 'read_from_head off'],
      [tail({ read_newly_discovered_files_from_head: 'off' }), 'read_newly_discovered_files_from_head off'],
    ],
  },
  'line-length': {
    wrong: [
      [tail({ buffer_max_size: undefined, buffer_chunk_size: undefined }), 'name tail'],
      [tail({ buffer_max_size: '512k' }), 'buffer_max_size 512k'],
    ],
    right: [tail({ buffer_max_size: '2MB' })],
  },
  'long-lines': {
    wrong: [
      [tail({ truncate_long_lines: undefined }), 'name tail'],
      [tail({ truncate_long_lines: undefined, skip_long_lines: 'on' }), 'skip_long_lines on'],
    ],
  },
  'refresh-interval': {
    wrong: [
      [tail({ refresh_interval: undefined }), 'name tail'],
      [tail({ refresh_interval: '120' }), 'refresh_interval 120'],
    ],
    right: [tail({ refresh_interval: '30' })],
  },
  'no-parser': { wrong: [[tail({ parser: undefined }), 'name tail']] },
  'unknown-parser': {
    wrong: [
      [tail({ parser: 'adit' }), 'parser adit'],
      [tail({ parser: undefined, 'multiline.parser': 'cri, mine' }), 'multiline.parser cri, mine'],
    ],
    right: [tail({ parser: undefined, 'multiline.parser': 'docker, cri' })],
    // Whether a file that is missing here declares it cannot be known.
    texts: {
      wrong: [],
      right: [
        '[SERVICE]\n  parsers_file /none/parsers.conf\n[INPUT]\n  name tail\n  parser docker\n[OUTPUT]\n  name http\n  port 9870\n',
      ],
    },
  },
  'time-keep': {
    wrong: [
      [parser({ time_keep: undefined }), 'time_key stageTimestamp'],
      [parser({ time_keep: 'off' }), 'time_keep off'],
    ],
    right: [
      parser({ time_keep: undefined, time_format: undefined }),
      (parts) => void parts.parsers.push({ name: 'x', format: 'json', time_format: '%s' }),
    ],
  },
  'exit-on-eof': { wrong: [[tail({ exit_on_eof: 'on' }), 'exit_on_eof on']] },
  'joined-lines': { wrong: [[tail({ docker_mode: 'on' }), 'docker_mode on']] },

  'storage-type': {
    wrong: [
      [tail({ 'storage.type': undefined }), 'name tail'],
      [back({ 'storage.type': 'memory' }), 'storage.type memory'],
      [both(service({ 'storage.type': 'filesystem' }), tail({ 'storage.type': undefined })), 'name tail'],
    ],
    right: [
      both(service({ 'storage.type': 'filesystem', 'storage.inherit': 'on' }), tail({ 'storage.type': undefined })),
      input({ name: 'dummy', tag: 'other' }),
      input({ name: 'fluentbit_metrics', tag: 'kube.metrics' }),
    ],
  },
  'storage-path': { wrong: [[service({ 'storage.path': undefined }), 'storage.type filesystem']] },
  'mem-buf-limit': {
    wrong: [[back({ mem_buf_limit: '5M', 'storage.type': undefined }), 'mem_buf_limit 5M']],
    right: [tail({ mem_buf_limit: '5M', 'storage.type': undefined }), back({ mem_buf_limit: '5M' })],
  },
  'pause-on-overlimit': {
    wrong: [
      [back({ 'storage.pause_on_chunks_overlimit': 'on' }), 'storage.pause_on_chunks_overlimit on'],
      [back({ rate_gate: 'on' }), 'rate_gate on'],
    ],
    right: [tail({ 'storage.pause_on_chunks_overlimit': 'on' })],
  },
  routable: {
    wrong: [[tail({ routable: 'off' }), 'routable off']],
    right: [input({ name: 'dummy', tag: 'other', routable: 'off' })],
  },
  'irrecoverable-chunks': {
    wrong: [[service({ 'storage.delete_irrecoverable_chunks': 'on' }), 'storage.delete_irrecoverable_chunks on']],
  },
  'input-workers': {
    wrong: [
      [source({ name: 'http', tag: 'kube.audit', 'http_server.workers': '2' }), 'http_server.workers 2'],
      [back({ workers: '4' }), 'workers 4'],
    ],
    right: [source({ name: 'http', tag: 'kube.audit', 'http_server.workers': '1' })],
  },
  'otlp-input': {
    wrong: [[source({ name: 'opentelemetry', tag: 'kube.audit' }), 'name opentelemetry']],
    right: [input({ name: 'opentelemetry', tag: 'other' })],
  },
  'http-return': {
    wrong: [[input({ name: 'http', tag: 'tripline.x' }), 'name http']],
    right: [input({ name: 'http', tag: 'kube.pushed' })],
  },
  'kafka-commit': {
    wrong: [[source({ name: 'kafka', tag: 'kube.audit', enable_auto_commit: 'on' }), 'enable_auto_commit on']],
    right: [source({ name: 'kafka', tag: 'kube.audit' })],
  },
  'return-tag': {
    wrong: [[back({ tag: 'tripline.all' }), 'tag tripline.all']],
    right: [back({ tag_prefix: 'tripline.' })],
  },
  'return-buffer': {
    wrong: [
      [back({ buffer_max_size: undefined }), 'name forward'],
      [back({ buffer_max_size: '4M' }), 'buffer_max_size 4M'],
    ],
    right: [tail({ buffer_max_size: '2M' })],
  },
  'open-return': {
    wrong: [
      [back({ listen: undefined }), 'name forward'],
      [back({ listen: '0.0.0.0' }), 'listen 0.0.0.0'],
    ],
    right: [back({ listen: '0.0.0.0', shared_key: 'k' }), back({ listen: undefined, unix_path: '/tmp/doctor/socket' })],
  },

  'unknown-service-key': {
    wrong: [
      [service({ 'storage.keep_rejected': 'on' }), 'storage.keep_rejected on'],
      [service({ scheduler_cap: '3' }), 'scheduler_cap 3'],
    ],
    right: [service({ 'hot_reload.timeout': '3', 'storage.backlog.mem_limit': '5M' })],
  },
  'service-value': {
    wrong: [
      [service({ 'storage.keep.rejected': '1' }), 'storage.keep.rejected 1'],
      [service({ 'scheduler.cap': '30s' }), 'scheduler.cap 30s'],
    ],
    right: [service({ flush: '0.5', 'storage.metrics': 'Yes' })],
  },
  'unknown-section': {
    wrong: [],
    texts: {
      wrong: [
        ['[INPTU]\n    name dummy\n', '[INPTU]'],
        ['servce:\n  flush: 1\n', 'servce'],
      ],
      right: ['[IN]\n    name dummy\n', 'extensions:\n  a: { b: 1 }\n', '[Service]\n    flush 1\n'],
    },
  },
  'comment-in-value': {
    wrong: [],
    right: [filter({ name: 'grep', match: 'tripline.*', regex: 'verb a #b' })],
    texts: {
      wrong: [
        ['[OUTPUT]\n    name http\n    Format json # all\n', 'Format json # all'],
        ['[OUTPUT]\n    name http\n    retry_limit no_limits # for ever\n', 'retry_limit no_limits # for ever'],
      ],
      right: ['[OUTPUT]\n    # a comment\n    name http\n# another\n'],
    },
  },
  'second-line': {
    wrong: [],
    texts: {
      wrong: [
        ['[OUTPUT]\n    name http\n    match kube.*\n    Match x.*\n', 'Match x.*'],
        ['[SERVICE]\n    flush 1\n[SERVICE]\n    flush 2\n', 'flush 2'],
        ['pipeline:\n  inputs:\n    - name: dummy\n      tag: a\n      tag: b\n', 'tag b'],
      ],
      right: [
        '[OUTPUT]\n    name http\n    header A b\n    header C d\n',
        '[SERVICE]\n    Parsers_File a.conf\n    Parsers_File a.conf\n',
      ],
    },
  },
  'unset-variable': {
    wrong: [[sender({ host: '${NOWHERE}' }), 'host ${NOWHERE}']],
    right: [sender({ host: '${NOWHERE:-127.0.0.1}' }), sender({ host: '${SET}' })],
  },
  'absent-parsers': {
    wrong: [
      [service({ parsers_file: '/none/parsers.conf' }), 'parsers_file /none/parsers.conf'],
      [
        both(service({ parsers_file: '/none/parsers.conf' }), tail({ parser: 'docker' })),
        'parsers_file /none/parsers.conf',
      ],
    ],
    isYaml: true,
  },
  'storage-inherit': {
    wrong: [[service({ 'storage.type': 'filesystem' }), 'storage.type filesystem']],
    right: [service({ 'storage.type': 'filesystem', 'storage.inherit': 'on' })],
  },
  reload: {
    wrong: [
      [service({ hot_reload: 'on' }), 'hot_reload on'],
      [service({ hot_reload: 'on', 'hot_reload.ensure_thread_safety': 'on' }), 'hot_reload.ensure_thread_safety on'],
    ],
    right: [
      service({ hot_reload: 'on', 'hot_reload.ensure_thread_safety': 'off' }),
      both(service({ hot_reload: 'on' }), (parts) => void parts.inputs.pop()),
    ],
  },
  grace: { wrong: [[service({ grace: '-1' }), 'grace -1']], right: [service({ grace: '30' })] },

  port: {
    tripline: `listen: 127.0.0.1:9999\n${sinks}`,
    wrong: [[() => {}, 'port 9870']],
    right: [sender({ port: '9999' }), sender({ host: 'tripline.audit.svc' })],
  },
  sink: {
    tripline: 'sinks: [{ type: forward, host: 127.0.0.1, required: false }]\n',
    wrong: [[() => {}, 'name http']],
    right: [(parts) => void parts.outputs.shift()],
  },
  tls: {
    tripline: 'sinks: [{ type: forward, host: 127.0.0.1, tls: {} }]\n',
    wrong: [
      [() => {}, 'name forward'],
      [back({ tls: 'off' }), 'tls off'],
      [sender({ tls: 'on' }), 'tls on'],
    ],
    right: [back({ tls: 'on' })],
  },
  credentials: {
    tripline: `auth: { bearer: [{ token: '\${TOKEN}' }] }\n${sinks}`,
    wrong: [[() => {}, 'name http']],
    right: [sender({ header: 'Authorization Bearer ${TOKEN}' }), sender({ http_user: 'a', http_passwd: 'b' })],
  },
  'shared-key': {
    tripline: "sinks: [{ type: forward, host: 127.0.0.1, sharedKey: '${TOKEN}' }]\n",
    wrong: [
      [() => {}, 'name forward'],
      [back({ shared_key: 'another' }), 'shared_key another'],
      [back({ shared_key: '${TOKEN}', 'security.users': 'a b' }), 'security.users a b'],
    ],
    right: [back({ shared_key: '${TOKEN}' })],
  },
  'frame-size': {
    tripline: 'sinks: [{ type: forward, host: 127.0.0.1, maxFrameBytes: 20000000 }]\n',
    wrong: [
      [() => {}, 'buffer_max_size 16M'],
      [back({ buffer_max_size: undefined }), 'name forward'],
    ],
    right: [back({ buffer_max_size: '20M' })],
  },
  'ack-order': {
    tripline: 'sinks: [{ type: forward, host: 127.0.0.1, ackTimeoutSeconds: 90 }]\n',
    wrong: [[() => {}, 'name http']],
    right: [sender({ 'http.response_timeout': '120s' })],
  },
  'body-limit': {
    tripline: `limits: { maxBodyBytes: 4000000 }\n${sinks}`,
    wrong: [[() => {}, 'name http']],
    right: [tail({ buffer_max_size: '1M' }), sender({ compress: 'gzip' })],
  },
  'tls-verify': {
    wrong: [[sender({ tls: 'on', 'tls.verify': 'off' }), 'tls.verify off']],
    right: [sender({ 'tls.verify': 'off' })],
  },
};
