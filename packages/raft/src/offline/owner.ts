import { FlotillaError } from "@flotilla/runtime";
import type { Disk, Host } from "@flotilla/runtime";
import type { NodeId } from "../core/types.ts";
import { HighWater } from "../storage/high-water.ts";
import { readMarker } from "../storage/identity.ts";
import { damaged } from "../storage/sealed.ts";

/** What work on the data of a stopped node stands on. */
export type OfflineHost = Pick<Host, "clock" | "disk" | "random" | "logger" | "probe">;

/** The data of a node that does not run. */
export interface OfflineOptions {
  readonly host: OfflineHost;
  /** Whose data it must be. Default: whoever the identity file names. */
  readonly id?: NodeId | undefined;
  readonly cluster?: string | undefined;
}

/** Whose data this is, by its identity file; null when there is none. @throws FlotillaError `ERR_FLOTILLA_DAMAGED` */
export async function ownerOf(disk: Disk): Promise<{ readonly id: NodeId; readonly cluster: string } | null> {
  const marker = await readMarker(disk.files);
  return marker === null ? null : { id: marker.id, cluster: marker.cluster };
}

/** The owner given or found. @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND`, `ERR_FLOTILLA_DAMAGED` */
export async function requireOwner({
  host,
  id,
  cluster,
}: OfflineOptions): Promise<{ readonly id: NodeId; readonly cluster: string }> {
  const owner = await ownerOf(host.disk);
  if (owner !== null) return { id: id ?? owner.id, cluster: cluster ?? owner.cluster };
  // A birth writes it after the identity file.
  if (await HighWater.isThere(host.disk.files)) throw damaged("the identity file is missing");
  throw noData();
}

/** There is nothing to work on. */
export function noData(options: { readonly cause?: unknown } = {}): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_NOT_FOUND", "there is no data of a node here", options);
}
