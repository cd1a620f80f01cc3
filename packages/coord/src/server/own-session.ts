import type { BudgetInfo, Node } from "@flotilla/kv";
import type { Host } from "@flotilla/runtime";
import type { LocalReader } from "../client/dialer.ts";
import { localDialer } from "../client/local-dialer.ts";
import { credentials, leaseTimes } from "../client/open-session.ts";
import type { SessionOptions } from "../client/options.ts";
import { ClientSession } from "../client/session.ts";
import { Inbox } from "../ports/inbox.ts";
import { LocalPort } from "../ports/local-port.ts";
import { copyOfAcl, copyOfBudget } from "../plain-copies.ts";
import { ValueCopies } from "../value-copies.ts";
import type { Answer, ClientMessage, ServerMessage } from "../wire/messages.ts";
import type { ClientDoor } from "./client-door.ts";
import { bytesOf } from "./outlet.ts";

const defaultTimeoutMs = 15_000;

/** The member's side of a pair: what it sends must not be the tree's own once it is handed out. */
class MemberPort extends LocalPort<ServerMessage, ClientMessage> {
  readonly #values: ValueCopies;

  constructor(inbox: Inbox<ClientMessage>, outbox: Inbox<ServerMessage>, values: ValueCopies) {
    super(inbox, outbox);
    this.#values = values;
  }

  /** Nodes in events and snapshots are left to the streams of the client, which make their own. */
  override send(message: ServerMessage): void {
    if (message.type !== "read-result") {
      super.send(message);
      return;
    }
    const { type, id, revision, answer } = message;
    super.send({ type, id, revision, answer: owned(answer, this.#values) });
  }
}

/** The same answer, with values, lists and bounds that are the caller's. */
function owned(answer: Answer, values: ValueCopies): Answer {
  switch (answer.type) {
    case "node":
      return { type: "node", node: ownedNode(answer.node, values) };
    case "child-nodes": {
      const { type, children, next } = answer;
      return {
        type,
        children: children && children.map(({ name, node }) => ({ name, node: ownedNode(node, values) })),
        next,
      };
    }
    case "acl":
      return { ...answer, acl: answer.acl && copyOfAcl(answer.acl) };
    case "budget":
      return { type: "budget", budget: answer.budget && ownedBudget(answer.budget) };
    case "budgets":
      return { ...answer, budgets: answer.budgets.map(ownedBudget) };
    default:
      return answer;
  }
}

function ownedBudget({ path, budget, used }: BudgetInfo): BudgetInfo {
  return { path, budget: copyOfBudget(budget), used };
}

function ownedNode(node: Node | null, values: ValueCopies): Node | null {
  return node && { value: values.copy(node.value), stat: node.stat };
}

/** A way to the member within the process: messages as they are, and local reads without any. */
function localPort(
  { clock }: Host,
  door: Pick<ClientDoor, "acceptLocal">,
): { readonly port: LocalPort<ClientMessage, ServerMessage>; readonly reader: LocalReader } {
  const defer = (fn: () => void): void => clock.defer(fn);
  const values = new ValueCopies();
  const toMember = new Inbox<ClientMessage>(defer, () => 0);
  const toClient = new Inbox<ServerMessage>(defer, bytesOf);
  const near = new LocalPort(toClient, toMember);
  const far = new MemberPort(toMember, toClient, values);
  const session = door.acceptLocal(far);
  far.handle(session);
  const reader: LocalReader = (query) => {
    const answer = near.isQuiet ? session.answerNow(query) : undefined;
    return answer === undefined ? undefined : owned(answer, values);
  };
  return { port: near, reader };
}

/**
 * A session of this process at its own member. It is not open yet.
 * @param isUsedUnopened whether it may be used before
 */
export function localSession(
  host: Host,
  door: ClientDoor,
  options: SessionOptions,
  isUsedUnopened: boolean,
): ClientSession {
  return new ClientSession({
    host,
    dialer: localDialer(() => localPort(host, door)),
    times: leaseTimes(options),
    ...credentials(options),
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    isUsedUnopened,
  });
}
