import { join } from "node:path";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { CommandLine } from "./command-line.ts";

/** A cluster of one member, the shipped binary, with a folder for whatever else a test writes. */
export class LoneServer implements AsyncDisposable {
  readonly address: string;
  readonly #process: CommandLine;
  readonly #folder: TemporaryFolder;

  private constructor(address: string, process: CommandLine, folder: TemporaryFolder) {
    this.address = address;
    this.#process = process;
    this.#folder = folder;
  }

  /** Resolves once it listens. */
  static async start(name: string): Promise<LoneServer> {
    const folder = await TemporaryFolder.create(name);
    const address = `127.0.0.1:${(await freePorts(1))[0]}`;
    const flags = ["--id", "n1", "--data-dir", join(folder.path, "data"), "--listen", address];
    const process = new CommandLine(["serve", ...flags, "--bootstrap", `n1=${address}`]);
    await process.printed(/n1 of cluster flotilla listens on/);
    return new LoneServer(address, process, folder);
  }

  /** For commands that talk to it, with time enough on a busy machine. */
  get env(): Readonly<Record<string, string>> {
    return { FLOTILLA_ENDPOINTS: this.address, FLOTILLA_TIMEOUT: "30s" };
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Where a file of this name goes. */
  file(name: string): string {
    return join(this.#folder.path, name);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.signal(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}
