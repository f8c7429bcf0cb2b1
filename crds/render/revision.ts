import { createHash } from 'node:crypto';
import { Sensitive } from '../sensitive.ts';

/** What a configuration is made from, each thing as the API server had it. */
export interface Origin {
  readonly kind: string;
  readonly uid: string;
  /** `metadata.generation` of the credential, `metadata.resourceVersion` of its sources. */
  readonly version: string;
}

const form = /^\d{1,20}-[0-9a-f]{8}$/;

/**
 * The name of a configuration's version, by which one can tell whether a sidecar has the newest: `<generation>-<digest>`. It is a digest of
 * what the API server calls its objects, and of nothing that they hold: a weak secret could be guessed from that.
 */
export function nameRevision(generation: number, origins: readonly Origin[]): string {
  const lines = origins.map(({ kind, uid, version }) => JSON.stringify([kind, uid, version]));
  const digest = createHash('sha256')
    .update([generation, ...new Set(lines.toSorted())].join('\n'))
    .digest('hex');
  return `${generation}-${digest.slice(0, 8)}`;
}

/** The text of a sidecar's configuration, with its revision in it. */
export function withRevision(text: Sensitive, revision: string): Sensitive {
  return new Sensitive(JSON.stringify({ ...(JSON.parse(text.reveal()) as object), revision }));
}

/** What `withRevision` put together; whatever it was given otherwise is all rest. */
export function splitRevision(text: Sensitive): { readonly rest: Sensitive; readonly revision: string | undefined } {
  try {
    const { revision, ...rest } = JSON.parse(text.reveal()) as { revision?: unknown };
    if (typeof revision === 'string' && form.test(revision)) return { rest: new Sensitive(JSON.stringify(rest)), revision };
  } catch {
    // Not JSON: someone has been at it.
  }
  return { rest: text, revision: undefined };
}
