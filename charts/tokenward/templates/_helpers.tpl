{{- define "tokenward.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 53 | trimSuffix "-" }}
{{- end }}

{{/* The name of the release's objects; a release that is called like the chart does not say it twice. */}}
{{- define "tokenward.fullname" -}}
{{- $name := include "tokenward.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* Objects of the cluster: two releases may have the same name in different namespaces. */}}
{{- define "tokenward.clusterName" -}}
{{ printf "%s-%s" .Release.Namespace (include "tokenward.fullname" .) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tokenward.selector" -}}
app.kubernetes.io/name: {{ include "tokenward.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tokenward.labels" -}}
{{ include "tokenward.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "tokenward.serviceAccount" -}}
{{ default (include "tokenward.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{/* Where the webhook's certificates lie. */}}
{{- define "tokenward.certificateSecret" -}}
{{ include "tokenward.fullname" . }}-webhook-certificate
{{- end }}

{{/* Takes the image's values and the chart's appVersion. */}}
{{- define "tokenward.image" -}}
{{- $image := .image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .appVersion $image.tag }}{{ end }}
{{- end }}

{{/* JSON: namespaces whose pods are left alone. */}}
{{- define "tokenward.excludedNamespaces" -}}
{{ concat (list "kube-system" .Release.Namespace) (default list .Values.webhook.excludedNamespaces) | uniq | toJson }}
{{- end }}

{{/* What a schema cannot say of values: refused before anything is made, not by an operator that does not start. */}}
{{- define "tokenward.checkValues" -}}
{{- if eq (int .Values.sidecar.proxyPort) (int .Values.sidecar.adminPort) }}
{{- fail (printf "sidecar.proxyPort and sidecar.adminPort are both %d: set one to another port" (int .Values.sidecar.proxyPort)) }}
{{- end }}
{{- if eq (int .Values.webhook.port) (int .Values.health.port) }}
{{- fail (printf "webhook.port and health.port are both %d: set one to another port" (int .Values.webhook.port)) }}
{{- end }}
{{- if and .Values.webhook.certificates.issuerRef.name (ne .Values.webhook.certificates.source "CertManager") }}
{{- fail "webhook.certificates.issuerRef.name is set and not used: set webhook.certificates.source to CertManager, or remove the name" }}
{{- end }}
{{- $excluded := include "tokenward.excludedNamespaces" . | fromJsonArray }}
{{- range .Values.watchNamespaces }}
{{- if has . $excluded }}
{{- fail (printf "watchNamespaces names %s, whose pods never get a sidecar (kube-system's, the release's own and those of webhook.excludedNamespaces do not): remove it" .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Which namespaces' pods are looked at: the webhook's and the policy's selector, which must be the same. */}}
{{- define "tokenward.namespaceSelector" -}}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: {{ include "tokenward.excludedNamespaces" . }}
  {{- with .Values.watchNamespaces }}
  - key: kubernetes.io/metadata.name
    operator: In
    values: {{ toJson . }}
  {{- end }}
{{- end }}

{{- define "tokenward.matchConditions" -}}
- name: is-annotated
  expression: "has(object.metadata.annotations) && 'tokenward.dev/inject' in object.metadata.annotations"
{{- end }}

{{/* What the operator may do where there are credentials. */}}
{{- define "tokenward.credentialRules" -}}
- apiGroups: [tokenward.dev]
  resources: [oauth2credentials]
  verbs: [get, list, watch]
- apiGroups: [tokenward.dev]
  resources: [oauth2credentials/status]
  verbs: [patch]
# Sources are read, renderings are written. It asks for labelled ones only, but no right can say so.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}

{{- define "tokenward.containerSecurity" -}}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
privileged: false
capabilities: {drop: [ALL]}
{{- end }}

{{- define "tokenward.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.operator.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end }}
