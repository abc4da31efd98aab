{{- define "tripline.name" -}}
{{- if contains "tripline" .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}{{ printf "%s-tripline" .Release.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "tripline.selector" -}}
app.kubernetes.io/name: tripline
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tripline.labels" -}}
{{ include "tripline.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "tripline.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The configuration that Tripline is started with: what the mode sets, with .Values.config merged over it. */}}
{{- define "tripline.config" -}}
{{- $ofMode := include (printf "tripline.config.%s" .Values.mode) . | fromYaml }}
{{- if (.Values.config.state | default dict).url }}{{ $_ := unset $ofMode "state" }}{{ end }}
{{- mustMergeOverwrite $ofMode (deepCopy .Values.config) | toYaml }}
{{- end }}

{{/* Fluent Bit talks to its sidecar on the loopback, with a password that the pod generates for itself. Prometheus needs none:
metrics contain counts and names, such as those of rules, and no records. */}}
{{- define "tripline.config.daemonset" -}}
listen: 0.0.0.0:9870
auth:
  basic: { username: fluent-bit, password: "${file:/run/tripline/password}", endpoints: [records] }
  openMetrics: true
deadLetterPath: /var/lib/tripline/dead-letters
state: { path: /var/lib/tripline/state/state }
sinks:
  - { type: forward, host: 127.0.0.1, port: 24224 }
{{- end }}

{{- define "tripline.config.deployment" -}}
listen: 0.0.0.0:9870
deadLetterPath: /var/lib/tripline/dead-letters
state: { path: /var/lib/tripline/state/state }
{{- end }}

{{- define "tripline.port" -}}
{{ regexFind "[0-9]+$" (include "tripline.config" . | fromYaml).listen }}
{{- end }}

{{/* The port of the forward protocol; empty if it is not spoken. */}}
{{- define "tripline.forwardPort" -}}
{{ dig "forward" "listen" "" (include "tripline.config" . | fromYaml) | regexFind "[0-9]+$" }}
{{- end }}

{{/* The maximum number of pods of a deployment. */}}
{{- define "tripline.mostReplicas" -}}
{{ ternary .Values.autoscaling.maxReplicas .Values.replicas .Values.autoscaling.enabled | int }}
{{- end }}

{{/* Volumes that Tripline writes to, by name. The state of a node is on the node, so that it outlives the pod. */}}
{{- define "tripline.volumes" -}}
{{- $emptyDir := dict "emptyDir" (dict "sizeLimit" "1Gi") }}
{{- $onNode := dict "hostPath" (dict "path" (printf "/var/lib/%s/state" (include "tripline.name" .)) "type" "DirectoryOrCreate") }}
{{- $volumes := dict "dead-letters" $emptyDir "state" (ternary $onNode $emptyDir (eq .Values.mode "daemonset")) }}
{{- range $name, $source := .Values.volumes }}{{ $_ := set $volumes $name $source }}{{ end }}
{{- toYaml $volumes }}
{{- end }}

{{- define "tripline.sandbox" -}}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* A folder on the node belongs to root, but Tripline, which does not run as root, writes to it. */}}
{{- define "tripline.folders" -}}
{{- $onNode := list }}
{{- range $name, $source := include "tripline.volumes" . | fromYaml }}
{{- if $source.hostPath }}{{ $onNode = append $onNode $name }}{{ end }}
{{- end }}
{{- if $onNode -}}
- name: folders
  image: {{ include "tripline.image" . }}
  command: [/nodejs/bin/node, -e, "for (const name of fs.readdirSync('/var/lib/tripline')) fs.chownSync(`/var/lib/tripline/${name}`, 65532, 65532)"]
  securityContext:
    runAsUser: 0
    readOnlyRootFilesystem: true
    allowPrivilegeEscalation: false
    capabilities: { drop: [ALL], add: [CHOWN] }
    seccompProfile: { type: RuntimeDefault }
  volumeMounts:
    {{- range $onNode }}
    - { name: {{ . }}, mountPath: /var/lib/tripline/{{ . }} }
    {{- end }}
{{- end }}
{{- end }}

{{- define "tripline.container" -}}
{{- $scheme := ternary "HTTPS" "HTTP" (hasKey (include "tripline.config" . | fromYaml) "tls") -}}
- name: tripline
  image: {{ include "tripline.image" . }}
  {{- if eq .Values.mode "daemonset" }}
  restartPolicy: Always
  {{- end }}
  args: [--config, /etc/tripline/config/tripline.yaml]
  env:
    - { name: TRIPLINE_LISTEN, value: "" } # the configuration sets the address
    {{- with .Values.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - { name: http, containerPort: {{ include "tripline.port" . }} }
    {{- with include "tripline.forwardPort" . }}
    - { name: forward, containerPort: {{ . }} }
    {{- end }}
  startupProbe: { httpGet: { path: /readyz, port: http, scheme: {{ $scheme }} }, periodSeconds: 1, failureThreshold: 30 }
  readinessProbe: { httpGet: { path: /readyz, port: http, scheme: {{ $scheme }} } }
  livenessProbe: { httpGet: { path: /healthz, port: http, scheme: {{ $scheme }} }, failureThreshold: 6 }
  resources: {{- toYaml .Values.resources | nindent 4 }}
  securityContext:
    runAsNonRoot: true
    {{- include "tripline.sandbox" . | nindent 4 }}
  volumeMounts:
    - { name: config, mountPath: /etc/tripline/config, readOnly: true }
    {{- if eq .Values.mode "daemonset" }}
    - { name: password, mountPath: /run/tripline, readOnly: true }
    {{- end }}
    {{- range .Values.existingConfigMaps }}
    - { name: configmap-{{ . }}, mountPath: /etc/tripline/configmaps/{{ . }}, readOnly: true }
    {{- end }}
    {{- range .Values.existingSecrets }}
    - { name: secret-{{ . }}, mountPath: /etc/tripline/secrets/{{ . }}, readOnly: true }
    {{- end }}
    {{- range $name, $_ := include "tripline.volumes" . | fromYaml }}
    - { name: {{ $name }}, mountPath: /var/lib/tripline/{{ $name }} }
    {{- end }}
{{- end }}

{{- define "tripline.podMetadata" -}}
labels: {{- include "tripline.labels" . | nindent 2 }}
annotations:
  # Configuration files are read only at startup.
  checksum/config: {{ include "tripline.files" . | sha256sum }}
  {{- if and (not .Values.serviceMonitor.enabled) (dig "auth" "openMetrics" false (include "tripline.config" . | fromYaml)) }}
  prometheus.io/scrape: "true"
  prometheus.io/port: {{ include "tripline.port" . | quote }}
  prometheus.io/path: /metrics
  {{- end }}
{{- end }}

{{/* What the pods of both modes have in common, apart from containers. */}}
{{- define "tripline.pod" -}}
serviceAccountName: {{ include "tripline.name" . }}
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
# For drainSeconds, the 4 seconds of the state, and the grace of a Fluent Bit.
terminationGracePeriodSeconds: {{ dig "drainSeconds" 25 (include "tripline.config" . | fromYaml) | ceil | add 20 }}
volumes:
  - { name: config, configMap: { name: {{ include "tripline.name" . }} } }
  {{- range .Values.existingConfigMaps }}
  - { name: configmap-{{ . }}, configMap: { name: {{ . }} } }
  {{- end }}
  {{- range .Values.existingSecrets }}
  - { name: secret-{{ . }}, secret: { secretName: {{ . }} } }
  {{- end }}
  {{- range $name, $source := include "tripline.volumes" . | fromYaml }}
  - name: {{ $name }}
    {{- toYaml $source | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Checks that no schema can express. */}}
{{- define "tripline.check" -}}
{{- $config := include "tripline.config" . | fromYaml }}
{{- $text := toYaml $config }}
{{- if and (eq .Values.mode "deployment") (not $config.auth) }}
{{- fail "config.auth: without it everybody who reaches the Service may send records; set it, as `auth: { bearer: \"${file:/etc/tripline/secrets/NAME/token}\" }` with `existingSecrets: [NAME]`" }}
{{- end }}
{{- if and (include "tripline.forwardPort" .) (not $config.forward.sharedKey) (not (dig "forward" "tls" "clientCa" "" $config)) }}
{{- fail "config.forward: without sharedKey or tls.clientCa everybody who reaches the pod may send records; set one of them" }}
{{- end }}
{{- if dig "tls" "requireClientCertificate" false $config }}
{{- fail "config.tls.requireClientCertificate: the kubelet has no certificate, so no probe could connect; leave it out, and let config.auth.certificates decide" }}
{{- end }}
{{- range .Values.existingConfigMaps }}
{{- if not (contains (printf "/etc/tripline/configmaps/%s" .) $text) }}
{{- fail (printf "existingConfigMaps: no setting of config names /etc/tripline/configmaps/%s; add it to rules, lists or exceptions" .) }}
{{- end }}
{{- end }}
{{- range .Values.existingSecrets }}
{{- if not (contains (printf "/etc/tripline/secrets/%s/" .) $text) }}
{{- fail (printf "existingSecrets: no setting of config names a file of /etc/tripline/secrets/%s; write ${file:/etc/tripline/secrets/%s/KEY} where the secret belongs" . .) }}
{{- end }}
{{- end }}
{{- with .Values.autoscaling }}
{{- if .enabled }}
{{- if or (ne $.Values.mode "deployment") (not $config.kafka) }}
{{- fail "autoscaling: it scales by the messages of a topic that are yet to be read; set mode: deployment and config.kafka, or leave it off" }}
{{- end }}
{{- if contains "${" (pick $config.kafka "brokers" "topics" "group" | toJson) }}
{{- fail "autoscaling: KEDA reads brokers, topics and group of config.kafka too, and has no access to variables and files of the pod; write them without ${...}" }}
{{- end }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- fail (printf "autoscaling.minReplicas: %d is more than maxReplicas, %d; raise that, or lower this" (int .minReplicas) (int .maxReplicas)) }}
{{- end }}
{{- end }}
{{- end }}
{{- $replicas := include "tripline.mostReplicas" . | int }}
{{- range $name, $source := include "tripline.volumes" . | fromYaml }}
{{- if and (eq $.Values.mode "deployment") (gt $replicas 1) (or $source.persistentVolumeClaim $source.hostPath) }}
{{- fail (printf "volumes.%s: %d replicas would write to one volume, which belongs to one process; use an emptyDir, or one replica" $name $replicas) }}
{{- end }}
{{- end }}
{{- end }}
