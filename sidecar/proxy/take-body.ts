import type { IncomingMessage } from 'node:http';
import type { ByteBudget } from './byte-budget.ts';
import type { CallerBody } from './caller-body.ts';
import { hasNoEnvelope } from './check-soap-request.ts';
import { RequestBody } from './request-body.ts';
import type { Route } from './route.ts';
import type { RequestHead } from './scan-head.ts';
import { SoapBody } from './soap-body.ts';

/** The body of a request as its route wants it. `onProgress` is called whenever the caller has sent something. */
export function takeBody(
  request: IncomingMessage,
  head: RequestHead,
  { soapHeader }: Route,
  budget: ByteBudget,
  onProgress: () => void,
): CallerBody {
  if (soapHeader === undefined || hasNoEnvelope(request, head)) return new RequestBody(request, head, onProgress);
  return new SoapBody(request, soapHeader, budget, onProgress);
}
