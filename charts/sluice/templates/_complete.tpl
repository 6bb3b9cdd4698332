{{/*
A release that keeps its values (`helm upgrade --reuse-values`) has none that are newer than it: they get what they are unless somebody
says otherwise. Every template begins with this. Maps that are taken as a whole are no defaults to fill in: what somebody took out of
them with null stays out.
*/}}

{{- define "sluice.complete" -}}
{{- include "sluice.fill" (dict "defaults" (.Files.Get "defaults.json" | fromJson) "values" .Values) }}
{{- end }}

{{- define "sluice.fill" -}}
{{- $values := .values }}
{{- range $key, $default := .defaults }}
{{- $value := index $values $key }}
{{- if kindIs "invalid" $value }}
{{- $_ := set $values $key $default }}
{{- else if and (kindIs "map" $default) (kindIs "map" $value) }}
{{- include "sluice.fill" (dict "defaults" $default "values" $value) }}
{{- end }}
{{- end }}
{{- end }}
