/**
 * What lies outside of the process and changes while it is in use: looked at again and again, and told
 * of when it is another.
 *
 * Must not know: what it is that changes, or what becomes of it. No logger: whoever follows tells of
 * trouble in words of its own.
 *
 * @module
 */
export { contentsStamp, fileContents } from "./file-contents.ts";
export { watchPaths } from "./file-events.ts";
export { fileStamp } from "./file-stamp.ts";
export { Follower, type FollowerOptions, type Sight } from "./follower.ts";
