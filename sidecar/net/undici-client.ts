/** The HTTP/1.1 client alone: the library as a whole brings fetch, web sockets and mocks, and 3 MB into every pod. */
export { default as buildConnector } from 'undici/lib/core/connect.js';
export { default as Request } from 'undici/lib/core/request.js';
export { default as symbols } from 'undici/lib/core/symbols.js';
export { default as Client } from 'undici/lib/dispatcher/client.js';
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
export { default as request } from 'undici/lib/api/api-request.js';
