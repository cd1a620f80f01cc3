import type { NodeStatus } from "@flotilla/coord/client";
import { nodeStatus } from "@flotilla/coord/client";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { Command } from "commander";
import type { ClientFlags, ClientSettings } from "../cli/client.ts";
import { addClientOptions, loadClientSettings } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";

const memberTimeoutMs = 2_000;

/** One member as seen by this command. */
interface MemberView {
  readonly id: string;
  readonly address: string;
  /** Null when it did not answer. */
  readonly status: NodeStatus | null;
}

/** `flotilla status`. Also tells what it can without a quorum. */
export function statusCommand(context: Context): Command {
  return addClientOptions(new Command("status").description("show the members and what they know")).action(
    async (flags: ClientFlags) => {
      const settings = await loadClientSettings(flags, context.env);
      const at = await statusOf(settings, context.stop);
      const members = await Promise.all(at.members.map((member) => ask(member, at, settings, context.stop)));
      tell(context, at, members, flags.json ?? false);
    },
  );
}

function statusOf(settings: ClientSettings, signal: AbortSignal): Promise<NodeStatus> {
  return nodeStatus({ ...settings, connectTimeoutMs: settings.timeoutMs, logger: silentLogger, signal });
}

async function ask(
  { id, address }: { readonly id: string; readonly address: string },
  at: NodeStatus,
  settings: ClientSettings,
  signal: AbortSignal,
): Promise<MemberView> {
  if (id === at.id) return { id, address, status: at };
  try {
    const timeoutMs = Math.min(settings.timeoutMs, memberTimeoutMs);
    const status = await statusOf({ ...settings, endpoints: [address], timeoutMs }, signal);
    return { id, address, status: status.id === id ? status : null };
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return { id, address, status: null };
  }
}

function tell({ out }: Context, at: NodeStatus, members: readonly MemberView[], json: boolean): void {
  const statuses = members.flatMap(({ status }) => (status === null ? [] : [status]));
  const commit = Math.max(0, ...statuses.map((status) => status.commit));
  if (json) {
    out.json({
      cluster: at.cluster,
      historyId: at.historyId,
      leader: at.leader,
      term: at.term,
      commit,
      members,
    });
    return;
  }
  const leader = at.leader === null ? "no leader" : `leader ${at.leader}`;
  out.line(
    `cluster ${at.cluster}: ${leader}, term ${at.term}, revision ${at.revision}, ${at.nodes} nodes, ${at.sessions} sessions`,
  );
  out.line(
    `${statuses.length} of ${members.length} members answer; ${quorumText(members.length, statuses.length)}`,
  );
  out.line("");
  out.table(
    ["ID", "ADDRESS", "ROLE", "TERM", "APPLIED", "LAG"],
    members.map((member) => row(member, commit)),
  );
}

function row({ id, address, status }: MemberView, commit: number): string[] {
  if (status === null) return [id, address, "no answer", "-", "-", "-"];
  const { role, term, applied } = status;
  return [id, address, role, String(term), String(applied), String(Math.max(0, commit - applied))];
}

function quorumText(members: number, up: number): string {
  const spare = up - (Math.floor(members / 2) + 1);
  return spare < 0 ? "too few for a quorum" : `it can lose ${spare} more`;
}
