{{/* What the operator may do, once for ClusterRoles and for Roles of single namespaces. */}}

{{- define "sluice.rules.read" -}}
# What users write.
- apiGroups: [sluice.dev]
  resources: [aigateways, upstreams, routepolicies]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways, httproutes, referencegrants]
  verbs: [get, list, watch]
# Backends of HTTPRoutes, and what a Gateway's Service was given as its address.
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch]
# Credentials. Of Secrets only the metadata is watched; those that are referred to are read.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
# Which pods belong to a Gateway, when one of them calls.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
# How data planes fare, to roll them one Gateway at a time, and to put back what was changed.
- apiGroups: [""]
  resources: [serviceaccounts, configmaps]
  verbs: [get, list, watch]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch]
{{- end }}

{{- define "sluice.rules.write" -}}
# What became of it. There are no finalizers.
- apiGroups: [sluice.dev]
  resources: [aigateways/status, upstreams/status, routepolicies/status]
  verbs: [update, patch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways/status, httproutes/status]
  verbs: [update, patch]
# What an AIGateway stands for, for people to see; put back as a whole when somebody changes it.
- apiGroups: [sluice.dev]
  resources: [upstreams, routepolicies]
  verbs: [create, update, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways, httproutes]
  verbs: [create, update, patch, delete]
# What carries a Gateway's traffic. The ConfigMap holds the operator's CA.
- apiGroups: [""]
  resources: [serviceaccounts, services, configmaps]
  verbs: [create, patch, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [create, patch, delete]
# Turns for better or worse.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* Rights that only a ClusterRole can give. */}}
{{- define "sluice.rules.cluster" -}}
{{- if .Values.rbac.tokenReview }}
# Whether a caller is the data plane that it says it is.
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
{{- end }}
{{- if .Values.rbac.readNodes }}
# Addresses of Gateways behind a NodePort.
- apiGroups: [""]
  resources: [nodes]
  verbs: [get, list, watch]
{{- end }}
{{- if not .Values.watchNamespaces }}
# Which version of Gateway API is installed.
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  resourceNames: [gateways.gateway.networking.k8s.io]
  verbs: [get]
# Whose Gateways are ours, and which namespaces a listener takes routes from.
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses/status]
  verbs: [update, patch]
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
{{- end }}
{{- end }}
