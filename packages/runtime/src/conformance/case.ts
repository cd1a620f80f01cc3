/** One promise of a port, as a check that can run against any implementation. */
export interface ConformanceCase<Subject> {
  readonly name: string;
  /** Rejects when the promise is broken. The subject is fresh and without faults. */
  run(subject: Subject): Promise<void>;
}

/** How a check lets time pass, be it real or virtual. */
export interface World {
  /** Settles as `promise` does, and lets time pass until then. */
  until<T>(promise: Promise<T>): Promise<T>;
  /** Lets what is already under way arrive: a few turns of the event loop, or the virtual queue until it is empty. */
  settle(): Promise<void>;
}
