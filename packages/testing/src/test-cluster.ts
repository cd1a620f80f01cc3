import type { Logger } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import type { TestCluster, TestClusterOptions } from "./api.ts";
import { badArgument, requireNames } from "./bad-argument.ts";
import { Members } from "./members.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";

const mostNodes = 9;

/**
 * Starts a cluster on virtual time, in this process; resolves once it has a leader. Nothing of it touches the clock, the
 * network or the disk of the machine that the test runs on.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, and `ERR_FLOTILLA_BAD_CONFIG` for options of `member`
 */
export async function testCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  requireNames(options, "nodes", "seed", "member", "logger");
  const { nodes = 3, seed = 1, member = {}, logger } = options;
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > mostNodes)
    throw badArgument(`nodes: expected 1 to ${mostNodes}`);
  if (typeof seed !== "string" && !Number.isFinite(seed))
    throw badArgument("seed: expected a number or a text");
  const kernel = new Kernel({ seed });
  if (logger !== undefined) logTo(kernel, logger);
  const cluster = new SimulatedCluster(seed, new Members(kernel, nodes, member));
  await cluster.start();
  return cluster;
}

function logTo(kernel: Kernel, logger: Logger): void {
  kernel.onLog(({ node, level, message, fields }) => {
    const line = { machine: node, atMs: kernel.nowMs, ...fields };
    if (level === "error") logger.error(line, message);
    else if (level === "warn") logger.warn(line, message);
    else if (level === "info") logger.info(line, message);
    else logger.debug(line, message);
  });
}
