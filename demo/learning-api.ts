import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { startResourceServer, type Claims, type ResourceServer, type VerifyToken } from '../test/support/resource-server.ts';

const studentsPath = '/learning/odatav4/searchStudent/v1/Students';
export const soapPath = '/learning/soap/catalogue';
export const soapAction = '"urn:learning:catalogue:GetItem"';

/**
 * Learning's API in small: OData (`GET …/Students?$top=…`), and a SOAP endpoint that insists on its SOAPAction and answers
 * with the very envelope it got, so that a reader sees that the body came through untouched.
 */
export function startLearningApi(options: { readonly port?: number; readonly verifyToken: VerifyToken }): Promise<ResourceServer> {
  return startResourceServer({
    ...options,
    respond(request, response, claims) {
      const url = new URL(request.url ?? '/', 'http://learning.invalid');
      if (request.method === 'GET' && url.pathname === studentsPath) return answerStudents(url, response, claims);
      if (request.method === 'POST' && url.pathname === soapPath) return answerSoap(request, response);
      request.resume();
      response.writeHead(404, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ error: `there is no ${request.method} ${url.pathname} here` }));
    },
  });
}

function answerStudents(url: URL, response: ServerResponse, claims: Claims): void {
  const top = Math.min(Number(url.searchParams.get('$top') ?? 1), 100);
  const students = Array.from({ length: top }, (_, index) => ({ studentID: `s${index + 1}`, company: claims.clientId }));
  response.writeHead(200, { 'Content-Type': 'application/json;odata.metadata=minimal', 'OData-Version': '4.0' });
  response.end(JSON.stringify({ '@odata.context': '$metadata#Students', value: students }));
}

async function answerSoap(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const envelope = await buffer(request);
  if (request.headers['soapaction'] !== soapAction) {
    response.writeHead(500, { 'Content-Type': 'text/xml; charset=utf-8' });
    response.end(soapFault(`SOAPAction must be ${soapAction}`));
    return;
  }
  response.writeHead(200, { 'Content-Type': request.headers['content-type'] ?? 'text/xml' });
  response.end(envelope);
}

/** SOAP 1.1 section 4.4. */
function soapFault(reason: string): string {
  return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>${reason.replaceAll('"', '&quot;')}</faultstring></s:Fault></s:Body></s:Envelope>`;
}
