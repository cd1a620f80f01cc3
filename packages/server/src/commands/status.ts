import type { Admin, MemberInfo, NodeReport, NodeStatus } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import { adminOf } from "../cli/admin.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { printable } from "../cli/printable.ts";

const memberTimeout = "2s";

type Running = Extract<NodeReport, { type: "running" }>;
type Damaged = Extract<NodeReport, { type: "damaged" }>;

interface Damage {
  /** `elsewhere`: it belongs to another history, or is not who answers; `refused`: it does not talk to this command. */
  readonly state: "damaged" | "elsewhere" | "refused";
  readonly problem: string;
  readonly advice: string;
}

/** One member as seen by this command. */
interface MemberView {
  readonly id: string;
  readonly address: string;
  readonly role: MemberInfo["role"];
  /** Null when it did not answer, or has no data that can be trusted, or that of another history. */
  readonly status: NodeStatus | null;
  /** What is wrong with its data; null when nothing is known to be. */
  readonly damage: Damage | null;
}

/** `flotilla status`. Also tells what it can without a quorum. */
export function statusCommand(context: Context): Command {
  return addClientOptions(new Command("status").description("show the members and what they know")).action(
    async (flags: ClientFlags) => {
      const report = await (await adminOf(context, flags)).report();
      if (report.type === "damaged") {
        tellDamaged(context, report, flags.json ?? false);
        return;
      }
      const patient = await adminOf(context, { ...flags, timeout: memberTimeout });
      const { members } = report.membership;
      const views = await Promise.all(members.map((member) => ask(member, report, patient)));
      tell(context, report, views, flags.json ?? false);
    },
  );
}

async function ask(member: MemberInfo, at: Running, admin: Admin): Promise<MemberView> {
  const { id, address, role, incarnation } = member;
  const silent = { id, address, role, status: null, damage: null };
  if (id === at.id) return { ...silent, status: at.status };
  try {
    const report = await admin.report(address);
    if (report.id !== id) return { ...silent, damage: otherNode(report.id) };
    if (report.type === "damaged")
      return { ...silent, damage: { state: "damaged", problem: report.problem, advice: report.advice } };
    if (isOfOtherHistory(report, at)) return { ...silent, damage: otherHistory(report) };
    const isItself = incarnation === "" || report.incarnation === incarnation;
    return isItself ? { ...silent, status: report.status } : { ...silent, damage: otherData };
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return { ...silent, damage: refusals.has(error.code) ? refused(error) : null };
  }
}

/** What somebody says that is there. */
const refusals: ReadonlySet<FlotillaError["code"]> = new Set([
  "ERR_FLOTILLA_WRONG_CLUSTER",
  "ERR_FLOTILLA_WRONG_SECRET",
]);

function refused({ message }: FlotillaError): Damage {
  return {
    state: "refused",
    problem: `it runs, but does not talk to this command: ${message}`,
    advice: "All members and clients take the same secret and name of the cluster.",
  };
}

function otherNode(id: string): Damage {
  return {
    state: "elsewhere",
    problem: `node ${id} answers at its address`,
    advice: "Start it where the others look for it, or tell them of another address: flotilla members move.",
  };
}

const otherData: Damage = {
  state: "damaged",
  problem: "it does not have the data it was a member with",
  advice: "Stop it, then have it come back with new data: flotilla repair --rejoin.",
};

function isOfOtherHistory({ membership: { historyId } }: Running, at: Running): boolean {
  return historyId !== "" && at.membership.historyId !== "" && historyId !== at.membership.historyId;
}

/** Which of the two is the right one only people know. */
function otherHistory({ status, membership }: Running): Damage {
  const led = status.leader === null ? "in which nobody leads" : `which ${status.leader} leads`;
  return {
    state: "elsewhere",
    problem: `it belongs to another history of this cluster, ${membership.historyId}, ${led}`,
    advice:
      "One of the two is left from before a restore, a forced new cluster, or an emptied directory: keep the one that is to go on, and only in the other stop members and have them come back with new data: flotilla repair --rejoin.",
  };
}

function tellDamaged({ out }: Context, report: Damaged, json: boolean): void {
  if (json) out.json(report);
  else {
    out.line(printable(`${report.id} of cluster ${report.cluster} is damaged: ${report.problem}`));
    out.line(printable(report.advice));
  }
}

function tell(
  { out }: Context,
  { status: at }: Running,
  members: readonly MemberView[],
  json: boolean,
): void {
  const statuses = members.flatMap(({ status }) => (status === null ? [] : [status]));
  const commit = Math.max(0, ...statuses.map((status) => status.commit));
  if (json) {
    const { cluster, historyId, leader, term, featureLevel } = at;
    out.json({ cluster, historyId, leader, term, featureLevel, commit, members });
    return;
  }
  const leader = at.leader === null ? "no leader" : `leader ${at.leader}`;
  out.line(
    `cluster ${at.cluster}: ${leader}, term ${at.term}, revision ${at.revision}, ${at.nodes} nodes, ${at.sessions} sessions, feature level ${at.featureLevel}`,
  );
  if (members.length === 0) {
    out.line(`${at.id} belongs to no cluster yet: it waits to be added`);
    return;
  }
  out.line(`${statuses.length} of ${members.length} members answer; ${quorumText(members)}`);
  out.line("");
  out.table(
    ["ID", "ADDRESS", "ROLE", "TERM", "APPLIED", "LAG"],
    members.map((member) => row(member, commit)),
  );
  for (const { id, damage } of members) {
    if (damage === null) continue;
    out.line("");
    out.line(printable(`${id} is ${damage.state}: ${damage.problem}`));
    out.line(printable(damage.advice));
  }
}

function row({ id, address, role, status, damage }: MemberView, commit: number): string[] {
  if (status === null) return [id, address, damage?.state ?? "no answer", "-", "-", "-"];
  const { term, applied } = status;
  const shown = role === "voter" ? status.role : role;
  return [id, address, shown, String(term), String(applied), String(Math.max(0, commit - applied))];
}

function quorumText(members: readonly MemberView[]): string {
  const voters = members.filter(({ role }) => role === "voter" || role === "incoming");
  const up = voters.filter(({ status }) => status !== null).length;
  const spare = up - (Math.floor(voters.length / 2) + 1);
  return spare < 0 ? "too few for a quorum" : `it can lose ${spare} more`;
}
