import type { Clock } from '../crds/clock.ts';
import type { Sensitive } from '../crds/sensitive.ts';
import type { ConfigSource } from '../sidecar/config/config-source.ts';
import { assignAliases } from './assign-aliases.ts';
import { checkManifests, type RenderedCredential } from './check-manifests.ts';
import type { CredentialManifest } from './manifests/collect-manifests.ts';
import type { ManifestProblem } from './manifests/manifest-problem.ts';
import { findManifestFiles, type ManifestFiles, type ManifestTexts, readManifestFiles } from './manifests/read-manifest-files.ts';

type Aliases = ReadonlyMap<string, RenderedCredential>;

/** What manifests come to when they are served. */
export interface Servable {
  readonly aliases: Aliases;
  /** Those of the aliases that are served as they were before, because their manifests are broken now. */
  readonly kept: readonly string[];
  /** As the manifests are now, those that are not served as such: broken, or of a name that is served already. */
  readonly refused: readonly CredentialManifest[];
  readonly problems: readonly ManifestProblem[];
  readonly warnings: readonly ManifestProblem[];
}

/**
 * Decides what to serve. A mistake keeps what was served before of the aliases that it touches: those whose credential is
 * wrong or, where that cannot be told, all that are missing now.
 */
export function decideServing(texts: ManifestTexts, nowMs: number, before: Aliases = new Map()): Servable {
  const check = checkManifests(texts, nowMs);
  const { aliases, problems: clashes } = assignAliases(check.rendered);
  const problems = [...check.problems, ...clashes];
  const broken = new Set(problems.map(({ credential }) => credential));
  const kept = [...before].filter(([alias]) => !aliases.has(alias) && (broken.has(undefined) || broken.has(alias)));
  const clashing = check.rendered.filter((rendered) => aliases.get(rendered.manifest.name) !== rendered);
  return {
    aliases: new Map([...kept, ...aliases]),
    kept: kept.map(([alias]) => alias),
    refused: [...check.refused, ...clashing.map(({ manifest }) => manifest)],
    problems,
    warnings: check.warnings,
  };
}

/** Manifests as a sidecar's configuration. */
export class ManifestSource implements ConfigSource {
  /** Told of every change that a poll finds. */
  onChange: (now: Servable) => void = () => {};
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  #signature = '';
  #aliases: Aliases = new Map();

  constructor(paths: readonly string[], clock: Clock) {
    this.#paths = paths;
    this.#clock = clock;
  }

  async poll(): Promise<ReadonlyMap<string, Sensitive> | undefined> {
    const files = await findManifestFiles(this.#paths);
    const signature = signatureOf(files);
    if (signature === this.#signature) return undefined;
    const texts = await readManifestFiles(files);
    // Changed while being read: perhaps half written, and the next poll comes soon enough.
    if (signatureOf(await findManifestFiles(this.#paths)) !== signature) return undefined;
    this.#signature = signature;
    const now = decideServing(texts, this.#clock.wallMs(), this.#aliases);
    this.#aliases = now.aliases;
    this.onChange(now);
    return new Map([...now.aliases].map(([alias, { config }]) => [alias, config]));
  }
}

function signatureOf({ files, problems }: ManifestFiles): string {
  return [...files.map(({ signature }) => signature), ...problems.map(({ file, message }) => `${file} ${message}`)].join('\n');
}
