import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { nodeStatus } from "@flotilla/coord/client";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { keyedRandom } from "@flotilla/runtime/sim";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { MemberPlace } from "../processes/cluster.ts";
import { Cluster } from "../processes/cluster.ts";
import { damageOne } from "../processes/file-damage.ts";
import { TemporaryFolder } from "../processes/temporary-folder.ts";
import type { Broken } from "../verdict/judge.ts";
import type { DiskReport } from "./disk-report.ts";
import { diskReport } from "./disk-report.ts";
import type { DiskRunOptions } from "./register-load.ts";
import { outcomeOf, RegisterLoad } from "./register-load.ts";

const memberFlags = ["--election-timeout", "600ms", "--snapshot-entries", "100"];
const livesBefore = 3;
const mostWrites = 150;
const exitOfRefusal = 74;
const askMs = 2_000;

/** What a member with a damaged file came to. `noticed`: it said so and did not serve. */
type Outcome = "serves" | "noticed" | "noticed-while-serving" | "crashed";

/**
 * Damages one file of a lone member that is down, starts it, and asks it for everything, again and again on copies of
 * the same data. It must refuse to serve, or have all that was ever acknowledged.
 */
export async function runBitRot(options: DiskRunOptions): Promise<DiskReport> {
  await using folder = await TemporaryFolder.create("bit-rot-run");
  await using cluster = await Cluster.create("bit-rot-run", { nodes: 1, arguments: memberFlags });
  const [place] = cluster.places;
  if (place === undefined) throw new RangeError("no member");
  const random = keyedRandom(options.seed, "bit-rot");
  const load = new RegisterLoad(options, cluster);
  await writeLives(cluster, load, random);
  const whole = join(folder.path, "whole");
  await cp(place.dataDir, whole, { recursive: true });
  const outcomes: Record<string, number> = {};
  const violations: Broken[] = [];
  for (let k = 0; k < options.times; k += 1) {
    await rm(place.dataDir, { recursive: true });
    await cp(whole, place.dataDir, { recursive: true });
    const damage = await damageOne(place.dataDir, random);
    const outcome = await serveDamaged(cluster, place, load);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (outcome === "crashed")
      violations.push({ invariant: "FailStop", message: `${damage}: ${cluster.member(place.id).log}` });
    await cluster.killAll();
  }
  return diskReport(options, load.history, { faults: { "bit-rot": options.times }, outcomes, violations });
}

/** Some lives of the member with writes in each, so that its data has tables, a log and snapshots. */
async function writeLives(cluster: Cluster, load: RegisterLoad, random: KeyedRandom): Promise<void> {
  for (let life = 0; life < livesBefore; life += 1) {
    cluster.start();
    if (life === 0) await load.prepare();
    load.start();
    const standstill = await load.progress(1 + random.below(mostWrites));
    if (standstill !== null) throw new Error(standstill);
    await load.stop();
    await cluster.killAll();
  }
}

async function serveDamaged(cluster: Cluster, place: MemberPlace, load: RegisterLoad): Promise<Outcome> {
  cluster.start();
  const outcome = await outcomeOf(cluster, "a damaged member serves or says no", () =>
    firstWord(cluster, place),
  );
  if (outcome !== "serves") return outcome;
  try {
    const unread = await load.readAll();
    if (unread.length === 0) return "serves";
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
  }
  return refusal(cluster, place) === "noticed" ? "noticed-while-serving" : "crashed";
}

async function firstWord(cluster: Cluster, place: MemberPlace): Promise<Outcome | undefined> {
  const refused = refusal(cluster, place);
  if (refused !== undefined) return refused;
  const ask = { endpoints: [place.address], connectTimeoutMs: askMs, logger: silentLogger };
  const status = await nodeStatus(ask).catch(() => null);
  return status?.role === "leader" ? "serves" : undefined;
}

/** How it says that it does not serve, or ended otherwise. */
function refusal(cluster: Cluster, { id }: MemberPlace): "noticed" | "crashed" | undefined {
  const member = cluster.member(id);
  const said = member.log.slice(member.log.lastIndexOf("[ended:"));
  if (said.includes(", damaged: ")) return "noticed";
  if (member.isRunning) return undefined;
  return member.exits.at(-1)?.code === exitOfRefusal ? "noticed" : "crashed";
}
