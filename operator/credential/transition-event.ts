import type { ApiObject } from '../kube/api-object.ts';
import { apiVersion, kind } from '../naming.ts';
import type { CredentialObject } from './credential-object.ts';
import type { Transition } from './decide-credential.ts';

/** The API server's limit, in bytes. */
const longestNoteBytes = 1024;

/** An Event of events.k8s.io/v1 about the credential. */
export function transitionEvent(
  { metadata }: CredentialObject,
  { type, reason, note }: Transition,
  { instance, wallMs }: { readonly instance: string; readonly wallMs: number },
): ApiObject & Record<string, unknown> {
  const { name, namespace = '', uid = '' } = metadata;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // Unique as long as the clock does not go back, and to the server a second one of a name is no more than a refusal.
    metadata: { name: `${name}.${Math.round(wallMs).toString(36)}.${reason.toLowerCase()}`, namespace },
    eventTime: new Date(wallMs).toISOString().replace('Z', '000Z'),
    reportingController: 'tokenward.dev/operator',
    reportingInstance: instance.slice(0, 128),
    action: 'Render',
    type,
    reason,
    note: cutBytes(note, longestNoteBytes),
    regarding: { apiVersion, kind, name, namespace, uid },
  };
}

function cutBytes(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  if (buffer.length <= bytes) return text;
  // A character that was cut through is left out.
  return `${buffer
    .subarray(0, bytes - 3)
    .toString('utf8')
    .replace(/\uFFFD+$/u, '')}…`;
}
