/** An app with a member in its own process, and with clients at that. Takes what `flotilla serve` is given by tests. */
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { CoordNode, Member, StartOptions } from "@flotilla/coord";
import { start } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import { jsonLogger } from "@flotilla/runtime/real";
import type { SessionClient } from "../clients/session-client.ts";
import { trueNs } from "../processes/own-clocks.ts";
import { Crew } from "../run/crew.ts";
import { Journal } from "./journal.ts";
import type { Orders, Word } from "./orders.ts";
import { isWord, ordersVariable } from "./orders.ts";

/** As the shipped binary ends. */
const exitOfStorage = 74;

function startOptions(): StartOptions {
  const { values } = parseArgs({
    allowPositionals: true,
    options: {
      id: { type: "string", default: "" },
      "data-dir": { type: "string", default: "" },
      listen: { type: "string", default: "" },
      bootstrap: { type: "string" },
      join: { type: "string" },
      advertise: { type: "string" },
      insecure: { type: "boolean", default: false },
      "election-timeout": { type: "string", default: "1000ms" },
      "snapshot-entries": { type: "string", default: "100000" },
      trace: { type: "string" },
    },
  });
  const { bootstrap, join, advertise, insecure, trace } = values;
  return {
    id: values.id,
    dataDir: values["data-dir"],
    listen: values.listen,
    ...(bootstrap === undefined ? {} : { bootstrap: bootstrap.split(",").map(founder) }),
    insecure,
    ...(advertise === undefined ? {} : { advertise }),
    ...(join === undefined ? {} : { join: join.split(",") }),
    electionTimeoutMs: Number(values["election-timeout"].replace("ms", "")),
    snapshotEntries: Number(values["snapshot-entries"]),
    logger: jsonLogger({ level: "warn" }),
    ...(trace === undefined
      ? {}
      : { trace: (record: object) => appendFileSync(trace, `${JSON.stringify(record)}\n`) }),
  };
}

/** @param text `id=host:port` */
function founder(text: string): Member {
  const [id = "", address = ""] = text.split("=");
  return { id, address };
}

/** Clients at a member of this process. */
class App {
  readonly #node: CoordNode;
  readonly #orders: Orders;
  readonly #journal: Journal;
  #clients: readonly SessionClient[] = [];
  #isStopping = false;

  constructor(node: CoordNode, orders: Orders) {
    this.#node = node;
    this.#orders = orders;
    this.#journal = new Journal(orders.journal);
  }

  begin(beganNs: string): void {
    const { plan, prefix, clients } = this.#orders;
    const origin = BigInt(beganNs);
    const crew = new Crew(plan, this.#journal, () => Number(trueNs() - origin));
    const { sessionTtlMs } = plan;
    this.#clients = clients.map((number) =>
      crew.make(number, `${prefix}c${number}`, (signal) => this.#node.connect({ sessionTtlMs, signal })),
    );
    for (const client of this.#clients) client.start();
  }

  /** Stops once each of them was served, which is never when one is not any more. */
  async stopServed(): Promise<void> {
    for (const client of this.#clients) while (!(await client.isServed())) if (this.#isStopping) return;
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients.map((client) => client.stop()));
  }
}

async function main(): Promise<number> {
  const orders = JSON.parse(process.env[ordersVariable] ?? "") as Orders;
  const node = await start(startOptions());
  const app = new App(node, orders);
  process.on("message", (word) => {
    if (!isWord(word)) return;
    if (word.type === "begin") app.begin(word.beganNs);
    const answer: Word = { type: "stopped" };
    if (word.type === "stop") void app.stopServed().then(() => process.send?.(answer));
  });
  if (orders.beganNs !== null) app.begin(orders.beganNs);
  process.once("SIGTERM", () => {
    void app.stop();
    void node.close();
  });
  const reason = await node.closed;
  if (reason.type === "failed") throw reason.error;
  return 0;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(FlotillaError.is(error, "ERR_FLOTILLA_STORAGE") ? exitOfStorage : 1);
}
