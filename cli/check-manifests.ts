import { parseCredential } from '../crds/parse-credential.ts';
import type { Problem } from '../crds/problem.ts';
import type { Reason } from '../crds/reasons.ts';
import { renderCredential } from '../crds/render/render-credential.ts';
import type { Sensitive } from '../crds/sensitive.ts';
import type { Sources } from '../crds/sources.ts';
import { collectManifests, type CredentialManifest, type NamespaceSources } from './manifests/collect-manifests.ts';
import { parsePath, problemAt } from './manifests/manifest-object.ts';
import type { ManifestProblem } from './manifests/manifest-problem.ts';
import { parseManifests } from './manifests/parse-manifests.ts';
import type { ManifestTexts } from './manifests/read-manifest-files.ts';

/** A credential that a sidecar can serve. */
export interface RenderedCredential {
  readonly manifest: CredentialManifest;
  readonly upstreamUrl: string;
  /** The sidecar's `<alias>.json`. */
  readonly config: Sensitive;
}

export interface ManifestCheck {
  readonly rendered: readonly RenderedCredential[];
  /** Those that are not. */
  readonly refused: readonly CredentialManifest[];
  /** How many credentials there are, good and bad. */
  readonly credentials: number;
  /** How many objects are of kinds that have nothing to do with credentials. */
  readonly ignored: number;
  readonly problems: readonly ManifestProblem[];
  readonly warnings: readonly ManifestProblem[];
}

/** Checks manifests as an API server and the operator together would at `nowMs`, since the Unix epoch, and renders what is good. */
export function checkManifests({ texts, problems: unread }: ManifestTexts, nowMs: number): ManifestCheck {
  const parsed = texts.map(({ file, text }) => parseManifests(file, text));
  const collected = collectManifests(parsed.flatMap(({ objects }) => objects));
  const unreadable = [...unread, ...parsed.flatMap((file) => file.problems)];
  const checks = collected.credentials.map((manifest) => {
    const { broken, ...sources } = collected.sources.get(manifest.namespace) ?? noSources;
    return checkCredential(manifest, sources, { mayBeUnread: broken || unreadable.length > 0, nowMs });
  });
  const problems = [...unreadable, ...collected.problems, ...checks.flatMap((check) => check.problems)];
  // Where something could not be read, the credential may be in there.
  if (problems.length === 0 && checks.length === 0) {
    problems.push({ file: texts.map(({ file }) => file).join(', '), message: 'there is no OAuth2Credential here' });
  }
  return {
    rendered: checks.flatMap(({ rendered }) => rendered ?? []),
    refused: collected.credentials.filter((_, index) => checks[index]?.rendered === undefined),
    credentials: collected.credentials.length,
    ignored: collected.ignored,
    problems,
    warnings: checks.flatMap(({ warnings }) => warnings),
  };
}

interface CredentialCheck {
  readonly rendered?: RenderedCredential;
  readonly problems: readonly ManifestProblem[];
  readonly warnings: readonly ManifestProblem[];
}

const noSources: NamespaceSources = { secrets: new Map(), configMaps: new Map(), broken: false };

/** Said of a Secret that may well be there, in what could not be read, this would mislead. */
const notFound: ReadonlySet<Reason> = new Set(['SecretNotFound', 'ConfigMapNotFound']);

interface Circumstances {
  /** Something could not be read, and what the credential refers to may be in there. */
  readonly mayBeUnread: boolean;
  readonly nowMs: number;
}

function checkCredential(manifest: CredentialManifest, sources: Sources, { mayBeUnread, nowMs }: Circumstances): CredentialCheck {
  const locate = ({ path, message, reason }: Problem): ManifestProblem => ({
    ...problemAt(manifest.object, parsePath(path), message),
    credential: manifest.name,
    reason,
  });
  const parsed = parseCredential(manifest.object.value);
  if (!parsed.ok) return { problems: parsed.problems.map(locate), warnings: [] };
  const result = renderCredential(parsed.credential, sources, nowMs);
  if (result.ok) {
    const rendered = { manifest, upstreamUrl: parsed.credential.spec.upstream.url, config: result.text };
    return { rendered, problems: [], warnings: result.warnings.map(locate) };
  }
  const problems = mayBeUnread ? result.problems.filter(({ reason }) => !notFound.has(reason)) : result.problems;
  return { problems: problems.map(locate), warnings: [] };
}
