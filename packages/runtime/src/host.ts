import type { Clock } from "./clock.ts";
import type { Publish } from "./diagnostics.ts";
import type { Disk } from "./disk.ts";
import type { Logger } from "./logger.ts";
import type { Network } from "./network.ts";
import type { Prober } from "./prober.ts";
import type { Random } from "./random.ts";
import type { Resolver } from "./resolver.ts";

/** What a client stands on: everything but a disk. */
export interface ClientHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly resolver: Resolver;
  readonly prober: Prober;
  readonly logger: Logger;
  /** Tells this process what happens, for diagnosis. Default: nobody. */
  readonly publish?: Publish;
  /** Marks a rare branch by name. Counted in simulation, nothing otherwise. */
  readonly probe: (name: string) => void;
}

/** What a node stands on. Nothing else may touch the outside. */
export interface Host extends ClientHost {
  readonly disk: Disk;
}
