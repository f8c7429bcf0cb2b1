/** The demo's ports, all on 127.0.0.1: the manifests in examples/ name those of the servers, so they cannot be chosen freely. */
export const demoPorts = {
  proxy: 14080,
  admin: 14081,
  learningTokenServer: 14180,
  learningApi: 14181,
  iotTokenServer: 14182,
  iotApi: 14183,
} as const;
