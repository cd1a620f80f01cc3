import type { Host } from "../host.ts";
import { realClientHost } from "./client-host.ts";
import type { RealClientHostOptions } from "./client-host.ts";
import { realDisk } from "./disk.ts";

export interface RealHostOptions extends RealClientHostOptions {
  /** The node's own directory; created when first written to. */
  readonly directory: string;
}

/** The real outside. */
export function realHost(options: RealHostOptions): Host {
  return { ...realClientHost(options), disk: realDisk(options.directory) };
}
