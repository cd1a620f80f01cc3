import type { Instance, InstanceState } from "@flotilla/coord/client";
import { Command } from "commander";
import type { Context } from "../cli/context.ts";
import { addListing, type Listing } from "../cli/listing.ts";

const states: readonly InstanceState[] = ["passing", "warning", "critical", "draining", "maintenance"];

interface ServiceReport {
  /** Sorted by id. */
  readonly instances: readonly Instance[];
}

const services: Listing<ServiceReport> = {
  plural: "services",
  folder: "/registry",
  read: async ({ registry }, name) => ({ instances: await registry.find(name, { states }) }),
  head: ["SERVICE", "INSTANCES", "STATES"],
  row: ({ name, instances }) => {
    const counts = states.flatMap((state) => {
      const count = instances.filter((instance) => instance.state === state).length;
      return count === 0 ? [] : [`${count} ${state}`];
    });
    return [name, String(instances.length), counts.length === 0 ? "-" : counts.join(", ")];
  },
  headOfOne: ["INSTANCE", "ADDRESS", "STATE", "ZONE", "TAGS"],
  rowsOfOne: ({ instances }) =>
    instances.map(({ id, address, port, state, zone, tags }) => [
      id,
      port === null ? address : `${address}:${port}`,
      state,
      zone ?? "-",
      tags.length === 0 ? "-" : tags.join(","),
    ]),
};

/** `flotilla services`: who offers what, where and how well. */
export function servicesCommand(context: Context): Command {
  const command = new Command("services").description(
    "show the services; with a name, the instances of that one",
  );
  return addListing(command, context, services);
}
