{{/* Names and labels that the other templates share. */}}

{{- define "sluice.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 54 | trimSuffix "-" }}
{{- end }}

{{/* At most 54 characters, so that "-operator" fits a Service's name. */}}
{{- define "sluice.fullname" -}}
{{- $name := include "sluice.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 54 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 54 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 54 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "sluice.operator" -}}
{{- printf "%s-operator" (include "sluice.fullname" .) }}
{{- end }}

{{/* Of cluster-wide objects: two releases of one name may be in two namespaces. */}}
{{- define "sluice.clusterName" -}}
{{- printf "%s:%s" (include "sluice.operator" .) .Release.Namespace }}
{{- end }}

{{- define "sluice.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "sluice.operator" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: {{ include "sluice.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "sluice.labels" -}}
{{- $own := dict
    "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63)
    "app.kubernetes.io/version" (.Chart.AppVersion | toString)
    "app.kubernetes.io/part-of" "sluice"
    "app.kubernetes.io/managed-by" .Release.Service }}
{{- merge $own (include "sluice.selector" . | fromYaml) .Values.commonLabels | toYaml }}
{{- end }}

{{/* The labels of a pod may not hold what changes with each release of the chart. */}}
{{- define "sluice.podLabels" -}}
{{- merge (include "sluice.selector" . | fromYaml) (dict "app.kubernetes.io/part-of" "sluice") .Values.commonLabels .Values.podLabels | toYaml }}
{{- end }}

{{/* Takes a dictionary of repository, tag and digest, and the chart's version. */}}
{{- define "sluice.image" -}}
{{- if .image.digest }}
{{- printf "%s@%s" .image.repository .image.digest }}
{{- else }}
{{- printf "%s:%s" .image.repository (default .version .image.tag) }}
{{- end }}
{{- end }}

{{/* What the operator gives data planes, as JSON without what is empty. */}}
{{- define "sluice.dataPlaneDefaults" -}}
{{- $defaults := dict }}
{{- range $key, $value := omit .Values.dataPlane "image" "imagePullSecrets" "service" }}
{{- if or (eq $key "replicas") (not (empty $value)) }}
{{- $_ := set $defaults $key $value }}
{{- end }}
{{- end }}
{{- $service := dict }}
{{- range $key, $value := .Values.dataPlane.service }}
{{- if not (empty $value) }}
{{- $_ := set $service $key $value }}
{{- end }}
{{- end }}
{{- $_ := set $defaults "service" $service }}
{{- $defaults | toJson }}
{{- end }}

{{- define "sluice.hasGatewayApi" -}}
{{- if .Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1/GatewayClass" }}true{{ end }}
{{- end }}
