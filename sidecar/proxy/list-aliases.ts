import type { ServerResponse } from 'node:http';
import type { Failure } from '../failure.ts';
import type { Alias, AliasTable } from './alias-table.ts';
import type { Target } from './resolve-target.ts';

/** `GET /-/aliases`: what is served here and how it stands; no secrets, no tokens. */
export function listAliases(aliases: AliasTable, { path }: Target, response: ServerResponse, refuse: (failure: Failure) => void): void {
  if (path !== '/aliases') return refuse({ code: 'unknown_alias', detail: 'Of the paths below /-/ there is only /-/aliases.' });
  const body = JSON.stringify({ aliases: aliases.list().map(describeAlias) }, undefined, 2);
  response.writeHead(200, ['Content-Type', 'application/json', 'Content-Length', `${Buffer.byteLength(body)}`]);
  response.end(body);
}

function describeAlias({ name, state, broken }: Alias): object {
  if (state.kind !== 'ready') return { alias: name, state: state.kind, reason: state.kind === 'invalid' ? state.reason : undefined };
  return state.show(({ source, baseUrl }) => {
    const { status, expiresAtWallMs, failure, nextTryAtWallMs } = source.state;
    const token = { status, expiresAt: timestamp(expiresAtWallMs), failure, nextTryAt: timestamp(nextTryAtWallMs) };
    return { alias: name, state: state.kind, upstream: baseUrl.href, revision: state.revision, broken, token };
  });
}

function timestamp(wallMs: number | undefined): string | undefined {
  return wallMs === undefined ? undefined : new Date(wallMs).toISOString();
}
