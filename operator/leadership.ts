import type { CredentialController } from './credential/credential-controller.ts';

/** What only the leader does, from the moment it leads to the moment it does not: one controller for each of its terms, never two at once. */
export class Leadership {
  readonly #createController: () => CredentialController;
  #controller: CredentialController | undefined;
  /** Terms begin and end one after the other. */
  #settled: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(createController: () => CredentialController) {
    this.#createController = createController;
  }

  get controller(): CredentialController | undefined {
    return this.#controller;
  }

  change(leading: boolean): void {
    this.#settled = this.#settled.then(() => (leading && !this.#ended ? this.#begin() : this.#finish()));
  }

  /** Resolves when nothing is under way; no term begins any more. */
  async end(): Promise<void> {
    this.#ended = true;
    this.change(false);
    await this.#settled;
  }

  #begin(): void {
    if (this.#controller !== undefined) return;
    this.#controller = this.#createController();
    // It rejects only if it is stopped before its first look is complete.
    this.#controller.start().catch(() => {});
  }

  async #finish(): Promise<void> {
    const controller = this.#controller;
    await controller?.stop();
    this.#controller = undefined;
  }
}
