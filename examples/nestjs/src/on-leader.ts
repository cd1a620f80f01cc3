import { type CoordNode, type Leadership, type Session, start, type StartOptions } from "@flotilla/coord";
import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  SetMetadata,
} from "@nestjs/common";
import type { OnApplicationBootstrap } from "@nestjs/common";
import { DiscoveryModule, DiscoveryService, MetadataScanner, Reflector } from "@nestjs/core";
import { onLeader } from "../../support/on-leader.mjs";

/** The member that this app is, to be injected. */
const FLOTILLA: unique symbol = Symbol("flotilla");

/** What a method with `OnLeader` is called with, each time that this process leads. */
export type LeaderJob = (leadership: Leadership, session: Session) => Promise<void>;

const jobName = "flotilla:job";

/** Runs a method in one of all processes. */
export const OnLeader = (name: string): MethodDecorator => SetMetadata(jobName, name);

@Injectable()
class LeaderJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  // Nest sets these before anything is called.
  @Inject(FLOTILLA) readonly node!: CoordNode;
  @Inject(DiscoveryService) readonly discovery!: DiscoveryService;
  @Inject(MetadataScanner) readonly scanner!: MetadataScanner;
  @Inject(Reflector) readonly reflector!: Reflector;
  readonly #stop = new AbortController();
  readonly #jobs: Promise<void>[] = [];

  onApplicationBootstrap(): void {
    for (const { instance } of this.discovery.getProviders()) {
      const provider: Partial<Record<string, LeaderJob>> | null = instance;
      if (typeof provider !== "object" || provider === null) continue;
      const prototype: object = Object.getPrototypeOf(provider);
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const job = provider[method];
        const name = job === undefined ? undefined : this.reflector.get<string | undefined>(jobName, job);
        if (job === undefined || name === undefined) continue;
        this.#jobs.push(onLeader(this.node, name, job.bind(provider), this.#stop.signal));
      }
    }
  }

  /** Whoever is next leads at once. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#jobs);
    await this.node.close();
  }
}

/** Makes the app a member of the cluster. */
export class FlotillaModule {
  static forRoot(options: StartOptions): DynamicModule {
    const node = { provide: FLOTILLA, useFactory: () => start(options) };
    return {
      module: FlotillaModule,
      imports: [DiscoveryModule],
      providers: [node, LeaderJobs],
      exports: [FLOTILLA],
    };
  }
}
