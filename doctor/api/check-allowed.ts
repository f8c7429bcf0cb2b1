import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { type AllowRules, compileAllow } from '../../sidecar/proxy/allow-rules.ts';
import type { FailureCode } from '../../sidecar/failure.ts';
import { hasDotSegment, resolveTarget } from '../../sidecar/proxy/resolve-target.ts';
import type { Mend, Outcome, Verdict } from '../examination.ts';
import type { ApiCall } from './api-call.ts';
import { shown } from './shown.ts';

/**
 * What is called: the call itself if the sidecar would pass it on; where no path is named one that `upstream.allow` permits, or undefined if
 * it permits none that could be guessed.
 */
export function checkAllowed(call: ApiCall, { upstream }: SidecarConfig): Outcome<ApiCall | undefined> {
  const { method, path } = call;
  const { host } = new URL(upstream.url);
  // TRACE answers with the request's headers, the token among them (RFC 9110 section 9.3.8).
  if (method === 'TRACE')
    return refused(`Tokenward does not send TRACE to the API ${host}: the answer would show the token.`, 'not_allowed');
  const target = resolveTarget(`/-${path ?? ''}`);
  if (target === undefined || hasDotSegment(target.path)) {
    return refused(
      `Tokenward does not send ${method} ${shown(path)} to the API ${host}: the path leaves the base URL or is malformed.`,
      'invalid_path',
    );
  }
  if (upstream.allow === undefined) return { ok: true, value: call };
  const allows = compileAllow(upstream.allow);
  if (allows(method, target.path)) return { ok: true, value: call };
  if (path === undefined) {
    const literal = literalPaths(upstream.allow).find((candidate) => allows(method, candidate));
    return { ok: true, value: literal === undefined ? undefined : { method, path: literal } };
  }
  const rule = { methods: [method], paths: [asPattern(target.path)] };
  const mend: Mend = { kind: 'manifest', changes: [{ path: 'spec.upstream.allow[]', value: rule }], tried: false };
  const sentence = `upstream.allow has no rule for ${method} on ${shown(target.path)}, so Tokenward does not send it to the API ${host}.`;
  return { ok: false, verdict: { code: 'call_not_allowed', sentence, mend, failure: 'not_allowed' } };
}

function refused(sentence: string, failure: FailureCode): { readonly ok: false; readonly verdict: Verdict } {
  return { ok: false, verdict: { code: 'call_not_allowed', sentence, failure } };
}

/** Patterns that name one path, of rules that could be for the method. */
function literalPaths(rules: AllowRules): readonly string[] {
  return rules.flatMap(({ paths }) => (paths ?? []).filter((path) => !path.includes('*')));
}

/** What is not a literal character of a pattern; the asterisk is one only by its code. */
const notLiteral = /[^!$&-)+\-./0-;=@A-Z_a-z~%]/g;

/** A path as a pattern for itself alone. */
function asPattern(path: string): string {
  return path.replaceAll(notLiteral, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
