import { explainIssue } from './explain-issue.ts';
import { group, kind, oauth2Credential, version, type OAuth2Credential } from './oauth2-credential.ts';
import { problem, type Problem } from './problem.ts';

export type ParseResult =
  | { readonly ok: true; readonly credential: OAuth2Credential }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A document from a manifest or the API server -> a credential with its defaults, or all that is wrong with it. */
export function parseCredential(document: unknown): ParseResult {
  const foreign = foreignDocument(document);
  if (foreign.length > 0) return { ok: false, problems: foreign };
  const parsed = oauth2Credential.safeParse(nullIsAbsent(document), { reportInput: true });
  if (parsed.success) return { ok: true, credential: parsed.data };
  return { ok: false, problems: parsed.error.issues.flatMap((issue) => explainIssue(issue)) };
}

/** What is another kind of thing altogether is not worth a list of its missing fields. */
function foreignDocument(document: unknown): Problem[] {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return [problem('InvalidManifest', '', 'must be a manifest: a mapping with apiVersion, kind, metadata and spec')];
  }
  const expected = { apiVersion: `${group}/${version}`, kind };
  return Object.entries(expected).flatMap(([field, wanted]) => {
    const found: unknown = Object.hasOwn(document, field) ? Reflect.get(document, field) : undefined;
    if (found === wanted) return [];
    return [
      problem(
        'InvalidManifest',
        field,
        typeof found === 'string' ? `must be ${wanted}, not ${JSON.stringify(found)}` : `is required: set it to ${wanted}`,
      ),
    ];
  });
}

/** The API server takes null in a field for its absence; in a list it does not. */
function nullIsAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullIsAbsent);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inner === null ? undefined : nullIsAbsent(inner)]));
}
