import { expect, test } from 'vitest';
import { ConnectionError } from '../../operator/kube/api-error.ts';
import { tellReadError } from './cluster-reader.ts';

test.each([
  ['ECONNREFUSED', 'connect ECONNREFUSED 192.0.2.1:6443', 'the API server cannot be reached: connect ECONNREFUSED 192.0.2.1:6443'],
  ['CERT_HAS_EXPIRED', 'certificate has expired', 'the API server cannot be reached: certificate has expired (CERT_HAS_EXPIRED)'],
  ['timeout', 'No answer to GET /api within 30 s', 'No answer to GET /api within 30 s'],
  ['no_credentials', 'They cannot be read', 'They cannot be read: kubectl get pods shows what the login plugin has to say'],
])('a connection that fails with %s is told', (code, message, told) => {
  expect(tellReadError(new ConnectionError(code, message))).toBe(told);
});
