import type { ApiAnswer } from './send-api-request.ts';

type Sign = (headers: ApiAnswer['headers'], text: string) => boolean;

const has =
  (name: string, value = /^/): Sign =>
  (headers) => {
    const found = headers[name];
    return found !== undefined && value.test(String(found));
  };

/** What stands before an API and answers in its place, and how that shows. */
const gateways: readonly (readonly [name: string, isIt: Sign])[] = [
  ["Cloud Foundry's router", has('x-cf-routererror')],
  [
    'the gateway Kong',
    (headers, text) => has('x-kong-response-latency')(headers, text) && headers['x-kong-upstream-latency'] === undefined,
  ],
  ['the gateway Apigee (SAP API Management)', (_headers, text) => /steps\.|oauth\.v2\.|policies\./.test(text)],
  ['the gateway Azure API Management', (_headers, text) => /subscription key/i.test(text)],
  ['the proxy Envoy', (_headers, text) => /^(?:Jwt |Audiences in Jwt|RBAC: access denied)/.test(text)],
  ['the web application firewall of Akamai', has('server', /^AkamaiGHost/i)],
  ['Cloudflare', has('cf-mitigated')],
];

/** Who has answered, if it is surely not the API itself. */
export function gatewayOf({ headers }: Pick<ApiAnswer, 'headers'>, text: string): string | undefined {
  return gateways.find(([, isIt]) => isIt(headers, text))?.[0];
}

/** What an answer says of the servers that it came through. */
export function serversOf({ headers }: Pick<ApiAnswer, 'headers'>): readonly (readonly [name: string, value: string])[] {
  return ['server', 'via', 'x-powered-by'].flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])] as const]));
}
