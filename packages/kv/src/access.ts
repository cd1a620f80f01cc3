import { openAcl } from "./acl.ts";
import type { Acl } from "./acl.ts";
import { hashText } from "./digest.ts";

/** The access list of a node, and how often it was changed. */
export interface Access {
  readonly acl: Acl;
  readonly aversion: number;
  /** Hash of both. */
  readonly hash: number;
}

/** Of most nodes, which all have the same one. */
export const openAccess: Access = { acl: openAcl, aversion: 0, hash: 0 };

/** Lists remembered, and characters of their texts in all; more than a cluster is likely to use at a time. */
const maxLists = 4_096;
const maxLength = 1_048_576;

function keyOf(acl: Acl): string {
  return JSON.stringify(acl.map(({ scheme, id, permissions }) => [scheme, id, permissions]));
}

const openKey = keyOf(openAcl);

interface Known {
  readonly acl: Acl;
  /** Of a node whose list was never changed. */
  readonly fresh: Access;
}

/** Keeps one copy of each list: most nodes share few of them. What it forgets is only kept twice. */
export class AclTable {
  readonly #known = new Map<string, Known>();
  #length = 0;

  constructor() {
    this.#known.set(openKey, { acl: openAcl, fresh: openAccess });
  }

  /** What a node with this list has, after so many changes of it. */
  access(acl: Acl, aversion: number): Access {
    const key = keyOf(acl);
    const { acl: kept, fresh } = this.#known.get(key) ?? this.#learn(key, acl);
    return aversion === 0 ? fresh : { acl: kept, aversion, hash: hashText(`${aversion} ${key}`) };
  }

  #learn(key: string, acl: Acl): Known {
    this.#length += key.length;
    if (this.#known.size >= maxLists || this.#length > maxLength) {
      this.#known.clear();
      this.#known.set(openKey, { acl: openAcl, fresh: openAccess });
      this.#length = key.length;
    }
    const known = { acl, fresh: { acl, aversion: 0, hash: hashText(key) } };
    this.#known.set(key, known);
    return known;
  }
}
