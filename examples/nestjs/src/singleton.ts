import { type CoordNode, type CronOptions, start, type StartOptions } from "@flotilla/coord";
import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  SetMetadata,
} from "@nestjs/common";
import type { OnApplicationBootstrap } from "@nestjs/common";
import { DiscoveryModule, DiscoveryService, MetadataScanner, Reflector } from "@nestjs/core";
import { type Job, onLeader, onTick } from "../../support/singleton.mjs";

/** The member that this app is, to be injected. */
const FLOTILLA: unique symbol = Symbol("flotilla");

/** Begins to call a method, until the signal fires. */
type Begin = (node: CoordNode, job: Job<unknown>, signal: AbortSignal) => Promise<void>;

const beginning = "flotilla:begin";
const singleton = (begin: Begin): MethodDecorator => SetMetadata(beginning, begin);

/** Calls a method with the leadership and its session, each time that this process leads. */
export const OnLeader = (name: string): MethodDecorator =>
  singleton((node, job, signal) => onLeader(node, name, job, signal));

/** Calls a method with the run and its session, at each tick in one of all processes. */
export const OnTick = (options: CronOptions & { readonly name: string }): MethodDecorator =>
  singleton((node, job, signal) => onTick(node, options, job, signal));

@Injectable()
class SingletonJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  // Nest sets these before anything is called.
  @Inject(FLOTILLA) readonly node!: CoordNode;
  @Inject(DiscoveryService) readonly discovery!: DiscoveryService;
  @Inject(MetadataScanner) readonly scanner!: MetadataScanner;
  @Inject(Reflector) readonly reflector!: Reflector;
  readonly #stop = new AbortController();
  readonly #jobs: Promise<void>[] = [];

  onApplicationBootstrap(): void {
    for (const { instance } of this.discovery.getProviders()) {
      const provider: Partial<Record<string, Job<unknown>>> | null = instance;
      if (typeof provider !== "object" || provider === null) continue;
      const prototype: object = Object.getPrototypeOf(provider);
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const job = provider[method];
        const begin = job === undefined ? undefined : this.reflector.get<Begin | undefined>(beginning, job);
        if (job === undefined || begin === undefined) continue;
        this.#jobs.push(begin(this.node, job.bind(provider), this.#stop.signal));
      }
    }
  }

  /** Whoever is next leads, and takes up the ticks, at once. */
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
      providers: [node, SingletonJobs],
      exports: [FLOTILLA],
    };
  }
}
