import type { ApiClient } from './kube/api-client.ts';

type Api = Pick<ApiClient, 'request' | 'apply' | 'watch'>;

/** The lease may be another replica's by now. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
}

/**
 * The API server for what only the leader may do: reads as ever, and no write once the lease is overdue. A machine that was frozen reads what
 * has waited in its sockets before any of its timers tells it that its time was over, and would write what is long outdated.
 */
export function leadersApi(api: Api, isLeading: () => boolean): Api {
  const check = (): void => {
    if (!isLeading()) throw new NotLeadingError('this replica may not write: its lease is overdue');
  };
  return {
    watch: (request) => api.watch(request),
    request: async (request) => {
      if (request.method !== 'GET') check();
      return api.request(request);
    },
    apply: async (request) => {
      check();
      return api.apply(request);
    },
  };
}
