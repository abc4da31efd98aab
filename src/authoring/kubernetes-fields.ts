/** The members that Kubernetes has for pod specs and for the metadata of objects, to distinguish a typo in a name from a
 * member that no rule has used yet. */

/** From the OpenAPI document of kube-apiserver 1.36: each type with its members. Brackets mark lists, and the type of maps
 * follows a colon. `map` has any names, `any` may be anything. */
const declared = `
AWSElasticBlockStoreVolumeSource: fsType partition readOnly volumeID
Affinity: nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
AppArmorProfile: localhostProfile type
AzureDiskVolumeSource: cachingMode diskName diskURI fsType kind readOnly
AzureFileVolumeSource: readOnly secretName shareName
CSIVolumeSource: driver fsType nodePublishSecretRef:LocalObjectReference readOnly volumeAttributes:map
Capabilities: add[] drop[]
CephFSVolumeSource: monitors[] path readOnly secretFile secretRef:LocalObjectReference user
CinderVolumeSource: fsType readOnly secretRef:LocalObjectReference volumeID
ClusterTrustBundleProjection: labelSelector:LabelSelector name optional path signerName
ConfigMapEnvSource: name optional
ConfigMapKeySelector: key name optional
ConfigMapProjection: items[]:KeyToPath name optional
ConfigMapVolumeSource: defaultMode items[]:KeyToPath name optional
Container: args[] command[] env[]:EnvVar envFrom[]:EnvFromSource image imagePullPolicy lifecycle:Lifecycle
  livenessProbe:Probe name ports[]:ContainerPort readinessProbe:Probe resizePolicy[]:ContainerResizePolicy
  resources:ResourceRequirements restartPolicy restartPolicyRules[]:ContainerRestartRule
  securityContext:SecurityContext startupProbe:Probe stdin stdinOnce terminationMessagePath terminationMessagePolicy
  tty volumeDevices[]:VolumeDevice volumeMounts[]:VolumeMount workingDir
ContainerPort: containerPort hostIP hostPort name protocol
ContainerResizePolicy: resourceName restartPolicy
ContainerRestartRule: action exitCodes:ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: operator values[]
DownwardAPIProjection: items[]:DownwardAPIVolumeFile
DownwardAPIVolumeFile: fieldRef:ObjectFieldSelector mode path resourceFieldRef:ResourceFieldSelector
DownwardAPIVolumeSource: defaultMode items[]:DownwardAPIVolumeFile
EmptyDirVolumeSource: medium sizeLimit
EnvFromSource: configMapRef:ConfigMapEnvSource prefix secretRef:SecretEnvSource
EnvVar: name value valueFrom:EnvVarSource
EnvVarSource: configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector
  resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector
EphemeralContainer: args[] command[] env[]:EnvVar envFrom[]:EnvFromSource image imagePullPolicy lifecycle:Lifecycle
  livenessProbe:Probe name ports[]:ContainerPort readinessProbe:Probe resizePolicy[]:ContainerResizePolicy
  resources:ResourceRequirements restartPolicy restartPolicyRules[]:ContainerRestartRule
  securityContext:SecurityContext startupProbe:Probe stdin stdinOnce targetContainerName terminationMessagePath
  terminationMessagePolicy tty volumeDevices[]:VolumeDevice volumeMounts[]:VolumeMount workingDir
EphemeralVolumeSource: volumeClaimTemplate:PersistentVolumeClaimTemplate
ExecAction: command[]
FCVolumeSource: fsType lun readOnly targetWWNs[] wwids[]
FileKeySelector: key optional path volumeName
FlexVolumeSource: driver fsType options:map readOnly secretRef:LocalObjectReference
FlockerVolumeSource: datasetName datasetUUID
GCEPersistentDiskVolumeSource: fsType partition pdName readOnly
GRPCAction: port service
GitRepoVolumeSource: directory repository revision
GlusterfsVolumeSource: endpoints path readOnly
HTTPGetAction: host httpHeaders[]:HTTPHeader path port scheme
HTTPHeader: name value
HostAlias: hostnames[] ip
HostPathVolumeSource: path type
ISCSIVolumeSource: chapAuthDiscovery chapAuthSession fsType initiatorName iqn iscsiInterface lun portals[] readOnly
  secretRef:LocalObjectReference targetPortal
ImageVolumeSource: pullPolicy reference
KeyToPath: key mode path
LabelSelector: matchExpressions[]:LabelSelectorRequirement matchLabels:map
LabelSelectorRequirement: key operator values[]
Lifecycle: postStart:LifecycleHandler preStop:LifecycleHandler stopSignal
LifecycleHandler: exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction
LocalObjectReference: name
ManagedFieldsEntry: apiVersion fieldsType fieldsV1:any manager operation subresource time
NFSVolumeSource: path readOnly server
NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution[]:PreferredSchedulingTerm
  requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
NodeSelector: nodeSelectorTerms[]:NodeSelectorTerm
NodeSelectorRequirement: key operator values[]
NodeSelectorTerm: matchExpressions[]:NodeSelectorRequirement matchFields[]:NodeSelectorRequirement
ObjectFieldSelector: apiVersion fieldPath
Object: metadata:ObjectMeta roleRef:map rules[]:map spec:map subjects[]:map webhooks[]:map
ObjectMeta: continue remainingItemCount annotations:map creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers[] generateName
  generation labels:map managedFields[]:ManagedFieldsEntry name namespace ownerReferences[]:OwnerReference
  resourceVersion selfLink uid
OwnerReference: apiVersion blockOwnerDeletion controller kind name uid
PersistentVolumeClaimSpec: accessModes[] dataSource:TypedLocalObjectReference dataSourceRef:TypedObjectReference
  resources:VolumeResourceRequirements selector:LabelSelector storageClassName volumeAttributesClassName volumeMode
  volumeName
PersistentVolumeClaimTemplate: metadata:ObjectMeta spec:PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource: claimName readOnly
PhotonPersistentDiskVolumeSource: fsType pdID
PodAffinity: preferredDuringSchedulingIgnoredDuringExecution[]:WeightedPodAffinityTerm
  requiredDuringSchedulingIgnoredDuringExecution[]:PodAffinityTerm
PodAffinityTerm: labelSelector:LabelSelector matchLabelKeys[] mismatchLabelKeys[] namespaceSelector:LabelSelector
  namespaces[] topologyKey
PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution[]:WeightedPodAffinityTerm
  requiredDuringSchedulingIgnoredDuringExecution[]:PodAffinityTerm
PodCertificateProjection: certificateChainPath credentialBundlePath keyPath keyType maxExpirationSeconds signerName
  userAnnotations:map
PodDNSConfig: nameservers[] options[]:PodDNSConfigOption searches[]
PodDNSConfigOption: name value
PodOS: name
PodReadinessGate: conditionType
PodResourceClaim: name resourceClaimName resourceClaimTemplateName
PodSchedulingGate: name
PodSchedulingGroup: podGroupName
PodSecurityContext: appArmorProfile:AppArmorProfile fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser
  seLinuxChangePolicy seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile supplementalGroups[]
  supplementalGroupsPolicy sysctls[]:Sysctl windowsOptions:WindowsSecurityContextOptions
PodSpec: activeDeadlineSeconds affinity:Affinity automountServiceAccountToken containers[]:Container
  dnsConfig:PodDNSConfig dnsPolicy enableServiceLinks ephemeralContainers[]:EphemeralContainer hostAliases[]:HostAlias
  hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets[]:LocalObjectReference
  initContainers[]:Container nodeName nodeSelector:map os:PodOS overhead:map preemptionPolicy priority
  priorityClassName readinessGates[]:PodReadinessGate resourceClaims[]:PodResourceClaim resources:ResourceRequirements
  restartPolicy runtimeClassName schedulerName schedulingGates[]:PodSchedulingGate schedulingGroup:PodSchedulingGroup
  securityContext:PodSecurityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace
  subdomain terminationGracePeriodSeconds tolerations[]:Toleration
  topologySpreadConstraints[]:TopologySpreadConstraint volumes[]:Volume
PortworxVolumeSource: fsType readOnly volumeID
PreferredSchedulingTerm: preference:NodeSelectorTerm weight
Probe: exec:ExecAction failureThreshold grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds periodSeconds
  successThreshold tcpSocket:TCPSocketAction terminationGracePeriodSeconds timeoutSeconds
ProjectedVolumeSource: defaultMode sources[]:VolumeProjection
QuobyteVolumeSource: group readOnly registry tenant user volume
RBDVolumeSource: fsType image keyring monitors[] pool readOnly secretRef:LocalObjectReference user
ResourceClaim: name request
ResourceFieldSelector: containerName divisor resource
ResourceRequirements: claims[]:ResourceClaim limits:map requests:map
SELinuxOptions: level role type user
ScaleIOVolumeSource: fsType gateway protectionDomain readOnly secretRef:LocalObjectReference sslEnabled storageMode
  storagePool system volumeName
SeccompProfile: localhostProfile type
SecretEnvSource: name optional
SecretKeySelector: key name optional
SecretProjection: items[]:KeyToPath name optional
SecretVolumeSource: defaultMode items[]:KeyToPath optional secretName
SecurityContext: allowPrivilegeEscalation appArmorProfile:AppArmorProfile capabilities:Capabilities privileged
  procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions:SELinuxOptions
  seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions
ServiceAccountTokenProjection: audience expirationSeconds path
SleepAction: seconds
StorageOSVolumeSource: fsType readOnly secretRef:LocalObjectReference volumeName volumeNamespace
Sysctl: name value
TCPSocketAction: host port
Toleration: effect key operator tolerationSeconds value
TopologySpreadConstraint: labelSelector:LabelSelector matchLabelKeys[] maxSkew minDomains nodeAffinityPolicy
  nodeTaintsPolicy topologyKey whenUnsatisfiable
TypedLocalObjectReference: apiGroup kind name
TypedObjectReference: apiGroup kind name namespace
Volume: awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource
  azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource configMap:ConfigMapVolumeSource
  csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource
  ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource flocker:FlockerVolumeSource
  gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource glusterfs:GlusterfsVolumeSource
  hostPath:HostPathVolumeSource image:ImageVolumeSource iscsi:ISCSIVolumeSource name nfs:NFSVolumeSource
  persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:PhotonPersistentDiskVolumeSource
  portworxVolume:PortworxVolumeSource projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource
  scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource storageos:StorageOSVolumeSource
  vsphereVolume:VsphereVirtualDiskVolumeSource
VolumeDevice: devicePath name
VolumeMount: mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr
VolumeProjection: clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection
  downwardAPI:DownwardAPIProjection podCertificate:PodCertificateProjection secret:SecretProjection
  serviceAccountToken:ServiceAccountTokenProjection
VolumeResourceRequirements: limits:map requests:map
VsphereVirtualDiskVolumeSource: fsType storagePolicyID storagePolicyName volumePath
WeightedPodAffinityTerm: podAffinityTerm:PodAffinityTerm weight
WindowsSecurityContextOptions: gmsaCredentialSpec gmsaCredentialSpecName hostProcess runAsUserName
`;

interface Member {
  isList: boolean;
  /** Undefined for a text, a number or a boolean. */
  type: string | undefined;
}

type Members = ReadonlyMap<string, Member>;

const types = new Map<string, Members>(
  declared
    .replaceAll('\n  ', ' ')
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', ...members] = line.split(/:? +/);
      return [name, new Map(members.map(memberOf))];
    }),
);

function memberOf(text: string): [name: string, Member] {
  const [, name = '', brackets, type] = /^(\w+|\$\w+)(\[\])?(?::(\w+))?$/.exec(text) ?? [];
  return [name, { isList: brackets !== undefined, type }];
}

/** The first part of a name that is no member in Kubernetes; undefined if all parts are, or may be.
 * @param type of the map in which the name begins */
export function unknownMember(
  type: string,
  path: readonly string[],
): { at: number; isPosition: boolean; known: readonly string[] } | undefined {
  let current: string | undefined = type;
  let wasList = false;
  for (const [at, part] of path.entries()) {
    if (wasList && /^\d+$/.test(part)) return { at, isPosition: true, known: [] };
    if (current === 'map' || current === 'any') return undefined;
    const members: Members | undefined = current === undefined ? undefined : types.get(current);
    const member: Member | undefined = members?.get(part);
    if (member === undefined) return { at, isPosition: false, known: [...(members?.keys() ?? [])] };
    ({ isList: wasList, type: current } = member);
  }
  return undefined;
}

/** Whether the name stands for a map or for a list of maps, whose members must be named; undefined if that is not known.
 * @param type of the map in which the name begins */
export function isMapAt(type: string, path: readonly string[]): boolean | undefined {
  let current: string | undefined = type;
  for (const part of path) {
    if (current === 'map' || current === 'any') return undefined;
    const member: Member | undefined = current === undefined ? undefined : types.get(current)?.get(part);
    if (member === undefined) return undefined;
    current = member.type;
  }
  return current === undefined ? false : current === 'any' ? undefined : true;
}
