import * as z from 'zod';
import { podAnnotations } from '../naming.ts';
import { injectSidecar, type Injection } from './inject-sidecar.ts';
import type { InjectionSettings } from './injection-settings.ts';
import { podSchema } from './pod.ts';

const apiVersion = 'admission.k8s.io/v1';
const kind = 'AdmissionReview';

const mostProblems = 5;

const reviewSchema = z.looseObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  request: z.looseObject({
    uid: z.string().min(1).max(256),
    operation: z.string(),
    namespace: z.string().optional(),
    resource: z.looseObject({ group: z.string(), resource: z.string() }),
    subResource: z.string().optional(),
    object: z.unknown(),
  }),
});

export interface AdmissionReviewAnswer {
  readonly apiVersion: typeof apiVersion;
  readonly kind: typeof kind;
  readonly response: AdmissionResponse;
}

interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patchType?: 'JSONPatch';
  /** Base64 of the patch's JSON. */
  readonly patch?: string;
  readonly warnings?: readonly string[];
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
}

export type PodReview =
  | {
      readonly ok: true;
      readonly outcome: Injection['outcome'];
      readonly namespace: string | undefined;
      /** Why not, where it is denied. */
      readonly reason: string | undefined;
      readonly answer: AdmissionReviewAnswer;
    }
  /** Not an admission review of a pod: nothing that an API server would send. */
  | { readonly ok: false; readonly message: string };

/** A pod that is there already is not ours to change. */
const untouched: Injection = { outcome: 'untouched', warnings: [] };

/** Answers an AdmissionReview (admission.k8s.io/v1) about a pod. */
export function reviewPod(body: unknown, settings: InjectionSettings): PodReview {
  const review = reviewSchema.safeParse(body);
  if (!review.success) return { ok: false, message: `not an ${kind} of ${apiVersion}: ${whereOf(review.error)}` };
  const { uid, operation, namespace, resource, subResource = '', object } = review.data.request;
  const isNewPod = operation === 'CREATE' && resource.group === '' && resource.resource === 'pods' && subResource === '';
  const pod = isNewPod ? podSchema.safeParse(object) : undefined;
  if (pod?.success === false) return { ok: false, message: `not a pod: ${whereOf(pod.error)}` };
  const injection = pod === undefined ? untouched : injectSidecar(pod.data, settings);
  const reason = injection.outcome === 'denied' ? explain(injection.problems) : undefined;
  const answer: AdmissionReviewAnswer = { apiVersion, kind, response: { uid, ...respond(injection, reason) } };
  return { ok: true, outcome: injection.outcome, namespace, reason, answer };
}

function respond(injection: Injection, reason: string | undefined): Omit<AdmissionResponse, 'uid'> {
  if (injection.outcome === 'denied') return { allowed: false, status: { code: 422, reason: 'Invalid', message: reason ?? '' } };
  const { warnings } = injection;
  return {
    allowed: true,
    ...(injection.outcome !== 'untouched' && {
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(injection.patch)).toString('base64'),
    }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** In one line, and not too long a one: it ends up in an event of the ReplicaSet or Job that wanted the pod. */
function explain(problems: readonly string[]): string {
  const more = problems.length > mostProblems ? `; and ${problems.length - mostProblems} more` : '';
  const list = problems.slice(0, mostProblems).join('; ');
  return `no sidecar for this pod, which asks for one by the annotation ${podAnnotations.inject}: ${list}${more}`;
}

/** The place, never the value: it may be a secret. */
const whereOf = ({ issues }: z.ZodError): string => issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; ');
