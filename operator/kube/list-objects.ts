import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { ApiObject } from './api-object.ts';

/** Bounds what is in memory at once as text: labelled Secrets are small, but may be large. */
const pageSize = 250;
const timeoutMs = 60_000;

interface List {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly ApiObject[];
}

export interface ListRequest {
  readonly api: Pick<ApiClient, 'request'>;
  readonly path: string;
  readonly labelSelector?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Reads all objects at one resource version, which it answers; the newest there is, for a resource version is not asked for. Page by page; when
 * the pages' version expires midway (410), everything anew and at once. `add` is given each object, `restart` means to forget those.
 */
export async function listObjects(
  { api, path, labelSelector, signal }: ListRequest,
  { restart, add }: { restart: () => void; add: (object: ApiObject) => void },
): Promise<string> {
  let limit: number | undefined = pageSize;
  let continuation: string | undefined;
  restart();
  for (;;) {
    let list: List;
    try {
      const query = { labelSelector, limit, continue: continuation };
      list = await api.request<List>({ method: 'GET', path, query, timeoutMs, signal });
    } catch (error) {
      if (continuation === undefined || !(error instanceof ApiError) || error.status !== 410) throw error;
      restart();
      limit = undefined;
      continuation = undefined;
      continue;
    }
    for (const object of list.items ?? []) add(object);
    continuation = list.metadata?.continue;
    if (continuation === undefined || continuation === '') return list.metadata?.resourceVersion ?? '';
  }
}
