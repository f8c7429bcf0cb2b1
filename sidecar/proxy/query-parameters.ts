import type { SidecarConfig } from '../../crds/sidecar-config.ts';

/** `upstream.queryParameters`: they take the place of the caller's of the same name; the rest of the query stays as it came. */
export class QueryParameters {
  readonly #names: ReadonlySet<string>;
  readonly #encoded: string;

  constructor(parameters: SidecarConfig['upstream']['queryParameters']) {
    this.#names = new Set(parameters.map(({ name }) => name));
    this.#encoded = new URLSearchParams(parameters.map(({ name, value }) => [name, value.reveal()])).toString();
  }

  /** The query for the API with its question mark, or nothing. */
  apply(query: string | undefined): string {
    if (this.#encoded === '') return query === undefined ? '' : `?${query}`;
    if (query === undefined || query === '') return `?${this.#encoded}`;
    const kept = query.split('&').filter((pair) => !this.#names.has(decodeName(pair)));
    return `?${[...kept, this.#encoded].join('&')}`;
  }
}

function decodeName(pair: string): string {
  const [name = ''] = pair.split('=', 1);
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}
