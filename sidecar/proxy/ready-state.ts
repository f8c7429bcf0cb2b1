import type { Route } from './route.ts';

/**
 * Of an alias whose credential is valid. What its calls need is made when the first of them comes, until then there is only the text: a
 * workload may be given a thousand aliases and call three.
 */
export class ReadyState {
  readonly kind = 'ready';
  /** Of the configuration; it may change alone. */
  revision: string | undefined;
  readonly #create: () => Route;
  #route: Route | undefined;

  /** `create` gives an equal route each time; `route` is the first of them. */
  constructor(create: () => Route, route: Route, revision: string | undefined) {
    this.#create = create;
    this.#route = route;
    this.revision = revision;
  }

  /** To call through, from now on. */
  get route(): Route {
    return (this.#route ??= this.#create());
  }

  get isInUse(): boolean {
    return this.#route !== undefined;
  }

  /** What can be seen of its route, without taking it into use. */
  show<Shown>(look: (route: Route) => Shown): Shown {
    const { isInUse, route } = this;
    const shown = look(route);
    if (!isInUse) this.retire(true);
    return shown;
  }

  /** `Route.retire`, if there is one. */
  retire(atOnce = false): void {
    this.#route?.retire(atOnce);
    this.#route = undefined;
  }
}
