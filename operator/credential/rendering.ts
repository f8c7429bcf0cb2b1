import type { Sensitive } from '../../crds/sensitive.ts';
import type { OwnerReference } from '../kube/api-object.ts';
import {
  apiVersion,
  kind,
  renderingKey,
  renderingLabel,
  renderingName,
  renderingType,
  revisionAnnotation,
  sourcesAnnotation,
} from '../naming.ts';
import type { CredentialObject } from './credential-object.ts';
import { decode, pick, type SecretObject } from './observed-sources.ts';
import { formatRecord, type RenderingRecord } from './rendering-record.ts';

/** A Secret that bears a rendering's name, whoever's it is. */
export interface ObservedRendering {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly controller: OwnerReference | undefined;
  readonly text: Sensitive | undefined;
}

/** What the Secret is to hold. */
export interface DesiredRendering {
  readonly text: Sensitive;
  readonly record: RenderingRecord;
  /** That of the text; one that tells callers why there is no configuration has none. */
  readonly revision: string | undefined;
}

export function readRendering({ metadata, type = 'Opaque', data = {} }: SecretObject): ObservedRendering {
  const text = data[renderingKey];
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    type,
    labels: pick(metadata.labels, renderingLabel),
    annotations: pick(metadata.annotations, sourcesAnnotation, revisionAnnotation),
    controller: metadata.ownerReferences?.find(({ controller }) => controller === true),
    text: text === undefined ? undefined : decode(text),
  };
}

/** Whose the Secret is: this credential's, that of one of the same name which is no more, or someone else's. */
export function ownerOf(observed: ObservedRendering, { metadata }: CredentialObject): 'this' | 'predecessor' | 'other' {
  const { controller, type } = observed;
  if (controller === undefined || type !== renderingType) return 'other';
  if (controller.uid === metadata.uid) return 'this';
  return controller.kind === kind && controller.apiVersion === apiVersion && controller.name === metadata.name ? 'predecessor' : 'other';
}

export function isAsDesired(observed: ObservedRendering, { text, record, revision }: DesiredRendering): boolean {
  return (
    observed.text?.reveal() === text.reveal() &&
    observed.labels[renderingLabel] === 'true' &&
    observed.annotations[sourcesAnnotation] === formatRecord(record) &&
    (revision === undefined || observed.annotations[revisionAnnotation] === revision)
  );
}

/** The Secret to send. With `basedOn` it is a change of that very object: the API server answers 409 if it is no longer as observed. */
export function renderingObject(
  { metadata }: CredentialObject,
  { text, record, revision }: DesiredRendering,
  basedOn?: ObservedRendering,
): SecretObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: renderingName(metadata.name),
      namespace: metadata.namespace ?? '',
      ...(basedOn && { uid: basedOn.uid, resourceVersion: basedOn.resourceVersion }),
      labels: { [renderingLabel]: 'true' },
      annotations: { [sourcesAnnotation]: formatRecord(record), ...(revision !== undefined && { [revisionAnnotation]: revision }) },
      // Without blockOwnerDeletion, which asks for rights on finalizers where the API server checks them.
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }],
    },
    type: renderingType,
    data: { [renderingKey]: Buffer.from(text.reveal()).toString('base64') },
  };
}
