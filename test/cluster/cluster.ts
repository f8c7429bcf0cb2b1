import type { Program } from './booted-shell.ts';

/** A Kubernetes for tests, and for trying out. */
export interface Cluster extends AsyncDisposable {
  /** A path; its API server can be reached from this process. */
  readonly kubeconfig: string;
  /** Resolves to what was printed, and rejects with the complaint. */
  kubectl(args: readonly string[], options?: CommandOptions): Promise<string>;
  helm(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Gives the nodes the images of an OCI archive. */
  loadImage(archive: string): Promise<void>;
  /** A command made one that has KUBECONFIG, kubectl and helm and, where it can, reaches the addresses of pods and Services. */
  inside(command: readonly string[]): Launch;
  /** Undefined where the control plane is not ours to break. */
  readonly controlPlane?: ControlPlane;
  stop(): Promise<void>;
}

export interface CommandOptions {
  /** For standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

export interface Launch {
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
}

/** Breaks the parts of a control plane and mends them. */
export interface ControlPlane {
  /** After KILL and TERM the program has ended when this resolves. */
  signal(program: Program, signal: 'KILL' | 'TERM' | 'STOP' | 'CONT'): Promise<void>;
  start(program: Program): Promise<void>;
}

export interface ClusterProvider {
  /** For people. */
  readonly description: string;
  start(): Promise<Cluster>;
}
