/** What a node is made of, for tests that drive the parts by hand. Not stable from one version to the next. */
export { AdminDoor } from "../server/admin-door.ts";
export type { AdminService } from "../server/admin-door.ts";
export { decodeAdminRequest, encodeAdminRequest } from "../wire/admin-codec.ts";
export { adminProtocol } from "../wire/admin-messages.ts";
export type { AdminRequest } from "../wire/admin-messages.ts";
export { wireBounds } from "../wire/bounds.ts";
