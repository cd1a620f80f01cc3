import type { ClientHost } from "../host.ts";
import type { Logger } from "../logger.ts";
import { realClock } from "./clock.ts";
import { realPublish } from "./diagnostics.ts";
import { jsonLogger } from "./logger.ts";
import { realNetwork } from "./network.ts";
import { realProber } from "./prober.ts";
import { realRandom } from "./random.ts";
import { realResolver } from "./resolver.ts";

export interface RealClientHostOptions {
  /** Default: JSON lines on standard error, warnings and above. */
  readonly logger?: Logger;
}

/** The real outside, without a disk. Loads no native code. */
export function realClientHost(options: RealClientHostOptions = {}): ClientHost {
  return {
    clock: realClock(),
    random: realRandom(),
    network: realNetwork(),
    resolver: realResolver(),
    prober: realProber(),
    logger: options.logger ?? jsonLogger(),
    publish: realPublish,
    probe: () => {},
  };
}
