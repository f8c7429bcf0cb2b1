import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installKeycloak } from '../support/keycloak/install-keycloak.ts';
import { Keycloak } from '../support/keycloak/keycloak.ts';
import { brokenSetups } from './broken-setups.ts';
import { galleryRealm, realms } from './gallery-realm.ts';
import { asDocumented, play } from './play.ts';

// The first run on a machine downloads and prepares it.
const home = await installKeycloak();
const setups = brokenSetups.flatMap((theme) => theme.setups).filter(({ needs }) => needs === 'Keycloak');

describe.skipIf(home === undefined)('the gallery of broken set-ups, at Keycloak', () => {
  let keycloak: Keycloak;

  beforeAll(async () => {
    keycloak = new Keycloak(home ?? '');
    await keycloak.listening();
    for (const realm of realms) await keycloak.administer('POST', '', galleryRealm(realm));
  }, 300_000);

  afterAll(() => keycloak?.[Symbol.asyncDispose]());

  it.each(setups)('$name: the doctor says who refuses and why, and what it proposes makes the call work', async (setup) => {
    expect(await play(setup, keycloak)).toEqual(asDocumented(setup));
  });
});
