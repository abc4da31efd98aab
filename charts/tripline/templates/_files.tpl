{{- define "tripline.files" -}}
tripline.yaml: |
  {{- include "tripline.config" . | nindent 2 }}
{{- if eq .Values.mode "daemonset" }}
fluent-bit.yaml: |
  env:
    - name: TRIPLINE_PASSWORD
      uri: file:///run/tripline/password
  service:
    flush: 1
    storage.path: /var/lib/fluent-bit/chunks
    storage.keep.rejected: on
    storage.rejected.path: rejected
    scheduler.base: 1
    scheduler.cap: 30
    grace: 5
    hot_reload: on
    hot_reload.ensure_thread_safety: off
  # Parser and tail are those of fluent-bit/inputs/kubernetes.yaml, where each setting is explained.
  parsers:
    - name: kubernetes_audit
      format: json
      time_key: stageTimestamp
      time_format: "%Y-%m-%dT%H:%M:%S.%L%z"
      time_keep: on
  pipeline:
    inputs:
      - name: tail
        tag: kube.audit
        path: /var/log/kubernetes/audit/{{ base .Values.fluentBit.auditLog }}
        parser: kubernetes_audit
        read_from_head: on
        refresh_interval: 5
        rotate_wait: 25h
        ignore_older: 24h
        db: /var/lib/fluent-bit/kubernetes-audit.db
        buffer_chunk_size: 512k
        buffer_max_size: 8M
        truncate_long_lines: on
        skip_long_lines: off
        storage.type: filesystem
      - name: forward
        listen: 127.0.0.1
        port: 24224
        buffer_chunk_size: 1M
        buffer_max_size: 16M
        storage.type: filesystem
    outputs:
      - name: http
        match: kube.*
        host: 127.0.0.1
        port: {{ include "tripline.port" . }}
        uri: /v1/records
        format: msgpack
        header_tag: X-Fluent-Tag
        http_user: fluent-bit
        http_passwd: ${TRIPLINE_PASSWORD}
        retry_limit: no_limits
        http.response_timeout: 60s
        log_response_payload: off
      # fluentBit.outputs: where the tagged records go.
      {{- toYaml .Values.fluentBit.outputs | nindent 6 }}
{{- end }}
{{- end }}
