import { styleText } from "node:util";
import { tableText } from "../cli/output.ts";
import { printable } from "../cli/printable.ts";

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
  const columns = Math.max(1, size.columns - 1);
  const events = state.events.slice(-room).flatMap((event) => wrap(printable(event), columns));
  const lines = [...top.map((line) => emphasize(cut(line, columns))), ...events.slice(-room)];
  return lines.slice(0, Math.max(1, size.rows - 1)).join("\n");
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

/** Characters, not bytes. */
function cut(line: string, columns: number): string {
  const characters = Array.from(line);
  return characters.length <= columns ? line : `${characters.slice(0, columns - 1).join("")}…`;
}

const indent = " ".repeat(10);

/** Lines of whole words where they fit; all but the first are indented, all look alike. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > columns && columns > 2 * indent.length) {
    const space = rest.lastIndexOf(" ", columns);
    const end = space > indent.length ? space : columns;
    lines.push(rest.slice(0, end));
    rest = indent + rest.slice(end).trimStart();
  }
  const style = styleOf(text);
  return [...lines, cut(rest, columns)].map((line) => (style === null ? line : styleText(style, line)));
}

function styleOf(event: string): "red" | "green" | "yellow" | null {
  if (/NOT recovered|wrong answer|ended with code/.test(event)) return "red";
  if (event.includes("recovered from")) return "green";
  return /kill -9 the |SIGSTOP /.test(event) ? "yellow" : null;
}

function emphasize(line: string): string {
  return line.startsWith("Flotilla") ? styleText("bold", line) : line;
}
