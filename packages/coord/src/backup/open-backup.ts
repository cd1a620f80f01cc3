import { Machine, validatePath } from "@flotilla/kv";
import type { MachineRestore, TreeEntry } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import { BackupReader } from "./backup-reader.ts";
import type { BackupFacts } from "./backup-reader.ts";

const nodesPerPage = 256;

/** A backup that was proved, and the state in it. */
export class Backup {
  readonly facts: BackupFacts;
  readonly machine: Machine;

  constructor(facts: BackupFacts, machine: Machine) {
    this.facts = facts;
    this.machine = machine;
  }

  /**
   * A node and everything below it, sorted by path; nothing without the node.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`
   */
  *nodes(path: string): Generator<TreeEntry> {
    validatePath(path);
    for (const page of this.machine.subtree(path, nodesPerPage).pages) yield* page;
  }
}

function workOff(restore: MachineRestore): void {
  for (let isMore = true; isMore;) isMore = restore.work();
}

function requireSame(facts: BackupFacts, machine: Machine): void {
  const isSame =
    facts.digest === machine.digest() &&
    facts.index === machine.lastIndex &&
    facts.revision === machine.revision &&
    facts.featureLevel === machine.featureLevel &&
    facts.nodes === machine.nodes;
  if (isSame) return;
  throw new FlotillaError("ERR_FLOTILLA_DAMAGED", "backup: it does not say what is in it");
}

/** A caller without types may hand over anything. */
function requireSource(source: unknown): void {
  if (typeof source === "object" && source !== null && Symbol.asyncIterator in source) return;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "backup: expected its bytes, as an async iterable");
}

/**
 * Reads a backup, checks every checksum, and builds the state in it, which proves every relation and the digest.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_UNSUPPORTED` (another format version, or a feature level that
 *   this version does not know), `ERR_FLOTILLA_BAD_ARGUMENT`; whatever `source` throws
 */
export async function openBackup(source: AsyncIterable<Uint8Array>): Promise<Backup> {
  requireSource(source);
  const machine = new Machine();
  const restore = machine.beginRestore();
  const reader = new BackupReader((bytes) => restore.write(bytes));
  for await (const bytes of source) {
    reader.write(bytes);
    workOff(restore);
  }
  const facts = reader.end();
  restore.prove();
  restore.replace();
  requireSame(facts, machine);
  return new Backup(facts, machine);
}
