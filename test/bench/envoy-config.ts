import { join } from 'node:path';
import type { Launch } from './contestant.ts';

/** Beside the bootstrap. */
export const secretFile = 'secret.json';

const secret = { name: 'client', generic_secret: { secret: { inline_string: 'bench-secret' } } };

/** The file's content: a discovery response, as Envoy wants it. */
export const envoySecret = JSON.stringify({
  resources: [{ '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret', ...secret }],
});

/**
 * Envoy's bootstrap: `/bench` to the API's base path, the token from credential_injector, and nothing that only costs. Clusters, their DNS
 * and TLS and the secret in a file are as Envoy's documentation shows them for credential_injector; bodies stream through it by default.
 */
export function envoyConfig({ port, api, identity, authority, folder, secretApart }: Launch): string {
  const source = { resource_api_version: 'V3', path_config_source: { path: join(folder, secretFile) } };
  const clientSecret = { name: secret.name, ...(secretApart && { sds_config: source }) };
  return JSON.stringify({
    node: { id: 'bench', cluster: 'bench' },
    static_resources: {
      listeners: [
        {
          name: 'proxy',
          address: address('127.0.0.1', port),
          filter_chains: [
            {
              filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connectionManager(identity, clientSecret) }],
            },
          ],
        },
      ],
      clusters: [cluster('api', new URL(api), authority), cluster('identity', new URL(identity), authority)],
      secrets: secretApart ? [] : [secret],
    },
  });
}

const extension = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;

function connectionManager(identity: string, clientSecret: object) {
  const route = { match: { prefix: '/bench/' }, route: { cluster: 'api', prefix_rewrite: '/base/', timeout: '60s' } };
  return {
    '@type': extension('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'bench',
    generate_request_id: false,
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
    http_filters: [
      {
        name: 'envoy.filters.http.credential_injector',
        typed_config: {
          '@type': extension('filters.http.credential_injector.v3.CredentialInjector'),
          overwrite: true,
          credential: {
            name: 'envoy.http.injected_credentials.oauth2',
            typed_config: {
              '@type': extension('http.injected_credentials.oauth2.v3.OAuth2'),
              token_endpoint: { cluster: 'identity', uri: `${identity}/token`, timeout: '5s' },
              client_credentials: { client_id: 'bench', client_secret: clientSecret },
            },
          },
        },
      },
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': extension('filters.http.router.v3.Router'), suppress_envoy_headers: true },
      },
    ],
  };
}

function cluster(name: string, { protocol, hostname, port }: URL, authority: string) {
  const endpoint = { endpoint: { address: address(hostname, Number(port)) } };
  return {
    name,
    type: 'LOGICAL_DNS',
    dns_lookup_family: 'V4_ONLY',
    connect_timeout: '5s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
    ...(protocol === 'https:' && { transport_socket: verifiedTls(hostname, authority) }),
  };
}

function verifiedTls(hostname: string, authority: string) {
  const validation = {
    trusted_ca: { filename: authority },
    match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: hostname } }],
  };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': extension('transport_sockets.tls.v3.UpstreamTlsContext'),
      sni: hostname,
      // The version that the others agree on with the API.
      common_tls_context: { tls_params: { tls_maximum_protocol_version: 'TLSv1_3' }, validation_context: validation },
    },
  };
}

function address(host: string, port: number) {
  return { socket_address: { address: host, port_value: port } };
}
