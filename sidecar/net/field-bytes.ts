/** What each byte may be part of in a header section (RFC 9110 sections 5.1 and 5.5). */

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** 1 for those of which names are made (`token`). */
export const tokenBytes: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(tokenCharacters.includes(String.fromCharCode(byte))),
);

/** 1 for those that a value may hold: visible ones, those beyond ASCII, space and tab. */
export const valueBytes: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte === 0x09 || (byte >= 0x20 && byte !== 0x7f)),
);
