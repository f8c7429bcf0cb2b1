import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from '../failure.ts';
import type { SidecarMetrics } from '../metrics/sidecar-metrics.ts';
import type { Alias, AliasTable } from './alias-table.ts';
import { checkCaller } from './check-caller.ts';
import { checkSoapRequest } from './check-soap-request.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { listAliases } from './list-aliases.ts';
import { answerProblem } from './problem.ts';
import { hasDotSegment, resolveTarget, type Target } from './resolve-target.ts';
import type { Route } from './route.ts';
import { type RequestHead, scanHead } from './scan-head.ts';

/** So many requests at a time; more would only wait for memory. */
const maxInFlight = 4096;

export interface ProxyContext extends ExchangeContext {
  readonly aliases: AliasTable;
  readonly metrics: SidecarMetrics;
  draining: boolean;
}

/** The stages of a request, in their order. Each either refuses it or passes it on. */
export function handleRequest(context: ProxyContext, request: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false;
  const head = scanHead(request.rawHeaders);
  const refused = checkCapacity(context) ?? checkFraming(head) ?? checkCaller(head);
  if (refused !== undefined) return refuse(context, response, refused);

  const target = resolveTarget(request.url ?? '');
  if (target === undefined) return refuse(context, response, notOriginForm);
  const malformed = checkTarget(request.method, target);
  if (malformed !== undefined) return refuse(context, response, malformed);
  if (target.alias === '-') return listAliases(context.aliases, target, response, (failure) => refuse(context, response, failure));

  const alias = context.aliases.get(target.alias);
  if (alias?.state.kind !== 'ready') return refuse(context, response, unavailable(context.aliases, target.alias, alias), alias?.name);
  const { route } = alias.state;
  const forbidden = checkUpgrade(head) ?? checkAllowed(route, request.method ?? '', target, head) ?? checkEnvelope(route, request, head);
  if (forbidden !== undefined) return refuse(context, response, forbidden, alias.name);

  const path = route.basePath + target.path;
  new Exchange(context, request, response, route, head, (path === '' ? '/' : path) + route.query.apply(target.query)).start();
}

function refuse(context: ProxyContext, response: ServerResponse, failure: Failure, alias?: string): void {
  context.metrics.refused(failure, alias);
  context.failures.write(failure, alias, response.req.headers);
  if (failure.code === 'draining' || failure.code === 'malformed_request') response.shouldKeepAlive = false;
  answerProblem(response, failure, alias);
}

function checkCapacity({ draining, live }: ProxyContext): Failure | undefined {
  if (draining) return { code: 'draining', detail: 'The sidecar finishes what is in flight and takes no more.', retryAfterSeconds: 1 };
  if (live.size < maxInFlight) return undefined;
  return { code: 'overloaded', detail: `${maxInFlight} requests are in flight.`, retryAfterSeconds: 1 };
}

/** Node takes the chunks off and leaves what is under them as it is: passed on as a plain body, it would be another one (RFC 9112 section 6.1). */
function checkFraming({ unknownCoding }: RequestHead): Failure | undefined {
  if (!unknownCoding) return undefined;
  return { code: 'malformed_request', detail: 'Of the transfer codings only chunked is understood here.' };
}

const notOriginForm: Failure = {
  code: 'invalid_path',
  detail: 'The request target is not a path.',
  hint: 'Call http://127.0.0.1:14080/<alias>/<path>; the sidecar is not a forward proxy.',
};

function checkTarget(method: string | undefined, { path }: Target): Failure | undefined {
  // TRACE answers with the request's headers, the token among them (RFC 9110 section 9.3.8).
  if (method === 'TRACE') return { code: 'not_allowed', detail: 'TRACE would show the token to the caller.' };
  if (!hasDotSegment(path)) return undefined;
  return {
    code: 'invalid_path',
    detail: 'The path has a dot segment, or what a server may take for one.',
    hint: 'Send the path that is meant.',
  };
}

function unavailable(aliases: AliasTable, name: string, alias: Alias | undefined): Failure {
  if (alias?.state.kind === 'invalid') {
    return {
      code: 'credential_invalid',
      detail: alias.state.reason,
      hint: 'Mend the credential; it is picked up by itself.',
      retryAfterSeconds: 5,
    };
  }
  if (alias !== undefined) {
    const detail = `No credential has been delivered for the alias ${name}.`;
    const hint = 'Create the credential; if it is there, its status says what is missing. It is picked up by itself.';
    return { code: 'credential_pending', detail, hint, retryAfterSeconds: 5 };
  }
  const names = aliases.list().map((known) => known.name);
  const detail = names.length === 0 ? 'There are no aliases here.' : `The aliases here are: ${names.join(', ')}.`;
  return { code: 'unknown_alias', detail, hint: 'The first segment of the path names the alias.' };
}

/** Java's HTTP client offers HTTP/2 with its first request; that offer can be passed over, any other protocol cannot. */
function checkUpgrade({ upgrade }: RequestHead): Failure | undefined {
  if (upgrade === undefined || upgrade.split(',').every((protocol) => protocol.trim().toLowerCase() === 'h2c')) return undefined;
  return { code: 'upgrade_refused', detail: 'The proxy speaks HTTP/1.1 and changes to no other protocol.' };
}

function checkAllowed(route: Route, method: string, { path }: Target, { disguise }: RequestHead): Failure | undefined {
  if (route.allows === undefined) return undefined;
  if (disguise !== undefined) return { code: 'not_allowed', detail: `The header ${disguise} would change what upstream.allow permitted.` };
  if (route.allows(method, path)) return undefined;
  return {
    code: 'not_allowed',
    detail: `upstream.allow has no rule for ${method} on this path.`,
    hint: "Add a rule to the credential's upstream.allow.",
  };
}

function checkEnvelope({ soapHeader }: Route, request: IncomingMessage, head: RequestHead): Failure | undefined {
  return soapHeader === undefined ? undefined : checkSoapRequest(request, head);
}
