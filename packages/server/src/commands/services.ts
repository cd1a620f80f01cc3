import type { Coord, Instance, InstanceState } from "@flotilla/coord/client";
import { Command } from "commander";
import { forEachOf, recipesBelow } from "../cli/children.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withCoord } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { notFound } from "../cli/values.ts";

const states: readonly InstanceState[] = ["passing", "warning", "critical", "draining", "maintenance"];

interface ServiceReport {
  readonly name: string;
  /** Sorted by id. */
  readonly instances: readonly Instance[];
}

/** `flotilla services`: who offers what, where and how well. */
export function servicesCommand(context: Context): Command {
  const command = new Command("services")
    .description("show the services; with a name, the instances of that one")
    .argument("[name]");
  return addClientOptions(command).action(async (name: string | undefined, flags: ClientFlags) => {
    const services = await withCoord(context, flags, (coord) => reportsOf(coord, name));
    if (flags.json) context.out.json({ services });
    else if (name === undefined) context.out.table(["SERVICE", "INSTANCES", "STATES"], services.map(rowOf));
    else context.out.table(["INSTANCE", "ADDRESS", "STATE", "ZONE", "TAGS"], services.flatMap(linesOf));
  });
}

async function reportsOf(coord: Coord, wanted: string | undefined): Promise<readonly ServiceReport[]> {
  const names = await recipesBelow(coord.session, "/registry");
  if (wanted !== undefined && !names.includes(wanted)) throw notFound(`/registry/${wanted}`);
  return forEachOf(wanted === undefined ? names : [wanted], async (name) => ({
    name,
    instances: await coord.registry.find(name, { states }),
  }));
}

function rowOf({ name, instances }: ServiceReport): readonly string[] {
  const counts = states.flatMap((state) => {
    const count = instances.filter((instance) => instance.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return [name, String(instances.length), counts.length === 0 ? "-" : counts.join(", ")];
}

function linesOf({ instances }: ServiceReport): readonly (readonly string[])[] {
  return instances.map(({ id, address, port, state, zone, tags }) => [
    id,
    port === null ? address : `${address}:${port}`,
    state,
    zone ?? "-",
    tags.length === 0 ? "-" : tags.join(","),
  ]);
}
