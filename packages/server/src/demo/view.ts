import { styleText } from "node:util";
import { printable, tableText } from "../cli/output.ts";

/** A member's row in the view. */
export interface MemberRow {
  readonly id: string;
  readonly pid: number | null;
  readonly state: string;
  /** Of the voter in it; null for thin clients and what is down. */
  readonly voter: {
    readonly role: string;
    readonly term: number;
    readonly applied: number;
    readonly lag: number;
  } | null;
  readonly hostsVoter: boolean;
  /** What it does for the search: leads, works, nothing yet. */
  readonly job: string;
}

/** Everything the view shows. */
export interface ViewState {
  readonly elapsedMs: number;
  readonly documents: number;
  readonly members: readonly MemberRow[];
  readonly leader: { readonly id: string; readonly epoch: number; readonly forMs: number } | null;
  readonly workers: readonly string[];
  readonly answered: number;
  readonly wrong: number;
  readonly retried: number;
  readonly staleRefused: number;
  readonly writes: number;
  /** The fault that is being recovered from. */
  readonly busy: string | null;
  /** Formatted, oldest first. */
  readonly events: readonly string[];
}

const keys = "k kill -9 the leader   w kill -9 a worker   p pause the leader   r rolling restart   q quit";

/** The whole screen, never wider or higher than the terminal. */
export function render(state: ViewState, size: { readonly columns: number; readonly rows: number }): string {
  const top = [...head(state), "", ...memberLines(state.members), "", keys, ""];
  const room = Math.max(1, size.rows - top.length - 2);
  const lines = [...top, ...state.events.slice(-room)].slice(0, Math.max(1, size.rows - 1));
  return lines.map((line) => emphasize(cut(printable(line), size.columns))).join("\n");
}

function head(state: ViewState): string[] {
  const { leader, workers } = state;
  const leads =
    leader === null
      ? "nobody leads"
      : `${leader.id} leads with epoch ${leader.epoch} for ${seconds(leader.forMs)}`;
  const busy = state.busy === null ? "" : `   recovering from ${state.busy}`;
  return [
    `Flotilla: five processes search ${state.documents} documents   ${seconds(state.elapsedMs)}${busy}`,
    "",
    `leader   ${leads}`,
    `workers  ${workers.length === 0 ? "none" : workers.join(" ")}`,
    `queries  ${state.answered} answered   ${state.wrong} wrong   ${state.retried} retried   ${state.staleRefused} stale tasks refused`,
    `writes   ${state.writes} acknowledged`,
  ];
}

function memberLines(members: readonly MemberRow[]): string[] {
  const rows = members.map(({ id, pid, state, voter, hostsVoter, job }) => [
    id,
    pid === null ? "-" : String(pid),
    state,
    voter?.role ?? (hostsVoter ? "-" : "client"),
    voter === null ? "-" : String(voter.term),
    voter === null ? "-" : String(voter.applied),
    voter === null ? "-" : Number.isFinite(voter.lag) ? String(voter.lag) : "?",
    job,
  ]);
  return tableText(["MEMBER", "PID", "STATE", "ROLE", "TERM", "LOG", "LAG", "SEARCH"], rows).split("\n");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** Characters, not bytes; one is kept free so that no line wraps. */
function cut(line: string, columns: number): string {
  const room = Math.max(1, columns - 1);
  const characters = Array.from(line);
  return characters.length <= room ? line : `${characters.slice(0, room - 1).join("")}…`;
}

function emphasize(line: string): string {
  if (/^Flotilla/.test(line)) return styleText("bold", line);
  if (/\bNOT recovered|\bproblem\b/.test(line)) return styleText("red", line);
  if (/\brecovered from\b/.test(line)) return styleText("green", line);
  if (/\bkill -9 the (?:leader|worker) n|SIGSTOP/.test(line)) return styleText("yellow", line);
  return line;
}
