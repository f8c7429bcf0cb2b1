import type { Addresses } from './contestant.ts';

/** Envoy's bootstrap: `/bench` to the API's base path, the token from credential_injector, nothing that only costs. */
export function envoyConfig(port: number, { api, identity }: Addresses): string {
  return JSON.stringify({
    static_resources: {
      listeners: [
        {
          name: 'proxy',
          address: address(`127.0.0.1:${port}`),
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connectionManager(identity) }] },
          ],
        },
      ],
      clusters: [cluster('api', api), cluster('identity', identity)],
      secrets: [{ name: 'client', generic_secret: { secret: { inline_string: 'bench-secret' } } }],
    },
  });
}

const extension = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;

function connectionManager(identity: string) {
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
              token_endpoint: { cluster: 'identity', uri: `http://${identity}/token`, timeout: '5s' },
              client_credentials: { client_id: 'bench', client_secret: { name: 'client' } },
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

function cluster(name: string, hostAndPort: string) {
  const endpoint = { endpoint: { address: address(hostAndPort) } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}

function address(hostAndPort: string) {
  const [host, port] = hostAndPort.split(':');
  return { socket_address: { address: host, port_value: Number(port) } };
}
