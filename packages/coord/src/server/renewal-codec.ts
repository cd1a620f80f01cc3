import { idDigits } from "@flotilla/kv";
import type { LeaseId } from "@flotilla/kv";
import { CborReader, CborWriter } from "@flotilla/runtime";

/** Leases in one message between members. */
export const maxLeasesPerMessage = 5_000;

/** What members tell each other about leases, besides the log. */
export type MemberMessage =
  /** To the leader: these were renewed where I serve. Where one list ends and the next begins is not told. */
  | { readonly type: "renew"; readonly batch: number; readonly lists: readonly (readonly LeaseId[])[] }
  /** From the leader: all of that batch are vouched for but these. */
  | { readonly type: "vouched"; readonly batch: number; readonly refused: readonly LeaseId[] };

const writer = new CborWriter();

/** Finds the list that is renewed as one and begins with a lease. */
export type ListFinder = (first: LeaseId) => readonly LeaseId[] | undefined;

function writeLease(lease: LeaseId): void {
  if (!writer.hex(lease, idDigits)) writer.text(lease);
}

/** `[tag, batch, [lease…]]`; tags: 0 renew, 1 vouched. */
export function encodeMemberMessage(message: MemberMessage): Uint8Array {
  const lists = message.type === "renew" ? message.lists : [message.refused];
  writer.begin();
  writer.array(3);
  writer.number(message.type === "renew" ? 0 : 1);
  writer.number(message.batch);
  writer.array(lists.reduce((sum, { length }) => sum + length, 0));
  for (const list of lists) for (const lease of list) writeLease(lease);
  return writer.finish();
}

function readLease(reader: CborReader): LeaseId {
  return reader.hex("lease", idDigits);
}

/** Known lists as the very objects that they are known by, and all else in between in lists of its own. */
function readLists(reader: CborReader, find: ListFinder): (readonly LeaseId[])[] {
  const lists: (readonly LeaseId[])[] = [];
  let rest: LeaseId[] = [];
  for (let left = reader.array("leases", 0, maxLeasesPerMessage); left > 0;) {
    const first = readLease(reader);
    const known = find(first);
    if (known !== undefined && known.length <= left && reader.takeSame(itemsAfterFirst(known))) {
      if (rest.length > 0) lists.push(rest);
      lists.push(known);
      rest = [];
      left -= known.length;
    } else {
      rest.push(first);
      left -= 1;
    }
  }
  if (rest.length > 0) lists.push(rest);
  return lists;
}

/** Of lists that are known: their bytes but those of the first lease, which they are found by. */
const items = new WeakMap<readonly LeaseId[], Uint8Array>();

function itemsAfterFirst(list: readonly LeaseId[]): Uint8Array {
  let bytes = items.get(list);
  if (bytes === undefined) {
    writer.begin();
    for (const lease of list.slice(1)) writeLease(lease);
    bytes = writer.finish().slice();
    items.set(list, bytes);
  }
  return bytes;
}

/**
 * @param find the lists that are known. Default: none
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decodeMemberMessage(payload: Uint8Array, find: ListFinder = () => undefined): MemberMessage {
  const reader = new CborReader(payload);
  reader.array("member message", 3, 3);
  const tag = reader.uint("tag", 1);
  const batch = reader.uint("batch");
  if (tag === 0) {
    const lists = readLists(reader, find);
    reader.end("member message");
    return { type: "renew", batch, lists };
  }
  const refused = reader.list("leases", maxLeasesPerMessage, readLease);
  reader.end("member message");
  return { type: "vouched", batch, refused };
}
