import { readFile, stat } from 'node:fs/promises';
import { hostOf, isAllowedHost } from '../../crds/render/allowed-hosts.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Gathered } from './token-material.ts';

/** What the pod's author grants: the token in `file` may be sent to `hosts`, names or `*.name`, and to nobody else. */
export interface ProjectedTokenGrant {
  readonly file: string;
  readonly hosts: readonly string[];
}

/** Many times more than any service account token has. */
const largestBytes = 64 * 1024;

/** Reads the token afresh for one token request: it is replaced long before it expires. */
export async function readProjectedToken(
  grant: ProjectedTokenGrant | undefined,
  tokenEndpoint: SidecarConfig['tokenEndpoint'],
): Promise<Gathered<Sensitive>> {
  if (grant === undefined) {
    return refused(
      'The credential wants the projected service account token, and this sidecar has none.',
      'Set the annotations tokenward.dev/assertion-audience and tokenward.dev/assertion-hosts of the pod, or the options --assertion-file and' +
        ' --assertion-host of tokenward run.',
    );
  }
  const stranger = recipients(tokenEndpoint).find((host) => !isAllowedHost(host, grant.hosts));
  if (stranger !== undefined) {
    return refused(
      `The projected service account token may not be sent to ${stranger}.`,
      `If it may, name that host in the annotation tokenward.dev/assertion-hosts of the pod, or by --assertion-host of tokenward run.`,
    );
  }
  const text = await readText(grant.file);
  if (text.ok && isToken(text.text)) return { ok: true, value: new Sensitive(text.text) };
  return refused(
    `The projected service account token cannot be read: ${text.ok ? 'what the file holds is no token' : text.why}.`,
    'Check the annotation tokenward.dev/assertion-audience of the pod, which has it mounted, or the option --assertion-file of tokenward run.',
  );
}

/** All who could come to see it. A proxy could answer in the endpoint's place, with a certificate of an authority that the credential names. */
function recipients({ url, tls, proxy }: SidecarConfig['tokenEndpoint']): string[] {
  return [
    hostOf(url),
    ...(tls.serverName === undefined ? [] : [tls.serverName.toLowerCase()]),
    ...(proxy === undefined ? [] : [hostOf(proxy.url)]),
  ];
}

type Text = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

async function readText(file: string): Promise<Text> {
  try {
    const found = await stat(file);
    // Reading a pipe might never end.
    if (!found.isFile()) return { ok: false, why: 'it is no regular file' };
    if (found.size > largestBytes) return { ok: false, why: 'the file is larger than 64 KiB' };
    const text = (await readFile(file, 'utf8')).trim();
    return text === '' ? { ok: false, why: 'the file is empty' } : { ok: true, text };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { ok: false, why: code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code ?? 'unknown'})` };
  }
}

/** RFC 7515 section 7.1: three parts in base64url. Whatever else lies in the file must not leave. */
const isToken = (text: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);

const refused = (detail: string, hint: string): Gathered<Sensitive> => ({
  ok: false,
  failure: { code: 'token_not_requested', detail, hint },
});
