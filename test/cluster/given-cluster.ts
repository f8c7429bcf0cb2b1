import type { Cluster, CommandOptions, Launch } from './cluster.ts';
import { runCommand } from './run-command.ts';

/** The cluster that KUBECONFIG names, through the kubectl and helm on the PATH. It is left running. */
export function useGivenCluster(environment: NodeJS.ProcessEnv & { readonly KUBECONFIG: string }): Cluster {
  const launch = (program: string, ...args: readonly string[]): Launch => ({ command: [program, ...args], env: environment });
  const run = (program: string) => (args: readonly string[], options?: CommandOptions) => runCommand(launch(program, ...args), options);
  const stop = () => Promise.resolve();
  return {
    kubeconfig: environment.KUBECONFIG,
    kubectl: run('kubectl'),
    helm: run('helm'),
    async loadImage(archive) {
      const { TOKENWARD_LOAD_IMAGE: command = '' } = environment;
      if (command === '') {
        throw new Error(
          `how this cluster gets the images of ${archive} is for you to say: TOKENWARD_LOAD_IMAGE="minikube image load", for one`,
        );
      }
      await runCommand(launch('sh', '-c', `${command} "$1"`, 'sh', archive));
    },
    inside: ([program = '', ...args]) => launch(program, ...args),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
