import type { Failure } from '../failure.ts';
import type { RequestHead } from './scan-head.ts';

const loopbackHost = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Is it the workload that calls? The Host must be loopback, or a page could reach the proxy by a name of its own that
 * resolves to 127.0.0.1 (DNS rebinding); and a browser must not send a page's requests here, which it marks by
 * Sec-Fetch-Site and Origin.
 */
export function checkCaller({ host, origin, secFetchSite }: RequestHead): Failure | undefined {
  if (host === undefined || !loopbackHost.test(host)) {
    return refuse('The Host header is not a loopback address.', 'Call http://127.0.0.1 or http://localhost with the port of the proxy.');
  }
  if (secFetchSite !== undefined && secFetchSite !== 'same-origin' && secFetchSite !== 'none') {
    return refuse('The request comes from a page of another site.', 'Tokens are for the workload, not for pages in a browser.');
  }
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return refuse('The Origin header names another origin.', "Do not forward a browser's Origin header to the proxy.");
  }
  return undefined;
}

function refuse(detail: string, hint: string): Failure {
  return { code: 'forbidden_origin', detail, hint };
}
