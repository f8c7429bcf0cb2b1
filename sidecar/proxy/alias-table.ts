import { splitRevision } from '../../crds/render/revision.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import { ReadyState } from './ready-state.ts';
import type { Route } from './route.ts';

export type AliasState =
  | ReadyState
  /** Injected, but there is no credential yet. */
  | { readonly kind: 'pending' }
  /** There is one, and it was never valid. */
  | { readonly kind: 'invalid'; readonly reason: string };

export interface Alias {
  readonly name: string;
  readonly state: AliasState;
  /** Why the newest text is not in force; the state is then that of the last good one. */
  readonly broken?: string;
}

/** What a new set of texts did to one alias, for log and metric. */
export interface Reload {
  readonly alias: string;
  readonly outcome: 'applied' | 'removed' | 'broken';
  /** Why it is broken, or why the credential that it holds is not valid. */
  readonly reason?: string;
}

const pending: AliasState = { kind: 'pending' };

/** The aliases that this sidecar serves. One alias's change or mistake never touches another. */
export class AliasTable {
  readonly #expected: ReadonlySet<string>;
  readonly #createRoute: (alias: string, config: SidecarConfig) => Route;
  readonly #aliases = new Map<string, Alias>();
  readonly #texts = new Map<string, string>();

  /** `expected`: aliases that exist even before they have a credential. */
  constructor(expected: readonly string[], createRoute: (alias: string, config: SidecarConfig) => Route) {
    this.#expected = new Set(expected);
    this.#createRoute = createRoute;
    for (const name of expected) this.#aliases.set(name, { name, state: pending });
  }

  get(name: string): Alias | undefined {
    return this.#aliases.get(name);
  }

  list(): Alias[] {
    return [...this.#aliases.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  apply(texts: ReadonlyMap<string, Sensitive>): Reload[] {
    const reloads: Reload[] = [];
    for (const name of this.#texts.keys()) if (!texts.has(name)) reloads.push(this.#remove(name));
    for (const [name, text] of texts) {
      const revealed = text.reveal();
      if (this.#texts.get(name) === revealed) continue;
      const before = this.#texts.get(name);
      this.#texts.set(name, revealed);
      reloads.push(this.#rename(name, before, text) ?? this.#change(name, text));
    }
    return reloads;
  }

  close(): void {
    for (const { state } of this.#aliases.values()) if (state.kind === 'ready') state.retire(true);
    this.#aliases.clear();
  }

  /** Where nothing but the revision differs, all goes on as it is: no connection and no token is given up for a name. */
  #rename(name: string, before: string | undefined, text: Sensitive): Reload | undefined {
    const alias = this.#aliases.get(name);
    if (before === undefined || alias?.state.kind !== 'ready' || alias.broken !== undefined) return undefined;
    const { rest, revision } = splitRevision(text);
    if (rest.reveal() !== splitRevision(new Sensitive(before)).rest.reveal()) return undefined;
    alias.state.revision = revision;
    return { alias: name, outcome: 'applied' };
  }

  #change(name: string, text: Sensitive): Reload {
    const before = this.#aliases.get(name);
    const state = this.#read(name, text);
    const isInUse = before?.state.kind === 'ready' && before.state.isInUse;
    // That a route can be made is known now; it stays only where it keeps what it has in common with the one that it replaces.
    if (state instanceof ReadyState && !isInUse) state.retire(true);
    if ('broken' in state && before?.state.kind === 'ready') {
      this.#aliases.set(name, { ...before, broken: state.broken });
    } else {
      this.#aliases.set(name, { name, state: 'broken' in state ? { kind: 'invalid', reason: state.broken } : state });
      if (before?.state.kind === 'ready') before.state.retire();
    }
    if ('broken' in state) return { alias: name, outcome: 'broken', reason: state.broken };
    return { alias: name, outcome: 'applied', ...(state.kind === 'invalid' && { reason: state.reason }) };
  }

  #read(name: string, text: Sensitive): AliasState | { readonly broken: string } {
    const parsed = parseSidecarConfig(text);
    if (!parsed.ok) return { broken: parsed.reason };
    if ('invalid' in parsed.config) return { kind: 'invalid', reason: parsed.config.invalid };
    try {
      const { config } = parsed;
      return new ReadyState(() => this.#createRoute(name, configIn(text)), this.#createRoute(name, config), config.revision);
    } catch (error) {
      // A certificate that is none, say. Its message may quote anything.
      const code = error instanceof Error && 'code' in error ? error.code : error instanceof Error ? error.name : 'unknown';
      return { broken: `The configuration cannot be used (${String(code)}); look at its URLs and certificates.` };
    }
  }

  #remove(name: string): Reload {
    const before = this.#aliases.get(name);
    this.#texts.delete(name);
    if (this.#expected.has(name)) this.#aliases.set(name, { name, state: pending });
    else this.#aliases.delete(name);
    if (before?.state.kind === 'ready') before.state.retire(true);
    return { alias: name, outcome: 'removed' };
  }
}

/** Of a text that has been found valid. */
function configIn(text: Sensitive): SidecarConfig {
  const parsed = parseSidecarConfig(text);
  if (!parsed.ok || 'invalid' in parsed.config) throw new TypeError('Not the text of a valid credential');
  return parsed.config;
}
